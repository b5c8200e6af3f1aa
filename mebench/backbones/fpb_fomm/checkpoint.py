"""Reads the published FPB-FOMM checkpoint and the file that mebench keeps, strictly by name and shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mebench.backbones.fomm.checkpoint import PARTS, read_safetensors, require_match
from mebench.backbones.fomm.config import DiscriminatorConfig, FommConfig
from mebench.backbones.fomm.generator import OcclusionAwareGenerator
from mebench.backbones.fpb_fomm.detector import PriorDetector
from mebench.backbones.fpb_fomm.points import COUNT
from mebench.errors import CheckpointError

FPB_256 = FommConfig(num_kp=COUNT, discriminator_params=DiscriminatorConfig())
"""The published configuration: FOMM's at 256 px with 18 points; the discriminator sees neither points nor spectral
norm."""


def networks(config: FommConfig, *, grid_align_corners: bool) -> nn.ModuleDict:
    """The two inference networks under the names of the checkpoint, untrained."""
    return nn.ModuleDict(
        {
            "kp_detector": PriorDetector(config),
            "generator": OcclusionAwareGenerator(config, grid_align_corners=grid_align_corners),
        }
    )


def convert(content: Any, path: Path | str = "the checkpoint", config: FommConfig = FPB_256) -> dict[str, torch.Tensor]:
    """The content of the published checkpoint (``generator``, ``kp_detector``, and parts of the training that are left
    out) as ``kp_detector.<name>`` and ``generator.<name>`` tensors.

    A prefix ``module.`` is dropped. Raises :class:`CheckpointError` with the tensors that are missing, unexpected or of
    another shape; FOMM's own checkpoints are told apart by their ten key points.
    """
    if not isinstance(content, Mapping) or not all(isinstance(content.get(part), Mapping) for part in PARTS):
        raise CheckpointError(f"{path} is not an FPB-FOMM checkpoint: it needs the entries {' and '.join(PARTS)}.")
    tensors = {
        f"{part}.{str(name).removeprefix('module.')}": tensor
        for part in PARTS
        for name, tensor in content[part].items()
        if isinstance(tensor, torch.Tensor)
    }
    _check(tensors, path, config)
    return {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}


def load_official(path: Path, config: FommConfig = FPB_256, *, grid_align_corners: bool) -> nn.ModuleDict:
    """The inference networks with the tensors of a converted file, frozen and in evaluation mode."""
    tensors, _ = read_safetensors(path)
    _check(tensors, path, config)
    loaded = networks(config, grid_align_corners=grid_align_corners)
    loaded.load_state_dict(loaded.state_dict() | tensors)
    return loaded.eval().requires_grad_(False)


def _check(tensors: Mapping[str, torch.Tensor], path: Path | str, config: FommConfig) -> None:
    with torch.device("meta"):
        expected = {name: tuple(t.shape) for name, t in networks(config, grid_align_corners=True).state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    require_match(found, expected, path, "an FPB-FOMM checkpoint")
    bad = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not torch.isfinite(tensor).all()]
    if bad:
        raise CheckpointError(f"{path} holds values that are not finite, first in {bad[0]}; get the file again.")
