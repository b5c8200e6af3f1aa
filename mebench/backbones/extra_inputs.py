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
        what="head masks of a face parser (BiSeNet, 19 classes, whose weights are not openly published)",
        needed_by="backbone emoportraits (weights: emoportraits-328, mask: files)",
        place=lambda: f"put one black and white PNG a source into {mask_folder()} (a run names the file that it wants)",
        instead="mask: mesh, an approximation drawn from the 468-point mesh",
    ),
)
"""Every extra input that a user may bring."""
