"""Reads the published files, strictly by name and shape.

The stage-1 file is a plain state dict that also holds training-only entries; what inference does not read is ignored by
its first name (``discriminator_ds.0.weight`` belongs to ``discriminator_ds``), everything else must fit. The head-pose
file is the state dict of a ResNet-18 with nine outputs. An ``args.txt`` beside the stage-1 file, or one folder up, is
checked against the options of the released model.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

from mebench.backbones.emoportraits.encoders import pose_network
from mebench.backbones.emoportraits.layers import fold
from mebench.backbones.emoportraits.networks import EmoPortraits, Stage1
from mebench.backbones.emoportraits.options import RELEASED, Options, read_args
from mebench.backbones.fomm.checkpoint import read_safetensors, require_match
from mebench.errors import CheckpointError

_STAGE1 = "EMOPortraits' stage-1 model"
_POSE = "EMOPortraits' head-pose network"


def convert(content: Any, path: Path | str = "the checkpoint", options: Options = RELEASED) -> dict[str, torch.Tensor]:
    """The content of a stage-1 file as named tensors, training-only entries left out.

    Raises :class:`CheckpointError` with the tensors that are missing, unexpected or of another shape.
    """
    tensors = _tensors(content, path, _STAGE1)
    _check_args(Path(path), options)
    parts = {name.partition(".")[0] for name in _stage1_shapes(options)}
    kept = {name: tensor for name, tensor in tensors.items() if name.partition(".")[0] in parts}
    check(kept, path, options)
    return {name: tensor.detach().contiguous().clone() for name, tensor in kept.items()}


def convert_pose(content: Any, path: Path | str = "the checkpoint") -> dict[str, torch.Tensor]:
    """The content of a head-pose file as named tensors; :class:`CheckpointError` as in :func:`convert`."""
    tensors = _tensors(content, path, _POSE)
    check_pose(tensors, path)
    return {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}


def check(tensors: Mapping[str, torch.Tensor], path: Path | str, options: Options = RELEASED) -> None:
    """Compare names and shapes with the stage-1 model; :class:`CheckpointError` lists every difference."""
    _compare(tensors, _stage1_shapes(options), path, _STAGE1)


def check_pose(tensors: Mapping[str, torch.Tensor], path: Path | str) -> None:
    """Compare names and shapes with the head-pose network; :class:`CheckpointError` lists every difference."""
    with torch.device("meta"):
        expected = {name: tuple(tensor.shape) for name, tensor in pose_network().state_dict().items()}
    _compare(tensors, expected, path, _POSE)


def load_official(model: Path, pose: Path, options: Options = RELEASED) -> EmoPortraits:
    """Both networks with the tensors of two converted files: weights folded, frozen, in evaluation mode."""
    networks = EmoPortraits(options)
    for network, path, checked in (
        (networks.model, model, lambda t, p: check(t, p, options)),
        (networks.pose, pose, check_pose),
    ):
        tensors, _ = read_safetensors(path)
        checked(tensors, path)
        network.load_state_dict(network.state_dict() | tensors)
    fold(networks)
    return networks.eval().requires_grad_(False)


@cache
def _stage1_shapes(options: Options) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in Stage1(options).state_dict().items()}


def _tensors(content: Any, path: Path | str, what: str) -> dict[str, torch.Tensor]:
    if not isinstance(content, Mapping) or not any(isinstance(value, torch.Tensor) for value in content.values()):
        held = ", ".join(sorted(map(str, content))[:6]) if isinstance(content, Mapping) else type(content).__name__
        raise CheckpointError(f"{path} is not {what}: it needs named tensors, and holds {held or 'nothing'}.")
    return {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}


def _check_args(path: Path, options: Options) -> None:
    for folder in (path.parent, path.parent.parent):
        if (folder / "args.txt").is_file():
            found = Options.from_mapping(read_args((folder / "args.txt").read_text("utf-8")))
            if found != options:
                raise CheckpointError(f"{folder / 'args.txt'} describes another model than the released one.")
            return


def _compare(
    tensors: Mapping[str, torch.Tensor], expected: Mapping[str, tuple[int, ...]], path: Path | str, what: str
) -> None:
    require_match({name: tuple(tensor.shape) for name, tensor in tensors.items()}, expected, path, what)
    bad = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not torch.isfinite(tensor).all()]
    if bad:
        raise CheckpointError(f"{path} holds values that are not finite in {', '.join(bad[:6])}; get the file again.")
