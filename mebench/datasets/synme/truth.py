"""The true answer: one person's face performing the motion of another person's clip, rendered, with exact flow.

The source gives static pose, gaze, face, camera and light; the driving plan gives the action units (same intensities,
times ``gain``), blinks, and the head motion relative to its onset, at its frame rate. Head motion, blinks and gaze are
not magnified. Where source and driver are the same clip and the gain is 1, the answer is that clip without noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from mebench.clip import ExactFlow, Part, Pixels, Truth, UnitMotion
from mebench.datasets.synme.exact_flow import FlowFrom, Seen
from mebench.datasets.synme.expression import BLINK, COUNT
from mebench.datasets.synme.plan import Plan, Still
from mebench.datasets.synme.studio import Studio

KEPT_STATES = 4
"""Rasterised states that an answer keeps, so that three parts of one frame do not start anew."""

Render = Callable[[Callable[[], Pixels]], Pixels]
"""Gives the frames of a rendering function, from a cache where there is one."""


def true_answer(studio: Studio, still: Still, driving: Plan, gain: float = 1.0, stored: Render | None = None) -> Truth:
    """The person of ``studio``, starting as ``still``, performs ``driving`` with action units times ``gain``.

    stored: a cache of the frames; by default they are rendered.
    """
    plan = driving.with_gain(gain).played_by(still)
    frames = (stored or (lambda render: render()))(lambda: studio.clip(plan, noise=False))
    flow = PlannedFlow(studio, plan)
    return Truth(
        frames=frames,
        fps=plan.fps,
        onset=plan.onset,
        apex=plan.apex,
        offset=plan.offset,
        action_units=all_units(plan),
        landmarks=np.stack([studio.landmarks(studio.state(plan, frame)) for frame in range(plan.count)]),
        pose=plan.pose,
        face=studio.face(flow.onset),
        flow=flow,
        units=partial(unit_motion, studio, plan),
    )


def all_units(plan: Plan) -> NDArray[np.float32]:
    """Intensities with the blinks in their two entries, float32 ``[T,26]``."""
    units: NDArray[np.float32] = plan.au.copy()
    units[:, BLINK] = plan.blink
    return units


def unit_motion(studio: Studio, plan: Plan) -> UnitMotion:
    """What each of the 26 units, by itself and at intensity 1, would do to the seen skin of the onset frame."""
    state = studio.state(plan, plan.onset)
    seen = studio.look(state)
    vertices = np.unique(studio.renderer.triangles[seen.triangle[studio.face(seen)]])
    fields = np.empty((COUNT, len(vertices), 2), dtype=np.float32)
    for unit in range(COUNT):
        au, blink = state.au.copy(), state.blink.copy()
        if unit >= BLINK.start:
            blink[unit - BLINK.start] += 1.0
        else:
            au[unit] += 1.0
        posed = studio.vertices(replace(state, au=au, blink=blink))
        fields[unit] = studio.renderer.project(posed[vertices])[0] - seen.pixels[vertices]
    return UnitMotion(seen.pixels[vertices], fields)


class PlannedFlow:
    """``flow(t, part)``: exact motion of a plan from its onset frame to frame ``t``.

    ``all``: everything. ``au``: action units and blinks of ``t`` in the head pose of the onset. ``head``: head pose of
    ``t`` with the face of the onset.
    """

    def __init__(self, studio: Studio, plan: Plan) -> None:
        self._studio = studio
        self._plans: dict[str, Plan] = {
            "all": plan, "au": plan.with_parts(head=False), "head": plan.with_parts(au=False),
        }  # fmt: skip
        self.onset: Seen = studio.look(studio.state(plan, plan.onset))
        self._look = lru_cache(maxsize=KEPT_STATES)(self._look_at)

    def __call__(self, t: int, part: Part = "all") -> ExactFlow:
        if not 0 <= t < self._plans["all"].count:
            raise IndexError(f"frame {t} of a clip of {self._plans['all'].count} frames")
        return self._from_onset.to(self._look(t, part))

    @cached_property
    def _from_onset(self) -> FlowFrom:
        return self._studio.flow_from(self.onset)

    def _look_at(self, t: int, part: str) -> Seen:
        plan = self._plans[part]
        return self.onset if t == plan.onset else self._studio.look(self._studio.state(plan, t))
