"""Reads published FOMM checkpoints and the files that mebench keeps, strictly by name and shape.

``vox-cpk.pth.tar`` and ``vox-adv-cpk.pth.tar`` are not archives: each is one pickled dictionary (``generator``,
``kp_detector``, and perhaps ``discriminator``, optimisers and ``epoch``). They are read once with the restricted
unpickler; what is kept is a safetensors file with the names ``kp_detector.<name>`` and ``generator.<name>``.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from mebench.backbones.fomm.config import VOX_256, FommConfig
from mebench.backbones.fomm.generator import OcclusionAwareGenerator
from mebench.backbones.fomm.keypoints import KeyPointDetector
from mebench.errors import CheckpointError

PARTS = ("kp_detector", "generator")
"""The networks of inference; nothing else of a checkpoint is kept."""

_SHOWN = 6
"""Names of each kind that an error shows; the rest are counted."""

_COUNTER = "num_batches_tracked"
"""A counter of batch norm that inference does not read; old files may lack it."""


def networks(config: FommConfig, *, grid_align_corners: bool) -> nn.ModuleDict:
    """The two inference networks under the names of the checkpoint, untrained."""
    return nn.ModuleDict(
        {
            "kp_detector": KeyPointDetector(config),
            "generator": OcclusionAwareGenerator(config, grid_align_corners=grid_align_corners),
        }
    )


def read_official(path: Path, config: FommConfig = VOX_256) -> dict[str, torch.Tensor]:
    """The inference tensors of a published checkpoint, on the CPU, checked against ``config``.

    Raises :class:`CheckpointError` that names the file and what does not fit.
    """
    path = Path(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no checkpoint {path}; check the path.") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint of tensors; it is damaged, packed or of another kind "
            f"(FOMM's .pth.tar files must not be unpacked). {_first_line(error)}"
        ) from error
    return convert(content, path, config)


def convert(content: Any, path: Path | str = "the checkpoint", config: FommConfig = VOX_256) -> dict[str, torch.Tensor]:
    """The content of a published checkpoint as ``kp_detector.<name>`` and ``generator.<name>`` float32 tensors.

    An optional prefix ``module.`` is dropped. Raises :class:`CheckpointError` with the tensors that are missing,
    unexpected or of another shape.
    """
    if not isinstance(content, Mapping) or not all(isinstance(content.get(part), Mapping) for part in PARTS):
        keys = ", ".join(sorted(map(str, content))[:_SHOWN]) if isinstance(content, Mapping) else type(content).__name__
        raise CheckpointError(
            f"{path} is not a FOMM checkpoint: it needs the entries {' and '.join(PARTS)}, "
            f"and holds {keys or 'nothing'}."
        )
    tensors = {
        f"{part}.{str(name).removeprefix('module.')}": tensor
        for part in PARTS
        for name, tensor in content[part].items()
        if isinstance(tensor, torch.Tensor)
    }
    check(tensors, path, config)
    return {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}


def check(tensors: Mapping[str, torch.Tensor], path: Path | str, config: FommConfig = VOX_256) -> None:
    """Compare names and shapes with the networks of ``config``; :class:`CheckpointError` lists every difference."""
    with torch.device("meta"):
        expected = {name: tuple(t.shape) for name, t in networks(config, grid_align_corners=True).state_dict().items()}
    require_match({name: tuple(tensor.shape) for name, tensor in tensors.items()}, expected, path, "a FOMM checkpoint")
    bad = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not torch.isfinite(tensor).all()]
    if bad:
        raise CheckpointError(f"{path} holds values that are not finite in {_some(bad)}; get the file again.")


def require_match(
    found: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]], path: Path | str, what: str
) -> None:
    """Raise :class:`CheckpointError` unless names and shapes agree (batch counters may be missing)."""
    missing = [name for name in expected if name not in found and not name.endswith(_COUNTER)]
    unexpected = [name for name in found if name not in expected]
    reshaped = [
        f"{name} {list(found[name])} instead of {list(shape)}"
        for name, shape in expected.items()
        if name in found and found[name] != shape
    ]
    if missing or unexpected or reshaped:
        raise CheckpointError(
            f"{path} does not fit {what}: missing {_some(missing)}; unexpected {_some(unexpected)}; "
            f"wrong shape {_some(reshaped)}."
        )


def read_safetensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors (float32, or integer counters) and metadata of a safetensors file."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read as safetensors; add the weights again. {error}") from error
    return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}, metadata


def load_official(path: Path, config: FommConfig = VOX_256, *, grid_align_corners: bool) -> nn.ModuleDict:
    """The inference networks with the tensors of a converted file, frozen and in evaluation mode."""
    tensors, _ = read_safetensors(path)
    check(tensors, path, config)
    loaded = networks(config, grid_align_corners=grid_align_corners)
    loaded.load_state_dict(loaded.state_dict() | tensors)
    return loaded.eval().requires_grad_(False)


def _some(names: list[str]) -> str:
    if not names:
        return "none"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
