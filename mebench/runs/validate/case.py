"""A clip of the open set whose perfect output is known and can be spoiled on purpose."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from mebench.clip import Pixels, Truth
from mebench.datasets.synme.dataset import Synme, plan_of
from mebench.datasets.synme.expression import BLINK
from mebench.datasets.synme.keys import parse_clip
from mebench.datasets.synme.plan import Plan
from mebench.datasets.synme.studio import Studio, person, recording
from mebench.datasets.synme.truth import true_answer
from mebench.metrics.sample import Sample

MOST_FPS = 30.0
"""Clips are delivered at this rate at most, as in the protocol ``open-mini``."""


class Case:
    """Self-reenactment of one clip. key: of the clip. truth: its true answer, which is the perfect output."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._name = parse_clip(key)
        self._whole = plan_of(self._name)
        step = max(1, int(np.ceil(self._whole.fps / MOST_FPS - 1e-9)))
        self._frames = range(self._whole.onset % step, self._whole.count, step)
        self._memory: dict[Any, Any] = {}

    @cached_property
    def plan(self) -> Plan:
        """What happens, at the delivered frames."""
        return self._whole.at(self._frames)

    @cached_property
    def truth(self) -> Truth:
        """The true answer."""
        return true_answer(self._studio, self._whole.still(), self.plan)

    @cached_property
    def driving(self) -> Pixels:
        """The delivered frames, with sensor noise."""
        return Synme().clip_frames(self.key, list(self._frames))

    def sample(self, output: Pixels) -> Sample:
        """An output beside everything that metrics look at."""
        truth, plan = self.truth, self.plan
        source = self.driving[plan.onset]
        times = (plan.fps, plan.onset, plan.apex, plan.offset)
        domain = self._name.domain
        sample = Sample(source, self.driving, output, *times, truth=truth, same_identity=True, held_out=domain)
        return sample.share(self._memory)

    def crossed(self, output: Pixels) -> Sample:
        """An output of the same person, driven by the next person of the domain with the same motion, light and
        camera. The true answer is the same."""
        truth, plan = self.truth, self.plan
        times = (plan.fps, plan.onset, plan.apex, plan.offset)
        driving = self.another_person
        sample = Sample(self.driving[plan.onset], driving, output, *times, truth=truth, same_identity=False)
        return sample.share(self._memory)

    def with_gain(self, gain: float) -> Pixels:
        """The same face with the expression ``gain`` times as strong."""
        return self._play(self.plan.with_gain(gain))

    def later(self, ms: float) -> Pixels:
        """The same expression, ``ms`` later; the head moves as it did."""
        shift = round(ms * self._whole.fps / 1000.0)
        late = np.maximum(np.arange(self._whole.count) - shift, 0)
        return self._play(replace(self._whole, au=self._whole.au[late], blink=self._whole.blink[late]).at(self._frames))

    def without_units(self, share: float) -> Pixels:
        """The weakest of the clip's action units left out, as many as ``share`` of them (both sides together)."""
        au = self.plan.au.copy()
        peaks = au[:, : BLINK.start].max(axis=0).reshape(-1, 2).max(axis=1)
        shown = [int(unit) for unit in np.argsort(peaks, kind="stable") if peaks[unit] > 0.0]
        for unit in shown[: round(share * len(shown))]:
            au[:, 2 * unit : 2 * unit + 2] = 0.0
        return self._play(replace(self.plan, au=au))

    @cached_property
    def another_person(self) -> Pixels:
        """The same motion, light and camera on the face of the next person of the domain."""
        other = person(self._name.domain, self._name.split, (self._name.index + 1) % 4)
        studio = Studio(other, recording(other))
        return true_answer(studio, self._whole.still(), self.plan).frames

    @cached_property
    def _studio(self) -> Studio:
        return Studio(self._name.person, recording(self._name.person))

    def _play(self, plan: Plan) -> Pixels:
        return self._studio.clip(plan.played_by(self._whole.still()), noise=False)
