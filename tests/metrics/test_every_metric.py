"""What every registered metric must do, tested by existing."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from moving_face import sensor

from mebench import registry
from mebench.errors import MissingWeights, Unavailable
from mebench.metrics.contract import Metric, MetricFacts
from mebench.metrics.sample import luma

NAMES = [name for name in registry.names("metrics") if registry.load("metrics", name).facts.per == "clip"]
ABSENT = {"csim[arcface]": MissingWeights, "leak[dlib]": Unavailable}
"""Without the pack of weights; source and driver of the laboratory are one person. Each has tests of its own."""

ESTIMATOR_ERROR = {"flow_epe": 0.8, "csim[dlib]": 0.25, "au_error": 0.3, "magnification_error": 0.1}
ESTIMATOR_ERROR |= {"au_f1": 1.0, "au_agreement": 1.0, "au_disagreement": 1.0}
ESTIMATOR_ERROR |= {"gain[mean-shape]": 0.1, "gain_error[mean-shape]": 0.15, "profile[mean-shape]": 0.02}
"""Metrics whose perfect output (the noise-free truth) does not read the ceiling: the flow estimator errs by 0.03 px,
and the source image has noise that the truth has not. Judges of action units know faces; the laboratory shows none. The driver has
fresh noise, where the truth is not looked at."""


@pytest.fixture(scope="module", params=NAMES)
def known(request):
    return registry.load("metrics", request.param)


@pytest.fixture(scope="module", params=[name for name in NAMES if name not in ABSENT])
def metric(request):
    return registry.load("metrics", request.param)


def test_the_first_set_is_registered():
    first = {"psnr", "ssim", "lpips[alexnet]", "csim[dlib]", "flow_epe"}
    assert first | {"gain", "gain_error", "spill", "profile", "apex_error"} <= set(NAMES)


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_missing_has_a_reason(name, samples):
    for sample in samples.values():
        with pytest.raises(ABSENT[name]) as caught:
            registry.load("metrics", name).score(sample)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)


def test_facts_are_complete(known):
    facts = known.facts
    assert isinstance(known, Metric)
    assert isinstance(facts, MetricFacts)
    assert facts.name in NAMES
    assert facts.version >= 1
    for field in fields(facts):
        if field.name in ("name", "summary", "source"):
            assert getattr(facts, field.name).strip()
    assert facts.summary.endswith(".")
    assert facts.unit or facts.name in ("ssim", "lpips[alexnet]")
    assert all(trap.endswith(".") for trap in facts.traps)
    assert facts.ranked == (facts.family != "legacy")
    assert facts.decimals >= 0
    assert 0.0 <= facts.step <= 1.0
    bounds = [facts.ceiling, facts.worst] + ([facts.floor] if facts.floor is not None else [])
    assert np.isfinite(bounds).all()
    if facts.direction == "higher":
        assert facts.ceiling > facts.worst
    elif facts.direction == "lower":
        assert facts.ceiling < facts.worst
    else:
        assert facts.ceiling != facts.worst


KINDS = {
    "truth": lambda lab: lab.truth_frames,
    "still": lambda lab: lab.still(),
    "noise": lambda lab: sensor(lab.output(), 20.0, seed=1),
    "black": lambda lab: np.zeros_like(lab.still()),
    "white": lambda lab: np.full_like(lab.still(), 255),
    "inverted": lambda lab: 255 - lab.output(),
    "unrelated": lambda lab: np.random.default_rng(0).integers(0, 256, lab.still().shape, dtype=np.uint8),
    "one level apart": lambda lab: np.clip(lab.truth_frames, 1, 255) - np.uint8(1),
}


@pytest.fixture(scope="module")
def samples(laboratory):
    return {kind: laboratory.sample(make(laboratory)) for kind, make in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_always_a_finite_number_between_the_bounds(metric, kind, samples):
    value = metric.score(samples[kind])
    assert isinstance(value, float)
    assert np.isfinite(value)
    facts = metric.facts
    if facts.direction != "target":
        low, high = sorted((facts.ceiling, facts.worst))
        assert low - 1e-9 <= value <= high + 1e-9


def test_the_truth_reaches_the_ceiling(metric, samples):
    facts = metric.facts
    assert metric.score(samples["truth"]) == pytest.approx(facts.ceiling, abs=ESTIMATOR_ERROR.get(facts.name, 1e-6))


def test_the_still_source_reads_the_stated_floor(metric, samples):
    if metric.facts.floor is not None:
        assert metric.score(samples["still"]) == pytest.approx(metric.facts.floor)


def test_the_same_bytes_twice_and_in_any_order(metric, laboratory, hard_laboratory):
    """A clip's score depends on nothing that was scored before it, nor on threads' leftovers or random state."""
    first = metric.score(laboratory.sample(laboratory.output()))
    np.random.seed(1)
    torch.manual_seed(1)
    metric.score(hard_laboratory.moving())
    metric.score(laboratory.moving(gain=0.5))
    assert metric.score(laboratory.sample(laboratory.output())) == first


def test_metrics_do_not_write_into_the_pictures(metric, laboratory):
    sample = laboratory.moving()
    pictures = (sample.source, sample.driving, sample.output, sample.reference)
    flows = (sample.output_flows, sample.reference_flows)
    before = [array.copy() for array in (*pictures, *flows)]
    metric.score(sample)
    assert all(np.array_equal(array, copy) for array, copy in zip((*pictures, *flows), before, strict=True))


def worse(facts, value):
    """Grows with how bad a value is."""
    if facts.direction == "target":
        return abs(value - facts.ceiling)
    return value if facts.direction == "lower" else -value


SENSITIVE = {
    "gain[mean-shape]",
    "gain_error[mean-shape]",
    "gain",
    "gain_error",
    "strain",
    "flow_epe",
    "au_error",
    "landmark_error",
    "legacy_flow_ratio",
}
"""Metrics that speak of strength: they must tell a quarter, a half and the whole expression apart."""


def test_known_gains_are_ordered(metric, laboratory):
    """Nearer to the right strength is never worse by more than noise, and better where strength is what is measured."""
    facts = metric.facts
    if facts.family in ("identity", "realism"):
        pytest.skip("a still clip may win it, so that less motion may be better")
    if facts.family == "micro_au":
        pytest.skip("judges know faces, and the laboratory shows none")
    quarter, half, right = (worse(facts, metric.score(laboratory.moving(gain=gain))) for gain in (0.25, 0.5, 1.0))
    noise = 0.02 * abs(facts.worst - facts.ceiling)
    assert right <= half + noise
    assert half <= quarter + noise
    if facts.name in SENSITIVE:
        assert right < half < quarter


SEES_COLOUR = {"csim[dlib]", "verified[dlib]"}
"""Identity compares the output with the source picture, which keeps its colour."""


def test_grey_is_repeated_luma(metric, laboratory):
    """Beside a grey reference a colour output scores as its luma does."""
    if metric.facts.name in SEES_COLOUR:
        pytest.skip("it looks at the source picture, which is in colour")
    colour = laboratory.moving(gain=0.5)
    grey_truth = replace(colour.truth, frames=luma(colour.truth.frames))
    pair = [
        replace(colour, truth=grey_truth, output=output, known_reference_flows=None)
        for output in (colour.output, luma(colour.output))
    ]
    assert metric.score(pair[0]) == metric.score(pair[1])


def test_frames_are_judged_in_any_batch(laboratory):
    from mebench.metrics.realism import lpips

    output, reference = laboratory.output()[:11], laboratory.truth_frames[:11]
    together = lpips.distances(output, reference)
    alone = [lpips.distances(output[t : t + 1], reference[t : t + 1])[0] for t in range(11)]
    assert together == pytest.approx(alone, rel=1e-4, abs=1e-7)
