"""Frames per second of backbones on this machine, as ``benchmarks/backbones.py`` measured them last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict, cast

from mebench.files import write_json
from mebench.home import home


class Speed(TypedDict):
    """weights: name of the checkpoint. resolution: side of the output, pixels. frames_per_second: source enrolled once,
    frames in batches. loop_frames_per_second: everything again for every frame."""

    weights: str
    resolution: int
    frames_per_second: float
    loop_frames_per_second: float


def _file() -> Path:
    return home() / "benchmarks" / "backbones.json"


def speeds() -> dict[str, Speed]:
    """By name of the backbone; empty when nothing was measured on this machine."""
    try:
        return cast("dict[str, Speed]", json.loads(_file().read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def keep_speeds(found: dict[str, Speed]) -> None:
    """Put ``found`` beside, or in place of, what was measured before."""
    write_json(_file(), {**speeds(), **found})
