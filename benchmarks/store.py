"""The store at the size of a large run: ``python benchmarks/store.py [--tasks 100000] [--parts 100] [--folder DIR]``.

Writes the files of a run in parts, as so many machines would, and merges them with the code of ``mebench merge``. Clips are
of 64 bytes in the place of half a megabyte and rows hold three metrics in the place of twenty, so that 100,000 tasks need
2 GB below DIR (default: a temporary folder, removed at the end), and 1,000,000 need 20 GB; flushing to the disk is left
out, because it costs what the disk costs. Prints times a task, files in the fullest folder, and what a listing takes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mebench.protocol import Task
from mebench.runs.plan import Plan
from mebench.runs.shards import Shard, _gather
from mebench.runs.store import KINDS, RunStore
from mebench.runs.tables import scores_csv

METRICS = ("gain", "psnr", "ssim")
LISTED = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--parts", type=int, default=100)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    os.fsync = lambda handle: None
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        simulate(Path(folder), arguments.tasks, arguments.parts)


def simulate(folder: Path, count: int, parts: int) -> None:
    """Write, merge, and report."""
    plan = _plan(folder / "run", count)
    shards = [Shard(number, parts).of(plan) for number in range(1, parts + 1)]
    _report("written", count, lambda: [_write(shard) for shard in shards])
    _fullest("a part", shards[0].folder)
    missing: list[Any] = []
    _report("merged", count, lambda: missing.extend(_gather(plan, [shard.folder for shard in shards])))
    if missing:
        raise SystemExit(f"{len(missing)} tasks were lost")
    _fullest("the whole", plan.folder)
    store = RunStore(plan.folder)
    _report("listed", count, lambda: _same(len(store.finished()), count))
    some = [store.row(task.key) for task in plan.tasks[:: max(1, count // LISTED)]]
    _report("read", len(some), lambda: [store.row(task.key) for task in plan.tasks[:: max(1, count // LISTED)]])
    _report("put into scores.csv", len(some), lambda: scores_csv([row for row in some if row], list(METRICS)))


def _plan(folder: Path, count: int) -> Plan:
    info = {name: {"version": 1} for name in METRICS}
    tasks = tuple(_task(number) for number in range(count))
    given: Any = {"spec": None, "method": None, "protocol": None, "given_protocol": "", "datasets": {}, "checks": ()}
    return Plan(folder=folder, hash="0" * 64, metrics=info, tasks=tasks, **given)  # type: ignore[arg-type]


def _task(number: int) -> Task:
    subject, clip = divmod(number, 100)
    name = f"x-benchmark-{subject:05d}-{clip:02d}"
    return Task(
        key=f"self--{name}", kind="self", dataset="synme", source=f"onset:{name}", driving=name,
        source_subject=str(subject), driving_subject=str(subject), source_domain="x", driving_domain="x", fold="x",
        fps=30.0, frames=tuple(range(13)), onset=2, apex=6, offset=10, action_units=("L12",), size=256,
        hash=hashlib.sha256(name.encode()).hexdigest(),
    )  # fmt: skip


def _write(part: Plan) -> None:
    store = RunStore(part.folder)
    store.prepare(alone=True, tasks=part.whole)
    for task in part.tasks:
        data = hashlib.sha512(task.key.encode()).digest()
        clip, vectors = store.path("clips", task.key), store.path("features", task.key)
        (store.folder / clip).write_bytes(data)
        (store.folder / vectors).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        store.write_cost({"task": task.key, "frames": 13})  # type: ignore[typeddict-item]
        store.write_row(
            {
                "schema_version": 1,
                "task": task.record(),  # type: ignore[typeddict-item]
                "status": "ok",
                "error": None,
                "clip": {
                    "file": clip.as_posix(), "sha256": digest, "pixels_sha256": digest, "frames": 13, "size": 256,
                    "native_height": 256, "native_width": 256,
                },
                "info": {},
                "scores": {name: {"version": 1, "value": 1.0, "reason": None} for name in METRICS},
                "curves": None,
                "features": digest,
            }
        )  # fmt: skip


def _report(what: str, count: int, work: Callable[[], object]) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(  # noqa: T201
        f"{count:8d} tasks {what:20s} {1e3 * processor / count:7.3f} ms a task of the processor, {wall:7.1f} s; "
        f"a million: {1e6 * processor / count / 60:6.1f} min",
        flush=True,
    )


def _fullest(what: str, folder: Path) -> None:
    """Files in the fullest folder, and how many there are."""
    counts: Counter[str] = Counter()
    for kind in KINDS:
        for path, _, names in os.walk(folder / kind):
            counts[path] += len(names)
    files = sum(counts.values())
    print(f"{what}: {files} files, {max(counts.values())} in the fullest of {len(counts)} folders", flush=True)  # noqa: T201


def _same(found: int, wanted: int) -> None:
    if found != wanted:
        raise SystemExit(f"{found} rows were listed, {wanted} written")


if __name__ == "__main__":
    main()
