"""The sweep: every metric on every degradation of a few clips, kept clip by clip so that it can be stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mebench import registry
from mebench.datasets.synme import cache
from mebench.errors import ConfigError, MebenchError
from mebench.files import write_json
from mebench.metrics.contract import Metric, MetricFacts
from mebench.metrics.set_metric import SetMetric
from mebench.runs.badness import ordered
from mebench.runs.validate.case import Case
from mebench.runs.validate.degradations import DEGRADATIONS, Degradation
from mebench.runs.validate.fresh import code, dependencies
from mebench.runs.validate.set_answers import as_lists

CLIPS = (
    *("a-validation-00-0", "c-validation-01-0", "d-validation-02-0", "f-validation-03-0"),
    *("b-validation-00-1", "e-validation-01-1", "a-validation-02-1", "c-validation-03-1"),
    *("d-validation-00-2", "f-validation-01-2", "b-validation-02-2", "e-validation-03-2"),
)
"""Clips of the open set's validation people, domains in turns; the first ones are taken."""

LEVEL = 0.05
"""Two-sided error of the paired test by which a degradation counts as seen."""

TWO_PEOPLE = frozenset({"leak[dlib]"})
"""Metrics that have an answer only where source and driver differ: they see the next person of the domain as the driver,
the one to whom the cross-fade goes."""

WITHOUT_TRUTH = {f"{name}[mean-shape]": name for name in ("gain", "gain_error", "profile")}
"""Metrics made for two people without a true answer, and those that tell the same from the truth. The first see the next
person as the driver, too, so that the sweep shows how well the two agree."""

AnyMetric = Metric | SetMetric

Scores = dict[str, dict[str, list[Any]]]
"""By metric and degradation, one value a level: a number, the vectors of a set metric, or None."""


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


def validated_metrics() -> dict[str, AnyMetric]:
    """All registered metrics."""
    return {name: registry.load("metrics", name) for name in registry.names("metrics")}


def sweep(
    count: int, folder: Path, note: Callable[[str], None], names: Collection[str] | None = None
) -> dict[str, Scores]:
    """Scores by clip. count: clips. folder: where those of each clip and degradation are kept, so that a sweep that was
    stopped goes on where it was, and a new metric costs its own numbers only. names: of the metrics, all by default."""
    if not 2 <= count <= len(CLIPS):
        raise ConfigError(f"the sweep takes 2 to {len(CLIPS)} clips, not {count}.")
    metrics = validated_metrics()
    if names:
        if unknown := [name for name in names if name not in metrics]:
            raise ConfigError(f"there is no metric called '{unknown[0]}'; known: {', '.join(metrics)}.")
        metrics = {name: metrics[name] for name in names}
    return {key: _clip(key, metrics, folder, note) for key in CLIPS[:count]}


def _clip(key: str, metrics: Mapping[str, AnyMetric], folder: Path, note: Callable[[str], None]) -> Scores:
    case = Case(key)
    scores: Scores = {name: {} for name in metrics}
    perfect = _kept(
        folder / key / f"perfect-{_mark([])}.json", metrics, lambda wanted: [_scores_of_truth(case, wanted)]
    )
    for degradation in DEGRADATIONS:
        levels = [level for level in degradation.levels if level != degradation.perfect]

        def answer(
            wanted: Mapping[str, AnyMetric], how: Degradation = degradation, levels: Sequence[float] = levels
        ) -> list[dict[str, Any]]:
            note(f"{key}: {how.title}")
            return [_scores(case, how.make(case, level), wanted) for level in levels]

        found = _kept(folder / key / f"{degradation.name}-{_mark(levels)}.json", metrics, answer)
        at = degradation.levels.index(degradation.perfect)
        for name in metrics:
            scores[name][degradation.name] = [*found[name][:at], *perfect[name], *found[name][at:]]
    return scores


def _mark(levels: Sequence[float]) -> str:
    """Changes with the levels, and with what renders and spoils the clips."""
    makes = [cache.folder().name, code(Degradation.__module__)]
    return hashlib.sha256(json.dumps([list(levels), *makes]).encode()).hexdigest()[:8]


def _kept(
    path: Path,
    metrics: Mapping[str, AnyMetric],
    answer: Callable[[Mapping[str, AnyMetric]], list[dict[str, Any]]],
) -> dict[str, list[Any]]:
    """By metric one value a level, from the file ``path`` as far as it knows the metrics as they are now."""
    stored: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    marks = {name: dependencies(metric) for name, metric in metrics.items()}
    missing = {n: m for n, m in metrics.items() if stored.get(n, {}).get("of") != marks[n]}
    if missing:
        found = answer(missing)
        for name in missing:
            stored[name] = {"of": marks[name], "values": [values[name] for values in found]}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, stored)
    return {name: stored[name]["values"] for name in metrics}


def _scores_of_truth(case: Case, metrics: Mapping[str, AnyMetric]) -> dict[str, Any]:
    return _scores(case, case.truth.frames, metrics)


def _scores(case: Case, output: Any, metrics: Mapping[str, AnyMetric]) -> dict[str, Any]:
    sample, crossed = case.sample(output), case.crossed(output)
    values: dict[str, Any] = {}
    for name, metric in metrics.items():
        try:
            if isinstance(metric, SetMetric):
                values[name] = as_lists(sample.once(metric.encoder.encode))
            else:
                values[name] = float(metric.score(crossed if name in TWO_PEOPLE or name in WITHOUT_TRUTH else sample))
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
    bad = ordered(values, facts.direction, facts.ceiling)
    at = degradation.levels.index(degradation.perfect)
    with np.errstate(invalid="ignore"):
        means = np.nanmean(bad, axis=0)
    seen = [
        level
        for column, level in enumerate(degradation.levels)
        if column != at and _differs(bad[:, column] - bad[:, at])
    ]
    return Response(degradation, values, _monotone(degradation, means), _nearest(degradation, seen))


def set_responses(answers: Mapping[str, Mapping[str, Sequence[float | None]]]) -> list[Response]:
    """What a set metric answers, from its record (:func:`~mebench.runs.validate.set_answers.set_answers`): one row of
    values, and seen where the permutation test says so. Empty for a metric without numbers."""
    found = []
    for degradation in DEGRADATIONS:
        values = np.array([np.nan if v is None else v for v in answers[degradation.name]["values"]])
        if not np.isfinite(values).all():
            return []
        chances = answers[degradation.name]["p_values"]
        seen = [level for level, p in zip(degradation.levels, chances, strict=True) if p is not None and p < LEVEL]
        found.append(Response(degradation, values[None], _monotone(degradation, values), _nearest(degradation, seen)))
    return found


def _nearest(degradation: Degradation, seen: Sequence[float]) -> float | None:
    return min(seen, key=lambda level: abs(level - degradation.perfect)) if seen else None


def _monotone(degradation: Degradation, means: NDArray[np.float64]) -> float | None:
    """None where the mean never changes; for the gain, whose perfect level lies inside, the smaller of both sides."""
    if np.allclose(means, means[0], rtol=1e-9, atol=1e-12):
        return None
    away = np.abs(np.array(degradation.levels) - degradation.perfect)
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
