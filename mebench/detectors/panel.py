"""The judges that ship: several detectors for each domain left out, in one file.

A clip is judged by detectors that never saw its driving clip's domain, else they might recognise what they were taught.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file

from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.frame_inputs import GreyPair
from mebench.detectors.miacnet import SIZE as PAIR_SIZE
from mebench.detectors.miacnet import MiacNetwork
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.observation import Observation
from mebench.detectors.off_apexnet import OffApexNetwork
from mebench.detectors.schedule import Schedule
from mebench.detectors.sssnet import SssNetwork
from mebench.errors import CheckpointError
from mebench.files import write_whole
from mebench.weights.locate import find

WEIGHTS = "judges"
"""Name of the weight file."""

STABLE = FlowStack(64, strain="central", scaling="fixed", stabilised=True)
SMALL = FlowStack(28, strain=None, scaling="fixed", stabilised=True)


def judge_flow_strain() -> NetworkDetector:
    """SSSNet with fewer filters on stabilised flow and strain in pixels."""
    schedule = Schedule(epochs=40, rate=1e-3, weight_decay=1e-4, cosine=True, mirror=True, shift=3, amplitude=0.2)
    return NetworkDetector("flow-strain", partial(SssNetwork, h_dims=(16, 32, 64), dropout=0.3), STABLE, schedule)


def judge_flow_coarse() -> NetworkDetector:
    """Off-ApexNet with fewer hidden units on stabilised flow in pixels."""
    schedule = Schedule(epochs=60, rate=2e-3, weight_decay=1e-4, cosine=True, mirror=True, shift=1, amplitude=0.2)
    return NetworkDetector("flow-coarse", partial(OffApexNetwork, hidden=128, dropout=0.3), SMALL, schedule)


def judge_frames() -> NetworkDetector:
    """MIACNet on the two frames themselves; no flow is measured."""
    schedule = Schedule(epochs=30, rate=2e-3, weight_decay=1e-4, cosine=True, mirror=True, shift=4)
    return NetworkDetector("frames", MiacNetwork, GreyPair(PAIR_SIZE), schedule)


JUDGES: dict[str, Callable[[], NetworkDetector]] = {
    "flow-strain": judge_flow_strain,
    "flow-coarse": judge_flow_coarse,
    "frames": judge_frames,
}
"""The panel: two on flow at different grids, one on frames."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the panel says of N clips. probabilities: float32 ``[J,N,12]``, one row a judge."""

    probabilities: NDArray[np.float32]

    @property
    def present(self) -> NDArray[np.bool_]:
        """The majority of the judges, bool ``[N,12]``."""
        return np.asarray((self.probabilities > 0.5).sum(axis=0) * 2 > len(self.probabilities))

    @property
    def disagreement(self) -> NDArray[np.float64]:
        """Share of the action units on which the judges are not unanimous, float64 ``[N]``."""
        votes = (self.probabilities > 0.5).sum(axis=0)
        return np.asarray(((votes > 0) & (votes < len(self.probabilities))).mean(axis=1))


@dataclass(frozen=True, eq=False)
class Panel:
    """The judges of one fold. fold: the domain that none of them saw."""

    fold: str
    judges: tuple[NetworkDetector, ...]

    def verdict(self, clips: Sequence[Observation]) -> Verdict:
        """What each judge says of each clip."""
        return Verdict(np.stack([judge.predict(clips) for judge in self.judges]))


def save_panels(path: Path, panels: Sequence[Panel], about: dict[str, str]) -> None:
    """Write the judges of all folds into one file, floating-point tensors in 16 bits. about: for people."""
    tensors: dict[str, torch.Tensor] = {}
    offsets: dict[str, list[float]] = {}
    for panel in panels:
        for judge in panel.judges:
            if judge.network is None:
                raise CheckpointError(f"the judge {judge.name} of fold {panel.fold} is not trained.")
            place = f"{panel.fold}/{judge.name}"
            offsets[place] = [round(float(value), 4) for value in judge.offsets]
            for name, tensor in judge.network.state_dict().items():
                if not name.endswith("num_batches_tracked"):
                    tensors[f"{place}/{name}"] = tensor.detach().half().contiguous().clone()
    metadata = {**about, "offsets": json.dumps(offsets, sort_keys=True)}
    write_whole(path, lambda temporary: save_file(tensors, temporary, metadata=metadata))


def load_panels(path: Path) -> dict[str, Panel]:
    """The judges of every fold in a file that :func:`save_panels` wrote, by fold."""
    with safe_open(path, framework="pt") as stored:
        offsets = json.loads((stored.metadata() or {}).get("offsets", "{}"))
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    panels: dict[str, list[NetworkDetector]] = {}
    for place, values in offsets.items():
        fold, name = place.split("/")
        if name not in JUDGES:
            raise CheckpointError(f"{path} holds the judge '{name}', which this version does not know.")
        judge = JUDGES[name]()
        counters = {
            key: tensor for key, tensor in judge.build().state_dict().items() if key.endswith("num_batches_tracked")
        }
        own = {key.removeprefix(f"{place}/"): value for key, value in tensors.items() if key.startswith(f"{place}/")}
        judge.load_tensors({**counters, **own}, values, f"{path} ({place})")
        panels.setdefault(fold, []).append(judge)
    if not panels:
        raise CheckpointError(f"{path} holds no judges.")
    order = list(JUDGES)
    return {
        fold: Panel(fold, tuple(sorted(judges, key=lambda judge: order.index(judge.name))))
        for fold, judges in sorted(panels.items())
    }


@cache
def shipped_panels() -> dict[str, Panel]:
    """The judges that ship, by the domain that they did not see."""
    return load_panels(find(WEIGHTS))


def panel_for(domain: str) -> Panel:
    """The judges that did not see ``domain``. For data outside the six domains, which no judge saw, those without the
    first domain."""
    panels = shipped_panels()
    return panels.get(domain, next(iter(panels.values())))
