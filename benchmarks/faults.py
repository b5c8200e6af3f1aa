"""What runs survive: ``python benchmarks/faults.py [--kills 200] [--trials 20] [--seed 0] [FAULT ...]``.

Small runs (12 drawn clips, two workers) are disturbed at random moments, then started again until they end. After every
disturbance each file of the run that has its final name must be whole, and everything that was finished must still be
there; at the end rows, clips and tables must be the bytes of an undisturbed run. Prints a line for each fault, and leaves
with 1 when a promise was broken. Linux only; faults that need rights which this user lacks (mounts) say so.
"""

from __future__ import annotations

import os

os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")})

import argparse
import errno
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

import forked
from fault_lab import (
    CLIPS,
    WORKERS,
    Broken,
    Lab,
    RecordedLab,
    finished,
    mount,
    mounted,
    refused,
    require,
    run_folder,
    stage,
)


def kills(lab: Lab, count: int) -> Counter[str]:
    """SIGKILL at random moments of a session, to the whole group or to the parent alone, until ``count`` have hit."""
    return interrupted(lab, count, "kill", signal.SIGKILL)


def interrupts(lab: Lab, count: int) -> Counter[str]:
    """Ctrl-C at random moments: SIGINT to the whole group, as a terminal sends it."""
    return interrupted(lab, count, "Ctrl-C", signal.SIGINT)


def interrupted(lab: Lab, count: int, fault: str, number: int) -> Counter[str]:
    """Sessions are signalled until the run has ended; then the next run begins."""
    seen: Counter[str] = Counter()
    trial = 0
    while seen["hit"] < count:
        hits = 0
        with lab.run() as out:
            ended = False
            while not ended:
                chance = lab.chance(fault, trial)
                trial += 1
                session = lab.session(out)
                time.sleep(chance.uniform(0.0, lab.seconds))
                before = finished(out)
                session.send(number, everybody=number == signal.SIGINT or chance.random() < 0.5)
                result = session.wait()
                ended = result.code == 0
                require(result.code in (0, -number, 130), f"it ended with {result.code}: {result.message}")
                if not ended:
                    hits += 1
                    seen["moment: " + stage(out)] += 1
                after = finished(out)
                lost = [key for key, clip in before.items() if after.get(key) != clip]
                require(not lost, f"finished clips were lost: {lost}")
            lab.same(out)
            most = CLIPS + WORKERS * hits
            require(
                CLIPS <= lab.generated() <= most, f"{lab.generated()} clips were generated, {most} at most expected"
            )
            seen["generated again"] += lab.generated() - CLIPS
        seen["hit"] += hits
        seen["runs"] += 1
    return seen


def full_disk(lab: Lab, count: int) -> Counter[str]:
    """A file system of random size that fills up, and is enlarged afterwards."""
    seen: Counter[str] = Counter()
    needed = sum(path.stat().st_size for path in (lab.folder / "whole").rglob("*") if path.is_file()) // 1024
    for trial in range(count):
        size = round(lab.chance("full disk", trial).uniform(0.05, 0.95) * needed)
        with lab.run() as out, mounted(out, "tmpfs", f"size={size}k"):
            refused(lab.session(out).wait(), "the disk is full; free some space and start the same command again")
            finished(out)
            mount(out, "remount,size=64m")
            lab.finish(out)
        seen["hit"] += 1
    return seen


def disk_errors(lab: Lab, count: int) -> Counter[str]:
    """EIO and ENOSPC from a random write, flush or rename on."""
    seen: Counter[str] = Counter()
    words = {
        errno.EIO: "input/output error; check it and start the same command again",
        errno.ENOSPC: "the disk is full",
    }
    for trial in range(count):
        chance = lab.chance("disk errors", trial)
        call, number = chance.choice(("write", "fsync", "replace")), chance.choice(list(words))
        nth = chance.randrange(1, 2 * CLIPS)
        with lab.run() as out:
            refused(lab.session(out, partial(break_calls, call, number, nth)).wait(), words[number])
            finished(out)
            lab.finish(out)
        seen[f"{errno.errorcode[number]} in {call}"] += 1
        seen["hit"] += 1
    return seen


