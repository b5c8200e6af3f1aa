"""Clips in a submission: what the player decodes is what was filmed, and a film is refused where it is not whole."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from mebench.leaderboard.film import FINE, GRID, code, decode, fields, film
from mebench.leaderboard.schema import Previews


def _faces(frames: int = 5, side: int = 64) -> np.ndarray:
    """A smooth picture that shifts by half a pixel a frame."""
    y, x = np.mgrid[:side, :side].astype(np.float64)
    made = [128 + 60 * np.sin((x + 0.5 * t) / 6) * np.cos(y / 7) for t in range(frames)]
    return np.rint(np.repeat(np.stack(made)[..., None], 3, axis=3)).astype(np.uint8)


def test_the_code_of_a_difference_comes_back() -> None:
    first = np.arange(256, dtype=np.uint8)
    for base in (0, 100, 255):
        second = np.full(256, base, dtype=np.uint8)
        exact = first.astype(float) - base
        error = np.abs(decode(code(first, second)) - exact)
        assert error[np.abs(exact) < FINE].max() <= 0.5
        assert (error <= 0.02 * np.abs(exact) + 0.5).all()


def test_a_film_keeps_the_differences_from_the_onset() -> None:
    frames = _faces()
    made = film([frames[:1], frames], onset=1)
    assert made.starts == (0, 1) and made.columns == 3  # one still, one base, five differences
    sheet = cv2.imdecode(np.frombuffer(made.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    for t in range(5):
        index = 2 + t
        top, left = index // 3 * 64, index % 3 * 64
        found = decode(sheet[top : top + 64, left : left + 64])
        exact = frames[t].astype(float) - frames[1]
        assert np.abs(found - exact).mean() < 1.0
        if t != 1:
            assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.9


def test_motion_fields_come_back_to_a_hundredth_of_a_pixel() -> None:
    y, x = np.mgrid[:128, :128].astype(np.float32) / 128
    motion = np.stack([np.stack((t * np.sin(3 * y), -t * np.cos(2 * x)), axis=2) for t in (0.0, 0.4, 0.8)])
    made = fields([motion.astype(np.float32)])
    sheet = cv2.imdecode(np.frombuffer(made.data, np.uint8), cv2.IMREAD_GRAYSCALE)
    index = 2 * 2  # x of the third frame
    top, left = index // made.columns * GRID, index % made.columns * GRID
    found = (sheet[top : top + GRID, left : left + GRID].astype(float) - 128) / 127 * made.reach
    exact = cv2.resize(motion[2], (GRID, GRID), interpolation=cv2.INTER_AREA)[..., 0]
    assert np.abs(found - exact).mean() < 0.01 and np.abs(found - exact).max() < 0.05


@pytest.mark.parametrize("wrong", ["../a.jpg", "a.png", "a/b.jpg", "a.jpg\n"])
def test_a_film_is_a_plain_picture_beside_its_list(wrong: str) -> None:
    clip = {"task": "t", "file": "a.jpg", "side": 192, "columns": 3, "size": 256, "fps": 30.0, "frames": 3, "onset": 0}
    clip |= {"apex": 1, "offset": 2, "panels": [{"name": "Output", "role": "output", "start": 0, "still": False}]}
    good = {"schema_version": 1, "clips": [clip]}
    assert Previews.model_validate_json(json.dumps(good)).clips[0].motion is None
    with pytest.raises(ValidationError):
        Previews.model_validate_json(json.dumps({"schema_version": 1, "clips": [{**clip, "file": wrong}]}))
