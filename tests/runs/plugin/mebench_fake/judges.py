"""Metrics that cost nothing. ``FAKE_LIGHT_VERSION`` stands for a changed metric, ``FAKE_PICKY_WEIGHTS`` for weights."""

from __future__ import annotations

import os

import numpy as np

from mebench.errors import CheckpointError, MissingWeights, Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample


def _facts(name: str, version: int, direction: str, worst: float) -> MetricFacts:
    return MetricFacts(name, version, "realism", "", direction, 0.0, None, worst, (), "A fake.", "none")  # type: ignore[arg-type]


class _Error:
    """Mean absolute difference from the reference; the source where there is none."""

    facts = _facts("fake-error", 1, "lower", 255.0)

    def score(self, sample: Sample) -> float:
        """In grey levels."""
        reference = sample.truth.frames if sample.truth else sample.source[None]
        return float(np.abs(sample.output.astype(np.float64) - reference).mean())


class _Light:
    """Mean brightness, times its version."""

    facts = _facts("fake-light", int(os.environ.get("FAKE_LIGHT_VERSION", "1")), "higher", 0.0)

    def score(self, sample: Sample) -> float:
        """In grey levels."""
        return float(sample.output.mean()) * self.facts.version


class _Picky:
    """Does not judge self-reenactment, and wants weights."""

    facts = _facts("fake-picky", 1, "higher", -1.0)

    def score(self, sample: Sample) -> float:
        """Always 1."""
        if "FAKE_PICKY_WEIGHTS" in os.environ and not os.environ["FAKE_PICKY_WEIGHTS"]:
            raise MissingWeights("put picky.safetensors into the weights folder.")
        if os.environ.get("FAKE_PICKY_WEIGHTS") == "damaged":
            raise CheckpointError("picky.safetensors is damaged; add the weights again.")
        if sample.same_identity:
            raise Unavailable("one identity is nothing to judge.")
        return 1.0


ERROR, LIGHT, PICKY = _Error(), _Light(), _Picky()
