"""How well a number that does without the true answer agrees with the one that is told it, on the outputs of the sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mebench.runs.validate.degradations import DEGRADATIONS

Values = NDArray[np.float64]

FEWEST = 3
"""Outputs of a clip that both have a number for, below which its order says nothing."""


@dataclass(frozen=True)
class Agreement:
    """Of N outputs of some clips. difference: mean absolute one. bias: mean of (without the truth - told it). correlation:
    Pearson's, over all outputs. tau: Kendall's, within each clip, mean: what says whether two methods change places."""

    outputs: int
    clips: int
    difference: float
    bias: float
    correlation: float
    tau: float

    def sentence(self) -> str:
        """In words, for the page and for the command."""
        return (
            f"{self.outputs} outputs of {self.clips} clips: mean absolute difference {self.difference:.3f}, mean "
            f"difference {self.bias:+.3f}, correlation {self.correlation:.3f}, Kendall's tau within a clip {self.tau:.3f}"
        )


def agreement(name: str, exact: str, scores: Mapping[str, Mapping[str, Any]]) -> Agreement | None:
    """Of the metric ``name`` with the metric ``exact``. scores: of the sweep, by clip and metric; None without numbers of
    both."""
    pairs = [_pairs(clip[name], clip[exact]) for clip in scores.values() if name in clip and exact in clip]
    pairs = [pair for pair in pairs if pair.shape[1] >= FEWEST]
    if not pairs:
        return None
    told, without = np.concatenate(pairs, axis=1)
    taus = [float(stats.kendalltau(*pair).statistic) for pair in pairs]
    return Agreement(
        outputs=len(told),
        clips=len(pairs),
        difference=float(np.abs(without - told).mean()),
        bias=float((without - told).mean()),
        correlation=float(np.corrcoef(told, without)[0, 1]),
        tau=float(np.nanmean(taus)),
    )


def section(name: str, exact: str, scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The part of a metric's page; empty without numbers."""
    found = agreement(name, exact, scores)
    if found is None:
        return []
    strength = DEGRADATIONS[0]
    lines = [
        "## Against the exact answer",
        "",
        f"The outputs of the sweep, each driven by another person with the same motion, and `{exact}`, which is told the true "
        f"answer. {found.sentence()}. Printed by `mebench validate metrics`.",
        "",
        f"| {strength.title} | " + " | ".join(f"{level:g}" for level in strength.levels) + " |",
        "|---" * (len(strength.levels) + 1) + "|",
    ]
    for metric in (exact, name):
        rows = [clip[metric][strength.name] for clip in scores.values() if name in clip and exact in clip]
        means = np.nanmean(np.array(rows, dtype=np.float64), axis=0)
        lines.append(f"| `{metric}`, mean | " + " | ".join(f"{mean:.2f}" for mean in means) + " |")
    return [*lines, ""]


def _pairs(without: Mapping[str, Any], told: Mapping[str, Any]) -> Values:
    """Both numbers of each output of a clip, ``[2,N]``, told first; the perfect output counts once."""
    rows: list[tuple[float, float]] = []
    for index, degradation in enumerate(DEGRADATIONS):
        for level, a, b in zip(degradation.levels, told[degradation.name], without[degradation.name], strict=True):
            if a is not None and b is not None and (level != degradation.perfect or index == 0):
                rows.append((a, b))
    return np.asarray(np.array(rows, dtype=np.float64).reshape(-1, 2).T)
