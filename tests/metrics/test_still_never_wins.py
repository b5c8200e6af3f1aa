"""A still clip never wins a motion metric, whichever exist: every registered metric of the family is tried.

Still is: the source repeated, with fresh sensor noise, with a flickering lamp, through JPEG, through H.264. What moves
is: the expression at any gain, too late, at another head motion, with noise. The first must get the worst value, and so
must an output that moves the opposite way; none of the second may score worse than the first.
"""

import numpy as np
import pytest
from moving_face import flicker, h264, jpeg, sensor

from mebench import registry
from mebench.metrics.motion.gate import CHANCE, chance
from mebench.metrics.sample import Sample

MOTION = [name for name in registry.names("metrics") if registry.load("metrics", name).facts.family == "motion"]

STILL = {
    "still": lambda lab: lab.still(),
    "noise": lambda lab: sensor(lab.still(), lab.noise, seed=10),
    "other noise": lambda lab: sensor(lab.still(), lab.noise, seed=11),
    "strong noise": lambda lab: sensor(lab.still(), 2.0 * lab.noise, seed=12),
    "flicker": lambda lab: flicker(lab.still(), 0.02),
    "flicker and noise": lambda lab: sensor(flicker(lab.still(), 0.02), lab.noise, seed=13),
    "jpeg": lambda lab: jpeg(sensor(lab.still(), lab.noise, seed=14), 70),
    "h264": lambda lab: h264(lab.still(), 23),
    "noise and h264": lambda lab: h264(sensor(lab.still(), lab.noise, seed=15), 28),
    "opposite": lambda lab: lab.moving(gain=-1.0),
    "head alone": lambda lab: lab.moving(gain=0.0),
}

MOVING = {
    "true": lambda lab: lab.truth_frames,
    "right": lambda lab: lab.moving(),
    "weak": lambda lab: lab.moving(gain=0.25),
    "strong": lambda lab: lab.moving(gain=2.0),
    "late": lambda lab: lab.moving(lag=2.0),
    "no head": lambda lab: lab.moving(head=0.0),
    "spoiled": lambda lab: lab.moving(wrong=1.0),
    "noisy": lambda lab: sensor(lab.output(), lab.noise, seed=16),
}


HARD = {"noise", "other noise", "jpeg", "noise and h264", "head alone", "right", "weak"}


def worth(facts, value):
    """Larger is better, whatever the direction; 0 is best for a target."""
    if facts.direction == "higher":
        return value
    if facts.direction == "lower":
        return -value
    return -min(16.0, abs(np.log2(value / facts.ceiling))) if value > 0.0 else -16.0


def _sample(lab, made):
    return made if isinstance(made, Sample) else lab.sample(made)


@pytest.fixture(scope="module", params=["laboratory", "hard_laboratory"])
def lab(request):
    return request.getfixturevalue(request.param)


def samples(lab, makers):
    """All kinds in the laboratory of 1 px; in that of half a pixel and strong noise those that noise makes hard."""
    kinds = set(makers) & HARD if lab.motion.amplitude < 1.0 else makers
    return {kind: _sample(lab, makers[kind](lab)) for kind in makers if kind in kinds}


@pytest.fixture(scope="module")
def still_samples(lab):
    return samples(lab, STILL)


@pytest.fixture(scope="module")
def moving_samples(lab):
    return samples(lab, MOVING)


def test_the_family_is_not_empty():
    assert {"gain", "gain_error", "spill", "profile", "apex_error"} <= set(MOTION)


@pytest.mark.parametrize("name", MOTION)
def test_still_gets_the_worst_value(name, still_samples):
    metric = registry.load("metrics", name)
    for kind, sample in still_samples.items():
        assert metric.score(sample) == metric.facts.worst, kind


@pytest.mark.parametrize("name", MOTION)
def test_still_beats_nothing_that_moves(name, still_samples, moving_samples):
    metric = registry.load("metrics", name)
    best_still = max(worth(metric.facts, metric.score(sample)) for sample in still_samples.values())
    for kind, sample in moving_samples.items():
        assert worth(metric.facts, metric.score(sample)) >= best_still, kind


@pytest.mark.parametrize("name", MOTION)
def test_right_motion_is_better_than_still(name, still_samples, moving_samples):
    metric = registry.load("metrics", name)
    right = worth(metric.facts, metric.score(moving_samples["right"]))
    assert right > worth(metric.facts, metric.score(still_samples["noise"]))


@pytest.mark.parametrize("name", MOTION)
def test_worst_is_worse_than_the_ceiling(name):
    facts = registry.load("metrics", name).facts
    assert worth(facts, facts.worst) < worth(facts, facts.ceiling)
    assert facts.floor == facts.worst


def course_of(count):
    """A raised cosine over a clip of ``count`` judged frames, its apex before the middle."""
    time = np.linspace(0.0, 1.0, count)
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(np.minimum((time - 0.1) / 0.35, (0.9 - time) / 0.45), 0.0, 1.0))


@pytest.mark.parametrize("count", [6, 8, 14, 23, 50])
def test_noise_rarely_has_a_course(count):
    """One clip of noise in a thousand, whatever the number of frames; 4 of 1000 would be very bad luck."""
    rng = np.random.default_rng(count)
    false = [chance(rng.normal(size=count), course_of(count)) <= CHANCE for _ in range(1000)]
    assert np.sum(false) <= 4


@pytest.mark.parametrize("count", [8, 14, 23, 50])
def test_motion_has_a_course_whenever_it_comes(count):
    rng = np.random.default_rng(count)
    course = course_of(count)
    for motion in (course, 0.3 * course, np.roll(course, count // 6), course - 5.0):
        assert chance(motion + 0.01 * rng.normal(size=count), course) <= CHANCE
    assert chance(course, course) < 1e-30
    assert chance(np.zeros(count), course) == 0.5


def test_too_few_frames_have_no_course():
    assert chance(np.arange(3.0), np.arange(3.0)) == 1.0
