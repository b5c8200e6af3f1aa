"""What the judges say of an output and of its driving clip, behind the static gate.

Detectors are asked about the onset and the apex frame. They were trained on rendered faces of five domains; the panel
that judges a clip never saw the domain of its driver. A clip without measurable motion has no action unit, whatever the
judges would read into its noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.expression import present
from mebench.detectors.contract import ACTION_UNITS
from mebench.detectors.floors import is_still
from mebench.detectors.observation import SIZE, Observation, observe
from mebench.detectors.panel import Verdict, panel_for
from mebench.errors import Unavailable
from mebench.metrics.motion.gate import moves
from mebench.metrics.motion.projection import project
from mebench.metrics.sample import Sample

NETWORKS = ("judges",)
SOURCE = "panel of micro-AU detectors, leave one domain out, docs/metrics.md"


@dataclass(frozen=True, eq=False)
class Judged:
    """One clip before the judges. output, driving: what they say of each, of one clip. still: the output shows no
    measurable motion, or none that goes the way of the expression: by the motion family's gate, noise is no motion.

    annotated: the driving clip's annotation, bool ``[12]``; None where it has none.
    """

    output: Verdict
    driving: Verdict
    still: bool
    annotated: NDArray[np.bool_] | None

    @property
    def seen(self) -> NDArray[np.bool_]:
        """What the majority sees in the output, bool ``[12]``: nothing in a still one."""
        return np.zeros(len(ACTION_UNITS), dtype=bool) if self.still else np.asarray(self.output.present[0])

    @property
    def seen_in_driving(self) -> NDArray[np.bool_]:
        """What the majority sees in the driving clip, bool ``[12]``."""
        return np.asarray(self.driving.present[0])


def judge(sample: Sample) -> Judged:
    """Ask the judges. Use through ``sample.once(judge)``."""
    made = _observation(sample)
    return Judged(
        output=panel_for(sample.held_out).verdict([made]),
        driving=sample.once_a_task(_driving_verdict),
        still=is_still(made) or not _expression_moves(sample),
        annotated=annotation(sample),
    )


def annotation(sample: Sample) -> NDArray[np.bool_] | None:
    """Which of the twelve action units the driving clip shows, bool ``[12]``: as annotated, else as the true answer says,
    else None."""
    names: Sequence[str] = sample.action_units
    if not names and sample.truth is not None:
        names = present(sample.truth.action_units)
    if not names:
        return None
    numbers = {int(name.lstrip("LR")) for name in names}
    return np.array([unit in numbers for unit in ACTION_UNITS])


def agreement(seen: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    """F1 of one clip over the twelve action units, ``2 |both| / (|seen| + |wanted|)``; 1 when neither has any."""
    total = int(seen.sum()) + int(wanted.sum())
    return 2.0 * int((seen & wanted).sum()) / total if total else 1.0


def _observation(sample: Sample) -> Observation:
    flow = sample.output_flows[sample.apex] if sample.output.shape[1] == SIZE else None
    return observe(sample.output, sample.onset, sample.apex, sample.offset, flow=flow, key="output")


def _driving_verdict(sample: Sample) -> Verdict:
    """Of the driving clip as recorded, noise included: what the judges can see at best."""
    clip = observe(sample.driving, sample.onset, sample.apex, sample.offset, key="driving")
    return panel_for(sample.held_out).verdict([clip])


def _expression_moves(sample: Sample) -> bool:
    """The gate of the motion family, where its reference is known; without one the motion in the face alone decides."""
    try:
        return moves(sample.once(project))
    except Unavailable:
        return True
