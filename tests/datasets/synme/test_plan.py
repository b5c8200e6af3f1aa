"""Plans: timing and blink rules over many draws, action-unit frequencies, gains, parts, independence of call order."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mebench.datasets.synme.domains import BENCHMARK_DOMAINS, CAPTURES, DOMAINS, Capture, training_capture
from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.expression import BLINK, FACIAL_UNITS, MAX_INTENSITY, peak_vector
from mebench.datasets.synme.plan import (
    AMPLITUDE_PX,
    ONE_SIDED,
    PROTOTYPES,
    SECONDS,
    Plan,
    draw_intensities,
    draw_plan,
    draw_still,
    prototype_weights,
)
from mebench.datasets.synme.timing import BLINK_CHANCE, Span, draw_blink

MANY = settings(max_examples=100, deadline=None, derandomize=True)
seeds = st.integers(0, 10**9)
strengths = st.sampled_from(sorted(AMPLITUDE_PX))


def recorded(domain: str, seed: int) -> Capture:
    return CAPTURES.get(domain) or training_capture(Draws("test capture", seed))


@MANY
@given(seed=seeds, domain=st.sampled_from(DOMAINS), strength=strengths)
def test_every_plan_keeps_the_rules(seed: int, domain: str, strength: str):
    capture = recorded(domain, seed)
    plan = draw_plan(("rules", seed), capture, domain, strength)
    assert plan.fps == capture.fps
    assert 3 <= plan.onset < plan.apex < plan.offset < plan.count - 2
    low, high = SECONDS[strength]
    frames = plan.offset - plan.onset
    assert frames >= 8 and (frames == 8 or low - 1 / plan.fps <= frames / plan.fps <= high + 1 / plan.fps)
    assert not plan.au[: plan.onset + 1].any() and not plan.au[plan.offset :].any()
    assert plan.au.min() >= 0 and plan.au.max() <= MAX_INTENSITY and not plan.au[:, BLINK].any()
    pixels = plan.au[:, : BLINK.start] @ peak_vector()
    if strength == "none":
        assert not plan.au.any()
    else:
        assert pixels.argmax() == plan.apex
    check_blink(plan.blink, plan)
    assert np.abs(plan.pose[:, :3]).max() < 0.3 and np.isfinite(plan.exposure).all()


def check_blink(blink: np.ndarray, plan: Plan) -> None:
    assert blink.shape == (plan.count, 2) and blink.min() >= 0 and blink.max() <= 1
    closing = np.flatnonzero(blink.any(axis=1))
    if len(closing):
        assert np.array_equal(closing, np.arange(closing[0], closing[-1] + 1))
        assert np.abs(closing - plan.apex).min() > 2
        assert len(closing) <= plan.count / 3
        assert plan.onset not in closing
        assert blink.max() > 0.8


@MANY
@given(seed=seeds, lead=st.integers(3, 12), length=st.integers(8, 300), share=st.floats(0.1, 0.9))
def test_blinks_keep_their_rules_in_any_span(seed: int, lead: int, length: int, share: float):
    span = Span(lead + length + 1 + lead, lead, lead + length)
    apex = lead + max(1, round(share * (length - 1)))
    blink = draw_blink(Draws("blink", seed), span, apex, 100.0)
    empty = np.zeros((span.count, 26), np.float32)
    check_blink(blink, Plan(empty, blink, empty, empty, empty, 100.0, lead, apex, span.offset, 0))


def test_blinks_come_as_often_as_they_should():
    span = Span(100, 8, 90)
    share = np.mean([draw_blink(Draws("blinks", seed), span, 40, 200.0).any() for seed in range(1500)])
    assert share == pytest.approx(BLINK_CHANCE, abs=0.03)


@pytest.mark.parametrize("strength", ["micro", "subtle", "ordinary"])
def test_the_leading_unit_has_the_amplitude_of_its_strength(strength: str):
    peaks = []
    for seed in range(80):
        plan = draw_plan(("amplitude", seed), CAPTURES["f"], "f", strength)
        peaks.append((plan.au[:, : BLINK.start].max(axis=0) * peak_vector()).max())
    low, high = AMPLITUDE_PX[strength]
    assert max(peaks) <= high + 1e-4
    capped = MAX_INTENSITY * peak_vector().min()  # AU 7 cannot reach 7 px
    assert min(peaks) >= min(low, capped) - 1e-4
    assert np.mean(peaks) == pytest.approx((low + high) / 2, rel=0.15)


def test_prototypes_are_as_frequent_as_the_priors_say():
    for domain in BENCHMARK_DOMAINS:
        expected = np.zeros(len(FACIAL_UNITS))
        for prototype, weight in zip(PROTOTYPES, prototype_weights(domain), strict=True):
            expected[[FACIAL_UNITS.index(unit) for unit in prototype]] += weight
        counts = np.zeros(len(FACIAL_UNITS))
        number = 500
        for seed in range(number):
            peaks = draw_intensities(Draws("frequency", domain, seed), domain, "micro")
            counts += peaks[: BLINK.start].reshape(-1, 2).any(axis=1)
        deviation = np.sqrt(expected * (1 - expected) / number)
        assert np.abs(counts / number - expected).max() < 4 * deviation.max()
    assert prototype_weights("d")[PROTOTYPES.index((12,))] > 2 * prototype_weights("d")[PROTOTYPES.index((9,))]


def test_a_quarter_of_the_expressions_is_one_sided():
    ratios = []
    for seed in range(600):
        left, right = draw_intensities(Draws("sides", seed), "a", "micro")[: BLINK.start].reshape(-1, 2).max(axis=0)
        ratios.append(min(left, right) / max(left, right))
    assert np.mean(np.array(ratios) < 0.16) == pytest.approx(ONE_SIDED, abs=0.05)
    assert min(ratio for ratio in ratios if ratio >= 0.16) > 0.75


def test_a_plan_does_not_depend_on_the_order_of_calls():
    key = ("order", 1)
    alone = draw_plan(key, CAPTURES["b"], "b")
    for seed in range(5):
        draw_plan(("others", seed), CAPTURES["c"], "c", "ordinary")
        draw_still(("others", seed))
    again = draw_plan(key, CAPTURES["b"], "b")
    for field in dataclasses.fields(Plan):
        assert np.array_equal(getattr(alone, field.name), getattr(again, field.name)), field.name


def test_gain_multiplies_action_units_alone():
    plan = draw_plan(("gain", 3), CAPTURES["c"], "c")
    magnified = plan.with_gain(3.0)
    assert np.allclose(magnified.au, 3 * plan.au)
    for field in ("blink", "pose", "gaze", "exposure"):
        assert np.array_equal(getattr(magnified, field), getattr(plan, field))
    assert not plan.with_gain(0.0).au.any()


def test_parts_freeze_the_face_or_the_head_at_the_onset():
    plan = next(p for p in (draw_plan(("parts", s), CAPTURES["a"], "a") for s in range(100)) if p.blink.any())
    head, face = plan.with_parts(au=False), plan.with_parts(head=False)
    assert not head.au.any() and not head.blink.any() and np.array_equal(head.pose, plan.pose)
    assert np.array_equal(face.au, plan.au) and np.array_equal(face.blink, plan.blink)
    assert np.all(face.pose == plan.pose[plan.onset])


def test_played_by_another_starts_at_its_pose_and_moves_alike():
    plan, still = draw_plan(("play", 1), CAPTURES["d"], "d"), draw_still(("play", 2))
    played = plan.played_by(still)
    assert np.allclose(played.pose[plan.onset], still.pose)
    assert np.allclose(played.pose - played.pose[0], plan.pose - plan.pose[0], atol=1e-6)
    assert np.array_equal(played.gaze, still.gaze) and np.all(played.exposure == 1)
    assert np.array_equal(played.au, plan.au) and np.array_equal(played.blink, plan.blink)
    same = plan.played_by(plan.still())
    assert np.allclose(same.pose, plan.pose, atol=1e-7) and np.array_equal(same.gaze, plan.gaze)


def test_domain_head_factors_order_the_drift():
    def drift(domain: str) -> float:
        plans = [draw_plan(("drift", seed), CAPTURES[domain], domain) for seed in range(20)]
        return float(np.mean([plan.pose.std(axis=0)[:3].mean() for plan in plans]))

    assert drift("f") > 1.5 * drift("a")


def test_training_recordings_vary_and_repeat_no_benchmark_domain():
    captures = [training_capture(Draws("vary", seed)) for seed in range(80)]
    assert len(set(captures)) == 80 and not set(captures) & set(CAPTURES.values())
    assert len({capture.fps for capture in captures}) >= 6 and {capture.grey for capture in captures} == {True, False}
    assert {len(capture.lights) for capture in captures} == {1, 2, 3}
    for capture in captures:
        assert 0 < capture.noise <= 0.02 and 76 <= capture.jpeg <= 97 and 9 <= capture.distance <= 16.5
        assert all(0 <= value <= 1 for value in capture.background)
