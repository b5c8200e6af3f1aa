"""Warping in pixels, resizing, and inverse fields."""

from __future__ import annotations

import torch

from mebench.motion.warp import inverse_displacement, resize, warp


def test_zero_flow_is_the_identity() -> None:
    image = torch.rand(2, 3, 17, 23)
    assert torch.allclose(warp(image, torch.zeros(2, 2, 17, 23)), image, atol=1e-5)


def test_flow_is_in_pixels_x_then_y() -> None:
    image = torch.rand(1, 1, 12, 16)
    flow = torch.zeros(1, 2, 12, 16)
    flow[:, 0], flow[:, 1] = 3.0, -2.0
    assert torch.allclose(warp(image, flow)[..., 2:, :-3], image[..., :-2, 3:], atol=1e-5)


def test_inverse_of_a_smooth_field() -> None:
    y, x = torch.meshgrid(torch.linspace(0, 3.1, 64), torch.linspace(0, 3.1, 64), indexing="ij")
    flow = torch.stack((2 * torch.sin(x) * torch.sin(y), torch.cos(x) - 0.5 * y))[None]
    backward = inverse_displacement(flow)
    residual = (backward + warp(flow, backward))[..., 8:-8, 8:-8]
    assert residual.abs().max() < 1e-3


def test_resize_keeps_a_constant_and_the_range() -> None:
    frames = torch.full((2, 3, 64, 64), 0.3)
    assert torch.allclose(resize(frames, 256), torch.full((2, 3, 256, 256), 0.3), atol=1e-6)
    assert resize((torch.rand(1, 3, 64, 64) > 0.5).float(), 256).max() <= 1.0
