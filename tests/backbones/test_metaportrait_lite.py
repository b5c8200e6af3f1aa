"""The small MetaPortrait: no motion is the identity, the driver's motion is carried, batches change nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from skimage import data

from mebench.backbones.contract import Backbone
from mebench.backbones.metaportrait import backbone as metaportrait
from mebench.backbones.metaportrait.lite import LiteConfig, LiteMetaPortrait, SteadyMotion, enlarge_displacement
from mebench.backbones.metaportrait.lite_checkpoint import load_lite, save_lite
from mebench.errors import CheckpointError, ConfigError, GenerationError, InputError
from mebench.motion.crop import face_crop
from mebench.motion.landmarks import POINTS

SMALL = LiteConfig(rank=6, motion_width=4, motion_max_features=8, painter_width=2, painter_hidden=4, feature_width=2)


def sheared(image: np.ndarray, pixels: float) -> np.ndarray:
    """The lower half of a face moved down, growing to ``pixels`` at the bottom edge: an opening mouth."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    moved = y - pixels * np.clip((y - height / 2) / (height / 2), 0, 1)
    return cv2.remap(image, x, moved, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    image = data.astronaut()
    return face_crop(image).apply(image)


@pytest.fixture(scope="module")
def clip(portrait) -> torch.Tensor:
    frames = np.stack([sheared(portrait, pixels) for pixels in (0.0, 3.0, 6.0)])
    return torch.from_numpy(frames.astype(np.float32) / 255).movedim(-1, 1)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A small untrained network whose landmarks move as tracked along six directions, with loose heads."""
    torch.manual_seed(0)
    network = LiteMetaPortrait(SMALL)
    generator = torch.Generator().manual_seed(1)
    height = torch.linspace(-1, 1, POINTS)
    basis = torch.zeros(2 * POINTS, 6)
    for column in range(6):
        basis[column % 2 :: 2, column] = height ** (column // 2)
    basis = torch.linalg.qr(basis + 1e-3 * torch.randn(basis.shape, generator=generator))[0]
    for steady in network.steady.values():
        steady.read.copy_(basis.T)
        steady.write.copy_(basis)
    with torch.no_grad():
        network.warping.flow.weight.normal_(std=0.02, generator=generator)
        network.warping.occlusion.weight.normal_(std=0.05, generator=generator)
    path = tmp_path_factory.mktemp("lite") / "metaportrait-lite.safetensors"
    save_lite(network, path, half=False, about={})
    return path


@pytest.fixture(scope="module")
def lite(file):
    return metaportrait.load_file(file)


def test_is_a_backbone_and_labelled_as_a_variant(lite):
    assert isinstance(lite, Backbone)
    assert lite.facts.name == "metaportrait" and lite.facts.mode == "relative" and lite.facts.resolution == 256
    assert lite.facts.options["variant"] == "MetaPortrait-mesh468-lite"
    assert lite.facts.options["tracker"] == "follow" and len(lite.facts.weights_sha256) == 64


def test_no_motion_is_exactly_the_source(lite, clip):
    """Whatever the U-net answers: the motion field is zero and the warped source is the source."""
    identity = lite.enroll(clip[0])
    points = torch.from_numpy(identity.points)[None]
    with torch.no_grad():
        rendering = lite.network.render(identity.encoded, identity.encoded.line, points)
    assert not rendering.displacement.any()
    assert (rendering.warped - clip[0]).abs().max() < 1e-4


@pytest.mark.parametrize("tracker", ["follow", "mesh"])
def test_batches_change_nothing(file, clip, tracker, monkeypatch):
    animator = metaportrait._lite(file, "relative", tracker, None, None)
    identity = animator.enroll(clip[0])
    whole = animator.drive(identity, clip, clip[0])
    assert whole.shape == (3, 3, 256, 256) and whole.min() >= 0 and whole.max() <= 1
    monkeypatch.setattr(metaportrait, "BATCH", 1)
    assert (animator.drive(identity, clip, clip[0]) - whole).abs().max() < 1e-5
    assert (animator.drive(identity, clip[2:], clip[0]) - whole[2:]).abs().max() < 1e-5


def test_the_driver_moves_the_source(lite, clip):
    """Chin and mouth of the output go down by a good part of what they do in the driver."""
    first = lite.enroll(clip[0])
    found = metaportrait.MeshReference.find(lite._small(clip[:1])[0], "frame")
    moved = found.displacement(lite._small(clip), "follow")
    chin = 152
    assert abs(moved[0]).max() < 0.05
    assert moved[2, chin, 1] == pytest.approx(3.0 * (found.points[chin, 1] - 63.5) / 64, abs=0.5)
    output = lite.drive(first, clip, clip[0])
    assert (output[2] - output[0]).abs().mean() > 2 * (output[1] - output[1].clone()).abs().mean() + 1e-3


def test_absolute_motion_takes_the_drivers_face(file, clip):
    relative, absolute = (metaportrait._lite(file, mode, "follow", None, None) for mode in ("relative", "absolute"))
    source = torch.from_numpy(np.roll(clip[0].numpy(), 12, axis=2))
    ours, theirs = (x.drive(x.enroll(source), clip[:1], clip[0]) for x in (relative, absolute))
    assert (ours - theirs).abs().mean() > 5e-3


def test_any_input_size(lite, clip):
    small = torch.nn.functional.interpolate(clip[:2], size=(200, 180), mode="bilinear").clamp(0, 1)
    output = lite.drive(lite.enroll(small[0]), small, small[0])
    assert output.shape == (2, 3, 256, 256)


def test_bad_frames_are_refused(lite, clip):
    identity = lite.enroll(clip[0])
    with pytest.raises(InputError, match="no face was found in the source image"):
        lite.enroll(torch.full((3, 256, 256), 0.5))
    with pytest.raises(InputError, match="no face was found in the onset frame of the driving clip"):
        lite.drive(identity, clip, torch.full((3, 256, 256), 0.5))
    with pytest.raises(InputError, match=r"must lie in \[0,1\]"):
        lite.drive(identity, clip * 255, clip[0])
    broken = clip.clone()
    broken[1, 0, 3, 3] = float("nan")
    with pytest.raises(InputError, match="driving clip holds values that are not finite"):
        lite.drive(identity, broken, clip[0])


def test_values_that_are_not_finite_are_never_given(file, clip):
    animator = metaportrait.load_file(file)
    animator.network.painter.conv_img.bias[0] = float("nan")
    with pytest.raises(GenerationError, match="not finite"):
        animator.drive(animator.enroll(clip[0]), clip[:1], clip[0])


def test_options_are_checked():
    for options, message in (
        ({"mode": "absolut"}, "mode is 'relative' or 'absolute'"),
        ({"weights": "base"}, "there are no weights 'base'"),
        ({"weights": "lite", "tracker": "eye"}, "tracker is 'follow' or 'mesh'"),
        ({"native": "folder"}, "drop 'native'"),
        ({"subpixel_lines": False}, "leave subpixel_lines out"),
    ):
        with pytest.raises(ConfigError, match=message):
            metaportrait.load(**options)


def test_a_file_of_another_kind_is_refused(tmp_path):
    other = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, other)
    with pytest.raises(CheckpointError, match="is not a metaportrait-lite file"):
        load_lite(other)


def test_steady_motion_keeps_what_it_was_fitted_for():
    steady = SteadyMotion(4, 1)
    basis = torch.full((8, 1), 8**-0.5)
    steady.read.copy_(basis.T)
    steady.write.copy_(basis)
    common = torch.ones(1, 4, 2)
    torch.testing.assert_close(steady(common), common)
    noise = torch.tensor([1.0, -1.0]).repeat(4)[None].reshape(1, 4, 2)
    torch.testing.assert_close(steady(noise), torch.zeros(1, 4, 2))


def test_displacement_grows_with_the_image():
    field = torch.ones(1, 2, 16, 16)
    torch.testing.assert_close(enlarge_displacement(field, 64), torch.full((1, 2, 64, 64), 4.0))
    assert enlarge_displacement(field, 16) is field
