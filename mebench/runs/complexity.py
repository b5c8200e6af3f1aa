"""How large a method is: parameters of the networks that take part, and operations a frame.

Both belong to the costs of a run. Parameters are those of every ``torch.nn.Module`` that is called while a clip is
generated, each tensor once. Operations are counted by ``torch.utils.flop_counter`` while one clip of at most sixteen frames
is generated once more, because counting changes the last bits of a network's numbers; they are divided by the frames, so
that what a source costs once is shared by its clip. A multiplication and an addition are two operations. Convolutions,
matrix products and attention count; warping, interpolation, transforms to frequencies and what runs outside torch (optical
flow, landmarks) do not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.utils.flop_counter import FlopCounterMode

from mebench.clip import Driving, Source
from mebench.methods.contract import Method, Oracle
from mebench.methods.magnified_drivers import made_anew

MOST_FRAMES = 16
"""Of the clip that is generated once more."""

DIGITS = 4


@dataclass(frozen=True)
class Complexity:
    """parameters: of all networks; None when the clips were generated elsewhere. gflops: 10^9 operations a frame; None
    where they could not be counted."""

    parameters: int | None
    gflops: float | None

    def record(self) -> dict[str, Any]:
        """The keys of :class:`mebench.runs.schema.CostRecord`."""
        return dataclasses.asdict(self)


@contextmanager
def called_networks() -> Iterator[dict[int, nn.Module]]:
    """The modules that are called in a ``with`` block, by identity. Calling is all that is watched: nothing changes."""
    seen: dict[int, nn.Module] = {}

    def note(module: nn.Module, inputs: Any) -> None:
        seen[id(module)] = module

    handle = register_module_forward_pre_hook(note)
    try:
        yield seen
    finally:
        handle.remove()


def parameter_count(networks: dict[int, nn.Module]) -> int:
    """Numbers in all parameters of the modules, each tensor once, parts that were not called included."""
    tensors = {id(tensor): tensor.numel() for module in networks.values() for tensor in module.parameters()}
    return sum(tensors.values())


def complexity(method: Method | Oracle, networks: dict[int, nn.Module], source: Source, driving: Driving) -> Complexity:
    """Of a method that called ``networks`` for this task. Generates a clip if there are any."""
    if method.facts().get("external"):
        return Complexity(None, None)
    if isinstance(method, Oracle) or not networks:
        return Complexity(parameter_count(networks), 0.0)
    driven = piece(driving, max(3, min(MOST_FRAMES, driving.offset - driving.onset + 1)))
    # What is remembered of a source or a driver costs nothing: new keys, and nothing from the disk.
    fresh = dataclasses.replace(source, key=f"{source.key} (counted)")
    driven = dataclasses.replace(driven, key=f"{driving.key} (counted)")
    try:
        with made_anew(), called_networks() as again:
            operations = _operations(method, fresh, driven)
    except Exception:  # a method may use what the counter does not know: it costs the number, not the clip
        return Complexity(parameter_count(networks), None)
    count = parameter_count({**networks, **again})
    return Complexity(count, round(operations / len(driven.frames), DIGITS))


def piece(driving: Driving, count: int) -> Driving:
    """``count`` (at least 3) frames of a driving clip from its onset over its apex to its offset, evenly spaced on both
    sides of the apex."""
    before = count // 2
    rise = np.linspace(driving.onset, driving.apex, before + 1)
    fall = np.linspace(driving.apex, driving.offset, count - before)[1:]
    frames = np.rint(np.concatenate((rise, fall))).astype(int).tolist()
    return dataclasses.replace(driving, frames=driving.frames[frames], onset=0, apex=before, offset=count - 1)


def _operations(method: Method, source: Source, driving: Driving) -> float:
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        method.generate(source, driving)
    return float(counter.get_total_flops()) / 1e9
