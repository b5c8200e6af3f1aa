"""How the golden files of MetaPortrait are read: nothing is known by heart but the naming rules."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import numpy as np
import torch

from mebench.backbones.metaportrait.config import GeneratorConfig
from mebench.backbones.metaportrait.generator import MetaPortrait

UNRECORDED = 1e-4
"""Where a file records no tolerance for an array: this part of the array's range."""

_PHRASE = re.compile(r"<=\s*([0-9.]+e-?[0-9]+|[0-9.]+) for ([^<;.]+)")


def is_metaportrait(spec: dict[str, Any]) -> bool:
    generator = spec.get("generator")
    return isinstance(generator, dict) and "ladder" in generator and "outputs" in spec


def is_drawing(spec: dict[str, Any]) -> bool:
    return "ldmk_idx" in spec


def is_listing(spec: dict[str, Any]) -> bool:
    generator = spec.get("generator")
    return isinstance(generator, dict) and any(name.startswith("SPDAE_G.") for name in generator)


def shapes(network: torch.nn.Module) -> dict[str, list[int]]:
    return {name: list(tensor.shape) for name, tensor in network.state_dict().items()}


class Case:
    """One golden file: weights, inputs, stored arrays and tolerances."""

    def __init__(self, golden: Any, fill: ModuleType) -> None:
        self.spec, self.arrays, self.fill = golden.spec, golden.arrays, fill
        self.seed: int = self.spec["seed"]
        self.size: int = self.spec["image_size"]
        self.batch: int = self.spec["batch"]
        self.tolerances = read_tolerances(self.spec)

    def generator(self) -> MetaPortrait:
        config = GeneratorConfig.from_mapping(self.spec["generator"], self.spec["num_channels"])
        return self.filled(MetaPortrait(config))

    def filled(self, network: torch.nn.Module) -> Any:
        self.fill.fill_state_dict(network, self.seed, keep=tuple(self.spec.get("keep", ())))
        settle(network)
        return network.eval()

    def stored(self, name: str) -> torch.Tensor:
        """A stored input; the bytes of a drawing stand for [0,1], those of a mask for themselves."""
        if f"in_{name}" in self.arrays:
            return torch.from_numpy(self.arrays[f"in_{name}"].astype(np.float32))
        array = self.arrays[f"in_{name}_u8"].astype(np.float32)
        return torch.from_numpy(array if name.endswith("mask") else array / np.float32(255))

    def image(self, name: str) -> torch.Tensor:
        shape = (self.batch, self.spec["num_channels"], self.size, self.size)
        return torch.from_numpy(self.fill.fill_input(name, shape, self.seed))

    def code(self) -> torch.Tensor:
        return torch.from_numpy(self.fill.fill_array("source_id", (self.batch, 256), self.seed))

    def tolerance(self, name: str) -> float:
        for label, value in self.tolerances.items():
            if label and label in name:
                return value
        return self.tolerances.get("", UNRECORDED * float(np.ptp(self.arrays[f"out_{name}"])))

    def compare(self, name: str, ours: torch.Tensor) -> None:
        """Ours against the stored array and the statistics of the whole one."""
        record = self.spec["outputs"][name]
        full = ours.detach().numpy()
        assert list(full.shape) == record["shape"], f"{name}: {full.shape} against {record['shape']}"
        step = record["stride"]
        kept = full[..., ::step, ::step] if step != 1 else full
        expected = self.arrays[f"out_{name}"]
        allowed = self.tolerance(name)
        worst = float(np.abs(kept - expected).max())
        assert worst <= allowed, f"{name}: largest difference {worst:.2e}, allowed {allowed:.2e}"
        for statistic, value in (("mean", full.mean()), ("std", full.std()), ("absmax", np.abs(full).max())):
            assert abs(float(value) - record[statistic]) <= allowed, f"{name}: {statistic} of the whole array"


def read_tolerances(spec: dict[str, Any]) -> dict[str, float]:
    """Absolute tolerances by a part of the output's name; ``""`` holds for everything else.

    Understands a number or a mapping under ``tolerance``, and the sentence "Tolerance: max abs difference <= 2e-4 for
    every output and <= 1e-3 for spade_up_3 and disc features".
    """
    recorded = spec.get("tolerance")
    if isinstance(recorded, (int, float)):
        return {"": float(recorded)}
    if isinstance(recorded, dict):
        return {"" if label in ("default", "atol") else label: float(value) for label, value in recorded.items()}
    sentence = next((line for line in spec["how_to_use"] if line.startswith("Tolerance")), "")
    found: dict[str, float] = {}
    for number, subjects in _PHRASE.findall(sentence):
        for subject in re.split(r",| and ", subjects.split("(")[0]):
            name = subject.strip().replace(" ", "_")
            if name:
                found["" if name.startswith("every") else name] = float(number)
    return found


def settle(network: torch.nn.Module) -> None:
    """Twenty power iterations of every spectral norm in float64, so that the division by sigma is well conditioned."""
    for module in network.modules():
        if "weight_u" not in dict(module.named_buffers(recurse=False)):
            continue
        weight = module.weight_orig.detach()
        if isinstance(module, torch.nn.ConvTranspose2d):
            weight = weight.transpose(0, 1)
        matrix = weight.reshape(weight.shape[0], -1).double()
        u = module.weight_u.double()
        u = u / u.norm()
        for _ in range(20):
            v = matrix.mT @ u
            v = v / (v.norm() + 1e-12)
            u = matrix @ v
            u = u / (u.norm() + 1e-12)
        module.weight_u.copy_(u.float())
        module.weight_v.copy_(v.float())
