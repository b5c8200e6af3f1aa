"""The contract of EMOPortraits, small and published: cached sources, batches, options, and refusals in one sentence."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from mebench.backbones.contract import Backbone, BackboneFacts
from mebench.backbones.emoportraits import backbone as emo
from mebench.backbones.emoportraits.layers import fold
from mebench.backbones.emoportraits.lite import LiteConfig, LiteEmoPortraits
from mebench.backbones.emoportraits.lite_checkpoint import load_lite, save_lite
from mebench.backbones.emoportraits.networks import EmoPortraits
from mebench.backbones.emoportraits.options import Options
from mebench.errors import CheckpointError, ConfigError, GenerationError, InputError, MissingWeights

SMALL = Options(
    image_size=64,
    gen_max_channels=64,
    enc_channel_mult=1,
    latent_volume_channels=32,
    latent_volume_depth=4,
    latent_volume_size=16,
    gen_dummy_input_size=4,
    gen_max_channels_unet3d=64,
    source_volume_num_blocks=1,
    warp_output_size=16,
    idt_backbone="resnet18",
    idt_image_size=64,
    idt_output_channels=64,
    exp_image_size=64,
    lpe_output_channels_expression=32,
    dec_num_blocks=1,
    dec_max_channels=64,
)


def smooth(seed: int, *shape: int) -> torch.Tensor:
    """Smooth images in [0,1] of the given shape ``[...,H,W]``."""
    coarse = torch.rand(*shape[:-2], 12, 12, generator=torch.Generator().manual_seed(seed))
    flat = coarse.reshape(1, -1, 12, 12)
    return functional.interpolate(flat, size=shape[-2:], mode="bicubic", align_corners=False).clamp(0, 1).reshape(shape)


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A lite network whose motion answers strongly to its input, saved to a file."""
    torch.manual_seed(0)
    network = LiteEmoPortraits(LiteConfig())
    network.detector.anchors.copy_(0.8 * torch.rand(24, 2) - 0.4)
    with torch.no_grad():
        network.detector.jacobian.normal_(std=0.02)
        network.pose.weight.normal_(std=0.1)
        for generator in (network.xy_generator_nw, network.uv_generator_nw):
            generator.head.get_submodule("0.0").weight.normal_(std=0.02)
    path = tmp_path_factory.mktemp("lite") / "emoportraits-lite.safetensors"
    save_lite(network, path, half=False, about={})
    return path


@pytest.fixture(scope="module")
def lite(untrained):
    return emo.load_file(untrained)


@pytest.fixture(scope="module")
def clip():
    return smooth(1, 5, 3, 256, 256)


def test_is_a_backbone(lite):
    assert isinstance(lite, Backbone)
    assert lite.facts.resolution == 256 and lite.facts.mode == "relative" and "variant" in lite.facts.options
    assert len(lite.facts.weights_sha256) == 64


def test_no_motion_moves_nothing(lite):
    """The driver stands still: the warped source is the source, whatever the driver looks like."""
    source, still = smooth(2, 3, 256, 256), smooth(3, 3, 256, 256)
    identity = lite.enroll(source)
    reading = lite.network.read(still[None])
    moved = emo.relative_motion(identity, reading, reading)
    rendering = lite.network.render(identity, *moved)
    assert rendering.displacement.abs().max() < 1e-3
    assert (rendering.warped[0] - source).abs().max() < 1e-3


@pytest.mark.parametrize("batch", [1, 3])
def test_batches_change_nothing(lite, clip, batch, monkeypatch):
    identity = lite.enroll(smooth(2, 3, 256, 256))
    whole = lite.drive(identity, clip, clip[0])
    monkeypatch.setattr(emo, "LITE_BATCH", batch)
    parts = lite.drive(identity, clip, clip[0])
    assert (whole - parts).abs().max() < 1e-5
    assert whole.shape == (5, 3, 256, 256) and whole.min() >= 0 and whole.max() <= 1
    assert (whole[1] - whole[0]).abs().mean() > 1e-3


def test_any_input_size(lite):
    output = lite.drive(lite.enroll(smooth(2, 3, 200, 180)), smooth(4, 2, 3, 96, 96), smooth(4, 2, 3, 96, 96)[0])
    assert output.shape == (2, 3, 256, 256)


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


def test_values_that_are_not_finite_are_never_given(untrained, clip):
    animator = emo.load_file(untrained)
    identity = animator.enroll(clip[0])
    animator.network.decoder_nw.dec_img_head[2].bias[0] = float("nan")
    with pytest.raises(GenerationError, match="not finite"):
        animator.drive(identity, clip, clip[0])


