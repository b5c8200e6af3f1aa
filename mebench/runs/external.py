"""``mebench score``: videos that somebody made from exported tasks, scored as an ordinary run.

The returned videos are a method like any other: asked for a task, it reads the file. So a missing or unusable video is
a failed row, and everything else (resuming, bounds, tables, the page) is that of every run.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mebench.clip import Driving, Generated, Source
from mebench.errors import ConfigError, GenerationError, InputError
from mebench.images import list_frames, read_folder
from mebench.methods.card import method_names
from mebench.protocol import Protocol, Task, load_protocol
from mebench.runs.conclude import RunResult
from mebench.runs.export import FILES, read_listing
from mebench.runs.inputs import tensor
from mebench.runs.plan import load_datasets
from mebench.runs.progress import Progress
from mebench.runs.spec import MethodSpec
from mebench.runs.start import run_spec
from mebench.video import read_video
from mebench.weights.locate import sha256

SUFFIXES = (".mkv", ".mp4", ".avi", ".mov", ".m4v", ".webm", ".gif")
"""Returned videos by suffix; a folder of frames has none."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class ReturnedVideos:
    """Videos on disk in the role of a method."""

    def __init__(self, name: str, folder: str, videos: list[dict[str, str | None]]) -> None:
        """videos: one entry a task with ``key``, the keys of ``source`` and ``driving`` that the method is given, and
        ``file`` (None when there is none)."""
        self.name = name
        self._folder = Path(folder)
        self._videos = {(video["source"], video["driving"]): video for video in videos}

    def generate(self, source: Source, driving: Driving) -> Generated:
        """Read the video of the task. :class:`GenerationError` says what is wrong with it."""
        video = self._videos[source.key, driving.key]
        if video["file"] is None:
            raise GenerationError(f"no video was returned for this task (looked for {video['key']}.mkv and the like).")
        path, count = self._folder / video["file"], len(driving.frames)
        try:
            frames = read_folder(path, count) if path.is_dir() else read_video(path, driving.fps, count)[0]
        except InputError as error:
            inside = str(error).replace(f"{self._folder}/", "")  # rows are published, this machine's folders are not
            raise GenerationError(inside) from error
        if len(frames) != count:
            raise GenerationError(
                f"{path.name} has {len(frames)} frames and the driving clip {count}; return one for each, in order."
            )
        height, width = (int(side) for side in source.image.shape[1:])
        if abs(frames.shape[1] * width - frames.shape[2] * height) > 1.5 * max(width, height):
            raise GenerationError(
                f"{path.name} is {frames.shape[2]} x {frames.shape[1]} pixels and its source {width} x {height}; keep "
                "the shape of the source (any size)."
            )
        return Generated(tensor(frames), {"file": video["file"]})

    def facts(self) -> dict[str, Any]:
        """How many videos were returned."""
        returned = sum(video["file"] is not None for video in self._videos.values())
        return {"external": True, "returned": returned, "missing": len(self._videos) - returned}


@dataclass(frozen=True)
class Scored:
    """result: of the run. missing: keys of tasks without a video. unused: names in the folder that match no task."""

    result: RunResult
    missing: tuple[str, ...]
    unused: tuple[str, ...]