def break_calls(call: str, number: int, nth: int) -> None:
    """From its ``nth`` call in a process on, a system call of :mod:`mebench.files` fails; a write is cut short first."""
    import mebench.files as files

    real = {"write": files._write, "fsync": os.fsync, "replace": os.replace}[call]
    calls = [0]

    def broken(*arguments):  # type: ignore[no-untyped-def]
        calls[0] += 1
        if calls[0] < nth:
            return real(*arguments)
        if call == "write":
            path, data = arguments
            path.write_bytes(data[: len(data) // 2])
        raise OSError(number, os.strerror(number))

    mock.patch.object(files, "_write", broken).start() if call == "write" else mock.patch.object(
        os, call, broken
    ).start()


def read_only(lab: Lab, count: int) -> Counter[str]:
    """A folder on a file system that is read-only (even trials), or that the user may not write (odd ones)."""
    seen: Counter[str] = Counter()
    for trial in range(count):
        with lab.run() as out, mounted(out, "tmpfs", "mode=755"):
            if trial % 2:
                ended = lab.session(out, lambda: os.setuid(65534)).wait()
                refused(ended, "permission is denied; choose a folder that you may write")
            else:
                mount(out, "remount,ro")
                refused(lab.session(out).wait(), "the folder is read-only; choose another one")
                mount(out, "remount,rw")
            lab.finish(out)
        seen["hit"] += 1
    return seen


def unplugged(lab: Lab, count: int) -> Counter[str]:
    """A folder of recorded clips that goes away at a random moment, and comes back."""
    folder = lab.folder / "recorded"
    folder.mkdir()
    data, away = folder / "data", folder / "away"
    recorded = RecordedLab(folder, lab.seed, data)
    seen: Counter[str] = Counter()
    trial = 0
    while seen["hit"] < count:
        chance = lab.chance("unplugged", trial)
        trial += 1
        with recorded.run() as out:
            session = recorded.session(out)
            time.sleep(chance.uniform(0.0, recorded.seconds))
            data.rename(away)
            ended = session.wait()
            away.rename(data)
            if ended.code == 0:
                seen["too late to matter"] += 1
                continue
            refused(ended, "connect")
            kept = len(finished(out))
            seen["clips kept"] += kept
            recorded.finish(out)
            repeated = recorded.generated() - recorded.clips
            require(repeated <= WORKERS, f"{repeated} clips were generated again")
        seen["hit"] += 1
    os.environ["MEBENCH_HOME"] = str(lab.folder / "home")
    return seen


def corruption(lab: Lab, count: int) -> Counter[str]:
    """One file of a finished run, any but the tables, with a bit flipped, cut short, emptied or removed."""
    seen: Counter[str] = Counter()
    for trial in range(count):
        chance = lab.chance("corruption", trial)
        with lab.run() as out:
            shutil.copytree(lab.folder / "whole", out, dirs_exist_ok=True)
            inside = [path for path in sorted(run_folder(out).rglob("*")) if path.is_file() and path.name != ".lock"]
            path = chance.choice(inside)
            how = chance.choice(("bit flipped", "cut short", "emptied", "removed"))
            damage(path, how, chance)
            lab.finish(out)
        seen[how] += 1
        seen["hit"] += 1
    return seen


def damage(path: Path, how: str, chance: random.Random) -> None:
    """Harm one file."""
    data = bytearray(path.read_bytes())
    if how == "bit flipped":
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
    elif how == "removed":
        path.unlink()
    else:
        path.write_bytes(data[: chance.randrange(len(data))] if how == "cut short" else b"")


def clock_jumps(lab: Lab, count: int) -> Counter[str]:
    """A clock that jumps by up to ten years either way at every look, and files dated anywhere, in a run of two halves."""
    seen: Counter[str] = Counter()
    for trial in range(count):
        chance = lab.chance("clock", trial)
        with lab.run() as out:
            session = lab.session(out, partial(jumping_clock, chance))
            time.sleep(chance.uniform(0.0, lab.seconds))
            session.send(signal.SIGKILL, everybody=True)
            session.wait()
            for path in out.rglob("*"):
                when = chance.uniform(0.0, 2.0**32)
                os.utime(path, (when, when))
            ended = lab.session(out, partial(jumping_clock, chance)).wait()
            require(ended.code == 0, f"it ended with {ended.code}: {ended.message}")
            lab.same(out)
        seen["hit"] += 1
    return seen


def jumping_clock(chance: random.Random) -> None:
    """The wall clock of this process, and the times of day that a run writes down, jump."""
    from datetime import datetime, timedelta, timezone

    from mebench.runs import provenance

    real = time.time

    def elsewhen() -> float:
        return real() + chance.uniform(-3e8, 3e8)

    mock.patch.object(time, "time", elsewhen).start()
    day = datetime(2026, 1, 1, tzinfo=timezone.utc)
    mock.patch.object(
        provenance, "now", lambda: (day + timedelta(seconds=chance.uniform(-3e8, 3e8))).isoformat(timespec="seconds")
    ).start()


def two_at_once(lab: Lab, count: int) -> Counter[str]:
    """Two sessions on one folder at nearly the same moment."""
    seen: Counter[str] = Counter()
    for trial in range(count):
        with lab.run() as out:
            first = lab.session(out)
            time.sleep(lab.chance("two", trial).uniform(0.0, 0.5 * lab.seconds))
            second = lab.session(out)
            ends = [first.wait(), second.wait()]
            for end in ends:
                if end.code:
                    refused(end, "is working on")
                    refused(end, "wait until it ends, or choose another folder with --out")
            require(any(end.code == 0 for end in ends), "both were refused")
            lab.same(out)
            require(lab.generated() == CLIPS, "a clip was generated twice")
            seen["refused"] += sum(end.code != 0 for end in ends)
        seen["hit"] += 1
    return seen


FAULTS: dict[str, Callable[[Lab, int], Counter[str]]] = {
    "kill": kills,
    "ctrl-c": interrupts,
    "full-disk": full_disk,
    "disk-errors": disk_errors,
    "read-only": read_only,
    "unplugged": unplugged,
    "corruption": corruption,
    "clock": clock_jumps,
    "two-at-once": two_at_once,
}
NEED_MOUNTS = ("full-disk", "read-only")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of {', '.join(FAULTS)}; default: all")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--trials", type=int, default=20, help="of each other fault")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.faults) - FAULTS.keys()):
        parser.error(f"there is no fault '{unknown[0]}'; known: {', '.join(FAULTS)}")
    forked.prepare()
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder), arguments.seed)
        print(f"a session of {CLIPS} clips takes {lab.seconds:.2f} s; seed {lab.seed}")  # noqa: T201
        for name in arguments.faults or FAULTS:
            try:
                seen = FAULTS[name](lab, arguments.kills if name == "kill" else arguments.trials)
            except PermissionError as error:
                if name not in NEED_MOUNTS:
                    raise
                print(f"{name:12s} not tried: {error.strerror}", flush=True)  # noqa: T201
            except Broken as error:
                broken += 1
                print(f"{name:12s} BROKEN: {error}", flush=True)  # noqa: T201
            else:
                rest = ", ".join(f"{what} {number}" for what, number in sorted(seen.items()) if what != "hit")
                print(f"{name:12s} {seen['hit']:4d} times, all kept" + (f" ({rest})" if rest else ""), flush=True)  # noqa: T201
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
