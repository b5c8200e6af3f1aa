"""``mebench au``: names, one clip, refusals."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "detectors"))

from bump_clips import bump_clips

from mebench import registry
from mebench.cli.app import app
from mebench.detectors.svm_flow import load_linear
from mebench.video import write_lossless


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_every_detector_is_listed():
    result = run("au", "list")
    assert result.exit_code == 0
    listed = [line.split()[0] for line in result.output.splitlines()]
    assert listed == list(registry.names("detectors"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    detector = load_linear()
    detector.fit(bump_clips("x", 12, 1))
    path = tmp_path_factory.mktemp("weights") / "linear.npz"
    detector.save(path)
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A texture whose left half moves by two pixels in the third frame."""
    rng = np.random.default_rng(0)
    texture = np.kron(rng.integers(60, 200, (40, 40)), np.ones((4, 4), dtype=int)).astype(np.uint8)
    frames = np.repeat(np.repeat(texture[None, :, :, None], 3, axis=3), 3, axis=0)
    frames[2, :, 2:80] = frames[0, :, :78]
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    write_lossless(path, frames, 30.0)
    return path


def test_one_clip_is_judged(weights, clip):
    result = run("au", "predict", "linear-svm-flow", "-w", weights, "--clip", clip, "--apex", 2)
    assert result.exit_code == 0
    assert len(result.output.splitlines()) == 12
    still = run("au", "predict", "linear-svm-flow", "-w", weights, "--clip", clip, "--apex", 1)
    assert "no measurable motion (0.000 px)" in still.output
    assert not any(line.endswith("  present") for line in still.output.splitlines())


def test_refusals(weights, clip, tmp_path):
    late = run("au", "predict", "linear-svm-flow", "-w", weights, "--clip", clip, "--apex", 9)
    assert late.exit_code == 2
    assert "has frames 0 to 2" in late.output
    other = run("au", "predict", "svm-flow", "-w", weights, "--clip", clip, "--apex", 2)
    assert other.exit_code == 2
    assert "holds the detector linear-svm-flow, not svm-flow" in other.output
    unknown = run("au", "eval", "nothing")
    assert unknown.exit_code == 2
    assert "there is no detector called 'nothing'" in unknown.output
    no_run = run("au", "judge", tmp_path)
    assert no_run.exit_code == 2
    assert "is no run folder" in no_run.output
