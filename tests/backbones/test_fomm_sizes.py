"""FOMM's networks: published sizes, identity under no motion, and both sampling conventions."""

from __future__ import annotations

import pytest
import torch

from mebench.backbones.fomm.animate import Transfer, movement_scale
from mebench.backbones.fomm.checkpoint import networks
from mebench.backbones.fomm.config import VOX_256, VOX_ADV_256, FommConfig
from mebench.backbones.fomm.dense_motion import sparse_motions
from mebench.backbones.fomm.discriminator import MultiScaleDiscriminator
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fomm.sampling import AntiAliasDownsample, coordinate_grid, sample
from mebench.errors import ConfigError
from mebench.training.fomm_equivariance import RandomWarp


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("config", "expected"), [(VOX_256, 2_758_849), (VOX_ADV_256, 2_769_089)])
def test_published_sizes(config, expected):
    with torch.device("meta"):
        parts = networks(config, grid_align_corners=True)
        discriminator = MultiScaleDiscriminator(config)
    assert count(parts["kp_detector"]) == 14_215_368
    assert count(parts["generator"]) == 45_575_391
    assert len(parts["kp_detector"].state_dict()) == 75
    assert len(parts["generator"].state_dict()) == 196
    assert count(discriminator) == expected


def test_spectral_norm_has_the_published_names():
    config = FommConfig.from_mapping({"discriminator_params": {"sn": True, "block_expansion": 8, "num_blocks": 2}})
    names = MultiScaleDiscriminator(config).state_dict().keys()
    for layer in ("discs.1.down_blocks.0.conv", "discs.1.down_blocks.1.conv", "discs.1.conv"):
        assert {f"{layer}.weight_orig", f"{layer}.weight_u", f"{layer}.weight_v", f"{layer}.bias"} <= names
        assert f"{layer}.weight" not in names
    assert "discs.1.down_blocks.0.norm.weight" not in names
    assert "discs.1.down_blocks.1.norm.weight" in names


def test_configuration_names_an_unknown_key():
    with pytest.raises(ConfigError, match="kp_detector_params does not know widht"):
        FommConfig.from_mapping({"kp_detector_params": {"widht": 3}})


@pytest.mark.parametrize(("scale", "kernel"), [(0.5, 5), (0.25, 13), (0.125, 29)])
def test_anti_alias_kernel(scale, kernel):
    down = AntiAliasDownsample(3, scale)
    assert down.weight.shape == (3, 1, kernel, kernel)
    assert down.weight.sum((2, 3)) == pytest.approx(1.0, abs=1e-6)
    flat = torch.full((1, 3, 64, 64), 0.5)
    reduced = down(flat)
    assert reduced.shape[-1] == 64 * scale
    assert reduced[0, 0, 4, 4] == pytest.approx(0.5, abs=1e-5)


def test_identity_grid_is_exact_only_with_aligned_corners():
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    grid = coordinate_grid(16, 16, image)[None]
    torch.testing.assert_close(sample(image, grid, align_corners=True), image, atol=1e-5, rtol=0)
    assert (sample(image, grid, align_corners=False) - image).abs().mean() > 0.01


def draw_points(seed: int, batch: int = 1) -> KeyPoints:
    generator = torch.Generator().manual_seed(seed)
    value = 0.5 * torch.randn(batch, 6, 2, generator=generator)
    jacobian = torch.eye(2) + 0.2 * torch.randn(batch, 6, 2, 2, generator=generator)
    return KeyPoints(value, jacobian)


def test_relative_motion_starts_at_the_source():
    source, reference = draw_points(1), draw_points(2)
    moved = Transfer(adapt_movement_scale=True)(source, reference, reference)
    torch.testing.assert_close(moved.value, source.value)
    torch.testing.assert_close(moved.jacobian, source.jacobian)
    motions = sparse_motions(moved, source, 8, 8)
    torch.testing.assert_close(motions, coordinate_grid(8, 8, motions).expand_as(motions), atol=1e-5, rtol=0)


def test_absolute_motion_ignores_the_reference():
    driving = draw_points(3, batch=2)
    moved = Transfer(use_relative_movement=False)(draw_points(1), driving, draw_points(2))
    assert moved is driving


def test_movement_scale_is_the_ratio_of_sizes():
    points = draw_points(4)
    larger = KeyPoints(points.value * 1.7 + 0.1, points.jacobian)
    assert movement_scale(larger, points) == pytest.approx(1.7, rel=1e-5)
    moved = Transfer(adapt_movement_scale=True)(larger, KeyPoints(points.value + 0.1, points.jacobian), points)
    torch.testing.assert_close(moved.value, larger.value + 0.17, atol=1e-5, rtol=1e-5)


def test_affine_motion_of_each_candidate():
    """T_k carries a driving point to the source point, and its neighbourhood by J_S J_D^-1, in this order."""
    source, driving = draw_points(5), draw_points(6)
    motions = sparse_motions(driving, source, 9, 9)
    grid = coordinate_grid(9, 9, motions)
    for k in range(6):
        matrix = source.jacobian[0, k] @ torch.linalg.inv(driving.jacobian[0, k])
        expected = source.value[0, k] + matrix @ (grid[2, 7] - driving.value[0, k])
        torch.testing.assert_close(motions[0, k + 1, 2, 7], expected)


def test_random_warp_jacobian_is_the_derivative():
    warp = RandomWarp.draw(2, torch.Generator().manual_seed(3))
    points = (torch.rand(2, 4, 2, generator=torch.Generator().manual_seed(4)) - 0.5).requires_grad_()
    warped = warp(points)
    for axis in range(2):
        (slope,) = torch.autograd.grad(warped[..., axis].sum(), points, retain_graph=True)
        torch.testing.assert_close(warp.jacobian(points)[:, :, axis], slope, atol=1e-5, rtol=1e-4)
