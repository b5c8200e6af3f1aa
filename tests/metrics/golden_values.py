"""The golden values of ``docs/metrics``: ``python tests/metrics/golden_values.py`` writes them anew.

A change of a value is a change of the metric: raise its version, and write the values again.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import cv2
import numpy as np
from moving_face import Laboratory, Motion, sensor

from mebench import registry
from mebench.metrics.encoders.clip_vector import ClipVector, PairVectors
from mebench.metrics.set_metric import Member
from mebench.runs.validate.sweep import TWO_PEOPLE

NOT_HERE = frozenset({"csim[arcface]"})
"""Their networks are files of the user; a stand-in for the network is tested elsewhere."""

FILE = Path(__file__).parents[2] / "docs" / "metrics" / "golden.json"


def golden_sample():
    """The laboratory's face at half strength, one frame late, with fresh noise of 2 grey levels."""
    laboratory = Laboratory(Motion(amplitude=1.0), noise=2.0)
    return laboratory.sample(sensor(laboratory.output(gain=0.5, lag=1.0), 2.0, seed=21))


def two_people(sample):
    """The same output, but for a driver whose face is narrower: a metric of two people needs another one."""
    narrow = np.array([[0.72, 0.0, 0.14 * sample.source.shape[1]], [0.0, 1.0, 0.0]])
    side = sample.source.shape[1], sample.source.shape[0]

    def squeezed(frames):
        return np.stack([cv2.warpAffine(f, narrow, side, borderMode=cv2.BORDER_REPLICATE) for f in frames])

    mixed = (0.5 * sample.output + 0.5 * squeezed(sample.output)).astype(np.uint8)
    return replace(sample, driving=squeezed(sample.driving), output=mixed, same_identity=False)


def golden_set():
    """Seeded vectors of eight people, two clips each; outputs lie beside the real clips."""
    rng = np.random.default_rng(7)
    members = []
    for person in range(8):
        own = rng.normal(size=16)
        for _ in range(2):
            real = own + rng.normal(size=16)
            made = real + 0.4 + 0.2 * rng.normal(size=16)
            sides = (ClipVector(None, v.astype(np.float32)) for v in (made, real))
            members.append(Member(PairVectors(*sides, real_is_driving=False), f"p{person}", f"p{person}"))
    return members


def golden_value(name, sample):
    """The number of a registered metric: on the golden sample, on two people, or on the golden set."""
    metric = registry.load("metrics", name)
    if metric.facts.per == "set":
        return metric.combine(golden_set()).value
    return metric.score(two_people(sample) if name in TWO_PEOPLE else sample)


def values():
    """The number of every registered metric that needs no file of the user."""
    sample = golden_sample()
    return {name: golden_value(name, sample) for name in registry.names("metrics") if name not in NOT_HERE}


def main() -> None:
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    FILE.write_text(json.dumps({"values": {n: round(v, 6) for n, v in values().items()}}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
