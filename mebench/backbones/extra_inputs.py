"""What the published networks read besides frames and cannot be had here: who uses it, and where it is looked for.

``mebench doctor`` lists it. Nothing here imports the networks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mebench.home import home


@dataclass(frozen=True)
class ExtraInput:
    """what: it is. needed_by: backbone and options. place: the folder and how files in it are named. instead: what is
    used without it."""

    what: str
    needed_by: str
    place: Callable[[], str]
    instead: str


def mask_folder() -> Path:
    """Where the user's masks of sources are looked for: one PNG a source, named by its fingerprint."""
    return home() / "masks" / "emoportraits"


EXTRA_INPUTS = (
    ExtraInput(
        what="head masks of a face parser (BiSeNet, no open weights)",
        needed_by="backbone emoportraits (weights: emoportraits-328, mask: files)",
        place=lambda: f"one PNG a source in {mask_folder()} (a run names it)",
        instead="mask: mesh, an approximation",
    ),
    ExtraInput(
        what="669 landmarks and identity codes (their networks are not public)",
        needed_by="backbone metaportrait (weights: metaportrait-base)",
        place=lambda: "see docs/metaportrait.md for the folder",
        instead="weights: lite, a variant on the 468-point mesh",
    ),
)
"""Every extra input that a user may bring."""
