"""Agreement of a whole run: macro-F1, each action unit, Cohen's kappa, the judges' own ceiling, the gate.

A set of clips has a macro-F1 and a kappa, one clip has not. Everything here comes from stored verdicts, by judge and by
majority, and stands beside the gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.detectors import scores
from mebench.detectors.contract import ACTION_UNITS
from mebench.metrics.micro_au.verdicts import Judged

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two sets of verdicts on N clips. f1, kappa: of each action unit, float64 ``[12]``, over the clips. f1_macro: mean
    of ``f1`` over the units that occur on either side; f1 counts 0 for the others, which say nothing. kappa_macro: mean over
    those of them of which not every clip is said to be present by both, where kappa is not defined."""

    f1: NDArray[np.float64]
    kappa: NDArray[np.float64]
    f1_macro: float
    kappa_macro: float
    support: NDArray[np.int64]


def compare(wanted: Flags, seen: Flags) -> Comparison:
    """wanted, seen: bool ``[N,12]``."""
    each, chance_corrected = scores.f1(wanted, seen), scores.kappa(wanted, seen)
    occurs = (wanted | seen).any(axis=0)
    varies = occurs & ~(wanted & seen).all(axis=0)  # both sides say "present" of every clip: kappa is not defined
    return Comparison(
        f1=each,
        kappa=chance_corrected,
        f1_macro=float(each[occurs].mean()) if occurs.any() else 0.0,
        kappa_macro=float(chance_corrected[varies].mean()) if varies.any() else 0.0,
        support=wanted.sum(axis=0),
    )


def report(judged: Sequence[Judged], gains: Sequence[float | None]) -> dict[str, Any]:
    """All numbers of a run as JSON values. judged: annotated clips. gains: of the same clips.

    ``annotation``: outputs against the annotation. ``ceiling``: the driving clips themselves against it, the most that
    can be asked. ``driving``: outputs against the verdict on the driving clips.
    """
    kept = [(one, gain) for one, gain in zip(judged, gains, strict=True) if one.annotated is not None]
    if not kept:
        return {"clips": 0}
    annotated = np.stack([one.annotated for one, _ in kept if one.annotated is not None])
    seen = np.stack([one.seen for one, _ in kept])
    driving = np.stack([one.seen_in_driving for one, _ in kept])
    known = [gain for _, gain in kept if gain is not None]
    return {
        "clips": len(kept),
        "still": int(sum(one.still for one, _ in kept)),
        "gain": round(float(np.mean(known)), 4) if known else None,
        "annotation": _values(compare(annotated, seen)),
        "ceiling": _values(compare(annotated, driving)),
        "driving": _values(compare(driving, seen)),
        "judge_disagreement": round(float(np.mean([one.output.disagreement[0] for one, _ in kept])), 4),
    }


def _values(comparison: Comparison) -> dict[str, Any]:
    return {
        "f1_macro": round(comparison.f1_macro, 4),
        "kappa_macro": round(comparison.kappa_macro, 4),
        "f1": {f"AU{unit}": round(float(value), 4) for unit, value in zip(ACTION_UNITS, comparison.f1, strict=True)},
        "kappa": {
            f"AU{unit}": round(float(value), 4) for unit, value in zip(ACTION_UNITS, comparison.kappa, strict=True)
        },
        "support": {f"AU{unit}": int(n) for unit, n in zip(ACTION_UNITS, comparison.support, strict=True)},
    }
