"""FSRT's contract: the source is encoded once, batches change nothing, the modes do what they say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from mebench.backbones.contract import Backbone, BackboneFacts
from mebench.backbones.fomm.config import DetectorConfig
from mebench.backbones.fsrt import backbone as fsrt
from mebench.backbones.fsrt.animate import Transfer, best_frame
from mebench.backbones.fsrt.checkpoint import networks
from mebench.backbones.fsrt.config import DecoderConfig, EncoderConfig, FsrtConfig
from mebench.backbones.fsrt.detector import FrozenDetector
from mebench.backbones.fsrt.encoding import pixel_centres
from mebench.backbones.fsrt.lite import LiteConfig, LiteFsrt
from mebench.backbones.fsrt.lite_checkpoint import load_lite, save_lite
from mebench.errors import ConfigError, GenerationError, InputError, MissingWeights

SMALL = FsrtConfig(
    expression_size=16,
    image_size=64,
    detector=DetectorConfig(block_expansion=8, max_features=32, num_blocks=3),
    encoder=EncoderConfig(
        pix_octaves=6, kp_octaves=3, num_att_blocks=1, stem_width=8, width=64, heads=2, head_dim=32, mlp_dim=64
    ),
    decoder=DecoderConfig(
        pix_octaves=6, kp_octaves=3, num_att_blocks=1, input_mlp_dim=64, heads=2, head_dim=32, mlp_dim=64,
        render_dims=(64, 64),
    ),
)  # fmt: skip
FACTS = BackboneFacts("fsrt", "filled", "0" * 64, 64, "relative", "nothing", "none", {})


def smooth(seed: int, *shape: int) -> torch.Tensor:
    """Smooth images in [0,1] of the given shape ``[...,H,W]``."""
    coarse = torch.rand(*shape[:-2], 12, 12, generator=torch.Generator().manual_seed(seed))
    flat = coarse.reshape(1, -1, 12, 12)
    return functional.interpolate(flat, size=shape[-2:], mode="bicubic", align_corners=False).clamp(0, 1).reshape(shape)


@pytest.fixture(scope="module")
def parts(fill):
    """The published architecture at a small size, with filled weights."""
    made = networks(SMALL)
    made["kp_detector"] = FrozenDetector(SMALL)
    fill.fill_state_dict(made, 3, keep=("down.weight",))
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def clip():
    return smooth(1, 5, 3, 64, 64)


def animator(parts, **options):
    return fsrt.Fsrt(parts, SMALL, Transfer(**options), FACTS)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A lite network with random anchors, saved to a file."""
    torch.manual_seed(0)
    network = LiteFsrt(LiteConfig(num_kp=5, expression_size=8, detector_width=4, stem_width=4, width=32, mlp_dim=32))
    network.reader.anchors.copy_(torch.tensor([[0, 0], [-0.4, -0.4], [0.4, -0.4], [-0.4, 0.4], [0.4, 0.4]]))
    path = tmp_path_factory.mktemp("lite") / "untrained.safetensors"
    save_lite(network, path, half=False, about={})
    return path


@pytest.fixture(scope="module")
def lite(untrained):
    return fsrt.load_file(untrained)


@pytest.mark.parametrize("which", ["published", "lite"])
def test_batches_change_nothing(parts, lite, clip, which, monkeypatch):
    backbone = lite if which == "lite" else animator(parts)
    assert isinstance(backbone, Backbone)
    identity = backbone.enroll(smooth(2, 3, 64, 64))
    whole = backbone.drive(identity, clip, clip[0])
    side = 256 if which == "lite" else 64
    assert whole.shape == (5, 3, side, side) and whole.min() >= 0 and whole.max() <= 1
    for batch in (1, 2):
        monkeypatch.setattr(fsrt, "BATCH", batch)
        assert (whole - backbone.drive(identity, clip, clip[0])).abs().max() < 1e-5


def test_chunks_of_pixels_change_nothing(parts, clip, monkeypatch):
    backbone = animator(parts)
    identity = backbone.enroll(clip[1])
    whole = backbone.drive(identity, clip[:2], clip[0])
    monkeypatch.setattr("mebench.backbones.fsrt.animate.CPU_CHUNK", 177)
    assert (whole - backbone.drive(identity, clip[:2], clip[0])).abs().max() < 1e-5


def test_the_source_is_encoded_once(parts, clip, monkeypatch):
    backbone = animator(parts)
    identity = backbone.enroll(clip[1])

    def refuse(*args):
        raise AssertionError("the source was encoded again")

    monkeypatch.setattr(parts["encoder"], "forward", refuse)
    layers = parts["decoder"].allocation_transformer.transformer.layers
    monkeypatch.setattr(layers[0][0].fn, "key_value", refuse)
    assert backbone.drive(identity, clip, clip[0]).shape == (5, 3, 64, 64)


