"""The sample: refuses what cannot be scored, computes each flow once, knows its reference."""

from dataclasses import replace

import numpy as np
import pytest
from moving_face import APEX, FPS, FRAMES, OFFSET, ONSET, face, landmarks, portrait

from mebench.errors import InputError, Unavailable
from mebench.metrics.sample import Sample, hull, is_grey, luma
from mebench.motion.flow import DisFine

CLIP = np.zeros((6, 16, 16, 3), dtype=np.uint8)
GOOD = {"source": CLIP[0], "driving": CLIP, "output": CLIP, "fps": 30.0, "onset": 1, "apex": 3, "offset": 5}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"output": CLIP[:1], "driving": CLIP[:1], "onset": 0, "apex": 0, "offset": 0}, "one frame"),
        ({"output": CLIP.astype(np.float32) * np.nan}, "8-bit"),
        ({"source": CLIP[0] / 255.0}, "8-bit"),
        ({"output": CLIP[..., :1]}, "RGB"),
        ({"output": CLIP[0]}, "4 dimensions"),
        ({"driving": CLIP[:5]}, "one for each"),
        ({"driving": CLIP[:, :8]}, "resize first"),
        ({"source": CLIP[0, :8]}, "resize first"),
        ({"onset": 3}, "in this order"),
        ({"apex": 0}, "in this order"),
        ({"offset": 6}, "in this order"),
        ({"offset": 2}, "in this order"),
        ({"onset": -1}, "in this order"),
        ({"fps": 0.0}, "frame rate"),
        ({"fps": float("nan")}, "frame rate"),
    ],
)
def test_refuses(change, words):
    with pytest.raises(InputError, match=words):
        Sample(**{**GOOD, **change})


def test_refuses_a_truth_of_another_size(laboratory):
    good = laboratory.sample(laboratory.still())
    with pytest.raises(InputError, match="truth"):
        replace(good, truth=replace(good.truth, frames=good.truth.frames[:-1]))


class Counting:
    name = "counting"

    def __init__(self):
        self.calls = 0

    def __call__(self, first, second):
        self.calls += 1
        return np.full((*first.shape[:2], 2), self.calls, dtype=np.float32)


def test_each_flow_is_computed_once():
    estimator = Counting()
    noise = np.random.default_rng(0).integers(0, 256, (2, *CLIP.shape), dtype=np.uint8)
    sample = Sample(**{**GOOD, "output": noise[0], "driving": noise[1]}, estimator=estimator, same_identity=True)
    assert estimator.calls == 0
    for _ in range(3):
        assert sample.output_flows.shape == (6, 16, 16, 2)
        assert sample.reference_flows.shape == (6, 16, 16, 2)
    assert estimator.calls == 10
    assert not sample.output_flows[1].any()
    still = replace(sample, output=np.repeat(noise[0, :1], len(CLIP), axis=0))
    assert not still.output_flows.any()
    assert estimator.calls == 10
    again = replace(sample, known_reference_flows=sample.reference_flows)
    assert again.reference_flows is sample.reference_flows
    assert estimator.calls == 10


def test_once_remembers_by_function():
    calls = []

    def length(sample):
        calls.append(sample)
        return len(sample.output)

    sample = Sample(**GOOD)
    assert sample.once(length) == sample.once(length) == 6
    assert len(calls) == 1
    assert Sample(**GOOD).once(length) == 6
    assert len(calls) == 2


def test_reference_is_the_truth_else_the_driving_clip_of_the_same_identity(laboratory):
    sample = laboratory.sample(laboratory.still())
    assert sample.reference is sample.truth.frames
    own = Sample(**{**GOOD, "source": portrait()[:16, :16]})
    with pytest.raises(Unavailable, match="true answer"):
        _ = own.reference
    assert Sample(**GOOD).reference is CLIP
    assert replace(own, same_identity=True).reference is CLIP


def test_exact_flow(laboratory):
    sample = laboratory.sample(laboratory.still())
    flow, valid = sample.exact_flow(APEX)
    assert np.isfinite(flow).all()
    assert not (valid & ~face()).any()
    assert valid.sum() == face().sum()
    with pytest.raises(Unavailable, match="open set"):
        Sample(**GOOD).exact_flow(3)


def test_inter_ocular_distance_and_landmarks(laboratory):
    sample = laboratory.sample(laboratory.still())
    assert sample.inter_ocular == pytest.approx(np.hypot(51.0, 2.0), abs=1e-4)
    with pytest.raises(Unavailable, match="landmarks"):
        _ = Sample(**GOOD).face
    outside = replace(sample, truth=None, same_identity=True, onset_landmarks=landmarks())
    assert outside.inter_ocular == sample.inter_ocular
    overlap = (outside.face & face()).sum() / (outside.face | face()).sum()
    assert overlap > 0.75


def test_hull_reaches_the_forehead_of_a_tilted_face():
    points = landmarks()
    upright = hull(points, (256, 256), 30.0)
    assert upright[85, 127]
    assert not upright[60, 127]
    turned = np.stack((255 - points[:, 1], points[:, 0]), axis=1)  # by 90 degrees: up is to the right
    assert np.abs(np.rot90(upright, -1).astype(int) - hull(turned, (256, 256), 30.0)).mean() < 0.005


def test_spread_always_holds_the_apex():
    sample = Sample(**GOOD)
    assert sample.spread(3) == [0, 2, 3, 5]
    assert sample.spread(100) == [0, 1, 2, 3, 4, 5]
    assert sample.spread(2, 2, 5) == [2, 3, 5]
    assert list(sample.expression_frames) == [2, 3, 4, 5]


def test_blinks_are_known_from_the_truth(laboratory):
    sample = laboratory.sample(laboratory.still())
    assert not sample.blinking.any()
    units = sample.truth.action_units.copy()
    units[5:7, 25] = 0.4
    assert np.flatnonzero(replace(sample, truth=replace(sample.truth, action_units=units)).blinking).tolist() == [5, 6]
    assert not Sample(**GOOD).blinking.any()


def test_a_grey_reference_is_compared_in_luma(laboratory):
    sample = laboratory.sample(laboratory.output())
    assert sample.comparable == (sample.output, sample.reference)
    grey = replace(sample, truth=replace(sample.truth, frames=luma(sample.truth.frames)))
    output, reference = grey.comparable
    assert is_grey(output)
    assert np.array_equal(reference, grey.truth.frames)
    assert np.array_equal(luma(output), output)


def test_estimator_is_deterministic_and_finite_on_flat_frames():
    flat = np.full((64, 64, 3), 90, dtype=np.uint8)
    assert np.isfinite(DisFine()(flat, flat + 1)).all()
    image = portrait()[40:200, 40:200]
    moved = np.roll(image, 1, axis=1)
    assert np.array_equal(DisFine()(image, moved), DisFine()(image, moved))


def test_constants_of_the_laboratory():
    assert 0 < ONSET < APEX < OFFSET < FRAMES
    assert FPS == 60.0
