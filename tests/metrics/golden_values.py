"""The golden values of ``docs/metrics``: ``python tests/metrics/golden_values.py`` writes them anew.

A change of a value is a change of the metric: raise its version, and write the values again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from moving_face import Laboratory, Motion, sensor

from mebench import registry
from mebench.errors import MebenchError

FILE = Path(__file__).parents[2] / "docs" / "metrics" / "golden.json"


def golden_sample():
    """The laboratory's face at half strength, one frame late, with fresh noise of 2 grey levels."""
    laboratory = Laboratory(Motion(amplitude=1.0), noise=2.0)
    return laboratory.sample(sensor(laboratory.output(gain=0.5, lag=1.0), 2.0, seed=21))


def values():
    """The number of every registered metric of single clips that has one there."""
    sample = golden_sample()
    found = {}
    for name in registry.names("metrics"):
        metric = registry.load("metrics", name)
        if metric.facts.per == "clip" and metric.facts.family not in ("micro_au", "cost"):
            try:
                found[name] = metric.score(sample)
            except MebenchError:
                continue
    return found


def main() -> None:
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    FILE.write_text(json.dumps({"values": {n: round(v, 6) for n, v in values().items()}}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
