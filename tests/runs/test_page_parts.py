"""The parts of the page that are arithmetic: bars, numerals, the choice of clips, magnification, sheets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from page_run import ONSET, clip_frames, metric_infos, scores_of, task_info

from mebench.motion.flow import DisFine
from mebench.runs.page.choice import choose
from mebench.runs.page.header import calibration
from mebench.runs.page.magnified import FACTORS, expression, factor_for, magnify, peak
from mebench.runs.page.numerals import date, interval, number, seconds
from mebench.runs.page.scale import scale
from mebench.runs.page.sheet import sheet


def test_numerals() -> None:
    assert [number(v, 2) for v in (0.125, -0.5, -0.001, 12)] == ["0.12", "\u22120.50", "0.00", "12.00"]
    assert interval(0.5, 0.42, 0.58, 2) == "±\u202f0.08"
    assert interval(0.5, 0.42, 0.66, 2) == "0.42 to 0.66"
    assert interval(0.5, None, 0.6, 2) is None
    assert [seconds(v) for v in (0.04, 0.84, 12.3, 60, 200, 7500)] == [
        "40 ms",
        "0.84 s",
        "12 s",
        "1 min",
        "3 min 20 s",
        "2 h 5 min",
    ]
    assert date("2026-03-02T10:06:47+00:00") == "2 March 2026, 10:06 UTC"
    assert date("yesterday") == "yesterday"


def test_the_calibration_of_the_flow_in_words() -> None:
    def row(*readings: float) -> Any:
        known = {"estimator": "dis-fine", "gains": [0.0, 1.0], "readings": list(readings), "peak_px": 1.0}
        return {"calibration": known}

    def records(*rows: Any) -> Any:
        return SimpleNamespace(tasks=rows)

    told = calibration(records(row(0.0, 0.9), row(0.02, 1.0), {"calibration": None}, {}))
    assert told["clips"] == "2"
    assert told["gain 1 reads"] == "0.95 (0.90 to 1.00)"
    assert calibration(records({})) == {}


def _cell(mean: float | None, low: float | None, high: float | None, floor: float | None, ceiling: float | None) -> Any:
    def estimate(value: float | None) -> Any:
        return None if value is None else {"mean": value, "low": None, "high": None, "reason": None}

    return {
        "value": {"mean": mean, "low": low, "high": high, "reason": None},
        "floor": estimate(floor),
        "ceiling": estimate(ceiling),
    }


def test_bar_runs_from_still_to_truth_whichever_is_larger() -> None:
    facts = metric_infos()
    rising = scale(_cell(0.5, 0.4, 0.7, 0.0, 1.0), facts["gain"])
    assert rising is not None
    assert (rising.floor, rising.value, rising.low, rising.high, rising.ceiling) == (0, 50, 40, 70, 100)
    falling = scale(_cell(1.0, 0.5, 2.0, 4.0, 0.0), facts["gain_error"])
    assert falling is not None
    assert (falling.floor, falling.low, falling.value, falling.high, falling.ceiling) == (0, 50, 75, 87.5, 100)
    assert "75 % of the way" in falling.sentence


def test_bar_makes_room_beyond_the_bounds_and_then_points() -> None:
    facts = metric_infos()["gain"]
    above = scale(_cell(1.2, 1.1, 1.3, 0.0, 1.0), facts)
    assert above is not None and above.ceiling < above.value < 100 and above.beyond is None
    assert above.cut == () and 0 < above.low < above.high < 100
    wide = scale(_cell(1.1, 0.7, 1.45, 0.0, 1.0), facts)
    assert wide is not None and wide.cut == () and wide.high < 100 and wide.high - wide.value > 15
    cut = scale(_cell(1.1, -2.0, 1.9, 0.0, 1.0), facts)
    assert cut is not None and cut.cut == ("left", "right") and (cut.low, cut.high, cut.beyond) == (0, 100, None)
    assert "goes on beyond the bar" in cut.sentence
    far = scale(_cell(3.0, 2.9, 3.1, 0.0, 1.0), facts)
    assert far is not None and far.value == 100 and far.beyond == "right" and far.floor == 0
    below = scale(_cell(-5.0, None, None, 0.0, 1.0), facts)
    assert below is not None and below.value == 0 and below.beyond == "left" and below.low is None
    assert "further from the true answer" in below.sentence


def test_the_floor_of_magnifiers_is_called_by_its_name() -> None:
    bar = scale(_cell(0.6, None, None, 0.2, 1.0), metric_infos()["gain"], "clip as it is")
    assert bar is not None and bar.sentence == "50 % of the way from the clip as it is to the true answer"


@pytest.mark.parametrize("bounds", [(None, 1.0), (0.0, None), (1.0, 1.001)])
def test_no_bar_without_two_different_bounds(bounds: tuple[float | None, float | None]) -> None:
    assert scale(_cell(0.5, 0.4, 0.6, *bounds), metric_infos()["gain"]) is None


def _rows(qualities: list[float], kind: str = "self", domain: str = "a") -> list[Any]:
    rows = []
    for index, quality in enumerate(qualities):
        task = {**task_info(index, kind), "key": f"{kind}-{domain}-{index}", "driving_domain": domain}
        scores = scores_of(0, quality)
        rows.append({"task": task, "status": "ok", "clip": {"file": ""}, "scores": scores})
    return rows


def test_choice_covers_extremes_and_domains() -> None:
    rows = _rows([0.9, 0.1, 0.5, 0.7, 0.3] * 6) + _rows([0.6], domain="z") + _rows([0.2, 0.8, 0.4], "cross", "b")
    chosen = choose(rows, metric_infos())
    assert len(chosen) == 12
    assert [c.row["task"]["kind"] for c in chosen] == ["self"] * 9 + ["cross"] * 3
    assert {c.row["task"]["driving_domain"] for c in chosen} == {"a", "b", "z"}
    assert [c.label for c in chosen if c.row["task"]["kind"] == "cross"] == ["best", "median", "worst"]
    errors = [c.row["scores"]["gain_error"]["value"] for c in chosen[:9]]
    assert errors == sorted(errors) and chosen[0].label == "best" and chosen[8].label == "worst"


def test_choice_names_no_best_among_equals_and_leaves_failures_out() -> None:
    rows = _rows([0.0] * 4)
    rows[3] = {**rows[3], "status": "failed", "clip": None}
    chosen = choose(rows, metric_infos())
    assert [c.label for c in chosen] == ["", "", ""]
    assert choose([], metric_infos()) == []
    assert len(choose(rows, {})) == 3


def _textured(side: int = 128) -> np.ndarray:
    noise = np.random.default_rng(0).uniform(40, 215, (side, side)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 1.5) * 3 - 256


def _clip(head: float, peak_px: float, side: int = 128) -> tuple[np.ndarray, np.ndarray]:
    """Five frames: everything shifts right by ``head`` a frame, a patch of the face moves up by up to ``peak_px``."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    bump = np.exp(-((x - 64) ** 2 + (y - 50) ** 2) / (2 * 12.0**2))
    texture, frames = _textured(side), []
    for step in range(5):
        moved = cv2.remap(
            texture, x - head * step, y + peak_px * step / 4 * bump, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        frames.append(np.repeat(np.clip(moved, 0, 255).round().astype(np.uint8)[..., None], 3, axis=2))
    return np.stack(frames), bump


def test_magnification_enlarges_the_expression_and_leaves_the_head() -> None:
    frames, bump = _clip(head=0.4, peak_px=0.8)
    face = np.hypot(np.mgrid[:128, :128][1] - 64, np.mgrid[:128, :128][0] - 64) < 46
    motion = expression(frames, 0, face)
    factor = 4
    enlarged = magnify(frames, motion, factor)
    assert np.array_equal(enlarged[0], frames[0])
    before = DisFine()(frames[0][..., 0], frames[4][..., 0])
    after = DisFine()(frames[0][..., 0], enlarged[4][..., 0])
    centre, cheek = bump > 0.9, face & (bump < 0.02)
    gained = after[centre, 1].mean() / before[centre, 1].mean()
    assert 0.75 * factor < gained < 1.2 * factor
    assert abs(after[cheek, 0].mean() - 1.6) < 0.25  # the head moved 4 x 0.4 px, and still does
    assert abs(after[cheek, 1].mean()) < 0.35


def test_factor_brings_small_motion_to_a_visible_size() -> None:
    assert factor_for(7.0 / 8, 256) == 8
    assert factor_for(0.0, 256) == FACTORS[-1] and factor_for(100.0, 256) == FACTORS[0]
    frames, _ = _clip(head=0.0, peak_px=0.8)
    measured = peak(expression(frames, 0, np.ones((128, 128), bool)), 0, 4)
    assert 0.4 < measured < 1.0


def test_sheet_keeps_its_budget_and_its_grid() -> None:
    tiles = np.concatenate([clip_frames(150, 1.0, 0)] * 5)
    free = sheet(tiles)
    assert free.side == 96 and free.columns == 10
    tight = sheet(tiles, budget=len(free.data) * 3 // 5)
    assert len(tight.data) <= len(free.data) * 3 // 5
    picture = cv2.imdecode(np.frombuffer(free.data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (960, 960, 3)
    tile = picture[0:96, ONSET * 96 : (ONSET + 1) * 96].astype(int)
    assert np.abs(tile - tiles[ONSET][..., ::-1]).mean() < 3
