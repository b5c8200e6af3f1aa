"""One person before one camera: frames, exact flow and landmarks of any state. This is the door for training code.

    from mebench.datasets.synme.plan import draw_plan
    from mebench.datasets.synme.studio import Studio, person, recording

    someone = person("t", "train", 12)                    # any number of people in domain t
    capture = recording(someone)                          # light, background, camera, noise, frame rate
    studio = Studio(someone, capture, size=128)           # half a second: paints the skin once
    plan = draw_plan(("my training", 12, 0), capture, "t", "ordinary")
    neutral, apex = studio.state(plan, plan.onset), studio.state(plan, plan.apex)
    image = studio.frame(neutral, noise_key=plan.noise_key)        # uint8 [S,S,3], sensor noise and JPEG
    target = studio.frame(apex)                                    # the same camera without noise and JPEG
    flow = studio.flow(neutral, apex)                              # exact; .displacement [S,S,2], .valid [S,S]
    studio.clip(plan, noise=True)                                  # uint8 [T,S,S,3]
    studio.state(plan.with_gain(4.0), plan.apex)                   # the exactly magnified answer

The onset frame of a plan is neutral; a state may also be put together by hand (``State``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mebench.clip import ExactFlow, Pixels
from mebench.datasets.synme.domains import CAPTURES, Capture, training_capture
from mebench.datasets.synme.exact_flow import FlowFrom, Seen, look
from mebench.datasets.synme.expression import BLINK
from mebench.datasets.synme.identity import Identity
from mebench.datasets.synme.identity import identity as person
from mebench.datasets.synme.kit import Part, load_kit
from mebench.datasets.synme.plan import Plan, Still
from mebench.datasets.synme.renderer import FaceRenderer
from mebench.datasets.synme.sensor import capture_frame, clean_frame

Floats = NDArray[np.float32]

NATIVE_REFERENCE = 256
"""Frame size for which ``Capture.native`` and ``Capture.noise`` hold."""

FACE_LEVEL = 128
"""Vertices with at least this value in the kit's face mask belong to the skin of the face."""

FACE_PARTS = (Part.SKIN, Part.EYE_CAVITY, Part.MOUTH_CAVITY, Part.EYE, Part.TEETH, Part.TONGUE)
"""Where flow is defined: the head with eyes and mouth, not neck and shoulders."""

__all__ = ["State", "Studio", "person", "recording"]


@dataclass(frozen=True, eq=False)
class State:
    """One moment of a face. au: float32 ``[26]``. blink: float32 ``[2]``. pose: float32 ``[6]``. gaze: float32 ``[2]``.

    exposure: relative. Units as in :class:`~mebench.datasets.synme.plan.Plan`.
    """

    au: Floats
    blink: Floats
    pose: Floats
    gaze: Floats
    exposure: float = 1.0

    @staticmethod
    def neutral(still: Still) -> State:
        """A face at rest in the pose and with the gaze of ``still``."""
        zeros = np.zeros(BLINK.stop, dtype=np.float32)
        return State(zeros, zeros[BLINK], still.pose, still.gaze, still.exposure)


def recording(someone: Identity) -> Capture:
    """How this person is recorded: as the benchmark domain says, or for domain ``t`` drawn for the person."""
    if someone.domain in CAPTURES:
        return CAPTURES[someone.domain]
    return training_capture(someone.draws("capture"))


class Studio:
    """Renders one person under one recording. size: frame width and height in pixels.

    Below 256 px the native size and the noise shrink with the frame, as if a larger frame had been averaged.
    """

    def __init__(self, someone: Identity, capture: Capture, size: int = NATIVE_REFERENCE) -> None:
        self.person = someone
        self.size = size
        scale = size / NATIVE_REFERENCE
        self.capture = replace(
            capture, native=max(16, round(capture.native * scale)), noise=capture.noise * min(scale, 1.0)
        )
        self.renderer = FaceRenderer(someone, self.capture, size)
        self._kit = load_kit()

    def state(self, plan: Plan, frame: int) -> State:
        """What ``plan`` asks for at ``frame``."""
        exposure = float(plan.exposure[frame])
        return State(plan.au[frame], plan.blink[frame], plan.pose[frame], plan.gaze, exposure)

    def vertices(self, state: State) -> Floats:
        """Posed mesh, float32 ``[V,3]`` in dm."""
        return self.renderer.vertices(state.au, state.blink, state.pose, state.gaze)

    def frame(self, state: State, noise_key: int | None = None) -> Pixels:
        """uint8 ``[S,S,3]``, RGB: as delivered, with the noise of this key; without noise and JPEG when it is None."""
        clean = self.renderer.clean(state.au, state.blink, state.pose, state.gaze, state.exposure)
        return clean_frame(clean, self.capture) if noise_key is None else capture_frame(clean, self.capture, noise_key)

    def clip(self, plan: Plan, *, noise: bool, frames: Sequence[int] | None = None) -> Pixels:
        """Frames of a plan, all or the chosen ones, uint8 ``[T,S,S,3]``; frame t has the noise key ``plan.noise_key + t``."""
        chosen = range(plan.count) if frames is None else frames
        keys = [plan.noise_key + number if noise else None for number in chosen]
        return np.stack([self.frame(self.state(plan, t), key) for t, key in zip(chosen, keys, strict=True)])

    def landmarks(self, state: State) -> Floats:
        """The 68 points, float32 ``[68,2]``, pixels, x then y, pixel centres at integers."""
        return self.renderer.project(self.vertices(state)[self._kit.landmarks])[0]

    def look(self, state: State) -> Seen:
        """The surface that is seen at every pixel; keep it when many flows start from one state."""
        return look(self.renderer, self.vertices(state))

    def flow(self, first: State | Seen, second: State | Seen) -> ExactFlow:
        """Exact motion from ``first`` to ``second`` on the grid of ``first``; NaN off the head (see ``FlowFrom.to``)."""
        return self.flow_from(first).to(second if isinstance(second, Seen) else self.look(second))

    def flow_from(self, first: State | Seen) -> FlowFrom:
        """As :meth:`flow`; keep it when many flows start from one state."""
        return FlowFrom(self.renderer, first if isinstance(first, Seen) else self.look(first), self._on_face)

    def face(self, shown: Seen) -> NDArray[np.bool_]:
        """Skin of the face (no hair, ears, neck, eyes or mouth), bool ``[S,S]``."""
        return np.asarray((shown.triangle >= 0) & self._face_skin[shown.triangle])

    @cached_property
    def _on_face(self) -> NDArray[np.bool_]:
        return _padded(np.isin(self._kit.part, FACE_PARTS), len(self.renderer.triangles))

    @cached_property
    def _face_skin(self) -> NDArray[np.bool_]:
        kit = self._kit
        inside = (kit.face >= FACE_LEVEL)[kit.triangles].all(axis=1)
        return self.renderer.face & _padded(inside & (kit.part == Part.SKIN), len(self.renderer.triangles))


def _padded(flags: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Flags of the kit's triangles, false for the triangles that a renderer adds after them (hair)."""
    return np.concatenate((flags, np.zeros(count - len(flags), dtype=bool)))
