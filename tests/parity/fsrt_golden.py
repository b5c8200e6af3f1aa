"""How an FSRT golden file is read: cases recognised by what they hold, networks filled by the case's seed."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import torch

from mebench.backbones.fsrt.config import FsrtConfig
from mebench.backbones.fsrt.decoder import Decoder
from mebench.backbones.fsrt.detector import ExpressionEncoder, FrozenDetector
from mebench.backbones.fsrt.encoder import Encoder

UNRECORDED = 1e-4
"""Where a file records no tolerance for an array: this part of the array's range."""

TOLERANCES = {
    "kp_": "kp",
    "expression_": "expression",
    "feature_map": "features",
    "heatmap": "features",
    "down_": "features",
    "tokens": "tokens",
    "patch_tokens": "tokens",
    "allocation": "render",
    "render": "render",
    "animation": "animation",
    "posenc": "posenc",
    "costs": "best_frame costs",
    "prediction_map": "discriminator",
}
"""Start of an array's name to the label of its tolerance; of ``feature_map_0_strided`` it is the discriminator's."""


def is_fsrt(spec: dict[str, Any]) -> bool:
    """A file of cases, with an FSRT configuration in one of them."""
    cases = spec.get("cases")
    if not isinstance(cases, dict):
        return False
    return any("encoder_kwargs" in case.get("model", {}) and "kp_detector" in case for case in cases.values())


class FsrtCase:
    """One case of a golden file."""

    def __init__(self, golden: Any, fill: ModuleType, name: str) -> None:
        self.name, self.fill = name, fill
        self.spec: dict[str, Any] = golden.spec["cases"][name]
        self.recorded = golden.spec.get("how_to", {}).get("tolerance_max_abs", {})
        self.arrays = {
            key[len(name) + 1 :]: value for key, value in golden.arrays.items() if key.startswith(f"{name}.")
        }
        self.seed: int = self.spec.get("seed", 0)

    @property
    def config(self) -> FsrtConfig:
        return FsrtConfig.from_mapping(self.spec["model"], self.spec["kp_detector"])

    def networks(self) -> dict[str, torch.nn.Module]:
        """The four parts, each filled on its own, in evaluation mode."""
        config = self.config
        parts: dict[str, torch.nn.Module] = {
            "kp_detector": FrozenDetector(config),
            "expression_encoder": ExpressionEncoder(config),
            "encoder": Encoder(config),
            "decoder": Decoder(config),
        }
        return {name: self.filled(part) for name, part in parts.items()}

    def filled(self, network: torch.nn.Module) -> torch.nn.Module:
        self.fill.fill_state_dict(network, self.seed, keep=tuple(self.spec.get("keep", ())))
        return network.eval()

    def input(self, name: str) -> torch.Tensor:
        """The input of this case drawn by its recorded shape and seed."""
        full = f"{self.name}.{name}"
        rule = self.spec["inputs"][full]
        return torch.from_numpy(self.fill.fill_input(full, tuple(rule["shape"]), rule["seed"]))

    def compare(self, name: str, ours: torch.Tensor | np.ndarray, label: str | None = None) -> None:
        expected = self.arrays[name]
        ours = np.asarray(ours.detach() if isinstance(ours, torch.Tensor) else ours)
        assert ours.shape == expected.shape, f"{name}: {ours.shape} against {expected.shape}"
        worst = float(np.abs(ours - expected).max())
        allowed = self.tolerance(name, expected) if label is None else self.recorded[label]
        assert worst <= allowed, f"{self.name}.{name}: largest difference {worst:.2e}, allowed {allowed:.2e}"

    def tolerance(self, name: str, expected: np.ndarray) -> float:
        own = self.spec.get("tolerance_max_abs", {})
        for start, label in TOLERANCES.items():
            if name.startswith(start):
                for table in (own, self.recorded):
                    if label in table:
                        return self._for_octaves(name, float(table[label]))
        return UNRECORDED * float(np.ptp(expected))

    def _for_octaves(self, name: str, allowed: float) -> float:
        """Encodings of octaves above 7 carry float noise: the specification allows 5e-3 there."""
        if name.startswith("posenc"):
            encoder = self.config.encoder
            if encoder.pix_octaves + encoder.pix_start_octave > 8:
                return max(allowed, 5e-3)
        return allowed


def cases(golden: Any, fill: ModuleType, *needed: str) -> list[FsrtCase]:
    """Cases whose arrays include all of ``needed``, or the cases that exist by arrays alone."""
    names = dict.fromkeys([*golden.spec["cases"], *(key.partition(".")[0] for key in golden.arrays)])
    found = []
    for name in names:
        keys = {key[len(name) + 1 :] for key in golden.arrays if key.startswith(f"{name}.")}
        if set(needed) <= keys:
            if name not in golden.spec["cases"]:
                golden.spec["cases"][name] = {}
            found.append(FsrtCase(golden, fill, name))
    return found
