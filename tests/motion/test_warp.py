"""Warping in pixels, resizing, and inverse fields."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from mebench.motion.warp import inverse_displacement, pixel_grid, resize, warp


def plain_warp(image: torch.Tensor, flow: torch.Tensor, mode: str, padding: str) -> torch.Tensor:
    """The same sampling with a fresh array for each step."""
    height, width = image.shape[-2:]
    position = pixel_grid(height, width, flow) + flow
    size = torch.tensor([max(width - 1, 1), max(height - 1, 1)], dtype=flow.dtype)
    grid = position.movedim(1, -1) * (2.0 / size) - 1.0
    return functional.grid_sample(image, grid, mode=mode, padding_mode=padding, align_corners=True)


@pytest.mark.parametrize("padding", ["border", "zeros", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_warp_has_the_bits_and_gradients_of_the_plain_form(mode: str, padding: str) -> None:
    draws = torch.Generator().manual_seed(3)
    for shape in ((1, 3, 64, 64), (3, 2, 31, 45)):
        results = []
        for form in (lambda *a: warp(*a, mode=mode, padding=padding), lambda *a: plain_warp(*a, mode, padding)):
            draws.manual_seed(7)
            image = torch.rand(shape, generator=draws).requires_grad_()
            flow = (4.0 * torch.randn(shape[0], 2, *shape[2:], generator=draws)).requires_grad_()
            before = flow.detach().clone()
            warped = form(image, flow)
            warped.square().sum().backward()
            assert torch.equal(flow, before)
            results.append((warped, image.grad, flow.grad))
        for one, other in zip(*results, strict=True):
            assert torch.equal(one, other)


def test_inverse_has_the_bits_of_the_plain_form() -> None:
    flow = 2.0 * torch.randn(2, 2, 40, 33, generator=torch.Generator().manual_seed(1))
    backward = -flow
    for _ in range(6):
        backward = -plain_warp(flow, backward, "bilinear", "border")
    assert torch.equal(inverse_displacement(flow), backward)


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
