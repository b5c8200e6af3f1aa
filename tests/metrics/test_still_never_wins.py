"""A still clip never wins a motion metric, whichever exist: every registered metric of the family is tried.

Still is: the source repeated, with fresh sensor noise, with a flickering lamp, through JPEG, through H.264. What moves
is: the expression at any gain, too late, at another head motion, with noise. The first must get the worst value, and so
must an output that moves the opposite way; none of the second may score worse than the first.
"""

import numpy as np
import pytest
from moving_face import flicker, h264, jpeg, sensor

from mebench import registry
from mebench.metrics.motion.gate import significance
from mebench.metrics.motion.projection import Projection
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
    "late": lambda lab: lab.moving(lag=4.0),
    "no head": lambda lab: lab.moving(head=0.0),
    "spoiled": lambda lab: lab.moving(wrong=1.0),
    "noisy": lambda lab: sensor(lab.output(), lab.noise, seed=16),
}


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


@pytest.fixture(scope="module")
def still_samples(lab):
    return {name: _sample(lab, make(lab)) for name, make in STILL.items()}


@pytest.fixture(scope="module")
def moving_samples(lab):
    return {name: _sample(lab, make(lab)) for name, make in MOVING.items()}


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


def test_noise_rarely_looks_like_a_course_of_motion():
    """The claim behind the significance level of the gate, for curves of 23 frames."""
    rng = np.random.default_rng(4)
    time = np.arange(23)
    rise, fall = (time - 3) / 7, (19 - time) / 9
    course = 0.5 - 0.5 * np.cos(np.pi * np.clip(np.minimum(rise, fall), 0.0, 1.0))

    def curve(values):
        return significance(Projection(values, course, time, gain=1.0, explained=1.0, spill=0.0, peak=1.0))

    noise = [curve(rng.normal(size=23)) for _ in range(400)]
    assert np.mean(np.array(noise) > 5.0) <= 0.005
    assert np.mean(np.array(noise) > 4.0) <= 0.0125
    late = np.roll(course, 4)
    for motion in (course, 0.3 * course, late, course - 5.0):
        assert curve(motion + 0.03 * rng.normal(size=23)) > 5.0
    assert curve(np.zeros(23)) == 0.0
    assert curve(course) > 1e6
