"""A magnifier without a backbone: the driving clip itself, its motion enlarged. For the benchmark of magnifiers."""

from __future__ import annotations

from typing import Any

from mebench import registry
from mebench.clip import Driving, Generated, Source
from mebench.errors import ConfigError
from mebench.magnification.contract import Magnifier, hashes, magnify
from mebench.motion.warp import resize


class MagnifierAlone:
    """Magnifies the driving clip by the factor that the protocol asks for, relative to its onset frame.

    magnifier: its registered name. Other options go to its loader.
    """

    magnifies = True

    def __init__(self, magnifier: str, **options: Any) -> None:
        self.name = magnifier
        self._magnifier: Magnifier = registry.load("magnifiers", magnifier)(**options)
        self.factors = self._magnifier.factors

    def generate(self, source: Source, driving: Driving) -> Generated:
        if driving.factor == 1.0:
            raise ConfigError(
                f"'{self.name}' is a magnifier, and this protocol asks for no magnification; run it on "
                "open-magnification, or name it in the pipeline of a method.yaml."
            )
        frames = magnify(self._magnifier, driving.frames, driving.factor, driving.onset, fps=driving.fps)
        height, width = source.image.shape[-2:]
        return Generated(resize(frames, (height, width)), {"factor": driving.factor})

    def facts(self) -> dict[str, Any]:
        weights = getattr(self._magnifier, "weights", None)
        flow = getattr(self._magnifier, "flow", None)
        known = {"magnifier": self.name, "factors": list(self.factors), "weights": weights}
        return {**known, **({"flow": flow} if flow else {}), **hashes(self._magnifier)}
