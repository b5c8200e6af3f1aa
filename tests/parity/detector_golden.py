"""How the golden files of micro-AU detectors are read: weights by seed, inputs by rule, arrays under one tolerance."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import numpy as np
import torch

UNRECORDED = 1e-4
"""Where a file records no tolerance: this part of the array's range."""


def of(*networks: str) -> Any:
    """A predicate for ``pytest.mark.golden``: files of these networks."""
    return lambda spec: spec.get("network") in networks


def is_residual(spec: dict[str, Any]) -> bool:
    return re.fullmatch(r"resnet\d+t?", str(spec.get("network"))) is not None


class DetectorGolden:
    """One golden file with everything that its tests need."""

    def __init__(self, golden: Any, fill: ModuleType) -> None:
        self.spec, self.arrays, self.fill = golden.spec, golden.arrays, fill
        self.seed: int = golden.spec.get("seed", 0)
        self.config: dict[str, Any] = golden.spec.get("config", {})
        self.compared: set[str] = set()

    def filled(self, network: torch.nn.Module) -> torch.nn.Module:
        if "state_dict" in self.spec:
            shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
            assert shapes == self.spec["state_dict"]
        self.fill.fill_state_dict(network, self.seed, keep=tuple(self.spec.get("keep", ())))
        return network.eval()

    def input(self, ending: str) -> torch.Tensor:
        """The input whose name ends so, drawn and then changed as its ``range`` says."""
        (rule,) = [rule for rule in self.spec["inputs"] if rule["name"].rsplit(".", 1)[-1] == ending]
        values = self.fill.fill_input(rule["name"], tuple(rule["shape"]), rule.get("seed", self.seed))
        return torch.from_numpy(np.ascontiguousarray(changed(values, rule["range"]), dtype=np.float32))

    def compare(self, name: str, ours: Any) -> None:
        """Ours against a stored array."""
        values = np.asarray(ours.detach() if isinstance(ours, torch.Tensor) else ours)
        expected = self.arrays[name]
        assert values.size == expected.size, f"{name}: {values.shape} against {expected.shape}"
        recorded = self.spec.get("tolerance", {})
        if isinstance(recorded, (int, float)):
            recorded = {"atol": float(recorded)}
        atol = recorded.get("atol", recorded.get("default", UNRECORDED * float(np.ptp(expected))))
        np.testing.assert_allclose(
            values.reshape(expected.shape), expected, atol=atol, rtol=recorded.get("rtol", 0.0), err_msg=name
        )
        self.compared.add(name)

    def done(self, *inputs: str) -> None:
        """Every stored array was compared, or is one of the inputs."""
        assert self.compared
        assert set(self.arrays) == self.compared | (set(inputs) & set(self.arrays))


def statistics(values: torch.Tensor) -> list[float]:
    """Mean, population standard deviation, largest absolute value."""
    return [float(values.mean()), float(values.std(unbiased=False)), float(values.abs().max())]


def stride_in(name: str) -> int:
    """The stride in a name such as ``out_grad_x_stride4``."""
    match = re.search(r"stride(\d+)", name)
    return int(match[1]) if match else 1


def changed(values: np.ndarray, rule: str) -> np.ndarray:
    """Apply phrases such as ``multiplied by 255 after filling``, ``(filled - 0.5) * 4`` or ``filled in [0,1], then
    2x-1``; ``sample i of the batch multiplied by 1/(1+3i)`` is understood too."""
    if match := re.search(r"multiplied by ([0-9.]+) after filling", rule):
        return values * float(match[1])
    if match := re.search(r"sample i of the batch multiplied by 1/\(1\+([0-9.]+)i\)", rule):
        factors = 1.0 / (1.0 + float(match[1]) * np.arange(len(values)))
        return values * factors.reshape(-1, *[1] * (values.ndim - 1))
    if match := re.fullmatch(r"\(filled - ([0-9.]+)\) \* ([0-9.]+)", rule):
        return (values - float(match[1])) * float(match[2])
    if match := re.search(r"then ([0-9.]+)x-([0-9.]+)", rule):
        return values * float(match[1]) - float(match[2])
    assert rule == "[0,1]", f"unknown rule of an input: {rule}"
    return values
