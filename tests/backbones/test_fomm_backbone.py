"""The backbone's contract: no motion is the identity, batches change nothing, bad input is refused in one sentence."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from mebench.backbones.contract import Backbone
from mebench.backbones.fomm import backbone as fomm
from mebench.backbones.fomm.checkpoint import networks
from mebench.backbones.fomm.config import VOX_256
from mebench.backbones.fomm.lite import LiteConfig, LiteFomm
from mebench.backbones.fomm.lite_checkpoint import load_lite, save_lite
from mebench.errors import CheckpointError, ConfigError, GenerationError, InputError
from mebench.home import home


def smooth(seed: int, *shape: int) -> torch.Tensor:
    """Smooth images in [0,1] of the given shape ``[...,H,W]``."""
    coarse = torch.rand(*shape[:-2], 12, 12, generator=torch.Generator().manual_seed(seed))
    flat = coarse.reshape(1, -1, 12, 12)
    return functional.interpolate(flat, size=shape[-2:], mode="bicubic", align_corners=False).clamp(0, 1).reshape(shape)


@pytest.fixture(scope="module")
def lite():
    return fomm.load()


@pytest.fixture(scope="module")
def clip():
    return smooth(1, 5, 3, 256, 256)


@pytest.fixture
def untrained(tmp_path):
    """A lite network whose motion answers strongly to its input, saved to a file."""
    torch.manual_seed(0)
    network = LiteFomm(LiteConfig(num_kp=5))
    network.detector.anchors.copy_(torch.tensor([[0, 0], [-0.4, -0.4], [0.4, -0.4], [-0.4, 0.4], [0.4, 0.4]]))
    with torch.no_grad():
        network.detector.jacobian.normal_(std=0.02)
    path = tmp_path / "fomm-lite.safetensors"
    save_lite(network, path, half=False, about={})
    return path


def test_is_a_backbone(lite):
    assert isinstance(lite, Backbone)
    assert lite.facts.weights == "fomm-lite" and lite.facts.resolution == 256 and lite.facts.mode == "relative"
    assert lite.facts.options["grid_align_corners"] is True
    assert len(lite.facts.weights_sha256) == 64


def test_no_motion_gives_the_source(lite):
    """The driver stands still: the output is the source, whatever the driver looks like."""
    source, still = smooth(2, 3, 256, 256), smooth(3, 3, 256, 256)
    identity = lite.enroll(source)
    output = lite.drive(identity, still[None].repeat(3, 1, 1, 1), still)
    assert (output - source).abs().mean() < 0.005
    points = identity.points
    warped = lite.network.render(identity.encoded, points).warped
    assert (warped - source).abs().max() < 1e-4


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_batches_change_nothing(lite, clip, batch, monkeypatch):
    identity = lite.enroll(smooth(2, 3, 256, 256))
    whole = lite.drive(identity, clip, clip[0])
    monkeypatch.setattr(fomm, "BATCH", batch)
    parts = lite.drive(identity, clip, clip[0])
    assert (whole - parts).abs().max() < 1e-5
    assert whole.shape == (5, 3, 256, 256) and whole.min() >= 0 and whole.max() <= 1


def test_the_driver_moves_the_output(untrained, clip):
    animator = fomm.load_file(untrained)
    output = animator.drive(animator.enroll(smooth(2, 3, 256, 256)), clip, clip[0])
    assert (output[1] - output[0]).abs().mean() > 1e-3


def test_any_input_size(lite):
    output = lite.drive(lite.enroll(smooth(2, 3, 200, 200)), smooth(4, 2, 3, 96, 96), smooth(4, 2, 3, 96, 96)[0])
    assert output.shape == (2, 3, 256, 256)


def test_bad_frames_are_refused(lite, clip):
    identity = lite.enroll(clip[0])
    broken = clip.clone()
    broken[1, 0, 3, 3] = float("nan")
    with pytest.raises(InputError, match="driving clip holds values that are not finite"):
        lite.drive(identity, broken, clip[0])
    with pytest.raises(InputError, match="reference frame holds values that are not finite"):
        lite.drive(identity, clip, broken[1])
    with pytest.raises(InputError, match="source image holds values that are not finite"):
        lite.enroll(broken[1])
    with pytest.raises(InputError, match=r"must lie in \[0,1\]"):
        lite.drive(identity, clip * 255, clip[0])
    with pytest.raises(InputError, match=r"must be an RGB tensor \[3,H,W\]"):
        lite.enroll(clip)


def test_values_that_are_not_finite_are_never_given(untrained, clip):
    animator = fomm.load_file(untrained)
    identity = animator.enroll(clip[0])
    animator.network.painter.final.bias[0] = float("nan")
    with pytest.raises(GenerationError, match="not finite"):
        animator.drive(identity, clip, clip[0])


def test_options_are_checked():
    with pytest.raises(ConfigError, match="mode is 'relative' or 'absolute'"):
        fomm.load(mode="absolut")
    with pytest.raises(ConfigError, match="there are no weights 'vox'"):
        fomm.load(weights="vox")
    with pytest.raises(ConfigError, match="corner-aligned by construction"):
        fomm.load(grid_align_corners=False)


def test_absolute_motion_differs_from_relative(lite, clip):
    absolute = fomm.load(mode="absolute")
    assert absolute.facts.options["use_relative_movement"] is False
    source = smooth(2, 3, 256, 256)
    ours, theirs = (x.drive(x.enroll(source), clip, clip[0]) for x in (absolute, lite))
    assert (ours - theirs).abs().max() > 1e-3


def test_half_precision_file_is_close(untrained, tmp_path, clip):
    half = tmp_path / "half.safetensors"
    save_lite(load_lite(untrained), half, half=True, about={"note": "test"})
    assert half.stat().st_size < 0.55 * untrained.stat().st_size
    full, small = (fomm.load_file(path) for path in (untrained, half))
    source = smooth(2, 3, 256, 256)
    ours, theirs = (x.drive(x.enroll(source), clip, clip[0]) for x in (full, small))
    assert (ours - theirs).abs().mean() < 2e-3


def test_a_file_of_another_kind_is_refused(tmp_path, untrained):
    other = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, other)
    with pytest.raises(CheckpointError, match="is not a fomm-lite file"):
        load_lite(other)
    network = load_lite(untrained)
    network.detector.kp.weight = torch.nn.Parameter(torch.zeros(2, 2))
    save_lite(network, other, half=False, about={})
    with pytest.raises(CheckpointError, match=r"wrong shape detector\.kp\.weight \[2, 2\] instead of"):
        load_lite(other)


def test_official_weights_animate(fill, tmp_path, monkeypatch):
    """A converted file with filled weights: both sampling conventions run, batches change nothing."""
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    parts = networks(VOX_256, grid_align_corners=True)
    fill.fill_state_dict(parts, 3, keep=("down.weight",))
    kept = home() / "weights" / "vox-cpk"
    kept.mkdir(parents=True)
    save_file(parts.state_dict(), kept / "vox-cpk.safetensors")
    source, driving = smooth(2, 3, 256, 256), smooth(4, 2, 3, 256, 256)
    aligned, edged = (fomm.load(weights="vox-cpk", grid_align_corners=convention) for convention in (True, False))
    assert aligned.facts.options["grid_align_corners"] is True and edged.facts.options["grid_align_corners"] is False
    both = aligned.drive(aligned.enroll(source), driving, driving[0])
    alone = aligned.drive(aligned.enroll(source), driving[1:], driving[0])
    assert both.shape == (2, 3, 256, 256)
    assert (alone[0] - both[1]).abs().max() < 1e-5
    other = edged.drive(edged.enroll(source), driving[1:], driving[0])
    assert (other[0] - alone[0]).abs().max() > 1e-4
