"""The folder of a run: rows, clips and costs of single tasks, each written whole or not at all.

Every task has up to four files, one a kind. A run of many tasks spreads each kind over 256 folders, by the first two digits
of the SHA-256 of the task's key, so that no folder holds more files than file systems and people can handle.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from mebench.clip import Pixels
from mebench.errors import InputError, StorageError
from mebench.files import storage_errors, write_bytes, write_json
from mebench.metrics.encoders.clip_vector import PairVectors
from mebench.protocol import Task
from mebench.runs.schema import SCHEMA_VERSION, ClipInfo, CostRecord, RunRecord, SummaryRecord, TaskRecord
from mebench.runs.vectors import read_vectors, vector_bytes

KINDS = {"tasks": ".json", "clips": ".mkv", "costs": ".json", "features": ".npz"}
"""Folders of a run that hold a file a task, and the suffix of their files."""

SPREAD_FROM = 4096
"""Tasks of the whole run from which on it is spread over folders: the default page of most file browsers and listings
still copes with as many files."""

_FOLDERS = 256


class RunStore:
    """Reads and writes the files of one run; see :mod:`mebench.runs.schema` for what they hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def prepare(self, *, alone: bool, tasks: int = 0) -> None:
        """Make the folder. alone: this process holds it, so half-written files of an interrupted one are removed.
        tasks: of the whole run, of which this folder may hold a part; a folder that exists keeps its layout."""
        with storage_errors(self.folder):
            fresh = not (self.folder / "tasks").is_dir()
            for name in KINDS:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
                for number in range(_FOLDERS if fresh and tasks >= SPREAD_FROM else 0):
                    (self.folder / name / f"{number:02x}").mkdir(exist_ok=True)
            for leftover in self.folder.rglob(".*.partial*") if alone else ():
                leftover.unlink(missing_ok=True)
        vars(self).pop("is_spread", None)

    @cached_property
    def is_spread(self) -> bool:
        """Whether the files of each kind lie in 256 folders."""
        return any((self.folder / name / "00").is_dir() for name in KINDS)

    def path(self, kind: str, key: str) -> Path:
        """Where a file of a task lies, relative to the folder of the run. kind: of :data:`KINDS`."""
        name = key + KINDS[kind]
        if not self.is_spread:
            return Path(kind, name)
        return Path(kind, hashlib.sha256(key.encode("utf-8")).hexdigest()[:2], name)

    def finished(self) -> list[str]:
        """The tasks that have a row, sorted."""
        inside = (self.folder / "tasks").glob("??/*.json" if self.is_spread else "*.json")
        return sorted(path.stem for path in inside if not path.name.startswith("."))

    def row(self, key: str) -> TaskRecord | None:
        """The record of a task; None where :meth:`whole_row` raises."""
        try:
            return self.whole_row(key)
        except InputError:
            return None

    def whole_row(self, key: str) -> TaskRecord:
        """The record of a task. :class:`InputError` names the file and the fix when there is none that can be read in the
        present schema, or when it is not what was written."""
        path = self.folder / self.path("tasks", key)
        value = read_record(path)
        checksum = value.pop("checksum", None)  # rows of older runs have none
        if checksum is not None and checksum != _checksum(value):
            raise InputError(
                f"{path} is damaged (its checksum is of other content); start the run again to have it done anew."
            )
        return cast(TaskRecord, value)

    def write_row(self, record: TaskRecord) -> None:
        """Store the record of a task; from then on the task counts as generated."""
        path = self.folder / self.path("tasks", record["task"]["key"])
        write_json(path, {**record, "checksum": _checksum(record)})

    def cost(self, key: str) -> CostRecord | None:
        """Times and memory of a task."""
        return cast("CostRecord | None", _read(self.folder / self.path("costs", key)))

    def write_cost(self, cost: CostRecord) -> None:
        """Store times and memory of a task."""
        write_json(self.folder / self.path("costs", cost["task"]), cost)

    def write_clip(self, task: Task, frames: Pixels, native: tuple[int, int]) -> ClipInfo:
        """Store the output of a task without loss. frames: uint8 ``[T,S,S,3]`` RGB; native: height and width before."""
        from mebench.video import lossless_bytes

        file = self.path("clips", task.key).as_posix()
        data = lossless_bytes(frames, task.fps, file)
        write_bytes(self.folder / file, data)
        return {
            "file": file,
            "sha256": hashlib.sha256(data).hexdigest(),
            "pixels_sha256": hashlib.sha256(np.ascontiguousarray(frames).tobytes()).hexdigest(),
            "frames": len(frames),
            "size": frames.shape[1],
            "native_height": native[0],
            "native_width": native[1],
        }

    def read_clip(self, clip: ClipInfo) -> Pixels:
        """The stored output, uint8 ``[T,S,S,3]``; :class:`InputError` when it is missing or damaged."""
        from mebench.video import read_video

        frames, _ = read_video(self.folder / clip["file"])
        if hashlib.sha256(frames.tobytes()).hexdigest() != clip["pixels_sha256"]:
            raise InputError(
                f"the stored clip {self.folder / clip['file']} holds other pixels than when it was written."
            )
        return frames

    def write_vectors(self, key: str, vectors: dict[str, PairVectors]) -> str:
        """Store the vectors of a task by encoder, beside those of other encoders; gives the hash of the file."""
        data = vector_bytes({**self.vectors(key), **vectors})
        write_bytes(self._vector_file(key), data)
        return hashlib.sha256(data).hexdigest()

    def vectors(self, key: str) -> dict[str, PairVectors]:
        """The stored vectors of a task by encoder; empty when there are none that can be read."""
        try:
            return read_vectors(self._vector_file(key).read_bytes())
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return {}  # missing or damaged: the same as not there, the row says that they should be

    def vectors_of(self, row: TaskRecord | None) -> dict[str, PairVectors]:
        """The stored vectors that ``row`` vouches for: none of a failed clip, or of one whose row names no vectors. A file
        may be left from before the clip failed."""
        if row is None or row["status"] != "ok" or not row.get("features"):
            return {}
        return self.vectors(row["task"]["key"])

    def vectors_are_whole(self, key: str, sha256: str) -> bool:
        """Whether the file of the vectors is the one that was written."""
        try:
            return hashlib.sha256(self._vector_file(key).read_bytes()).hexdigest() == sha256
        except OSError:
            return False

    def _vector_file(self, key: str) -> Path:
        return self.folder / self.path("features", key)

    def is_whole(self, clip: ClipInfo) -> bool:
        """Whether the file of a clip is the one that was written."""
        try:
            return hashlib.sha256((self.folder / clip["file"]).read_bytes()).hexdigest() == clip["sha256"]
        except OSError:
            return False

    def run_record(self) -> RunRecord | None:
        """``run.json``, or None."""
        return cast("RunRecord | None", _read(self.folder / "run.json"))

    def summary(self) -> SummaryRecord | None:
        """``summary.json``, or None."""
        return cast("SummaryRecord | None", _read(self.folder / "summary.json"))


def _checksum(record: Any) -> str:
    """SHA-256 of a record's values, whatever their layout in the file."""
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_record(path: Path) -> dict[str, Any]:
    """A JSON record of a run; :class:`InputError` when it is missing, damaged, or of another schema than the present one."""
    try:
        value = _parsed(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}; give the folder of a finished run, or start the run again."
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); start the run again to have it written anew.") from error
    if value.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{path} has schema version {value.get('schema_version')}, this mebench reads {SCHEMA_VERSION}; "
            "start the run again with this version."
        )
    return value


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return _parsed(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None  # damaged on disk: the same as not there, the task is done again


def _parsed(path: Path) -> dict[str, Any]:
    """The object in a JSON file; ValueError when it is damaged, :class:`StorageError` when the disk refuses."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}; check the disk and its permissions.") from error
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value
