"""The ceiling: the true answer of the open set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from mebench.clip import Driving, Generated, Source, Truth


class TrueAnswer:
    """Shows what the open set renders for this source and this motion: what no method can pass."""

    name = "truth"

    def reveal(self, source: Source, driving: Driving, truth: Callable[[], Truth]) -> Generated:
        frames = torch.from_numpy(truth().frames).permute(0, 3, 1, 2).to(torch.float32) / 255.0
        return Generated(frames)

    def facts(self) -> dict[str, Any]:
        return {"learned": False, "sees_truth": True}
