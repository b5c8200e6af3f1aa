"""What a detector must beat: one that always says "present", one that looks only at whether anything moved, and the
static gate that stands before every verdict on a generated clip.

Flow that is stretched to [0,1] per clip shows a pattern in a still clip too: noise fills the whole range. So a clip whose
motion is not measurable has no action unit, whatever a network says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mebench.detectors.contract import ACTION_UNITS, Probabilities
from mebench.detectors.flow_stack import stabilised
from mebench.detectors.observation import Observation
from mebench.files import write_json
from mebench.motion.flow import Flow
from mebench.motion.region import central_region

STILL_PX = 0.05
"""The 99th percentile of flow in the face, head motion taken out, below which a clip counts as still (at 256 px). It
catches exact stills and codec creep. Two noisy frames of a still face reach more than a faint expression does: no
threshold on one pair can tell them apart, which is why agreement is read next to gain."""


def motion(flow: Flow) -> float:
    """The 99th percentile of the length of a flow ``[H,W,2]`` in the face without its affine part, pixels."""
    mask = central_region(*flow.shape[:2]).mask
    return float(np.percentile(np.hypot(*stabilised(flow)[mask].T), 99.0))


def clip_motion(clip: Observation) -> float:
    """:func:`motion` of a clip's pair."""
    return motion(clip.read_pair().flow)


def is_still(clip: Observation) -> bool:
    """Whether a clip shows no measurable motion."""
    return clip.once(clip_motion) < STILL_PX


class AlwaysPresent:
    """Says that every clip shows every action unit: the floor that every chart of F1 needs."""

    name = "always-present"
    draws_nothing = True

    def fit(self, clips: Sequence[Observation], *, seed: int = 0) -> None:
        """Nothing to learn."""

    def predict(self, clips: Sequence[Observation]) -> Probabilities:
        """All ones, float32 ``[N,12]``."""
        return np.ones((len(clips), len(ACTION_UNITS)), dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write its name."""
        write_json(path, {"detector": self.name})

    def load(self, path: Path) -> None:
        """Nothing to read."""


class StaticGate:
    """Always present for a clip that moves, never for a still one: what agreement costs nothing to reach."""

    name = "static-gate"
    draws_nothing = True

    def fit(self, clips: Sequence[Observation], *, seed: int = 0) -> None:
        """Nothing to learn: the threshold is a constant."""

    def predict(self, clips: Sequence[Observation]) -> Probabilities:
        """Ones or zeros, float32 ``[N,12]``."""
        moving = np.array([not is_still(clip) for clip in clips], dtype=np.float32).reshape(-1, 1)
        return np.repeat(moving, len(ACTION_UNITS), axis=1)

    def save(self, path: Path) -> None:
        """Write its name."""
        write_json(path, {"detector": self.name})

    def load(self, path: Path) -> None:
        """Nothing to read."""
