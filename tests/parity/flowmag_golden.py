"""How the golden files of FlowMag and of its flow network are read: nothing is known by heart but the naming rules."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import numpy as np
import torch

UNRECORDED = 1e-4
"""Where a file records no tolerance for an array: this part of the array's range."""


def is_flowmag(spec: dict[str, Any]) -> bool:
    return {"ndf", "pos_dim"} <= set(spec.get("config", ()))


def is_flowmag_loss(spec: dict[str, Any]) -> bool:
    return {"weight_mag", "weight_color"} <= set(spec.get("config", ()))


def is_pwclite(spec: dict[str, Any]) -> bool:
    return any("reduce_dense" in config for config in spec.get("configs", {}).values() if isinstance(config, dict))


class Case:
    """One golden file: weights, inputs, stored arrays and tolerances."""

    def __init__(self, golden: Any, fill: ModuleType) -> None:
        self.spec, self.arrays, self.fill = golden.spec, golden.arrays, fill
        self.seed: int = golden.spec["seed"]
        assert set(self.arrays) == set(self.spec["outputs"])

    def filled(self, network: torch.nn.Module) -> torch.nn.Module:
        self.fill.fill_state_dict(network, self.seed, keep=tuple(self.spec.get("keep", ())))
        return network.eval()

    def draw(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        return torch.from_numpy(self.fill.fill_input(name, shape, self.seed))

    def input(self, rule: dict[str, Any]) -> torch.Tensor:
        """An input by its recorded rule: name, shape, seed, and ``then``, a formula in x."""
        seed = rule.get("seed", self.seed)
        values = self.fill.fill_input(rule["name"], tuple(rule["shape"]), seed)
        if "then" in rule:
            values = eval(rule["then"], {"__builtins__": {}}, {"x": values})
        return torch.from_numpy(np.asarray(values, dtype=np.float32))

    def tolerance(self, name: str, *labels: str) -> float:
        """The tolerance recorded for ``name``, else for the first recorded of ``labels``, else the general one."""
        recorded = self.spec.get("tolerance", {})
        if not isinstance(recorded, dict):
            return float(recorded)
        for label in (name, *labels, "default"):
            if isinstance(recorded.get(label), (int, float)):
                return float(recorded[label])
        return UNRECORDED * float(np.ptp(self.arrays[name]))

    def compare(self, name: str, ours: torch.Tensor, *labels: str) -> None:
        """Ours against the stored array and the statistics of the whole one."""
        record = self.spec["outputs"][name]
        full = ours.detach().numpy()
        step = record.get("spatial_stride", 1)
        kept = full[..., ::step, ::step] if step != 1 else full
        expected = self.arrays[name]
        assert kept.shape == expected.shape, f"{name}: {kept.shape} against {expected.shape}"
        allowed = self.tolerance(name, *labels)
        worst = float(np.abs(kept - expected).max())
        assert worst <= allowed, f"{name}: largest difference {worst:.2e}, allowed {allowed:.2e}"
        for statistic, value in (("mean", full.mean()), ("std", full.std()), ("absmax", np.abs(full).max())):
            if statistic in record:
                assert abs(float(value) - record[statistic]) <= allowed, f"{name}: {statistic} of the whole array"


def shapes(network: torch.nn.Module) -> dict[str, list[int]]:
    return {name: list(tensor.shape) for name, tensor in network.state_dict().items()}


def numbers(text: str) -> list[float]:
    """The numbers in a phrase such as ``"rows for alpha = 0.25, 1, 2."``."""
    return [float(number) for number in re.findall(r"[0-9]+(?:\.[0-9]+)?", text)]
