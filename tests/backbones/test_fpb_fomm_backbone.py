"""FPB-FOMM as a backbone: points, prior map, files, and the contract."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from mebench.backbones.contract import Backbone
from mebench.backbones.fomm.config import DenseMotionConfig, DetectorConfig, FommConfig, GeneratorConfig
from mebench.backbones.fpb_fomm import backbone as fpb
from mebench.backbones.fpb_fomm import checkpoint
from mebench.backbones.fpb_fomm.lite import LiteFpb, LiteFpbConfig
from mebench.backbones.fpb_fomm.lite_checkpoint import save_lite
from mebench.backbones.fpb_fomm.points import MIRROR, TEMPLATE, facial_points, normalised, points_of, prior_map
from mebench.errors import CheckpointError, ConfigError, InputError, MissingWeights
from mebench.motion.warp import resize, warp
from mebench.weights.catalogue import FILES

SMALL = FommConfig(
    num_kp=18,
    kp_detector_params=DetectorConfig(block_expansion=4, max_features=8, num_blocks=2),
    generator_params=GeneratorConfig(
        block_expansion=4,
        max_features=8,
        num_bottleneck_blocks=1,
        dense_motion_params=DenseMotionConfig(block_expansion=4, max_features=8, num_blocks=2),
    ),
)


@pytest.fixture(scope="module")
def portrait() -> torch.Tensor:
    return resize(torch.from_numpy(astronaut()[0:200, 125:325].astype(np.float32) / 255).movedim(-1, 0)[None], 256)[0]


@pytest.fixture(scope="module")
def lite(tmp_path_factory) -> Backbone:
    """An untrained lite network whose affine frames answer to its input."""
    torch.manual_seed(0)
    network = LiteFpb(LiteFpbConfig(detector_width=4, motion_width=4, painter_width=4, max_features=8))
    with torch.no_grad():
        network.detector.jacobian.normal_(std=0.05)
    path = tmp_path_factory.mktemp("weights") / "fpb.safetensors"
    save_lite(network, path, half=False, about={})
    return fpb.load(str(path))


def test_points_follow_the_published_table():
    landmarks = np.stack((np.arange(68), 100 + np.arange(68)), axis=-1).astype(np.float32)
    points = facial_points(landmarks)
    assert points.shape == (18, 2)
    assert points[0].tolist() == [19, 119] and points[11].tolist() == [59, 159]
    # The inner eye corners 39 and 42 are 3 apart.
    assert (
        points[12].tolist() == [29.5, 131] and points[15].tolist() == [46, 147.5] and points[17].tolist() == [55.5, 154]
    )


def test_mirrored_points_change_sides():
    """The template is nearly symmetric about its middle: each point lies near the mirror image of its partner."""
    mirrored = np.column_stack((2 * TEMPLATE[2, 0] - TEMPLATE[:, 0], TEMPLATE[:, 1]))
    away = np.abs(mirrored[list(MIRROR)] - TEMPLATE)
    assert away.mean() < 5 and away.max() < 20
    assert sorted(MIRROR) == list(range(18)) and all(MIRROR[MIRROR[i]] == i for i in range(18))


def test_points_of_a_face_and_of_none(portrait):
    found = points_of((portrait * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy())
    assert found[7, 0] < found[8, 0] and found[0, 1] < found[3, 1] < found[7, 1]
    assert np.array_equal(points_of(np.zeros((256, 256, 3), np.uint8)), TEMPLATE)


def test_prior_map_peaks_at_the_points():
    points = torch.from_numpy(TEMPLATE)[None]
    prior = prior_map(points)
    assert prior.shape == (1, 1, 64, 64) and float(prior.max()) == 1.0 and float(prior.min()) == 0.0
    assert float(prior[0, 0, :5, :5].max()) < 0.2
    assert torch.equal(normalised(torch.tensor([[128.0, 0.0]])), torch.tensor([[0.0, -1.0]]))


def test_is_a_backbone_without_head_motion(lite, portrait):
    assert isinstance(lite, Backbone) and lite.facts.mode == "relative" and lite.facts.name == "fpb-fomm"
    identity = lite.enroll(portrait)
    clip = torch.stack((portrait, 0.8 * portrait, portrait.roll(3, dims=-1)))
    result = lite.drive(identity, clip, clip[0])
    assert result.shape == (3, 3, 256, 256) and bool(torch.isfinite(result).all())
    still = lite.drive(identity, clip[:1].expand(2, -1, -1, -1), clip[0])
    assert torch.allclose(result[0], still[1], atol=1e-5)
    assert not torch.allclose(result[2], result[0], atol=1e-3)
    assert torch.allclose(lite.drive(identity, clip[2:], clip[0])[0], result[2], atol=1e-5)


def test_a_published_checkpoint_loads(tmp_path, portrait):
    torch.manual_seed(0)
    networks = checkpoint.networks(SMALL, grid_align_corners=True)
    content = {part: {f"module.{k}": v for k, v in networks[part].state_dict().items()} for part in networks}
    content |= {"discriminator": {}, "epoch": 99}
    tensors = checkpoint.convert(content, "x", SMALL)
    assert set(tensors) == {f"{part}.{name}" for part in networks for name in networks[part].state_dict()}
    with pytest.raises(CheckpointError, match="missing"):
        checkpoint.convert({**content, "generator": {}}, "x", SMALL)
    with pytest.raises(CheckpointError, match="generator"):
        checkpoint.convert({"model": {}}, "x")


def test_the_weights_that_ship_keep_the_reference_and_follow_the_driver(portrait):
    """Of the source itself nothing moves; a face pulled at the mouth changes the mouth and leaves the border."""
    shipped = fpb.load()
    assert shipped.facts.weights == "fpb-fomm-lite" and FILES["fpb-fomm-lite"].seen_datasets == ()
    y, x = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")
    bump = torch.exp(-((x - 128.0) ** 2 + (y - 180.0) ** 2) / (2 * 20.0**2))
    pulled = warp(portrait[None], torch.stack((0 * bump, 4.0 * bump))[None])[0]
    same, moved = shipped.drive(shipped.enroll(portrait), torch.stack((portrait, pulled)), portrait)
    assert float((moved - same).abs()[:, 140:220, 80:180].mean()) > 2e-3
    assert float((moved - same).abs()[:, :20].mean()) < 1e-3


def test_refusals(lite, portrait, tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    with pytest.raises(MissingWeights, match="mebench weights add fpb-fomm PATH"):
        fpb.load("fpb-fomm")
    with pytest.raises(ConfigError, match="no weights 'vox-cpk'"):
        fpb.load("vox-cpk")
    with pytest.raises(ConfigError, match="corner-aligned"):
        fpb.load("lite", grid_align_corners=False)
    with pytest.raises(InputError, match="not finite"):
        lite.enroll(torch.full((3, 64, 64), float("nan")))
