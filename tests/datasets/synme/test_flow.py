"""Exact flow: zero where nothing moves, mirrored where the face is, linear in the gain, and true to the pixels."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from mebench.clip import ExactFlow
from mebench.datasets.synme.domains import BENCHMARK_DOMAINS, CAPTURES
from mebench.datasets.synme.expression import COUNT, NAMES, PEAK_PX
from mebench.datasets.synme.plan import Plan, draw_plan
from mebench.datasets.synme.studio import State, Studio, person
from mebench.datasets.synme.truth import PlannedFlow

SIZE = 256


def neutral(**changes: object) -> State:
    zeros = np.zeros(COUNT, dtype=np.float32)
    still = State(zeros, zeros[:2], zeros[:6], zeros[:2])
    return dataclasses.replace(still, **changes)


def units(**intensities: float) -> np.ndarray:
    au = np.zeros(COUNT, dtype=np.float32)
    for name, pixels in intensities.items():
        au[NAMES.index(name)] = pixels / PEAK_PX[int(name[1:])]
    return au


def warped(image: np.ndarray, flow: ExactFlow) -> np.ndarray:
    grid = np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=-1)
    position = (grid + np.nan_to_num(flow.displacement)).astype(np.float32)
    return cv2.remap(image, position[..., 0], position[..., 1], cv2.INTER_CUBIC)


def micro_plan(domain: str) -> Plan:
    """A plan of the domain whose strongest unit moves at least 1 px."""
    plans = (draw_plan(("flow", seed), CAPTURES[domain], domain) for seed in range(50))
    return next(plan for plan in plans if (plan.au[plan.apex, :24] * np.repeat(list(PEAK_PX.values()), 2)).max() > 1.0)


def test_a_state_has_no_motion_to_itself(studio_of):
    studio = studio_of("a", "benchmark", 0)
    flow = studio.flow(neutral(), neutral())
    face = np.isfinite(flow.displacement[..., 0])
    assert face.sum() > 15000 and np.array_equal(flow.valid, face)
    assert not flow.displacement[face].any()


def test_mirrored_units_on_a_symmetric_face_give_mirrored_flow():
    studio = Studio(person("c", "train", 3).symmetric(), CAPTURES["c"])
    left = neutral(au=units(L12=4.0, L4=3.0, R9=2.0))
    right = neutral(au=units(R12=4.0, R4=3.0, L9=2.0))
    first, second = (studio.flow(neutral(), state).displacement for state in (left, right))
    mirrored = second[:, ::-1] * np.float32([-1, 1])
    both = np.isfinite(first[..., 0]) & np.isfinite(mirrored[..., 0])
    assert both.sum() > 0.995 * np.isfinite(first[..., 0]).sum()
    assert np.abs(first - mirrored)[both].max() < 1e-3
    assert np.abs(first[both]).max() > 2.0


def test_expression_flow_grows_with_the_gain(studio_of):
    studio = studio_of("a", "benchmark", 0)
    au = units(L12=1.0, R12=0.9, L4=0.8, R4=0.8)
    rest = studio.vertices(neutral())
    once, thrice = (studio.vertices(neutral(au=factor * au)) - rest for factor in (1.0, 3.0))
    assert np.allclose(thrice, 3 * once, atol=2e-6)
    small = studio.flow(neutral(), neutral(au=au)).displacement
    large = studio.flow(neutral(), neutral(au=3 * au)).displacement
    moving = np.linalg.norm(small, axis=-1) > 0.3  # False where NaN
    ratio = np.linalg.norm(large[moving], axis=-1) / np.linalg.norm(small[moving], axis=-1)
    assert moving.sum() > 500 and np.abs(ratio / 3.0 - 1.0).max() < 0.02  # perspective bends it a little


def test_parts_add_up(studio_of):
    studio = studio_of("b", "benchmark", 1)
    plan = micro_plan("b")
    flow = PlannedFlow(studio, plan)
    whole, face, head = (flow(plan.apex, part) for part in ("all", "au", "head"))
    both = whole.valid & face.valid & head.valid
    remainder = whole.displacement - face.displacement - head.displacement
    assert np.linalg.norm(remainder[both], axis=1).max() < 0.05
    assert np.nanmax(np.abs(head.displacement)) > 0.1 and np.nanmax(np.abs(face.displacement)) > 0.8
    onset = flow(plan.onset)
    assert not onset.displacement[onset.valid].any()
    with pytest.raises(IndexError, match="frame -1"):
        flow(-1)


def test_what_a_closing_lid_hides_is_not_valid(studio_of):
    studio = studio_of("a", "benchmark", 0)
    closed = studio.flow(neutral(), neutral(blink=np.ones(2, dtype=np.float32)))
    shown = studio.look(neutral())
    eye = np.isin(shown.triangle, np.flatnonzero(studio.renderer.head.kit.part == 4))
    assert eye.sum() > 100 and closed.valid[eye].mean() < 0.15
    assert closed.valid[np.isfinite(closed.displacement[..., 0]) & ~eye].mean() > 0.97


def test_what_turns_out_of_the_frame_or_away_is_not_valid(studio_of):
    studio = studio_of("a", "benchmark", 0)
    turned = studio.flow(neutral(), neutral(pose=np.float32([0.8, 0, 0, 0, 0, 0])))
    face = np.isfinite(turned.displacement[..., 0])
    left_half = np.arange(SIZE)[None] > SIZE / 2
    assert turned.valid[face & left_half].mean() < turned.valid[face & ~left_half].mean() - 0.2
    moved = studio.flow(neutral(), neutral(pose=np.float32([0, 0, 0, 1.5, 0, 0])))
    outside = np.arange(SIZE)[None] + np.nan_to_num(moved.displacement[..., 0]) > SIZE
    assert outside.sum() > 1000 and not moved.valid[outside].any()


@pytest.mark.parametrize("domain", BENCHMARK_DOMAINS)
def test_flow_is_true_to_the_pixels_and_to_the_landmarks(domain: str, studio_of):
    studio = studio_of(domain, "benchmark", 1)
    plan = micro_plan(domain)
    first, second = studio.state(plan, plan.onset), studio.state(plan, plan.apex)
    flow = studio.flow(first, second)
    onset, apex = studio.frame(first, plan.noise_key), studio.frame(second, plan.noise_key + 1)

    def error(image: np.ndarray) -> float:
        return float(np.abs(image.astype(float) - onset)[flow.valid].mean())

    assert error(warped(apex, flow)) < 0.97 * error(apex)
    clean_onset, clean_apex = studio.frame(first).astype(float), studio.frame(second)
    still = np.abs(clean_apex - clean_onset)[flow.valid].mean()
    assert np.abs(warped(clean_apex, flow) - clean_onset)[flow.valid].mean() < 0.75 * still

    start, end = studio.landmarks(first)[17:], studio.landmarks(second)[17:]
    at = cv2.remap(flow.displacement, start[None, :, 0], start[None, :, 1], cv2.INTER_LINEAR)[0]
    off = np.linalg.norm(start + at - end, axis=1)
    off = off[np.isfinite(off)]  # hair may hide a brow
    assert len(off) >= 41 and np.median(off) < 0.02 and np.percentile(off, 90) < 0.1


def test_a_clip_without_expression_and_head_motion_stands_still(studio_of):
    studio = studio_of("d", "benchmark", 1)
    plan = draw_plan(("still", 4), CAPTURES["d"], "d", "none").with_parts(au=False, head=False)
    plan = dataclasses.replace(plan, exposure=np.ones(plan.count, dtype=np.float32))
    middle = plan.count // 2
    flow = PlannedFlow(studio, plan)
    for part in ("all", "au", "head"):
        displacement = flow(middle, part).displacement
        assert not displacement[np.isfinite(displacement)].any()
    frames = [studio.frame(studio.state(plan, number)) for number in (0, middle, plan.count - 1)]
    assert np.array_equal(frames[0], frames[1]) and np.array_equal(frames[0], frames[2])


def test_a_smaller_frame_shows_the_same_motion():
    someone = person("t", "train", 0)
    large, small = (Studio(someone, CAPTURES["e"], size) for size in (256, 128))
    state = neutral(au=units(L12=4.0, R12=4.0))
    big = large.flow(neutral(), state).displacement[::2, ::2]
    half = small.flow(neutral(), state).displacement
    both = np.isfinite(big[..., 0]) & np.isfinite(half[..., 0])
    assert both.sum() > 3000
    assert np.median(np.abs(big / 2 - half)[both]) < 0.02
    assert small.capture.noise == pytest.approx(CAPTURES["e"].noise / 2) and small.capture.native == 200
