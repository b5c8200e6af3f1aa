"""Reads published MetaPortrait checkpoints and the files that mebench keeps, strictly by name and shape.

``ckpt_base.pth.tar`` is one pickled dictionary (``generator``, perhaps ``discriminator``, optimisers and ``epoch``). It
is read once with the restricted unpickler; what is kept is a safetensors file of the generator with spectral norm folded
into the weights. Checkpoints that were saved after the folding (meta-training) are taken as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mebench.backbones.fomm.checkpoint import read_safetensors, require_match
from mebench.backbones.metaportrait.config import BASE_256, GeneratorConfig
from mebench.backbones.metaportrait.generator import MetaPortrait
from mebench.errors import CheckpointError

WHAT = "MetaPortrait's 256 px base model"

_SHOWN = 6
"""Names that an error shows; the rest are counted."""

_TRANSPOSED = "SPDAE_G.conv1"
"""The one transposed convolution: its output channels are the second axis of the weight."""


def convert(
    content: Any, path: Path | str = "the checkpoint", config: GeneratorConfig = BASE_256
) -> dict[str, torch.Tensor]:
    """The content of a published checkpoint as the float32 tensors of the generator, spectral norm folded.

    An optional prefix ``module.`` is dropped. Raises :class:`CheckpointError` with every tensor that is missing,
    unexpected, of another shape or not finite.
    """
    if not isinstance(content, Mapping) or not isinstance(content.get("generator"), Mapping):
        keys = ", ".join(sorted(map(str, content))[:_SHOWN]) if isinstance(content, Mapping) else type(content).__name__
        raise CheckpointError(
            f"{path} is not a MetaPortrait checkpoint: it needs the entry generator, and holds {keys or 'nothing'}."
        )
    tensors = {
        str(name).removeprefix("module."): tensor.detach()
        for name, tensor in content["generator"].items()
        if isinstance(tensor, torch.Tensor)
    }
    spectral = any(name.endswith(".weight_u") for name in tensors)
    check(tensors, path, config, spectral=spectral)
    folded = fold(tensors) if spectral else tensors
    return {name: tensor.float().contiguous().clone() for name, tensor in folded.items()}


def check(
    tensors: Mapping[str, torch.Tensor], path: Path | str, config: GeneratorConfig = BASE_256, *, spectral: bool
) -> None:
    """Compare names, shapes and values with the network of ``config``; :class:`CheckpointError` lists what differs.

    spectral: whether the tensors of spectral norm (``weight_orig``, ``weight_u``, ``weight_v``) are expected.
    """
    with torch.device("meta"):
        state = MetaPortrait(config, spectral=spectral).state_dict()
    expected = {name: tuple(tensor.shape) for name, tensor in state.items()}
    require_match({name: tuple(tensor.shape) for name, tensor in tensors.items()}, expected, path, WHAT)
    bad = [name for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]
    if bad:
        more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        raise CheckpointError(
            f"{path} holds values that are not finite in {', '.join(bad[:_SHOWN])}{more}; get the file again."
        )


def fold(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Spectral norm folded: ``weight = weight_orig / (u . M v)``, M the weight as a matrix with its output channels as
    rows. A ``weight_orig`` without ``weight_u`` beside it belongs to an equalised learning rate and stays."""
    folded = {}
    for name, tensor in tensors.items():
        layer, _, leaf = name.rpartition(".")
        if f"{layer}.weight_u" not in tensors or not leaf.startswith("weight"):
            folded[name] = tensor
        elif leaf == "weight_orig":
            rows = tensor.transpose(0, 1) if layer.endswith(_TRANSPOSED) else tensor
            matrix = rows.reshape(rows.shape[0], -1)
            sigma = torch.dot(tensors[f"{layer}.weight_u"], matrix @ tensors[f"{layer}.weight_v"])
            folded[f"{layer}.weight"] = tensor / sigma
    return folded


def load_official(path: Path, config: GeneratorConfig = BASE_256) -> MetaPortrait:
    """The generator with the tensors of a converted file, frozen and in evaluation mode."""
    tensors, _ = read_safetensors(path)
    check(tensors, path, config, spectral=False)
    with torch.device("meta"):
        network = MetaPortrait(config, spectral=False)
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)
