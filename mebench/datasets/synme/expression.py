"""The thirteen sided action units of the open set: names, shapes they are made of, and their visible size.

An action-unit vector has 26 entries in the order of :data:`NAMES`: the rows of :data:`UNITS`, left then right of each
(the subject's left). An intensity of 1 is the full shape. Amplitudes are given as the peak displacement in pixels of a
face 256 pixels wide and divided by :data:`PEAK_PX`, so that equal numbers mean equal visible motion.
Names follow Ekman and Friesen, "Facial Action Coding System", 1978.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 45)
"""Action units in the order of the vector. The last one is the blink, which plans keep in a column pair of its own."""

FACIAL_UNITS = UNITS[:-1]
"""The twelve units that make an expression."""

NAMES: tuple[str, ...] = tuple(f"{side}{unit}" for unit in UNITS for side in "LR")
"""``("L1", "R1", "L2", ..., "R45")``: one name for each entry of an action-unit vector."""

COUNT = len(NAMES)
"""26 entries."""

BLINK = slice(COUNT - 2, COUNT)
"""Where the two blink entries lie in an action-unit vector."""

RECIPES: dict[int, tuple[tuple[str, float], ...]] = {
    1: (("face:browInnerUp", 1.0), ("unit:eyebrows-inner-up", 0.5)),
    2: (("face:browOuterUp", 0.6), ("unit:eyebrows-extern-up", 0.5)),
    4: (("face:browDown", 1.0),),
    5: (("face:eyeWide", 1.0),),
    6: (("face:cheekSquint", 1.0), ("face:eyeSquint", 0.45)),
    7: (("face:eyeSquint", 1.0),),
    9: (("face:noseSneer", 0.8), ("unit:nose-elevation", 0.8)),
    10: (("face:mouthUpperUp", 1.0),),
    12: (("face:mouthSmile", 1.0),),
    14: (("face:mouthDimple", 1.0),),
    15: (("face:mouthFrown", 1.0),),
    17: (("face:mouthShrugLower", 1.0), ("face:mouthShrugUpper", 0.35)),
    45: (("face:eyeBlink", 1.0),),
}
"""Shapes of the kit and their weights, by unit. A shape that moves both sides at once is split by :data:`SPLIT_DM`."""

SPLIT_DM = 0.12
"""Half width (dm) of the smooth step over the midline by which a two-sided shape is divided into left and right."""

PEAK_PX: dict[int, float] = {
    1: 7.93, 2: 7.85, 4: 6.94, 5: 3.69, 6: 9.18, 7: 3.57, 9: 6.44, 10: 5.91, 12: 16.48, 14: 6.44, 15: 6.81, 17: 5.42,
}  # fmt: skip
"""Largest displacement (px) of a visible skin vertex at intensity 1 of both sides, on the bare template, in an image of
256 px with the camera at 13 dm. Measured once on the kit; a test holds the kit to it within 2 %."""

PRESENT_PX = 0.25
"""A sided unit is called present when it moves the skin by at least this many pixels at its peak."""

MAX_INTENSITY = 1.2
"""Shapes are linear: beyond this they stop looking like faces."""


def peak_vector() -> NDArray[np.float64]:
    """:data:`PEAK_PX` for each of the 24 facial entries of an action-unit vector, float64 ``[24]``."""
    return np.repeat([PEAK_PX[unit] for unit in FACIAL_UNITS], 2)


def present(curves: ArrayLike) -> tuple[str, ...]:
    """Names of the action units in a clip, such as ``("12",)`` (both sides alike) or ``("L12",)``.

    curves: intensities ``[T,26]``. A side counts when its largest intensity moves the skin by :data:`PRESENT_PX`.
    """
    pixels = np.max(np.asarray(curves, dtype=np.float64)[:, : BLINK.start], axis=0, initial=0.0) * peak_vector()
    names: list[str] = []
    for unit, (left, right) in zip(FACIAL_UNITS, (pixels >= PRESENT_PX).reshape(-1, 2), strict=True):
        names += [f"{unit}"] if left and right else [f"L{unit}"] if left else [f"R{unit}"] if right else []
    return tuple(names)


def index(names: Sequence[str]) -> NDArray[np.int64]:
    """Positions of sided names such as ``["L12", "R12"]`` in an action-unit vector."""
    return np.array([NAMES.index(name) for name in names], dtype=np.int64)
