"""How well a backbone moves a face: self-reenactment of clips of the open set against the exact motion.

Source: the delivered onset frame of the clip; driver: the clip as delivered, with sensor noise. The motion of the
output is measured with DIS (fine) from the generated onset frame, on the face pixels on which the exact flow is valid.
A still frame has the mean length of the true motion as its error, so the ratio of the two is 1 for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.backbones.contract import Backbone
from mebench.datasets.contract import Split
from mebench.datasets.synme.dataset import Synme, plan_of
from mebench.datasets.synme.keys import parse_clip
from mebench.datasets.synme.plan import Strength
from mebench.datasets.synme.studio import Studio, recording
from mebench.motion.flow import DisFine


@dataclass(frozen=True)
class ClipScore:
    """One clip. error: mean end-point error of the output, pixels at 256. still: mean length of the true motion.

    gain: least-squares slope of the output's flow on the exact flow. difference, copy: mean absolute difference in
    [0,1] of the output, and of the source, to the true frame.
    """

    key: str
    domain: str
    error: float
    still: float
    gain: float
    difference: float
    copy: float


def evaluate(
    backbone: Backbone,
    *,
    split: Split,
    strength: Strength,
    clips: int,
    frames: int,
    say: Callable[[str], None],
) -> list[ClipScore]:
    """Score every person of a split on ``clips`` clips each, at ``frames`` frames between onset and offset."""
    scores = []
    for clip in Synme().clips(split, strength=strength, per_identity=clips):
        scores.append(_score(backbone, clip.key, frames))
        if len(scores) % 12 == 0:
            say(f"{len(scores)} clips: {summary(scores)}")
    return scores


def summary(scores: list[ClipScore]) -> str:
    """``ratio .. gain .. image ..`` over all clips: ratios of means, and the mean gain."""
    error, still, gain, difference, copy = mean_of(scores)
    return f"ratio {error / still:.3f} gain {gain:.2f} image {difference / copy:.3f} (true motion {still:.2f} px)"


def mean_of(scores: list[ClipScore]) -> NDArray[np.float64]:
    """Means over clips of error, still, gain, difference and copy."""
    rows = [[s.error, s.still, s.gain, s.difference, s.copy] for s in scores]
    return np.asarray(np.mean(rows, axis=0), np.float64)


def spaced_frames(onset: int, apex: int, offset: int, count: int) -> list[int]:
    """The apex and evenly spaced frames strictly between onset and offset, sorted, at most ``count``."""
    inner = np.linspace(onset, offset, count + 1)[1:-1].round().astype(int)
    return sorted({apex, *inner.tolist()} - {onset, offset})


def _score(backbone: Backbone, key: str, count: int) -> ClipScore:
    name = parse_clip(key)
    plan = plan_of(name)
    studio = Studio(name.person, recording(name.person))
    chosen = spaced_frames(plan.onset, plan.apex, plan.offset, count)
    delivered = [studio.frame(studio.state(plan, t), plan.noise_key + t) for t in (plan.onset, *chosen)]
    driving = torch.from_numpy(np.stack(delivered).astype(np.float32) / 255).movedim(-1, 1)
    output = backbone.drive(backbone.enroll(driving[0]), driving, driving[0])
    made = (output.movedim(1, -1) * 255).round().to(torch.uint8).numpy()
    onset = studio.look(studio.state(plan, plan.onset))
    face = studio.face(onset)
    flow = DisFine()
    rows = []
    for place, t in enumerate(chosen, 1):
        state = studio.state(plan, t)
        exact = studio.flow(onset, studio.look(state))
        inside = face & exact.valid
        truth, measured = exact.displacement[inside], flow(made[0], made[place])[inside]
        target = studio.frame(state).astype(np.float64) / 255
        rows.append(
            (
                np.linalg.norm(measured - truth, axis=-1).mean(),
                np.linalg.norm(truth, axis=-1).mean(),
                (measured * truth).sum(),
                np.square(truth).sum(),
                np.abs(made[place] / 255 - target).mean(),
                np.abs(delivered[0] / 255 - target).mean(),
            )
        )
    error, still, along, square, difference, copy = np.array(rows, np.float64).mean(0)
    return ClipScore(key, name.domain, error, still, along / square, difference, copy)
