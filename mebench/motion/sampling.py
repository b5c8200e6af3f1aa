"""Which frames of a clip stand for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mebench.errors import InputError


def uniform_frames(count: int, wanted: int) -> NDArray[np.int64]:
    """``floor(linspace(0, count - 1, wanted))``: indices of ``wanted`` frames spread over a clip of ``count`` frames,
    from the first to the last, with repetition where the clip is shorter. int64 ``[wanted]``.

    Computed in whole numbers, so that no rounding error moves an index. Raises :class:`InputError` for an empty clip.
    """
    if count < 1 or wanted < 1:
        raise InputError(f"{wanted} frames cannot be chosen from a clip of {count}.")
    steps = max(wanted - 1, 1)
    return np.arange(wanted, dtype=np.int64) * (count - 1) // steps
