"""The floor: the source image, repeated."""

from __future__ import annotations

from typing import Any

from mebench.clip import Driving, Generated, Source


class Still:
    """Repeats the source. It has the source's identity and realism, and no motion at all."""

    name = "still"

    def generate(self, source: Source, driving: Driving) -> Generated:
        return Generated(source.image.expand(driving.frames.shape[0], -1, -1, -1).clone())

    def facts(self) -> dict[str, Any]:
        return {"learned": False}