def test_options_are_checked(monkeypatch, tmp_path):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="lite weights take no pose, mask"):
        emo.load(pose="mixed", mask="mesh")
    with pytest.raises(ConfigError, match="there are no weights '328'"):
        emo.load(weights="328")
    with pytest.raises(ConfigError, match="pose is one of 'mixed', 'driver', 'source', not 'drivr'"):
        emo.load(weights=emo.OFFICIAL, pose="drivr")
    with pytest.raises(MissingWeights, match="mebench weights add emoportraits-328 PATH"):
        emo.load(weights=emo.OFFICIAL)


def test_files_of_another_kind_are_refused(tmp_path, untrained):
    other = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, other)
    with pytest.raises(CheckpointError, match="is not a emoportraits-lite file"):
        load_lite(other)
    network = load_lite(untrained)
    network.pose_unsqueeze_nw.weight = torch.nn.Parameter(torch.zeros(2, 2))
    save_lite(network, other, half=False, about={})
    with pytest.raises(CheckpointError, match=r"wrong shape pose_unsqueeze_nw\.weight \[2, 2\] instead of"):
        load_lite(other)


@pytest.fixture(scope="module")
def networks(fill):
    """The published architecture at a small size, filled."""
    small = EmoPortraits(SMALL)
    fill.fill_state_dict(small, 3, keep=(".mean", ".std", "identity_grid", "identity_grid_512", "weight_u", "weight_v"))
    with torch.no_grad():
        for name, tensor in small.state_dict().items():
            if name.endswith("weight_orig"):
                stem = name.removesuffix("orig")
                u, _, v = torch.linalg.svd(tensor.flatten(1), full_matrices=False)
                small.state_dict()[stem + "u"].copy_(u[:, 0])
                small.state_dict()[stem + "v"].copy_(v[0])
        small.pose.fc.weight.mul_(0.02)
        small.pose.fc.bias[:3] += 1
    return fold(small).eval().requires_grad_(False)


def published(networks, **options: str) -> emo.EmoPortraitsOfficial:
    chosen = {"pose": "mixed", "mask": "none", "crop": "none", "background": "green"} | options
    known = BackboneFacts("emoportraits", "filled", "0" * 64, 64, "absolute", "nothing", emo.PAPER, chosen)
    return emo.EmoPortraitsOfficial(networks, known)


@pytest.fixture(scope="module")
def frames():
    return smooth(5, 3, 3, 64, 64)


def test_batches_change_nothing_in_the_published_path(networks, frames, monkeypatch):
    animator = published(networks)
    identity = animator.enroll(frames[0])
    whole = animator.drive(identity, frames, frames[0])
    alone = animator.drive(identity, frames[2:], frames[0])
    assert whole.shape == (3, 3, 64, 64)
    assert (whole[2:] - alone).abs().max() < 1e-5
    monkeypatch.setattr(emo, "OFFICIAL_BATCH", 3)
    assert (animator.drive(identity, frames, frames[0]) - whole).abs().max() < 5e-4


def test_source_is_encoded_once(networks, frames, monkeypatch):
    """Driving runs no network of the source side."""
    animator = published(networks)
    identity = animator.enroll(frames[0])
    for name in ("local_encoder_nw", "idt_embedder_nw", "xy_generator_nw", "volume_source_nw", "volume_process_nw"):
        monkeypatch.setattr(getattr(networks.model, name), "forward", lambda *args: pytest.fail("the source again"))
    animator.drive(identity, frames, frames[0])


def test_pose_modes_differ(networks, frames):
    made = {}
    for pose in ("mixed", "driver", "source"):
        animator = published(networks, pose=pose)
        made[pose] = animator.drive(animator.enroll(frames[0]), frames[1:2], frames[0])
    assert (made["mixed"] - made["driver"]).abs().max() > 1e-4
    assert (made["source"] - made["driver"]).abs().max() > 1e-4


def test_background_of_the_source_is_put_back(networks, frames):
    mask = torch.zeros(64, 64)
    mask[16:48, 16:48] = 1
    plain, whole = published(networks), published(networks, background="source")
    made = plain.drive(plain.enroll(frames[0], mask), frames, frames[0])
    kept = whole.drive(whole.enroll(frames[0], mask), frames, frames[0])
    assert torch.equal(kept[..., :8, :8], frames[0][..., :8, :8].expand(3, -1, -1, -1))
    assert torch.equal(kept[..., 20:40, 20:40], made[..., 20:40, 20:40])
    everything = plain.drive(plain.enroll(frames[0]), frames, frames[0])
    assert (everything - made).abs().max() > 1e-4
