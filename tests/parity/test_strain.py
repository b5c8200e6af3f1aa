"""Optical strain against the golden file."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mebench.motion.strain import optical_strain


def is_strain(spec):
    return spec.get("network") == "optical_strain"


def field(spec, fill):
    """The two channels by their rules, ``(filled - 0.5) * k``."""
    channels = []
    for rule in spec["inputs"]:
        shift, factor = (float(n) for n in re.fullmatch(r"\(filled - ([0-9.]+)\) \* ([0-9.]+)", rule["range"]).groups())
        channels.append((fill.fill_input(rule["name"], tuple(rule["shape"]), rule["seed"]) - shift) * factor)
    return np.stack(channels, axis=-1).astype(np.float32)


@pytest.mark.golden(reads=is_strain)
def test_strain(golden, fill):
    spec = golden.spec
    flow = field(spec, fill)
    reference = optical_strain(flow, "reference")
    stack = np.concatenate((np.moveaxis(flow, -1, 0), reference[None]))
    low, high = stack.min(axis=(1, 2)), stack.max(axis=(1, 2))
    made = {
        "out_reference": reference,
        "out_normalised": (stack - low[:, None, None]) / (high - low)[:, None, None],
        "out_textbook_sobel": optical_strain(flow, "textbook"),
        "out_textbook_central": optical_strain(flow, "central"),
        "channel_min": low,
        "channel_max": high,
    }
    stride = spec.get("stride", 1)
    for name in spec["outputs"]:
        values = made[name]
        if name.startswith("out_"):
            values = values[..., ::stride, ::stride]
        np.testing.assert_allclose(values, golden.arrays[name], **spec["tolerance"], err_msg=name)


def test_a_rotation_has_no_strain_and_a_stretch_has():
    rows, columns = np.mgrid[:20, :30].astype(np.float32)
    assert optical_strain(np.stack((-0.01 * rows, 0.01 * columns), axis=-1), "central").max() < 1e-6
    stretched = optical_strain(np.stack((0.02 * columns, 0.0 * rows), axis=-1), "central")
    assert np.allclose(stretched, 0.02, atol=1e-6)
    sheared = optical_strain(np.stack((0.02 * rows, 0.0 * columns), axis=-1), "central")
    assert np.allclose(sheared, np.sqrt(2.0) * 0.01, atol=1e-6)
