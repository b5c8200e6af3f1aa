"""The tasks of a round under names that say nothing, and as files that say nothing.

What is handed out: source pictures, driving clips, frame rate, and the onset, apex and offset frame, which every method is
told in every run. What is not: names of people and clips (they hold the seed), domains, action units, plan or task hashes,
the protocol's own hash, and the order in which anything was drawn. Files are numbered in an order made of the seed and
carry one and the same time.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mebench.datasets.contract import Dataset
from mebench.errors import ConfigError
from mebench.files import write_bytes, write_text
from mebench.images import write_png
from mebench.leaderboard.rounds.record import SEALED_DATASET, Round
from mebench.protocol import Protocol, Task
from mebench.runs.inputs import TaskInputs
from mebench.runs.plan import load_datasets
from mebench.runs.progress import Progress
from mebench.video import write_lossless

SCHEMA_VERSION = 1
"""Of ``tasks.json`` of a round."""


@dataclass(frozen=True)
class Sealed:
    """A task as the public knows it. key, source, driving: numbers with a letter, such as ``t007``, ``s03``, ``d12``."""

    key: str
    source: str
    driving: str
    task: Task


def seal(protocol: Protocol, datasets: dict[str, Dataset]) -> list[Sealed]:
    """The tasks of a round's protocol, in the order of their public names."""
    tasks = protocol.tasks(datasets)
    sources = _numbered(protocol.split, "s", [task.source for task in tasks])
    clips = _numbered(protocol.split, "d", [task.driving for task in tasks])
    keys = _numbered(protocol.split, "t", [task.key for task in tasks])
    named = [Sealed(keys[task.key], sources[task.source], clips[task.driving], task) for task in tasks]
    return sorted(named, key=lambda each: each.key)


def _numbered(secret: str, letter: str, items: Sequence[str]) -> dict[str, str]:
    """A number for each item, in an order that nobody can tell who does not know ``secret``."""
    order = sorted(set(items), key=lambda item: hashlib.sha256(f"{secret}\n{letter}\n{item}".encode()).digest())
    width = max(2, len(str(len(order))))
    return {item: f"{letter}{number:0{width}d}" for number, item in enumerate(order, 1)}


def sealed_tasks(known: Round, seed: str) -> tuple[Protocol, dict[str, Dataset], list[Sealed]]:
    """Protocol, datasets and tasks of a round; :class:`ConfigError` when this mebench renders other pictures."""
    protocol = known.protocol(seed)
    datasets = load_datasets(protocol)
    here = datasets[SEALED_DATASET].fingerprint()
    if here != known.generator:
        raise ConfigError(
            f"the round '{known.name}' was made by the generator {known.generator}, and this mebench has {here}."
        )
    return protocol, datasets, seal(protocol, datasets)


def pictures(
    tasks: Sequence[Sealed], datasets: dict[str, Dataset], write: Callable[[str, Any, float | None], None]
) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of the pixels of every picture, in the order of names. write: called with path, pixels and, for
    clips, the frame rate."""
    sources = {each.source: each.task for each in tasks}
    clips = {each.driving: each.task for each in tasks}
    for name, task in sorted(sources.items()):
        picture = TaskInputs(task, datasets[task.dataset]).source_image
        write(f"sources/{name}.png", picture, None)
        yield f"sources/{name}.png", hashlib.sha256(picture.tobytes()).hexdigest()
    for name, task in sorted(clips.items()):
        frames = TaskInputs(task, datasets[task.dataset]).driving_frames
        write(f"driving/{name}.mkv", frames, task.fps)
        yield f"driving/{name}.mkv", hashlib.sha256(frames.tobytes()).hexdigest()


def listing(name: str, tasks: Sequence[Sealed], size: int, hashes: dict[str, str]) -> bytes:
    """``tasks.json``: equal tasks give equal bytes."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "round": name,
        "scoring_size": size,
        "licence": "CC0-1.0",
        "tasks": [_entry(each) for each in tasks],
        "pixels_sha256": hashes,
    }
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def _entry(each: Sealed) -> dict[str, Any]:
    task = each.task
    return {
        "key": each.key,
        "source": f"sources/{each.source}.png",
        "driving": f"driving/{each.driving}.mkv",
        "fps": task.fps,
        "frames": len(task.frames),
        "onset": task.onset,
        "apex": task.apex,
        "offset": task.offset,
        "return": f"{each.key}.mkv",
    }


def write_tasks(
    known: dict[str, Any], protocol: Protocol, datasets: dict[str, Dataset], folder: Path, progress: Progress
) -> tuple[list[Sealed], bytes]:
    """Write what is handed out into ``folder``. known: name, deadline and commitment of the round. Gives the tasks and the
    bytes of ``tasks.json``."""
    tasks = seal(protocol, datasets)
    count = len({each.source for each in tasks}) + len({each.driving for each in tasks})
    progress.begin(count, 0)

    def write(path: str, pixels: Any, fps: float | None) -> None:
        if fps is None:
            write_png(folder / path, pixels)
        else:
            write_lossless(folder / path, pixels, fps)
        progress.advance(path, "ok")

    hashes = dict(pictures(tasks, datasets, write))
    data = listing(known["name"], tasks, protocol.size, hashes)
    write_text(folder / "tasks.csv", _table([_entry(each) for each in tasks]))
    write_text(folder / "README.md", _readme(known, protocol, tasks))
    write_bytes(folder / "tasks.json", data)  # last: a folder that has it is complete
    for path in sorted(folder.rglob("*"), reverse=True):
        os.utime(path, (0, 0))  # the times of files would tell in which order they were made
    return tasks, data


def _table(entries: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, list(entries[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(entries)
    return text.getvalue()


def _readme(known: dict[str, Any], protocol: Protocol, tasks: Sequence[Sealed]) -> str:
    example = tasks[0]
    return f"""# {protocol.title}

{len(tasks)} tasks of the sealed round `{known["name"]}` of mebench. The people and the clips are new, and the seed that they
were drawn from is kept until {known["deadline"]}. Its commitment: `{known["commitment"]}`.

For each task, move the face in `source` with the motion of the clip in `driving`: the same person, background and
framing as in the source, the expression of the driver at its own strength. The onset frame of the driver is the
reference of its motion.

`tasks.csv` and `tasks.json` list the tasks: files, frame rate, number of frames; onset, apex and offset count from 0.
Driving clips are lossless (FFV1 in Matroska, RGB); ffmpeg, PyAV and OpenCV read them.

Return one video a task in one folder, named by its key, for example `{example.key}.mkv`: as many frames as the driving clip,
in its order, in the shape of the source; scored at {protocol.size} x {protocol.size}. Lossless files (FFV1, or a folder
`{example.key}/` of PNG frames) are best. A task without a video counts as failed.

A method of mebench makes them all with

    mebench round answer . --method METHOD --out VIDEOS

Licence of the pictures: CC0-1.0.
"""
