"""Sine and cosine encodings of positions (section 3 of the paper), and the grid of pixel centres."""

from __future__ import annotations

import math

import torch

from mebench.backbones.fsrt.config import OctaveConfig


def encode_position(coordinates: torch.Tensor, octaves: int, start: int) -> torch.Tensor:
    """``[...,D]`` to ``[...,2*D*octaves]``: all sines, then all cosines of ``c_d * 2^(start+j) * pi``, d major.

    Always float32: the highest octaves would be noise in half precision. At 256 px their angles are multiples of pi,
    and the multiplier is rounded to float32 first, as in the training of the published weights.
    """
    multipliers = torch.tensor([2.0 ** (start + octave) * math.pi for octave in range(octaves)], dtype=torch.float32)
    angles = (coordinates.float()[..., None] * multipliers.to(coordinates.device)).flatten(-2)
    return torch.cat((angles.sin(), angles.cos()), dim=-1)


def encode_pixels(pixels: torch.Tensor, config: OctaveConfig) -> torch.Tensor:
    """Pixel positions ``[...,2]`` to ``[...,4*pix_octaves]``."""
    return encode_position(pixels, config.pix_octaves, config.pix_start_octave)


def encode_keypoints(points: torch.Tensor, config: OctaveConfig) -> torch.Tensor:
    """Key points ``[...,K,2]``, flattened as x0, y0, x1, ..., to ``[...,4*K*kp_octaves]``."""
    return encode_position(points.flatten(-2), config.kp_octaves, config.kp_start_octave)


def pixel_centres(size: int, device: torch.device | None = None) -> torch.Tensor:
    """``[size*size,2]`` (x, y), rows first: ``x_i = (i + 0.5 - size/2) / (size/2)``."""
    line = (torch.arange(size, dtype=torch.float32, device=device) + 0.5 - size / 2) / (size / 2)
    return torch.stack((line.expand(size, size), line[:, None].expand(size, size)), dim=-1).reshape(-1, 2)
