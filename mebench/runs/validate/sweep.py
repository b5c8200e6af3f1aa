"""The sweep: every metric on every degradation of a few clips, kept clip by clip so that it can be stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mebench import registry
from mebench.errors import ConfigError, MebenchError
from mebench.files import write_json
from mebench.metrics.contract import Metric, MetricFacts
from mebench.runs.validate.case import Case
from mebench.runs.validate.degradations import DEGRADATIONS, Degradation

CLIPS = (
    *("a-validation-00-0", "c-validation-01-0", "d-validation-02-0", "f-validation-03-0"),
    *("b-validation-00-1", "e-validation-01-1", "a-validation-02-1", "c-validation-03-1"),
    *("d-validation-00-2", "f-validation-01-2", "b-validation-02-2", "e-validation-03-2"),
)
"""Clips of the open set's validation people, domains in turns; the first ones are taken."""

LEVEL = 0.05
"""Two-sided error of the paired test by which a degradation counts as seen."""

Scores = dict[str, dict[str, list[float | None]]]
"""By metric and degradation, one value a level."""


@dataclass(frozen=True)
class Response:
    """What a metric answers to one degradation. values: float64 ``[clips,levels]``, NaN where missing.

    monotone: Spearman correlation of the distance from the perfect level with how bad the mean is; None when it never
    changes. seen: the level nearest to the perfect one that a paired test over the clips tells from it; None: blind.
    """

    degradation: Degradation
    values: NDArray[np.float64]
    monotone: float | None
    seen: float | None


def validated_metrics() -> dict[str, Metric]:
    """The registered metrics of single clips that need no judge of action units."""
    found = {name: registry.load("metrics", name) for name in registry.names("metrics")}
    return {
        name: metric
        for name, metric in found.items()
        if metric.facts.per == "clip" and metric.facts.family not in ("micro_au", "cost")
    }


def sweep(count: int, folder: Path, note: Callable[[str], None]) -> dict[str, Scores]:
    """Scores by clip. count: clips. folder: where those of each clip are kept."""
    if not 2 <= count <= len(CLIPS):
        raise ConfigError(f"the sweep takes 2 to {len(CLIPS)} clips, not {count}.")
    metrics = validated_metrics()
    versions = {name: metric.facts.version for name, metric in metrics.items()}
    return {key: _clip(key, metrics, versions, folder, note) for key in CLIPS[:count]}


def _clip(
    key: str, metrics: Mapping[str, Metric], versions: dict[str, int], folder: Path, note: Callable[[str], None]
) -> Scores:
    levels = {d.name: list(d.levels) for d in DEGRADATIONS}
    known = hashlib.sha256(json.dumps([key, versions, levels], sort_keys=True).encode()).hexdigest()[:16]
    path = folder / f"{key}-{known}.json"
    if path.is_file():
        stored: Scores = json.loads(path.read_text("utf-8"))
        return stored
    case = Case(key)
    perfect = _scores(case, case.truth.frames, metrics)
    scores: Scores = {name: {} for name in metrics}
    for degradation in DEGRADATIONS:
        note(f"{key}: {degradation.title}")
        found = [
            perfect if level == degradation.perfect else _scores(case, degradation.make(case, level), metrics)
            for level in degradation.levels
        ]
        for name in metrics:
            scores[name][degradation.name] = [values[name] for values in found]
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, scores)
    return scores


def _scores(case: Case, output: Any, metrics: Mapping[str, Metric]) -> dict[str, float | None]:
    sample = case.sample(output)
    values: dict[str, float | None] = {}
    for name, metric in metrics.items():
        try:
            values[name] = float(metric.score(sample))
        except MebenchError:
            values[name] = None  # no weights on this machine, or no number for this clip
    return values


def responses(name: str, facts: MetricFacts, scores: Sequence[Scores]) -> list[Response]:
    """What one metric answers to all degradations; empty for a metric without any number."""
    found = []
    for degradation in DEGRADATIONS:
        rows = [clip[name][degradation.name] for clip in scores]
        values = np.array([[np.nan if v is None else v for v in row] for row in rows], dtype=np.float64)
        if not np.isfinite(values).any():
            return []
        found.append(_response(degradation, values, facts))
    return found


def _response(degradation: Degradation, values: NDArray[np.float64], facts: MetricFacts) -> Response:
    bad = _badness(values, facts)
    at = degradation.levels.index(degradation.perfect)
    away = np.abs(np.array(degradation.levels) - degradation.perfect)
    with np.errstate(invalid="ignore"):
        means = np.nanmean(bad, axis=0)
    constant = np.allclose(means, means[0], rtol=1e-9, atol=1e-12)
    monotone = None if constant else _monotone(degradation, away, means)
    seen = [
        level
        for column, level in enumerate(degradation.levels)
        if column != at and _differs(bad[:, column] - bad[:, at])
    ]
    nearest = min(seen, key=lambda level: abs(level - degradation.perfect)) if seen else None
    return Response(degradation, values, monotone, nearest)


def _monotone(degradation: Degradation, away: NDArray[np.float64], means: NDArray[np.float64]) -> float:
    """For the gain, whose perfect level lies inside, the smaller of both sides."""
    sides = [np.array(degradation.levels) <= degradation.perfect, np.array(degradation.levels) >= degradation.perfect]
    found = [
        0.0 if np.ptp(means[side]) == 0.0 else stats.spearmanr(away[side], means[side]).statistic
        for side in sides
        if side.sum() > 1
    ]
    return float(np.nan_to_num(min(found)))


def _differs(change: NDArray[np.float64]) -> bool:
    kept = change[np.isfinite(change)]
    if len(kept) < 2:
        return False
    if float(kept.std()) == 0.0:
        return bool(kept[0] != 0.0)
    return bool(stats.ttest_1samp(kept, 0.0).pvalue < LEVEL)


def _badness(values: NDArray[np.float64], facts: MetricFacts) -> NDArray[np.float64]:
    if facts.direction == "target":
        return np.abs(values - facts.ceiling)
    return values if facts.direction == "lower" else -values