def test_modes(parts, clip):
    """Relative key points start at the source; the expression is the driver's own unless it is asked for."""
    source = smooth(2, 3, 64, 64)
    relative = animator(parts, relative_expression=True)
    identity = relative.enroll(source)
    start = relative.drive(identity, clip[:1], clip[0])[0]
    own = fsrt.render(parts["decoder"], identity.pose.points, identity.pose.expression, identity.encoded, 64)[0]
    assert (start - own.clamp(0, 1)).abs().max() < 1e-5
    made = {
        name: animator(parts, **options).drive(identity, clip[1:2], clip[0])
        for name, options in {
            "absolute": {"relative": False},
            "published": {"adapt_scale": False},
            "scaled": {},
            "expression": {"relative_expression": True},
        }.items()
    }
    names = list(made)
    for first, name in enumerate(names):
        for other in names[first + 1 :]:
            assert (made[name] - made[other]).abs().max() > 1e-4, f"{name} equals {other}"


def test_several_sources(parts, clip):
    """More images are more tokens; their order does not matter, but the first one's key points are moved."""
    backbone = animator(parts, relative=False)
    both = backbone.enroll(clip[:2])
    turned = backbone.enroll(clip[:2].flip(0))
    alone = backbone.enroll(clip[0])
    made = [backbone.drive(identity, clip[2:3], clip[2]) for identity in (both, turned, alone)]
    assert (made[0] - made[1]).abs().max() < 1e-5
    assert (made[0] - made[2]).abs().max() > 1e-4
    assert (both.pose.points - alone.pose.points).abs().max() < 1e-5


def test_other_sizes_are_resized(parts, lite, clip):
    wide = smooth(4, 2, 3, 90, 120)
    assert animator(parts).drive(animator(parts).enroll(wide[0]), wide, wide[0]).shape == (2, 3, 64, 64)
    assert lite.drive(lite.enroll(wide[0]), wide, wide[0]).shape == (2, 3, 256, 256)


def test_bad_frames_are_refused(lite, clip):
    identity = lite.enroll(clip[0])
    broken = clip.clone()
    broken[1, 0, 3, 3] = float("nan")
    with pytest.raises(InputError, match="driving clip holds values that are not finite"):
        lite.drive(identity, broken, clip[0])
    with pytest.raises(InputError, match="reference frame holds values that are not finite"):
        lite.drive(identity, clip, broken[1])
    with pytest.raises(InputError, match=r"must lie in \[0,1\]"):
        lite.enroll(clip[0] * 255)
    with pytest.raises(InputError, match="take one source image, not 5"):
        lite.enroll(clip)


def test_values_that_are_not_finite_are_never_given(untrained, clip):
    backbone = fsrt.load_file(untrained)
    identity = backbone.enroll(clip[0])
    backbone.network.decoder.render_mlp[-1].bias[0] = float("nan")
    with pytest.raises(GenerationError, match="not finite"):
        backbone.drive(identity, clip, clip[0])


def test_lite_without_motion_does_not_move(lite):
    """The driver stands still: the source is not displaced at all, whatever the driver looks like."""
    source, still = smooth(2, 3, 256, 256), smooth(3, 3, 256, 256)
    identity = lite.enroll(source)
    rendering = lite.network.render(identity.encoded, identity.pose)
    assert rendering.displacement.abs().max() == 0
    assert (rendering.warped - source).abs().max() < 1e-5
    frames = lite.drive(identity, still[None].repeat(2, 1, 1, 1), still)
    assert (frames[0] - rendering.prediction[0]).abs().max() < 1e-5
    moved = lite.drive(identity, smooth(5, 1, 3, 256, 256), still)
    assert (moved[0] - frames[0]).abs().mean() > 1e-3


def test_half_precision_file_is_close(untrained, tmp_path, clip):
    half = tmp_path / "half.safetensors"
    save_lite(load_lite(untrained), half, half=True, about={"note": "test"})
    assert half.stat().st_size < 0.55 * untrained.stat().st_size
    full, small = (fsrt.load_file(path) for path in (untrained, half))
    ours, theirs = (x.drive(x.enroll(clip[0]), clip, clip[0]) for x in (full, small))
    assert (ours - theirs).abs().mean() < 2e-3


def test_options_are_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="mode is 'relative' or 'absolute'"):
        fsrt.load(mode="absolut")
    with pytest.raises(ConfigError, match="there are no weights 'vox'"):
        fsrt.load(weights="vox")
    with pytest.raises(ConfigError, match="leave relative_expression out"):
        fsrt.load(relative_expression=False)
    with pytest.raises(MissingWeights, match=r"get vox256\.pt.*mebench weights add fsrt-vox256 PATH"):
        fsrt.load(weights="fsrt-vox256")


def test_configuration_names_an_unknown_key():
    with pytest.raises(ConfigError, match="encoder_kwargs does not know widht"):
        FsrtConfig.from_mapping({"encoder_kwargs": {"widht": 3}})
    with pytest.raises(ConfigError, match="model does not know smal_decoder"):
        FsrtConfig.from_mapping({"smal_decoder": True})


def test_pixel_grid_holds_pixel_centres():
    grid = pixel_centres(4)
    assert grid[:4, 0].tolist() == [-0.75, -0.25, 0.25, 0.75] and grid[4, 1] == -0.25


def test_best_frame_is_the_first_of_equally_good_ones():
    """Place and size of a face do not count."""
    face, other = smooth(6, 68, 2).numpy(), smooth(7, 68, 2).numpy()
    index, costs = best_frame(face, np.stack([other, 2 * face + 3, 2 * face + 3]))
    assert index == 1 and costs[1] < 1e-6 < costs[0]
