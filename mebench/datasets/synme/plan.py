"""The score of a clip: who does what, frame by frame, before anything is rendered.

A plan knows nothing of the face that plays it, so the same plan can be played by any identity, at any gain, with or
without head motion: that is where the exact truth of every (source, driving) pair comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.domains import POPULATIONS, Capture
from mebench.datasets.synme.draws import Draws, Key
from mebench.datasets.synme.expression import BLINK, COUNT, FACIAL_UNITS, MAX_INTENSITY, PEAK_PX, peak_vector
from mebench.datasets.synme.timing import Span, draw_blink, draw_curve, draw_drift, draw_exposure, draw_span
from mebench.errors import InputError

Strength = Literal["micro", "subtle", "ordinary", "none"]
"""``none`` is a control clip: head motion, blinks and noise, but no expression."""

AMPLITUDE_PX: dict[str, tuple[float, float]] = {
    "micro": (0.5, 2.0), "subtle": (0.3, 0.8), "ordinary": (3.0, 7.0), "none": (0.0, 0.0),
}  # fmt: skip
"""Peak displacement of the leading action unit in pixels at 256 px."""

SECONDS: dict[str, tuple[float, float]] = {
    "micro": (0.16, 0.48), "subtle": (0.16, 0.48), "ordinary": (0.6, 1.5), "none": (0.16, 0.48),
}  # fmt: skip
"""Time from onset to offset."""

PROTOTYPES: tuple[tuple[int, ...], ...] = (
    (4,), (4, 7), (12,), (6, 12), (1, 2), (1, 2, 5), (1, 4), (9,), (9, 10), (10,), (14,), (15,), (15, 17), (17,), (7,),
    (2,), (4, 15), (12, 14),
)  # fmt: skip
"""Combinations of action units that occur together in published micro-expression labels."""

ONE_SIDED = 0.25
"""Share of one-sided expressions."""

STATIC_POSE = (0.05, 0.04, 0.02)
"""Standard deviation of the static yaw, pitch and roll (rad)."""

GAZE = 0.04
"""Standard deviation of the gaze angles (rad)."""


@dataclass(frozen=True)
class Plan:
    """What happens in a clip of T frames.

    au: float32 ``[T,26]`` intensities (``expression.NAMES``; the two blink entries stay 0 here).
    blink: float32 ``[T,2]``, closing of the left and the right eye. pose: float32 ``[T,6]``, yaw, pitch, roll (rad),
    x, y, z (dm). gaze: float32 ``[2]`` (rad). exposure: float32 ``[T]``. onset, apex, offset: frames; action units are
    exactly 0 up to the onset and from the offset on; at the apex the summed displacement is largest.
    noise_key: 64 bits that name the sensor noise (the noise of frame t has key ``noise_key + t``).
    """

    au: NDArray[np.float32]
    blink: NDArray[np.float32]
    pose: NDArray[np.float32]
    gaze: NDArray[np.float32]
    exposure: NDArray[np.float32]
    fps: float
    onset: int
    apex: int
    offset: int
    noise_key: int

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.au)

    def with_gain(self, gain: float) -> Plan:
        """Action units times ``gain``; blinks, head and gaze as they are."""
        return replace(self, au=(self.au * np.float32(gain)).astype(np.float32))

    def with_parts(self, *, au: bool = True, head: bool = True) -> Plan:
        """Freeze the face (action units and blinks) or the head at the onset."""
        frozen = self
        if not au:
            frozen = replace(frozen, au=_held(frozen.au, frozen.onset), blink=_held(frozen.blink, frozen.onset))
        return frozen if head else replace(frozen, pose=_held(frozen.pose, frozen.onset))

    def at(self, frames: Sequence[int]) -> Plan:
        """The plan of these frames alone, in rising order, the onset among them; apex and offset move to the nearest.

        The noise of a frame belongs to its place in the whole clip, so this plan is for frames without noise.
        """
        chosen = list(frames)
        nearest = [min(range(len(chosen)), key=lambda i: (abs(chosen[i] - place), i)) for place in self._marks]
        if self.onset not in chosen:
            raise InputError(f"the frames {chosen} lack the onset, frame {self.onset}, from which motion is counted.")
        rows = {name: getattr(self, name)[chosen] for name in ("au", "blink", "pose", "exposure")}
        return replace(self, **rows, onset=nearest[0], apex=nearest[1], offset=nearest[2])

    @property
    def _marks(self) -> tuple[int, int, int]:
        return self.onset, self.apex, self.offset

    def played_by(self, still: Still) -> Plan:
        """The same motion starting from ``still``: the head moves from that pose as it moved from its own onset.

        The gaze is that of ``still`` and the exposure is even.
        """
        pose = still.pose + (self.pose - self.pose[self.onset])
        return replace(
            self, pose=pose.astype(np.float32), gaze=still.gaze, exposure=np.ones(self.count, dtype=np.float32)
        )

    def still(self) -> Still:
        """The onset frame as a still."""
        return Still(self.pose[self.onset], self.gaze, float(self.exposure[self.onset]), self.noise_key + self.onset)


@dataclass(frozen=True)
class Still:
    """One neutral frame. pose: float32 ``[6]``. gaze: float32 ``[2]``. exposure, noise_key: as in :class:`Plan`."""

    pose: NDArray[np.float32]
    gaze: NDArray[np.float32]
    exposure: float
    noise_key: int


def draw_plan(key: tuple[Key, ...], capture: Capture, domain: str, strength: Strength = "micro") -> Plan:
    """The plan of this name. key: words and numbers; the same key gives the same plan, whatever was drawn before.

    capture gives the frame rate, head factor and flicker; domain the action-unit priors.
    """
    draws = Draws("plan", *key, strength)
    span = draw_span(draws.child("span"), capture.fps, SECONDS[strength])
    au = _draw_units(draws.child("units"), span, domain, strength)
    pixels = au[:, : BLINK.start] @ peak_vector()
    apex = int(pixels.argmax()) if pixels.any() else (span.onset + span.offset) // 2
    still = draw_still((*draws.key, "still"))
    head = draw_drift(draws.child("head"), span.count, capture.fps, capture.head)
    return Plan(
        au=au.astype(np.float32),
        blink=draw_blink(draws.child("blink"), span, apex, capture.fps),
        pose=(still.pose + head).astype(np.float32),
        gaze=still.gaze,
        exposure=draw_exposure(draws.child("exposure"), span.count, capture.fps, capture.flicker),
        fps=capture.fps,
        onset=span.onset,
        apex=apex,
        offset=span.offset,
        noise_key=still.noise_key,
    )


def draw_still(key: tuple[Key, ...]) -> Still:
    """A neutral frame of this name: static pose, gaze and noise."""
    draws = Draws("still", *key)
    pose = np.zeros(6)
    pose[:3] = draws.normals(3) * STATIC_POSE
    return Still(pose.astype(np.float32), (draws.normals(2) * GAZE).astype(np.float32), 1.0, draws.word())


def prototype_weights(domain: str) -> NDArray[np.float64]:
    """Probability of each of :data:`PROTOTYPES` in a domain: proportional to the mean prior of its action units."""
    units = POPULATIONS[domain].units
    weights = np.array([np.mean([units[unit] for unit in prototype]) for prototype in PROTOTYPES])
    return np.asarray(weights / weights.sum())


def draw_intensities(draws: Draws, domain: str, strength: Strength) -> NDArray[np.float64]:
    """Peak intensity of each entry of an action-unit vector, float64 ``[26]``: what the clip shows at its strongest."""
    prototype = draws.choice(PROTOTYPES, prototype_weights(domain).tolist())
    leading = draws.uniform(*AMPLITUDE_PX[strength])
    one_sided, left_leads, faint = draws.chance(ONE_SIDED), draws.chance(0.5), draws.uniform(0.0, 0.15)
    peaks = np.zeros(COUNT)
    for place, unit in enumerate(_leading_first(draws, prototype)):
        pixels = leading if place == 0 else leading * draws.uniform(0.5, 1.0)
        for side in range(2):
            leads = (side == 0) == left_leads
            share = 1.0 if leads else faint if one_sided else draws.uniform(0.8, 1.0)
            peaks[2 * FACIAL_UNITS.index(unit) + side] = min(share * pixels / PEAK_PX[unit], MAX_INTENSITY)
    return peaks


def _leading_first(draws: Draws, prototype: tuple[int, ...]) -> tuple[int, ...]:
    """The units of a prototype, a random one leading."""
    first = draws.integer(0, len(prototype) - 1)
    return prototype[first:] + prototype[:first]


def _draw_units(draws: Draws, span: Span, domain: str, strength: Strength) -> NDArray[np.float64]:
    apex_share = draws.uniform(0.30, 0.55)
    peaks = draw_intensities(draws, domain, strength)
    au = np.zeros((span.count, COUNT))
    for unit in range(len(FACIAL_UNITS)):
        curve = draw_curve(draws.child("curve", FACIAL_UNITS[unit]), span, apex_share)
        au[:, 2 * unit : 2 * unit + 2] = curve[:, None] * peaks[2 * unit : 2 * unit + 2]
    return au


def _held(values: NDArray[np.float32], frame: int) -> NDArray[np.float32]:
    return np.repeat(values[frame : frame + 1], len(values), axis=0)
