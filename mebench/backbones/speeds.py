"""Frames per second of backbones, as ``benchmarks/backbones.py`` measured them: on this machine, or where mebench is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict, cast

from mebench.files import write_json
from mebench.home import home

CLIP = 64
"""Frames of the clip that a rate speaks of: the source is enrolled once for so many."""

SHIPPED = Path(__file__).with_name("speeds.json")
"""Measured where mebench is made; shown where nothing was measured."""


class Speed(TypedDict):
    """weights: name of the checkpoint. resolution: side of the output, pixels. device: what it ran on. enroll_seconds: of
    the source, once. frame_seconds: of a driven frame, in batches. loop_frame_seconds: of a frame when the source goes
    through its networks again. frames_per_second: over a clip of :data:`CLIP` frames; loop_frames_per_second: of the
    loop."""

    weights: str
    resolution: int
    device: str
    enroll_seconds: float
    frame_seconds: float
    loop_frame_seconds: float
    frames_per_second: float
    loop_frames_per_second: float


Speeds = dict[str, dict[str, Speed]]
"""By size (``lite`` or ``official``), then by name of the backbone."""


def _file() -> Path:
    return home() / "benchmarks" / "backbone-speeds.json"


def speeds() -> Speeds:
    """What was measured on this machine, before what ships."""
    own, shipped = _read(_file()), _read(SHIPPED)
    return {size: {**shipped.get(size, {}), **own.get(size, {})} for size in ("lite", "official")}


def keep_speeds(found: dict[str, Speed], size: str, file: Path | None = None) -> None:
    """Put ``found`` beside, or in place of, what the file (by default that of this machine) held."""
    path = file or _file()
    kept = _read(path)
    write_json(path, {**kept, size: {**kept.get(size, {}), **found}})


def _read(path: Path) -> Speeds:
    try:
        return cast(Speeds, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
