"""A method on one task: called with a seed of its own, and its frames checked, brought to size and quantised once."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mebench.clip import Generated, Pixels
from mebench.errors import GenerationError
from mebench.methods.contract import Method, Oracle
from mebench.methods.magnified_drivers import spared
from mebench.motion.warp import resize
from mebench.runs.clock import Clock
from mebench.runs.inputs import TaskInputs, pixels

_BEYOND, _MOST_OUTSIDE = 0.1, 0.1
"""A network may overshoot black and white a little, or a lot in a few places: both are clipped. Frames of which a tenth lies
beyond by a tenth are on another scale, such as 0 to 255 or -1 to 1, and clipping would pass them on as a white or a still face."""


@dataclass(frozen=True)
class Output:
    """frames: uint8 ``[T,S,S,3]`` at the scoring size. native: height and width as the method gave them.
    info: the method's own words, JSON values. time: of the method alone, with what making a magnified driver took that was kept
    from before. reused: that part."""

    frames: Pixels
    native: tuple[int, int]
    info: dict[str, Any]
    time: Clock
    reused: Clock

    @property
    def seconds(self) -> float:
        """Wall time of the method alone."""
        return self.time.wall


def generate(method: Method | Oracle, inputs: TaskInputs, seed: int) -> Output:
    """Run ``method`` on a task. Raises :class:`GenerationError` for frames that cannot be stored, and whatever the
    method raises. The same inputs and seed give the same output, whatever ran before in this process."""
    source, driving = inputs.source(), inputs.driving()
    _seed(seed, inputs.task.hash)
    with torch.inference_mode(), spared() as drivers, Clock() as clock:
        if isinstance(method, Oracle):
            generated = method.reveal(source, driving, inputs.revealed)
        else:
            generated = method.generate(source, driving)
    reused = Clock(sum((each.wall for each in drivers), 0.0), sum((each.processor for each in drivers), 0.0))
    frames = _checked(generated, len(driving.frames), tuple(source.image.shape[1:]))
    native = (int(frames.shape[2]), int(frames.shape[3]))
    return Output(pixels(resize(frames, inputs.task.size)), native, _json(generated.info), clock.plus(reused), reused)


def _seed(seed: int, task_hash: str) -> None:
    value = (int(task_hash[:15], 16) + seed) % (1 << 32)  # numpy's legacy generator takes 32 bits
    random.seed(value)
    np.random.seed(value)
    torch.manual_seed(value)


def _json(info: dict[str, Any]) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(json.dumps(info, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise GenerationError(f"Generated.info must hold JSON values (numbers, words, lists): {error}.") from error
    return value


def _checked(generated: Generated, count: int, source_size: tuple[int, ...]) -> torch.Tensor:
    frames = generated.frames if isinstance(generated, Generated) else None
    if not isinstance(frames, torch.Tensor) or not frames.is_floating_point():
        raise GenerationError("the method must give Generated frames as a floating-point tensor [T,3,h,w] in [0,1].")
    if frames.ndim != 4 or frames.shape[1] != 3 or 0 in frames.shape:
        raise GenerationError(f"the method gave frames of the shape {list(frames.shape)}; [T,3,h,w] is expected.")
    if frames.shape[0] != count:
        raise GenerationError(f"the method gave {frames.shape[0]} frames for a driving clip of {count}.")
    height, width = int(frames.shape[2]), int(frames.shape[3])
    # A pixel of rounding is allowed where networks want sides divisible by a power of two.
    if abs(height / width - source_size[0] / source_size[1]) > 1.5 / min(height, width):
        raise GenerationError(
            f"the method gave frames of {width} x {height} pixels for a source of {source_size[1]} x {source_size[0]}; "
            "the shape must not change."
        )
    if not all(torch.isfinite(end) for end in torch.aminmax(frames)):  # both ends are NaN where one value is
        bad = ~torch.isfinite(frames).flatten(1).all(dim=1)
        which = int(bad.nonzero()[0])
        raise GenerationError(f"the method gave NaN or infinite values, first in frame {which}.")
    outside = ((frames < -_BEYOND) | (frames > 1.0 + _BEYOND)).float().mean()
    if outside > _MOST_OUTSIDE:
        low, high = torch.aminmax(frames)
        raise GenerationError(
            f"the method gave values from {float(low):.3g} to {float(high):.3g}, and black is 0, white is 1: bring its frames to [0,1]."
        )
    return frames.to(torch.float32)
