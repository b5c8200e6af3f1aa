"""The wrong person with the right motion: the driving clip itself."""

from __future__ import annotations

from typing import Any

from mebench.clip import Driving, Generated, Source
from mebench.motion.warp import resize


class DrivingCopy:
    """Returns the driving clip at the source's size. A metric that likes it does not look at identity."""

    name = "driving-copy"

    def generate(self, source: Source, driving: Driving) -> Generated:
        height, width = source.image.shape[-2:]
        return Generated(resize(driving.frames, (height, width)))

    def facts(self) -> dict[str, Any]:
        return {"learned": False}
