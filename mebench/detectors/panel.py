"""The judges that ship: several detectors for each domain left out, in one file.

A clip is judged by detectors that never saw its driving clip's domain, else they might recognise what they were taught.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file

from mebench.detectors.contract import Detector
from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.frame_inputs import StemFeatures
from mebench.detectors.linear_detector import LinearDetector
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.observation import Observation
from mebench.detectors.schedule import Schedule
from mebench.detectors.sssnet import SssNetwork
from mebench.detectors.svm_flow import LINEAR_COST, FlatStack
from mebench.errors import CheckpointError
from mebench.files import write_whole
from mebench.weights.locate import find

WEIGHTS = "judges"
"""Name of the weight file."""


STACK = FlowStack(64, strain="central", scaling="fixed", stabilised=True)
"""Both judges of flow read it, so that a clip pays for it once."""


class Judge(Detector, Protocol):
    """A detector whose weights can lie in one file with those of others."""

    def calibrate(self, clips: Sequence[Observation]) -> None:
        """Choose thresholds on clips that were not learnt from."""
        ...

    def tensors(self) -> dict[str, torch.Tensor]:
        """Weights and thresholds by name."""
        ...

    def load_tensors(self, tensors: dict[str, torch.Tensor], name: str) -> None:
        """Take them back; name: what errors call them."""
        ...


def judge_flow_linear() -> LinearDetector:
    """Linear support vector machines on stabilised flow and strain in pixels."""
    return LinearDetector("flow-linear", FlatStack(STACK, pool=2), cost=LINEAR_COST, calibrated=False)


def judge_flow_network() -> NetworkDetector:
    """SSSNet with fewer filters on stabilised flow and strain in pixels, twice as fine."""
    schedule = Schedule(epochs=16, rate=2e-3, weight_decay=1e-4, cosine=True, mirror=True, shift=3, amplitude=0.2)
    return NetworkDetector("flow-network", partial(SssNetwork, h_dims=(16, 32, 64), dropout=0.3), STACK, schedule)


def judge_frames() -> LinearDetector:
    """Linear support vector machines on what the brightness of the two frames says; no flow is measured."""
    return LinearDetector("frames-linear", StemFeatures(), cost=LINEAR_COST, calibrated=False)


JUDGES: dict[str, Callable[[], Judge]] = {
    "flow-linear": judge_flow_linear,
    "flow-network": judge_flow_network,
    "frames-linear": judge_frames,
}
"""The panel: two on flow, at different grids, and one on frames."""


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
    judges: tuple[Judge, ...]

    def verdict(self, clips: Sequence[Observation]) -> Verdict:
        """What each judge says of each clip."""
        return Verdict(np.stack([judge.predict(clips) for judge in self.judges]))


def save_panels(path: Path, panels: Sequence[Panel], about: dict[str, str]) -> None:
    """Write the judges of all folds into one file, in 16 bits. about: for people."""
    tensors = {
        f"{panel.fold}/{judge.name}/{name}": tensor.half().contiguous()
        for panel in panels
        for judge in panel.judges
        for name, tensor in judge.tensors().items()
    }
    write_whole(path, lambda temporary: save_file(tensors, temporary, metadata=about))


def load_panels(path: Path) -> dict[str, Panel]:
    """The judges of every fold in a file that :func:`save_panels` wrote, by fold."""
    found: dict[str, dict[str, dict[str, torch.Tensor]]] = {}
    with safe_open(path, framework="pt") as stored:
        for key in stored.keys():  # noqa: SIM118
            fold, judge, name = key.split("/", 2)
            found.setdefault(fold, {}).setdefault(judge, {})[name] = stored.get_tensor(key)
    panels = {}
    for fold, judges in sorted(found.items()):
        if unknown := sorted(judges.keys() - JUDGES.keys()):
            raise CheckpointError(f"{path} holds the judge '{unknown[0]}', which this version does not know.")
        made = []
        for name in (name for name in JUDGES if name in judges):
            judge = JUDGES[name]()
            judge.load_tensors(judges[name], f"{path} ({fold}/{name})")
            made.append(judge)
        panels[fold] = Panel(fold, tuple(made))
    if not panels:
        raise CheckpointError(f"{path} holds no judges.")
    return panels


@cache
def shipped_panels() -> dict[str, Panel]:
    """The judges that ship, by the domain that they did not see."""
    return load_panels(find(WEIGHTS))


def panel_for(domain: str) -> Panel:
    """The judges that did not see ``domain``. For data outside the six domains, which no judge saw, those without the
    first domain."""
    panels = shipped_panels()
    return panels.get(domain, next(iter(panels.values())))
