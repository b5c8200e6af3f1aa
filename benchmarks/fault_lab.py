"""Small runs to be disturbed, and what must hold of them afterwards; used by ``benchmarks/faults.py``."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import forked
import yaml

CLIPS = 12
WORKERS = 2
EXACT = ("scores.csv", "summary.json", "bounds.json")


class Broken(Exception):
    """A promise that was not kept."""


class Lab:
    """A folder for trials. seed: of all that is random. seconds: of an undisturbed session."""

    clips = CLIPS

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        folder.chmod(0o755)  # for the trial in which another user finds a folder that is not his
        self.seed = seed
        os.environ["MEBENCH_HOME"] = str(folder / "home")
        self.log = folder / "generated.txt"
        self._protocol, self._method = folder / "faults.yaml", folder / "method.yaml"
        self._protocol.write_text(yaml.safe_dump(self.protocol()))
        self._method.write_text(yaml.safe_dump(forked.method(log=str(self.log))))
        started = time.monotonic()
        ended = self.session(folder / "whole").wait()
        self.seconds = time.monotonic() - started
        if ended.code:
            raise SystemExit(f"the undisturbed run failed: {ended.message}")
        self.whole = exact(run_folder(folder / "whole"))

    def protocol(self) -> dict[str, object]:
        """On the drawn faces."""
        selection = {"seed": 3, "self": {"clips": CLIPS // 2}, "cross": {"pairs": CLIPS // 2}}
        return forked.protocol("fake", selection, ["fake-error", "fake-light"])

    def session(self, out: Path, around: Callable[[], object] | None = None) -> forked.Session:
        """A run below ``out``. around: called in the session before it starts, to break something there."""

        def body() -> None:
            import mebench
            import mebench.runs.start as start

            if around is not None:
                around()
            start.choose_engine = lambda name, options: forked.forked_work  # type: ignore[assignment]
            mebench.run(self._method, protocol=self._protocol, out=out, jobs=WORKERS, bounds=False)

        return forked.Session(body)

    def chance(self, fault: str, trial: int) -> random.Random:
        """The random numbers of one trial."""
        return random.Random(f"{self.seed} {fault} {trial}")

    @contextmanager
    def run(self) -> Iterator[Path]:
        """A fresh folder to run below; the log of generated clips is empty."""
        out = self.folder / "out"
        self.log.unlink(missing_ok=True)
        out.mkdir()
        try:
            yield out
        finally:
            shutil.rmtree(out)

    def finish(self, out: Path) -> None:
        """Start again; the run must end, with the bytes of the undisturbed one and nothing half-written beside them."""
        ended = self.session(out).wait()
        require(ended.code == 0, f"started again, it ended with {ended.code}: {ended.message}")
        self.same(out)

    def same(self, out: Path) -> None:
        """The finished run below ``out`` has the bytes of the undisturbed one."""
        found = exact(run_folder(out))
        wrong = sorted(name for name in found.keys() | self.whole.keys() if found.get(name) != self.whole.get(name))
        require(not wrong, f"other bytes than an undisturbed run: {', '.join(wrong[:3])}")
        require(not list(out.rglob("*.partial*")), "a half-written file was left behind")

    def generated(self) -> int:
        """Clips that were generated since the trial began."""
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


class RecordedLab(Lab):
    """The same with recorded clips, in the clothes of CASME II, below ``data``."""

    clips = 6

    def __init__(self, folder: Path, seed: int, data: Path) -> None:
        from mebench.datasets.installed import Installation, add

        sys.path.insert(0, str(forked.TESTS / "datasets"))
        import dressed

        os.environ["MEBENCH_HOME"] = str(folder / "home")
        square = [replace(each, frames=each.frames[:, :, : each.frames.shape[1]]) for each in dressed.recordings()]
        dressed.tree("casme2", data, square)
        add("casme2", Installation(data))
        super().__init__(folder, seed)

    def protocol(self) -> dict[str, object]:
        """On the recorded clips."""
        return forked.protocol("casme2", {"seed": 3, "self": {"clips": self.clips}}, ["fake-light"])


def finished(out: Path) -> dict[str, str]:
    """Hash of the clip of each row below ``out``; every file under its final name must be whole."""
    clips: dict[str, str] = {}
    for path in out.rglob("*"):
        if not path.is_file() or path.name.startswith("."):
            continue
        if path.suffix == ".json":
            try:
                row = json.loads(path.read_text())
            except ValueError as error:
                raise Broken(f"{path} is half written") from error
            if path.parent.name == "tasks":
                digest = hashlib.sha256((path.parent.parent / row["clip"]["file"]).read_bytes()).hexdigest()
                require(digest == row["clip"]["sha256"], f"the clip of {path.name} is not the one of its row")
                clips[path.stem] = digest
    return clips


def stage(out: Path) -> str:
    """How far a run was, in words."""
    rows = len(list(out.rglob("tasks/*.json")))
    return "before the first clip" if rows == 0 else "between clips" if rows < CLIPS else "after the last clip"


def run_folder(out: Path) -> Path:
    """The one run below ``out``."""
    return next(path for path in sorted(out.iterdir()) if path.is_dir() and not path.name.startswith("."))


def exact(folder: Path) -> dict[str, bytes]:
    """All files that depend on the inputs alone."""
    parts = [path for name in ("tasks", "clips") for path in (folder / name).iterdir()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in [folder / name for name in EXACT] + parts}


def refused(ended: forked.Ended, words: str) -> None:
    """The session ended with a message that holds ``words``."""
    require(ended.code == 2 and words in ended.message, f"code {ended.code}, '{ended.message}' instead of '{words}'")


def require(kept: bool, otherwise: str) -> None:
    if not kept:
        raise Broken(otherwise)


@contextmanager
def mounted(folder: Path, kind: str, options: str) -> Iterator[None]:
    """A file system of its own at ``folder``."""
    _mount(f"-t {kind} -o {options} none", folder)
    try:
        yield
    finally:
        _shell(f"umount '{folder}'")


def mount(folder: Path, options: str) -> None:
    """Change the options of a mounted file system."""
    _mount(f"-o {options}", folder)


def _mount(options: str, folder: Path) -> None:
    if _shell(f"mount {options} '{folder}'"):
        raise PermissionError(errno.EPERM, "this user may not mount file systems")


def _shell(command: str) -> int:
    return os.waitstatus_to_exitcode(os.system(f"{command} 2>/dev/null"))
