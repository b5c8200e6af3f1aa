"""How a FOMM golden file is read: networks filled by its seed, inputs from its rules, arrays under its tolerances."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import numpy as np
import torch

from mebench.backbones.fomm.config import FommConfig
from mebench.backbones.fomm.keypoints import KeyPoints

UNRECORDED = 1e-4
"""Where a file records no tolerance for an array: this part of the array's range."""


def is_fomm(spec: dict[str, Any]) -> bool:
    """FOMM itself (not a relative that adds landmark maps to its detector)."""
    config = spec.get("config")
    return (
        isinstance(config, dict) and {"common_params", "kp_detector_params"} <= set(config) and "prior_map" not in spec
    )


def is_detector(spec: dict[str, Any]) -> bool:
    return is_fomm(spec) and "value" in spec["arrays"]


def is_generator(spec: dict[str, Any]) -> bool:
    return is_fomm(spec) and "input_kp_source_value" in spec["arrays"]


def is_animation(spec: dict[str, Any]) -> bool:
    return is_fomm(spec) and "variants" in spec


def is_training(spec: dict[str, Any]) -> bool:
    return is_fomm(spec) and "losses" in spec


class FommGolden:
    """One golden file with everything that its tests need."""

    def __init__(self, golden: Any, fill: ModuleType) -> None:
        self.spec, self.arrays, self.fill = golden.spec, golden.arrays, fill
        self.seed: int = golden.spec["seed"]
        self.config = FommConfig.from_mapping(golden.spec["config"])
        self.tolerances = read_tolerances(golden.spec.get("tolerance"))

    def filled(self, network: torch.nn.Module, seed: int | None = None) -> torch.nn.Module:
        keep = tuple(self.spec.get("keep", ()))
        self.fill.fill_state_dict(network, self.seed if seed is None else seed, keep=keep)
        return network.eval()

    def input(self, name: str) -> torch.Tensor:
        """The input drawn by its recorded rule; a stored copy must agree."""
        inputs = self.spec["inputs"]
        rule = inputs[name]
        names: dict[str, Any] = {
            "fill_input": self.fill.fill_input,
            "seed": self.seed,
            "s": inputs.get("image_size", self.spec.get("image_size")),
            "b": inputs.get("batch", 1),
        }
        if isinstance(rule, dict):
            names["shape"] = tuple(rule["shape"])
            rule = rule["call"]
        for other in inputs:
            if other != name and re.search(rf"\b{other}\b(?!')", rule):
                names[other] = self.input(other).numpy()
        value = np.asarray(eval(rule, {"__builtins__": {}}, names), dtype=np.float32)
        if f"input_{name}" in self.arrays:
            step = self.spec["arrays"][f"input_{name}"]["stride"]
            np.testing.assert_allclose(value[..., ::step, ::step], self.arrays[f"input_{name}"], atol=1e-6)
        return torch.from_numpy(value)

    def points(self, prefix: str) -> KeyPoints:
        jacobian = self.arrays.get(f"{prefix}_jacobian")
        return KeyPoints(
            torch.from_numpy(self.arrays[f"{prefix}_value"]), None if jacobian is None else torch.from_numpy(jacobian)
        )

    def compare(self, name: str, ours: torch.Tensor) -> None:
        """Ours against the stored array (``full[..., ::stride, ::stride]``, maybe fewer channels) and statistics."""
        recorded = self.spec["arrays"][name]
        full = ours.detach().reshape(ours.shape).numpy()
        if full.ndim >= 2:
            full = full[:, : recorded["full"]["shape"][1]]
        assert list(full.shape) == recorded["full"]["shape"], (
            f"{name}: {full.shape} against {recorded['full']['shape']}"
        )
        step = recorded["stride"]
        kept = full[..., ::step, ::step] if step != 1 else full
        expected = self.arrays[name]
        allowed = tolerance_for(self.tolerances, name)
        if allowed is None:
            allowed = UNRECORDED * float(np.ptp(expected))
        worst = float(np.abs(kept - expected).max())
        assert worst <= allowed, f"{name}: largest difference {worst:.2e}, allowed {allowed:.2e}"
        for statistic, value in (("mean", full.mean()), ("absmax", np.abs(full).max())):
            assert abs(float(value) - recorded["full"][statistic]) <= allowed, (
                f"{name}: {statistic} of the whole tensor"
            )


def read_tolerances(recorded: Any) -> dict[str, float]:
    """Absolute and relative tolerances by label; label ``""`` holds for everything.

    Understands a number, a mapping from label to number, and phrases such as ``"value 1e-5, jacobian 1e-4 absolute"``.
    """
    if recorded is None:
        return {}
    if isinstance(recorded, (int, float)):
        return {"": float(recorded)}
    if isinstance(recorded, dict):
        return {"" if label in ("default", "atol") else label: float(value) for label, value in recorded.items()}
    found = {}
    subject = ""
    for phrase in re.split(r"[,;]", recorded):
        match = re.search(r"^\s*(.*?)\s*([0-9.]+e-?[0-9]+|[0-9]*\.[0-9]+)\s*(.*)$", phrase)
        if match is None:
            continue
        before, number, after = match.groups()
        subject = before or subject
        mode = re.search(r"\bin (\w+)", after)
        found[f"{subject} {mode.group(1)}" if mode else subject] = float(number)
    return found


def tolerance_for(tolerances: dict[str, float], name: str) -> float | None:
    """The tolerance of the array ``name``: of the label that its name speaks of, else the general one, else None."""
    aliases = {"key points": ("kp_", "adapt_scale"), "predictions": ("prediction",), "arrays": ("",)}
    for label, value in tolerances.items():
        if label and any(part in name for part in aliases.get(label, (label,))):
            return value
    return tolerances.get("")
