"""Head transforms, lattices and sampling of the latent volume."""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn import functional

LOWEST_ANGLE, HIGHEST_ANGLE = -torch.pi / 2, torch.pi
"""Rotations are clamped to this range, which is not symmetric, as in the published code."""


def head_transform(numbers: torch.Tensor) -> torch.Tensor:
    """``theta = S R T`` ``[B,4,4]`` from scale(3), rotation(3) and translation(3), ``[B,9]``.

    ``R = Rz(a) Ry(b) Rx(c)`` for the rotation (a, b, c). theta maps the space of the image ([-1,1], x right, y down)
    to the canonical head.
    """
    scale, rotation, translation = numbers[:, :3], numbers[:, 3:6], numbers[:, 6:]
    sin, cos = (f(rotation.clamp(LOWEST_ANGLE, HIGHEST_ANGLE)) for f in (torch.sin, torch.cos))
    sa, sb, sc = sin.unbind(1)
    ca, cb, cc = cos.unbind(1)
    rows = (
        torch.stack((ca * cb, ca * sb * sc - sa * cc, ca * sb * cc + sa * sc), 1),
        torch.stack((sa * cb, sa * sb * sc + ca * cc, sa * sb * cc - ca * sc), 1),
        torch.stack((-sb, cb * sc, cb * cc), 1),
    )
    linear = scale[:, :, None] * torch.stack(rows, 1)
    return homogeneous(torch.cat((linear, linear @ translation[:, :, None]), 2))


def homogeneous(transform: torch.Tensor) -> torch.Tensor:
    """``[B,3,4]`` or ``[B,4,4]`` to ``[B,4,4]`` with the last row 0 0 0 1."""
    last = torch.tensor([[[0.0, 0.0, 0.0, 1.0]]], dtype=transform.dtype, device=transform.device)
    return torch.cat((transform[:, :3], last.expand(len(transform), 1, 4)), 1)


def mix_poses(source: torch.Tensor, driving: torch.Tensor, variant: Literal["new", "old"] = "new") -> torch.Tensor:
    """The driver's pose on the source's proportions, ``[B,3,4]``; source ``[1,4,4]``, driving ``[B,4,4]``.

    With the polar decompositions ``L = U P`` of the linear parts (4x4, corner 1) and the driver's translation T:
    ``P_s mean(P_d)/mean(P_s) U_d T`` (``new``, of the authors' demo), or ``T U_d P_s`` (``old``). In float64.
    """
    stretch, _ = _polar(source.double())
    stretch_d, rotation = _polar(driving.double())
    shift = torch.eye(4, dtype=torch.float64, device=driving.device).repeat(len(driving), 1, 1)
    shift[:, :3, 3] = driving[:, :3, 3].double()
    if variant == "old":
        mixed = shift @ rotation @ stretch
    else:
        ratio = stretch_d.mean((1, 2), keepdim=True) / stretch.mean((1, 2), keepdim=True)
        mixed = stretch * ratio @ rotation @ shift
    return mixed[:, :3].to(driving.dtype)


def _polar(transform: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Stretch P and rotation U of the linear part inside a 4x4."""
    linear = torch.eye(4, dtype=transform.dtype, device=transform.device).repeat(len(transform), 1, 1)
    linear[:, :3, :3] = transform[:, :3, :3]
    left, values, right = torch.linalg.svd(linear)
    return right.mT @ (values[:, :, None] * right), left @ right


def lattice(depth: int, side: int) -> torch.Tensor:
    """Points ``[D,H,W,3]`` (x, y, z), each axis from -1 to 1 at its first and last entry."""
    z, y, x = torch.meshgrid(
        torch.linspace(-1, 1, depth), torch.linspace(-1, 1, side), torch.linspace(-1, 1, side), indexing="ij"
    )
    return torch.stack((x, y, z), -1)


def rigid_warp(points: torch.Tensor, transform: torch.Tensor) -> torch.Tensor:
    """``transform`` ``[B,3,4]`` or ``[B,4,4]`` applied to a lattice ``[D,H,W,3]``: ``[B,D,H,W,3]``."""
    flat = functional.pad(points.reshape(-1, 3), (0, 1), value=1.0)
    moved = flat @ transform[:, :3].mT
    return moved.reshape(len(transform), *points.shape)


def sample_volume(volume: torch.Tensor, where: torch.Tensor, padding: str = "zeros") -> torch.Tensor:
    """Trilinear samples of ``[B,C,D,H,W]`` at coordinates ``[B,d,h,w,3]``, edges at -1 and +1."""
    return functional.grid_sample(volume, where, mode="bilinear", padding_mode=padding, align_corners=False)


def face_crop(image: torch.Tensor, transform: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """The image seen from the canonical head, without depth: ``[B,3,n,n]``.

    points: ``[1,n*n,3]``, (u, v, 1) row by row. The image is sampled where ``theta^-1`` takes (u/2, v/2, 0, 1).
    """
    inverse = torch.linalg.inv(homogeneous(transform))
    half = torch.tensor([0.5, 0.5, 1.0], dtype=inverse.dtype, device=inverse.device)
    affine = inverse[:, :2][..., [0, 1, 3]] * half
    side = round(points.shape[1] ** 0.5)
    where = (points @ affine.mT).reshape(len(image), side, side, 2)
    return functional.grid_sample(image, where, mode="bilinear", padding_mode="zeros", align_corners=False)
