"""Reads published FSRT checkpoints and the files that mebench keeps, strictly by name and shape.

``kp_detector.pt`` is a bare state dictionary. ``vox256.pt`` and ``vox256_2Source.pt`` hold the entries ``encoder``,
``decoder`` and ``expression_encoder``, and perhaps what training left (discriminator, optimisers, counters), which is
not kept. Whether a file has the small decoder, and whether its encoder sees the expression vector, is read from the
shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mebench.backbones.fomm.checkpoint import read_safetensors, require_match
from mebench.backbones.fsrt.config import VOX_256, FsrtConfig
from mebench.backbones.fsrt.decoder import Decoder
from mebench.backbones.fsrt.detector import ExpressionEncoder, FrozenDetector
from mebench.backbones.fsrt.encoder import Encoder
from mebench.errors import CheckpointError

PARTS = ("encoder", "decoder", "expression_encoder")
"""The entries of a published network file that inference needs."""

_SHOWN = 6
_PREFIX = "module."
_RENDER_OF_SMALL = "decoder.render_mlp.4.weight"
_STEM = "encoder.conv_blocks.0.layers.0.weight"


def networks(config: FsrtConfig) -> nn.ModuleDict:
    """The three networks under the names of the checkpoint, untrained."""
    return nn.ModuleDict(
        {"encoder": Encoder(config), "decoder": Decoder(config), "expression_encoder": ExpressionEncoder(config)}
    )


def convert(content: Any, path: Path | str = "the checkpoint", config: FsrtConfig = VOX_256) -> dict[str, torch.Tensor]:
    """The content of ``vox256.pt`` or ``vox256_2Source.pt`` as ``<part>.<name>`` tensors.

    Raises :class:`CheckpointError` with the parts, or the tensors, that are missing, unexpected or of another shape.
    """
    held = content if isinstance(content, Mapping) else {}
    absent = [part for part in PARTS if not isinstance(held.get(part), Mapping)]
    if absent:
        keys = ", ".join(sorted(map(str, held))[:_SHOWN]) if held else type(content).__name__
        raise CheckpointError(
            f"{path} is not an FSRT network: it needs the entries {', '.join(PARTS)}; missing {', '.join(absent)}; "
            f"it holds {keys}."
        )
    tensors = {name: tensor for part in PARTS for name, tensor in _named(held[part], f"{part}.")}
    check(tensors, path, config)
    return _copied(tensors)


def convert_detector(
    content: Any, path: Path | str = "the checkpoint", config: FsrtConfig = VOX_256
) -> dict[str, torch.Tensor]:
    """The content of ``kp_detector.pt`` as named tensors; :class:`CheckpointError` lists every difference."""
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path} is not FSRT's key-point detector: it holds {type(content).__name__}.")
    tensors = dict(_named(content, ""))
    check_detector(tensors, path, config)
    return _copied(tensors)


def variant_of(tensors: Mapping[str, torch.Tensor], config: FsrtConfig = VOX_256) -> FsrtConfig:
    """``config``, with the small decoder or without the source's expression where the shapes say so."""
    render, stem = tensors.get(_RENDER_OF_SMALL), tensors.get(_STEM)
    if render is not None and len(render) == 3:
        config = config.with_small_decoder()
    full = _expected_shapes(config)[_STEM][1]
    if stem is not None and stem.ndim == 4 and stem.shape[1] == full - config.expression_size:
        config = config.without_source_expression()
    return config


def check(tensors: Mapping[str, torch.Tensor], path: Path | str, config: FsrtConfig = VOX_256) -> None:
    """Compare names and shapes of ``<part>.<name>`` with the networks; :class:`CheckpointError` lists differences."""
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    require_match(found, _expected_shapes(variant_of(tensors, config)), path, "an FSRT network")
    _require_finite(tensors, path)


def check_detector(tensors: Mapping[str, torch.Tensor], path: Path | str, config: FsrtConfig = VOX_256) -> None:
    """As :func:`check`, for the key-point detector."""
    with torch.device("meta"):
        expected = {name: tuple(tensor.shape) for name, tensor in FrozenDetector(config).state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    require_match(found, expected, path, "FSRT's key-point detector")
    _require_finite(tensors, path)


def load_official(network: Path, detector: Path, config: FsrtConfig = VOX_256) -> tuple[nn.ModuleDict, FsrtConfig]:
    """The networks of two converted files, frozen and in evaluation mode, with ``kp_detector`` among them, and the
    configuration that the shapes tell."""
    tensors, _ = read_safetensors(network)
    check(tensors, network, config)
    found = variant_of(tensors, config)
    points, _ = read_safetensors(detector)
    check_detector(points, detector, config)
    loaded = networks(found)
    loaded.load_state_dict(tensors)
    loaded["kp_detector"] = FrozenDetector(found)
    loaded["kp_detector"].load_state_dict(loaded["kp_detector"].state_dict() | points)
    return loaded.eval().requires_grad_(False), found


def _expected_shapes(config: FsrtConfig) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in networks(config).state_dict().items()}


def _named(state: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, torch.Tensor]]:
    """Tensors of a state dictionary; the ``module.`` of a wrapped module is dropped."""
    for name, tensor in state.items():
        if isinstance(tensor, torch.Tensor):
            yield f"{prefix}{str(name).removeprefix(_PREFIX)}", tensor


def _copied(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}


def _require_finite(tensors: Mapping[str, torch.Tensor], path: Path | str) -> None:
    bad = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not torch.isfinite(tensor).all()]
    if bad:
        raise CheckpointError(f"{path} holds values that are not finite in {', '.join(bad[:_SHOWN])}; get it again.")
