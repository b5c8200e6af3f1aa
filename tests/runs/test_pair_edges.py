"""Odd pictures and clips through ``mebench generate``: what is refused, what is told, what changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut
from typer.testing import CliRunner

from mebench.cli.app import app
from mebench.images import read_image, write_png
from mebench.video import read_video, write_lossless

FACE = astronaut()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three frames of an odd size, the face two pixels further to the right in the second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    still = FACE[:401, 31:400]
    write_lossless(path, np.stack([still, np.roll(still, 2, axis=1), still]), 50.0)
    return path


def generate(source: Path, driving: Path, out: Path) -> tuple[int, str]:
    """Exit code and output; the method is one that needs no network."""
    options = {"--source": source, "--driving": driving, "--out": out, "--apex": 1, "--method": "driving-copy"}
    result = CliRunner().invoke(app, ["generate", *(str(part) for pair in options.items() for part in pair)])
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def test_two_faces_are_told_and_the_largest_is_used(clip: Path, tmp_path: Path) -> None:
    small = cv2.resize(FACE, (300, 300), interpolation=cv2.INTER_AREA)
    beside = np.full((512, 300, 3), 90, np.uint8)
    beside[:300] = small
    write_png(tmp_path / "two.png", np.concatenate([beside, FACE], axis=1))
    code, output = generate(tmp_path / "two.png", clip, tmp_path / "out")
    assert code == 0 and "two.png shows 2 faces; the largest is used." in output
    write_png(tmp_path / "one.png", FACE)
    assert generate(tmp_path / "one.png", clip, tmp_path / "alone")[0] == 0
    both, alone = (read_image(tmp_path / name / "source.png").astype(float) for name in ("out", "alone"))
    assert np.abs(both - alone).mean() < 6


def test_a_face_that_is_mostly_outside_is_refused_and_one_at_the_edge_is_told(clip: Path, tmp_path: Path) -> None:
    write_png(tmp_path / "close.png", FACE[60:180, 165:280])
    code, output = generate(tmp_path / "close.png", clip, tmp_path / "out")
    assert code == 0 and "of the crop lies outside close.png and repeats its edge" in output
    write_png(tmp_path / "tiny.png", cv2.resize(FACE, (128, 128), interpolation=cv2.INTER_AREA))
    code, output = generate(tmp_path / "tiny.png", clip, tmp_path / "none")
    assert code == 2 and "the face in tiny.png is too small: 10 pixels between the eyes" in output
    assert not (tmp_path / "none").exists()


def test_a_clip_without_a_face_is_refused(tmp_path: Path) -> None:
    write_png(tmp_path / "face.png", FACE)
    write_lossless(tmp_path / "wall.mkv", np.full((3, 121, 97, 3), 130, np.uint8), 25.0)
    code, output = generate(tmp_path / "face.png", tmp_path / "wall.mkv", tmp_path / "out")
    assert code == 2 and "no face was found in frame 0 of wall.mkv (97x121)" in output


def test_grey_and_16_bit_pictures_of_odd_size(clip: Path, tmp_path: Path) -> None:
    """A grey picture stays grey; 16 bits give what the same picture gives in 8."""
    odd = FACE[:509, 3:510]
    grey = cv2.cvtColor(odd, cv2.COLOR_RGB2GRAY)
    assert cv2.imwrite(str(tmp_path / "grey.png"), grey)
    assert cv2.imwrite(str(tmp_path / "grey16.png"), grey.astype(np.uint16) * 257)
    for name in ("grey", "grey16"):
        code, output = generate(tmp_path / f"{name}.png", clip, tmp_path / name)
        assert code == 0, output
    grey8, grey16 = (read_image(tmp_path / name / "source.png") for name in ("grey", "grey16"))
    assert grey8.shape == (256, 256, 3) and np.ptp(grey8, axis=2).max() == 0
    np.testing.assert_array_equal(grey8, grey16)
    report = json.loads((tmp_path / "grey" / "motion.json").read_text())
    assert report["driving"]["frames"] == 3
    assert read_video(tmp_path / "grey" / "output.mkv")[0].shape == (3, 256, 256, 3)