def score_folder(
    folder: Path | str,
    protocol: str | Path | Protocol,
    name: str,
    *,
    out: Path | str = "runs",
    jobs: int | None = None,
    bounds: bool = True,
    progress: Progress | None = None,
) -> Scored:
    """Score the videos in ``folder`` on ``protocol`` as a run of the method ``name``. Same as ``mebench score``.

    A task without a usable video is a failed row. The content of the videos is part of the run's hash: changed videos
    give another run. Raises :class:`InputError` when the folder is missing, holds no video of this protocol, or two for
    one task, and :class:`ConfigError` for a name that is not free.
    """
    folder = Path(folder)
    if not _NAME.fullmatch(name):
        raise ConfigError(f"the name '{name}' must be 1 to 40 of a-z, 0-9 and -, and begin with a letter or digit.")
    if name in method_names():
        raise ConfigError(f"'{name}' is a baseline's name; choose another one for your videos.")
    chosen = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    given = chosen.name if isinstance(protocol, Protocol) else str(protocol)
    tasks = chosen.tasks(load_datasets(chosen))
    _check_listing(folder, chosen)
    found, unused = find_videos(folder, tasks)
    spec = returned_spec(name, folder, tasks, found)
    spec = replace(spec, command=shlex.join(["mebench", "score", str(folder), "--protocol", given, "--name", name]))
    result = run_spec(spec, chosen, jobs=jobs, out=out, bounds=bounds, progress=progress)
    return Scored(result, tuple(task.key for task in tasks if task.key not in found), unused)


def find_videos(folder: Path, tasks: list[Task]) -> tuple[dict[str, str], tuple[str, ...]]:
    """File or folder names by task key, and the names in ``folder`` that match no task."""
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        _refuse_links(folder, names)
    except OSError as error:
        raise InputError(f"cannot read the folder {folder}: {error.strerror}; give the folder of videos.") from error
    keys = {task.key for task in tasks}
    found: dict[str, str] = {}
    unused = []
    for name in names:
        key = _key(folder / name)
        if key not in keys:
            unused += [] if name in FILES else [name]
        elif key in found:
            raise InputError(f"{folder} holds two videos for one task, {found[key]} and {name}; remove one of them.")
        else:
            found[key] = name
    if not found:
        example = f"{tasks[0].key}.mkv"
        here = f"; it holds {', '.join(unused[:3])}" if unused else "; it is empty"
        raise InputError(f"{folder} holds no video that is named like a task, such as {example}{here}.")
    return found, tuple(unused)


def _refuse_links(folder: Path, names: list[str]) -> None:
    """:class:`InputError` for what leads out of the folder or would keep a reader waiting: links, pipes and devices."""
    for name in names:
        path = folder / name
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            what = "a link" if path.is_symlink() else "no file"
            raise InputError(f"{path} is {what}; videos are plain files or folders of frames.")


def returned_spec(name: str, folder: Path, tasks: list[Task], found: dict[str, str]) -> MethodSpec:
    """The method that the returned videos are."""
    videos = [
        {"key": task.key, "source": task.source_key, "driving": task.driving_key, "file": found.get(task.key)}
        for task in tasks
    ]
    contents = {task.key: _content(folder / found[task.key]) for task in tasks if task.key in found}
    return MethodSpec(
        name=name,
        backbone=None,
        given=str(folder),
        factory="mebench.runs.external:ReturnedVideos",
        arguments={"name": name, "folder": str(folder.resolve()), "videos": videos},
        config={"name": name, "external": True, "videos": contents},
        card=None,
    )


def _check_listing(folder: Path, protocol: Protocol) -> None:
    """Videos that lie beside an exported list of tasks must answer the same tasks."""
    listing = read_listing(folder)
    if listing is not None and listing.get("tasks_hash") != protocol.tasks_hash:
        raise InputError(
            f"{folder / 'tasks.json'} lists the tasks of '{listing.get('protocol')}', version "
            f"{listing.get('protocol_version')}, not of {protocol.name}, version {protocol.version}; score it with the "
            "protocol that it was exported from."
        )


def _key(path: Path) -> str:
    return path.name if path.is_dir() else path.stem if path.suffix.lower() in SUFFIXES else ""


def _content(path: Path) -> str:
    """SHA-256 of a file, or of the names and files of a folder of frames; of nothing when it holds no frames."""
    if path.is_file():
        return sha256(path)
    _refuse_links(path, sorted(each.name for each in path.iterdir()))
    from hashlib import sha256 as digest_of

    try:
        frames = list_frames(path)
    except InputError:
        frames = []
    return digest_of("\n".join(f"{frame.name} {sha256(frame)}" for frame in frames).encode()).hexdigest()
