"""``mebench tasks export``: the tasks of a protocol as plain files, for any program in any language.

What is written is what a method may see: source pictures, driving clips and their times. Never the true answer, nor the
action units.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mebench.csv_text import csv_text
from mebench.datasets.contract import Dataset
from mebench.datasets.publication import PRIVATE, keep_private, refuse_unless_private
from mebench.errors import InputError
from mebench.files import storage_errors, write_json, write_text
from mebench.images import write_png
from mebench.protocol import Protocol, Task, load_protocol, protocol_names
from mebench.runs.inputs import TaskInputs
from mebench.runs.plan import load_datasets
from mebench.runs.progress import Progress, Silent
from mebench.video import write_lossless

FILES = frozenset(
    {PRIVATE, "README.md", "protocol.yaml", "tasks.csv", "tasks.json", "sources", "driving", "driving_frames"}
)
"""Everything that an export writes: videos may be returned into the same folder."""

SCHEMA_VERSION = 1
"""Of ``tasks.json``."""

RETURN_SUFFIX = ".mkv"
"""Suffix that the list of tasks proposes for returned videos; others are read too."""


@dataclass(frozen=True)
class Export:
    """folder: where the files are. tasks: how many. licences: of the datasets, by name."""

    folder: Path
    tasks: int
    licences: dict[str, str]


def export_tasks(
    protocol: str | Path | Protocol,
    out: Path | str,
    *,
    frames: bool = False,
    private: bool = False,
    progress: Progress | None = None,
) -> Export:
    """Write the tasks of ``protocol`` into the folder ``out``: ``sources/*.png``, ``driving/*.mkv`` (lossless),
    ``tasks.json``, ``tasks.csv``, ``protocol.yaml`` and a ``README.md`` that says what to return.

    frames: also write each driving clip as a folder of PNG files. private: the folder stays on this machine; needed for
    datasets whose frames may not be published. Raises :class:`InputError` when ``out`` holds the tasks of another
    protocol.
    """
    progress, out = progress or Silent(), Path(out)
    chosen = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    progress.stage("listing the tasks")
    datasets = load_datasets(chosen)
    terms = [(name, dataset.terms) for name, dataset in datasets.items()]
    refuse_unless_private("this export", terms, private)
    tasks = chosen.tasks(datasets)
    listing = _listing(chosen, datasets, tasks, frames)
    _refuse_another(out, listing)
    progress.begin(len(tasks), 0)
    keep_private(out, terms)
    written: set[str] = set()
    for task, entry in zip(tasks, listing["tasks"], strict=True):
        _write_task(out, TaskInputs(task, datasets[task.dataset], datasets[task.from_dataset]), entry, written)
        progress.advance(task.key, "ok")
    write_text(out / "protocol.yaml", yaml.safe_dump(chosen.content(), sort_keys=False, allow_unicode=True))
    write_text(out / "tasks.csv", _table(listing["tasks"]))
    write_text(out / "README.md", _readme(chosen, listing))
    write_json(out / "tasks.json", listing)  # last: a folder that has it is complete
    return Export(out, len(tasks), listing["licences"])


def read_listing(folder: Path) -> dict[str, Any] | None:
    """``tasks.json`` of an exported folder; None when there is none."""
    try:
        listing = json.loads((folder / "tasks.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return listing if isinstance(listing, dict) else None


def _listing(protocol: Protocol, datasets: dict[str, Dataset], tasks: list[Task], frames: bool) -> dict[str, Any]:
    """The content of ``tasks.json``."""
    sources = _names([(task.from_dataset, task.source) for task in tasks])
    clips = _names([(task.dataset, task.driving) for task in tasks])
    entries = []
    for task in tasks:
        clip = clips[task.dataset, task.driving]
        entry: dict[str, Any] = {
            "key": task.key,
            "kind": task.kind,
            "source": f"sources/{sources[task.from_dataset, task.source]}.png",
            "driving": f"driving/{clip}.mkv",
            "driving_frames": f"driving_frames/{clip}" if frames else None,
            "fps": task.fps,
            "frames": len(task.frames),
            "onset": task.onset,
            "apex": task.apex,
            "offset": task.offset,
            "return": f"{task.key}{RETURN_SUFFIX}",
            "hash": task.hash,
        }
        entries.append(entry)
    return {
        "schema_version": SCHEMA_VERSION,
        "protocol": protocol.name,
        "protocol_version": protocol.version,
        "protocol_hash": protocol.hash,
        "tasks_hash": protocol.tasks_hash,
        "scoring_size": protocol.size,
        "licences": {name: dataset.terms.licence for name, dataset in datasets.items()},
        "tasks": entries,
    }


def _names(keys: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """A file name for each (dataset, key): the key in plain characters, with a short hash where two would be equal."""
    plain = {key: re.sub(r"[^A-Za-z0-9._]+", "-", key[1]).strip("-.") or "clip" for key in keys}
    used: dict[str, int] = {}
    for name in plain.values():
        used[name.lower()] = used.get(name.lower(), 0) + 1  # many file systems do not tell a from A
    return {
        key: name if used[name.lower()] == 1 else f"{name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:8]}"
        for key, name in plain.items()
    }


def _refuse_another(out: Path, listing: dict[str, Any]) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; give a folder.")
    old = read_listing(out)
    if old is not None and old.get("tasks_hash") != listing["tasks_hash"]:
        raise InputError(
            f"{out} holds the tasks of another protocol or version ({old.get('protocol')}); give an empty folder."
        )


def _write_task(out: Path, inputs: TaskInputs, entry: dict[str, Any], written: set[str]) -> None:
    """Write the source and the driving clip of a task, unless another task of this export has written them."""
    if entry["source"] not in written:
        write_png(out / entry["source"], inputs.source_image)
    if entry["driving"] not in written:
        write_lossless(out / entry["driving"], inputs.driving_frames, inputs.task.fps)
        if entry["driving_frames"]:
            folder = out / entry["driving_frames"]
            with storage_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
            for index, frame in enumerate(inputs.driving_frames):
                write_png(folder / f"{index:06}.png", frame)
    written |= {entry["source"], entry["driving"]}


def _table(entries: list[dict[str, Any]]) -> str:
    columns = [name for name in entries[0] if name != "hash"]
    return csv_text([columns, *([entry[name] for name in columns] for entry in entries)])


def _readme(protocol: Protocol, listing: dict[str, Any]) -> str:
    example = listing["tasks"][0]
    licences = "\n".join(f"* {name}: {licence}" for name, licence in listing["licences"].items())
    given = protocol.name if protocol.name in protocol_names() else "protocol.yaml"
    frames = "\n`driving_frames/` holds the same clips as PNG files." if example["driving_frames"] else ""
    return f"""# {protocol.title}

{len(listing["tasks"])} tasks of the mebench protocol `{protocol.name}`, version {protocol.version}.

For each task, move the face in `source` with the motion of the clip in `driving`: the same person, background and
framing as in the source, the expression of the driver at its own strength. The onset frame of the driver is the
reference of its motion.

| file | what |
|---|---|
| `tasks.csv`, `tasks.json` | the tasks: key, files, frame rate, number of frames; onset, apex, offset count from 0 |
| `sources/` | source pictures, PNG |
| `protocol.yaml` | what is run and judged, for scoring |
| `driving/` | driving clips, lossless (FFV1 in Matroska, RGB); ffmpeg, PyAV and OpenCV read them |
{frames}
## What to return

One video a task in one folder, named by its key, for example `{example["return"]}`:

* as many frames as the driving clip, in its order: frame i of yours answers frame i of the driver;
* the shape of the source picture, at any size; it is scored at {listing["scoring_size"]} x {listing["scoring_size"]};
* mkv, mp4, avi, mov, webm or gif, or a folder `{example["key"]}/` of PNG frames in the order of their names.

Lossless files (FFV1, or PNG frames) are best: a micro-expression moves a face by a pixel, and lossy video moves it too.
The frame rate of your files is not read. A task without a video counts as failed.

Then: `mebench score FOLDER --protocol {given} --name NAME`

## Licences of the data

{licences}
"""
