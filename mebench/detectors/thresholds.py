"""Where a probability turns into "present"."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST = 3
"""With fewer positives of an action unit its threshold stays at one half: it would be fitted to single clips."""


def best_offsets(logits: NDArray[np.float32], present: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What to add to logits ``[N,K]`` so that "above 0" has the best F1 for each column: float32 ``[K]``.

    present: bool ``[N,K]``. Candidates lie halfway between neighbouring logits; of equal ones the nearest to 0 counts.
    F1 is smoothed over neighbouring candidates (a sliding mean over five), because with few positives its peak is luck.
    """
    offsets = np.zeros(logits.shape[1], dtype=np.float32)
    for column in range(logits.shape[1]):
        scores, truth = logits[:, column].astype(np.float64), present[:, column]
        if int(truth.sum()) < FEWEST or len(scores) < 2:
            continue
        order = np.argsort(-scores, kind="stable")
        hits = np.cumsum(truth[order])[:-1]
        chosen = np.arange(1, len(scores))
        f1 = 2.0 * hits / (chosen + truth.sum())
        padded = np.pad(f1, 2, mode="edge")
        smooth = np.convolve(padded, np.full(5, 0.2), mode="valid")
        cuts = 0.5 * (scores[order][:-1] + scores[order][1:])
        best = np.flatnonzero(smooth >= smooth.max() - 1e-12)
        offsets[column] = -cuts[best[np.argmin(np.abs(cuts[best]))]]
    return offsets
