"""``mebench round answer``: a method of mebench on the tasks that were handed out. It sees what any other program sees."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from pathlib import Path
from typing import Any

from mebench.clip import Clip, Frames, Pixels, Portrait
from mebench.datasets.contract import CheckReport, Split, Terms
from mebench.errors import InputError, MebenchError
from mebench.images import read_image
from mebench.leaderboard.rounds.sealed import SCHEMA_VERSION
from mebench.protocol import Task
from mebench.runs.export import read_listing
from mebench.runs.generation import generate
from mebench.runs.inputs import TaskInputs
from mebench.runs.plan import SEED
from mebench.runs.progress import Progress, Silent
from mebench.runs.spec import MethodSpec
from mebench.runs.worker import one_thread
from mebench.video import read_video, write_lossless

_PLACES = {"source": r"sources/s\d{2,9}\.png", "driving": r"driving/d\d{2,9}\.mkv", "return": r"t\d{2,9}\.mkv"}
_NUMBERS = ("frames", "onset", "apex", "offset")


class HandedOut:
    """The folder of a round's tasks in the role of a dataset. It knows pictures and times, and no answer."""

    name = "handed-out"
    terms = Terms("CC0-1.0", may_show_frames=True, may_show_generated=True)
    domains: tuple[str, ...] = ("sealed",)

    def __init__(self, folder: Path) -> None:
        """:class:`InputError` when ``folder`` does not hold the tasks of a round, whole."""
        self._folder = folder
        listing = read_listing(folder)
        if listing is None or "round" not in listing:
            raise InputError(f"{folder} does not hold the tasks of a round: its tasks.json is missing or another one.")
        if listing.get("schema_version") != SCHEMA_VERSION:
            raise InputError(
                f"{folder / 'tasks.json'} has another schema than {SCHEMA_VERSION}; install a newer mebench."
            )
        self.listing = listing
        self._entries = {self._checked(entry)["driving"]: entry for entry in listing["tasks"]}

    def _checked(self, entry: dict[str, Any]) -> dict[str, Any]:
        plain = all(re.fullmatch(pattern, str(entry.get(key))) for key, pattern in _PLACES.items())
        if not plain or not all(type(entry.get(key)) is int for key in _NUMBERS):
            raise InputError(f"{self._folder / 'tasks.json'} lists a task that no round has: {str(entry)[:80]}.")
        return entry

    def tasks(self) -> list[Task]:
        """As a run has them; action units are not known."""
        return [self._task(entry) for entry in self.listing["tasks"]]

    def _task(self, entry: dict[str, Any]) -> Task:
        digest = hashlib.sha256(f"{self.listing['round']} {entry['key']}".encode()).hexdigest()
        return Task(
            key=entry["key"],
            kind="cross",
            dataset=self.name,
            source=entry["source"],
            driving=entry["driving"],
            source_subject=entry["source"],
            driving_subject=entry["driving"],
            source_domain="sealed",
            driving_domain="sealed",
            fold="sealed",
            fps=float(entry["fps"]),
            frames=tuple(range(entry["frames"])),
            onset=entry["onset"],
            apex=entry["apex"],
            offset=entry["offset"],
            action_units=(),
            size=int(self.listing["scoring_size"]),
            hash=digest,
        )

    def clips(self, split: Split = "benchmark") -> list[Clip]:
        """Every driving clip."""
        return [self.clip(key) for key in sorted(self._entries)]

    def portraits(self, split: Split = "benchmark") -> list[Portrait]:
        """Every source picture."""
        return [self.portrait(key) for key in sorted({entry["source"] for entry in self.listing["tasks"]})]

    def clip(self, key: str) -> Clip:
        """The driving clip of this path."""
        entry, times = self._entries[key], ("onset", "apex", "offset")
        path, size = self._folder / key, int(self.listing["scoring_size"])
        return Clip(
            key=key,
            dataset=self.name,
            domain="sealed",
            subject=key,
            fps=float(entry["fps"]),
            **{name: entry[name] for name in times},
            action_units=(),
            licence=self.terms.licence,
            frames=Frames(entry["frames"], size, size, partial(_read, path)),
        )

    def portrait(self, key: str) -> Portrait:
        """The source picture of this path."""
        return Portrait(key, self.name, "sealed", key, self.terms.licence, partial(read_image, self._folder / key))

    def check(self) -> CheckReport:
        """Nothing is looked for beyond the list of tasks."""
        return CheckReport(True, (f"{len(self.listing['tasks'])} tasks of the round '{self.listing['round']}'",))

    def fingerprint(self) -> str:
        """Of the list of tasks, which holds the hashes of all pictures."""
        return hashlib.sha256((self._folder / "tasks.json").read_bytes()).hexdigest()[:16]


def answer_round(
    tasks: Path | str,
    method: str | Path,
    out: Path | str,
    *,
    backbone: str | None = None,
    progress: Progress | None = None,
) -> dict[str, str]:
    """Run ``method`` on every task in the folder ``tasks`` and write one lossless video each into ``out``. Videos that are
    there are kept. Gives the error of each task that failed, by key."""
    progress, out = progress or Silent(), Path(out)
    dataset = HandedOut(Path(tasks))
    progress.stage(f"loading {method}")
    failed = {}
    with one_thread():
        loaded = MethodSpec.named(method, backbone).load()
        todo = dataset.tasks()
        progress.begin(len(todo), 0)
        for task in todo:
            path = out / f"{task.key}.mkv"
            try:
                if not path.exists():
                    write_lossless(path, generate(loaded, TaskInputs(task, dataset), SEED).frames, task.fps)
            except MebenchError as error:
                failed[task.key] = str(error)
            progress.advance(task.key, "failed" if task.key in failed else "ok")
    return failed


def _read(path: Path) -> Pixels:
    return read_video(path)[0]
