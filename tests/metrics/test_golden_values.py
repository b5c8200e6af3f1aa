"""Every metric gives the value that its page states."""

import json

import pytest
from golden_values import FILE, NOT_HERE, golden_sample, golden_value

from mebench import registry

VALUES = json.loads(FILE.read_text("utf-8"))["values"]

LOOSE = {"lpips[alexnet]": 1e-4, "csim[dlib]": 1e-3, "landmark_error": 0.02, "legacy_akd": 0.02, "legacy_apd": 0.02}
"""Relative tolerance of what passes through a network, whose sums depend on the processor; 1e-5 for the others, some of
which read flow in single precision."""


@pytest.fixture(scope="module")
def sample():
    return golden_sample()


def test_every_registered_metric_has_a_value():
    """A new metric is written into the file by ``python tests/metrics/golden_values.py``."""
    assert set(VALUES) == set(registry.names("metrics")) - NOT_HERE


@pytest.mark.parametrize("name", VALUES)
def test_golden_value(name, sample):
    value = golden_value(name, sample)
    assert value == pytest.approx(VALUES[name], rel=LOOSE.get(name, 1e-4), abs=2e-3)
