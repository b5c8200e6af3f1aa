"""How an EMOPortraits golden file is read: networks filled by its rules, inputs from its recipes, its tolerances."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import numpy as np
import torch

from mebench.backbones.emoportraits.layers import fold
from mebench.backbones.emoportraits.networks import EmoPortraits
from mebench.backbones.emoportraits.options import Options

UNRECORDED = 1e-4
"""Where a file records no tolerance for an array: this part of its range."""


def is_emoportraits(spec: dict[str, Any]) -> bool:
    return "pose_state_dict" in spec and "warp_output_size" in spec.get("config", {})


class EmoGolden:
    """One golden file with its filled networks."""

    def __init__(self, golden: Any, fill: ModuleType) -> None:
        self.spec, self.arrays, self.fill = golden.spec, golden.arrays, fill
        self.seed: int = golden.spec["seed"]
        self.compared: set[str] = set()
        self.networks = EmoPortraits(Options.from_mapping(golden.spec["config"])).eval().requires_grad_(False)
        self.model = self.networks.model
        self._fill_model()
        self._fill_pose()

    def folded(self) -> EmoGolden:
        fold(self.networks)
        return self

    def _fill_model(self) -> None:
        spec = self.spec
        self.fill.fill_state_dict(self.model, self.seed, tuple(spec["keep"]))
        state = self.model.state_dict()
        for name, tensor in state.items():
            if name.endswith("input_tensor"):
                tensor.mul_(float(np.sqrt(np.prod(tensor.shape[1:]))))
            if name.endswith(tuple(spec["damped"])):
                tensor.mul_(spec["damping"])
        for name, tensor in state.items():
            if name.endswith("weight_orig"):
                stem = name.removesuffix("orig")
                u, v = _power(tensor, state[stem + "u"], spec["power_steps"])
                state[stem + "u"].copy_(u)
                state[stem + "v"].copy_(v)

    def _fill_pose(self) -> None:
        self.fill.fill_state_dict(self.networks.pose, self.seed)
        state = self.networks.pose.state_dict()
        state["fc.weight"].mul_(0.02)
        state["fc.bias"][:3] += 1.0

    def input(self, name: str) -> torch.Tensor:
        recipe = self.spec["inputs"][name]
        draw = getattr(self.fill, recipe["kind"])
        value = recipe["scale"] * draw(name, tuple(recipe["shape"]), self.seed) + recipe["shift"]
        if name == "in.srt":
            value[:, :3] += 1
            value[3:4, 3:6] = (-2.0, 3.5, 0.3)
        return torch.from_numpy(value.astype(np.float32))

    def compare(self, name: str, ours: torch.Tensor) -> None:
        """Ours against the stored array and the statistics of the whole; an output that is not recorded is skipped."""
        if name not in self.spec["outputs"]:
            return
        recorded = self.spec["outputs"][name]
        full = ours.detach().numpy()
        assert list(full.shape) == recorded["shape"], f"{name}: {full.shape} against {recorded['shape']}"
        expected = self.arrays[name]
        kept = full if recorded["stride"] == 1 else full.reshape(-1)[:: recorded["stride"]]
        difference = np.abs(kept.reshape(expected.shape) - expected)
        largest, mean = self._allowed(name, expected, recorded["abs_max"])
        assert difference.max() <= largest, f"{name}: largest difference {difference.max():.2e}, allowed {largest:.2e}"
        if mean is not None:
            assert difference.mean() <= mean, f"{name}: mean difference {difference.mean():.2e}, allowed {mean:.2e}"
        for statistic, value in (("mean", full.mean()), ("std", full.std()), ("abs_max", np.abs(full).max())):
            assert abs(float(value) - recorded[statistic]) <= largest, f"{name}: {statistic} of the whole tensor"
        self.compared.add(name)

    def _allowed(self, name: str, expected: np.ndarray, abs_max: float) -> tuple[float, float | None]:
        """Largest and mean difference allowed."""
        tolerances = self.spec.get("tolerance")
        if isinstance(tolerances, (int, float)):
            return float(tolerances), None
        rule: Any = None
        for label, value in (tolerances or {}).items():
            patterns = [part.strip() for part in label.split(",")]
            if name == label or any(p.endswith("*") and name.startswith(p[:-1]) for p in patterns):
                rule = value
        if rule is None:
            rule = (tolerances or {}).get("sub-networks")
        if rule is None:
            return UNRECORDED * float(np.ptp(expected)), None
        if isinstance(rule, (int, float)):
            return float(rule), None
        numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?e-?\d+", rule.partition("(")[0])]
        relative = max(1.0, abs_max) if "max(1" in rule else 1.0
        if not numbers:
            numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?e-?\d+", rule)]
        return numbers[0] * relative, numbers[1] if "mean" in rule and len(numbers) > 1 else None


def _power(weight: torch.Tensor, u: torch.Tensor, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    matrix = weight.double().flatten(1)
    u = u.double() / u.double().norm()
    v = u
    for _ in range(steps):
        v = matrix.T @ u
        v = v / v.norm()
        u = matrix @ v
        u = u / u.norm()
    return u, v
