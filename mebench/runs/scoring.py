"""All metrics on one clip."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from mebench import registry
from mebench.errors import CheckpointError, MebenchError, MissingWeights, StorageError
from mebench.metrics.contract import Metric
from mebench.metrics.encoders.clip_vector import PairVectors
from mebench.metrics.sample import Sample
from mebench.metrics.set_metric import SetMetric
from mebench.runs.schema import ScoreRecord

AGAIN = 0
"""Version of a missing number whose cause may pass (weights that can be added or mended, an error inside the
metric). It equals no metric's version, so the next start tries again."""


def load_metrics(names: Iterable[str]) -> dict[str, Metric | SetMetric]:
    """The registered metrics called ``names``."""
    return {name: registry.load("metrics", name) for name in names}


def outdated(scores: Mapping[str, ScoreRecord], metrics: Mapping[str, Metric | SetMetric]) -> list[str]:
    """Names of the metrics that have no number, or one of another version, in ``scores``."""
    return [
        name
        for name, metric in metrics.items()
        if name not in scores or scores[name]["version"] != metric.facts.version
    ]


def score(
    sample: Sample, metrics: Mapping[str, Metric | SetMetric], names: Iterable[str]
) -> tuple[dict[str, ScoreRecord], dict[str, PairVectors]]:
    """The numbers of the metrics ``names`` on ``sample``, and the vectors of the set metrics among them by encoder.

    What cannot be computed is missing with its reason. A set metric whose vectors are made has neither value nor reason.
    """
    vectors: dict[str, PairVectors] = {}
    return {name: _score(sample, metrics[name], vectors) for name in names}, vectors


def _score(sample: Sample, metric: Metric | SetMetric, vectors: dict[str, PairVectors]) -> ScoreRecord:
    version = metric.facts.version
    try:
        if isinstance(metric, SetMetric):
            if metric.encoder.name not in vectors:
                vectors[metric.encoder.name] = metric.features(sample)
            return {"version": version, "value": None, "reason": None}
        value = float(metric.score(sample))
    except StorageError:
        raise
    except (MissingWeights, CheckpointError) as error:
        return {"version": AGAIN, "value": None, "reason": str(error)}
    except MebenchError as error:
        return {"version": version, "value": None, "reason": str(error)}
    except Exception as error:  # a third-party metric may raise anything; one bad metric must not cost the others
        return {"version": AGAIN, "value": None, "reason": f"the metric failed: {type(error).__name__}: {error}"}
    if not math.isfinite(value):
        return {"version": version, "value": None, "reason": f"the metric gave {value}."}
    return {"version": version, "value": value, "reason": None}
