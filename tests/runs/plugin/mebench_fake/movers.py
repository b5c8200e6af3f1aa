"""Methods that do what a test asks for: well-behaved, slow, or broken in every way a method can be."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import torch

from mebench.clip import Driving, Generated, Source


class Shift:
    """The source, darkened frame by frame, with noise from torch's generator.

    log: a file that gets a line for each clip. sleep: seconds a clip. weights: stands for a checkpoint's hash.
    trouble: what goes wrong (``nan``, ``range``, ``shape``, ``count``, ``raise``, ``crash``, ``info``), on which driving subjects.
    """

    name = "fake-shift"

    def __init__(
        self,
        log: str = "",
        sleep: float = 0.0,
        weights: str = "w1",
        trouble: str = "",
        subjects: list[str] | None = None,
        side: int = 0,
    ) -> None:
        self._log = log
        self._sleep = sleep
        self._weights = weights
        self._trouble = trouble
        self._subjects = subjects or []
        self._side = side

    def generate(self, source: Source, driving: Driving) -> Generated:
        """Writes a line, sleeps, and darkens."""
        if self._log:
            with Path(self._log).open("a") as log:
                log.write(f"{source.key} {driving.key}\n")
        time.sleep(self._sleep)
        count = len(driving.frames)
        ramp = torch.linspace(1.0, 0.8, count)[:, None, None, None]
        frames = source.image[None] * ramp + 0.02 * torch.rand(count, *source.image.shape)
        if self._side:
            frames = torch.nn.functional.interpolate(frames, size=(self._side, self._side), mode="area")
        info: dict[str, Any] = {"frames": count}
        if any(driving.key.partition(":")[2].startswith(subject) for subject in self._subjects):
            frames, info = self._spoil(frames, info)
        return Generated(frames, info)

    def facts(self) -> dict[str, Any]:
        """With the hash of the weights that are none."""
        return {"weights_sha256": self._weights}

    def _spoil(self, frames: torch.Tensor, info: dict[str, Any]) -> tuple[torch.Tensor, dict[str, Any]]:
        if self._trouble == "nan":
            frames[3, 0, 5, 5] = float("nan")
        if self._trouble == "shape":
            frames = frames[:, :, :-20]
        if self._trouble == "count":
            frames = frames[1:]
        if self._trouble == "range":
            frames = frames * 255.0
        if self._trouble == "raise":
            raise ZeroDivisionError("the network divides by zero")
        if self._trouble == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self._trouble == "info":
            info = {"factor": torch.ones(1)}
        return frames, info
