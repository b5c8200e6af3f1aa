"""Where mebench keeps things on this machine, and where its packaged data lies."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The folder of caches and added weights: ``$MEBENCH_HOME``, else in ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    if value := os.environ.get("MEBENCH_HOME"):
        return Path(value).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "mebench"


def packaged(folder: str) -> Path:
    """The folder ``protocols``, ``baselines``, ``site``, ``submissions``, ``rounds``, ``docs/metrics`` or ``docs/images`` (of
    which the wheel holds what the site shows): inside the wheel, else of the checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "_packaged" / folder
    return inside if inside.is_dir() else package.parent / folder
