"""A small laboratory for the metrics: a real portrait moved by displacement fields that are known exactly.

The portrait is NASA's photograph of Eileen Collins that ships with scikit-image (public domain). The expression is a
brow raise and a one-sided smile (Gaussian bumps of 11 to 14 px), the head motion a small similarity with some parallax
of the nose, both fading out beyond the head, so that the background is still.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.data import astronaut

from mebench.clip import ExactFlow, Part, Truth, UnitMotion
from mebench.metrics.sample import Sample

SIZE = 256
FRAMES, ONSET, APEX, OFFSET, FPS = 15, 2, 7, 12, 60.0
RIGHT_EYE_CENTRE, LEFT_EYE_CENTRE = (102.0, 118.0), (153.0, 120.0)
FACE_CENTRE, FACE_AXES = (127.0, 140.0), (45.0, 60.0)


@cache
def portrait() -> NDArray[np.uint8]:
    """uint8 [256,256,3], RGB."""
    return cv2.resize(astronaut()[0:220, 115:335], (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def intensity(lag: float = 0.0) -> NDArray[np.float64]:
    """Raised cosine from onset over apex to offset, [T], peak 1; ``lag`` frames later."""
    time = np.arange(FRAMES) - lag
    up, down = (time - ONSET) / (APEX - ONSET), (OFFSET - time) / (OFFSET - APEX)
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(np.minimum(up, down), 0.0, 1.0))


def _bump(x: float, y: float, sigma: float) -> NDArray[np.float64]:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2.0 * sigma**2))


@cache
def expression() -> NDArray[np.float64]:
    """[H,W,2], largest displacement 1 px: inner brows up, left lip corner up and out."""
    brows = _bump(105, 104, 12) + _bump(150, 106, 12)
    corner = _bump(148, 168, 13)
    return np.stack((0.5 * corner, -0.85 * brows - 0.85 * corner), axis=-1)


@cache
def wrong_expression() -> NDArray[np.float64]:
    """[H,W,2], largest displacement 1 px: chin and right cheek down. Nearly nothing of :func:`expression`."""
    return np.stack((0.0 * _bump(0, 0, 1), 0.8 * _bump(128, 195, 14) + 0.8 * _bump(100, 150, 11)), axis=-1)


def _around_face(margin: float) -> NDArray[np.float64]:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    return np.hypot((columns - FACE_CENTRE[0]) / FACE_AXES[0], (rows - FACE_CENTRE[1]) / FACE_AXES[1]) / margin


@cache
def face() -> NDArray[np.bool_]:
    return _around_face(1.0) <= 1.0


@cache
def head() -> NDArray[np.float64]:
    """[H,W,2] displacement of the full head motion: shift, turn, and the nose more than the cheeks (parallax)."""
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(float)
    x, y = columns - FACE_CENTRE[0], rows - FACE_CENTRE[1]
    rigid = np.stack((0.5 - 0.006 * y + 0.1 * _bump(127, 140, 25), 0.3 + 0.006 * x), axis=-1)
    fade = np.clip((1.7 - _around_face(1.0)) / 0.6, 0.0, 1.0)
    return rigid * fade[..., None]


def move(image: NDArray[np.uint8], displacement: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The image whose content at p has moved to p + displacement(p)."""
    backward = -displacement
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    for _ in range(8):
        at = (backward + np.stack((columns, rows), axis=-1)).astype(np.float32)
        backward = -cv2.remap(displacement.astype(np.float32), at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    at = (backward + np.stack((columns, rows), axis=-1)).astype(np.float32)
    moved = cv2.remap(image, at[..., 0], at[..., 1], cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.where((np.hypot(*np.moveaxis(backward, -1, 0)) < 1e-6)[..., None], image, moved)


@dataclass(frozen=True)
class Motion:
    """What a clip does. amplitude: peak of the expression in pixels. lag in frames; head: factor of the head motion."""

    amplitude: float = 1.0
    gain: float = 1.0
    lag: float = 0.0
    head: float = 1.0
    wrong: float = 0.0
    """Peak in pixels of a motion that does not belong."""

    def displacement(self, frame: int, part: Part = "all") -> NDArray[np.float64]:
        curve = intensity(self.lag) - intensity(self.lag)[ONSET]
        drift = np.sin(np.linspace(0.0, 2.2, FRAMES))
        field = np.zeros((SIZE, SIZE, 2))
        if part in ("all", "au"):
            field += curve[frame] * (self.gain * self.amplitude * expression() + self.wrong * wrong_expression())
        if part in ("all", "head"):
            field += self.head * (drift[frame] - drift[ONSET]) * head()
        return field

    def frames(self, image: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        picture = portrait() if image is None else image
        return np.stack([move(picture, self.displacement(t)) for t in range(FRAMES)])


def landmarks() -> NDArray[np.float32]:
    """[68,2]: only the eyes, brows, jaw and mouth of a schematic face are needed."""
    points = np.zeros((68, 2), dtype=np.float32)
    angle = np.linspace(0.0, np.pi, 17)
    points[:17] = np.stack((127 - 45 * np.cos(angle), 140 + 60 * np.sin(angle)), axis=1)
    points[17:27] = np.stack((np.linspace(88, 168, 10), np.full(10, 106.0)), axis=1)
    points[27:36] = np.stack((np.full(9, 127.0), np.linspace(118, 150, 9)), axis=1)
    ring = np.linspace(0.0, 2.0 * np.pi, 6, endpoint=False)
    for start, centre in ((36, RIGHT_EYE_CENTRE), (42, LEFT_EYE_CENTRE)):
        points[start : start + 6] = np.array(centre) + 6.0 * np.stack((np.cos(ring), np.sin(ring)), axis=1)
    ring = np.linspace(0.0, 2.0 * np.pi, 20, endpoint=False)
    points[48:68] = np.array((126.0, 168.0)) + np.stack((20 * np.cos(ring), 8 * np.sin(ring)), axis=1)
    return points


def unit_motion() -> UnitMotion:
    """Two units: the expression and the wrong one; the other 24 move nothing."""
    rows, columns = np.nonzero(face())
    fields = np.zeros((26, len(rows), 2), dtype=np.float32)
    fields[0], fields[1] = expression()[rows, columns], wrong_expression()[rows, columns]
    return UnitMotion(np.stack((columns, rows), axis=1).astype(np.float32), fields)


def truth_of(motion: Motion, frames: NDArray[np.uint8]) -> Truth:
    """The hand-made truth of a motion whose noise-free frames are given."""

    def flow(frame: int, part: Part) -> ExactFlow:
        field = motion.displacement(frame, part).astype(np.float32)
        on_head = _around_face(1.0) <= 1.1
        return ExactFlow(np.where(on_head[..., None], field, np.float32(np.nan)), on_head)

    moved = [landmarks() + np.float32([0.0, 0.0]) for _ in range(FRAMES)]
    action_units = np.zeros((FRAMES, 26), dtype=np.float32)
    action_units[:, 0] = motion.amplitude * motion.gain * intensity(motion.lag)
    action_units[:, 1] = motion.wrong * intensity(motion.lag)
    return Truth(
        frames=frames,
        fps=FPS,
        onset=ONSET,
        apex=APEX,
        offset=OFFSET,
        action_units=action_units,
        landmarks=np.stack(moved),
        pose=np.zeros((FRAMES, 6), dtype=np.float32),
        face=face(),
        flow=flow,
        units=unit_motion,
    )


@dataclass(frozen=True)
class Laboratory:
    """Makes samples: the truth is a noise-free clip, the source its onset frame with noise, the output anything."""

    motion: Motion = field(default_factory=Motion)
    noise: float = 2.0

    @property
    def truth_frames(self) -> NDArray[np.uint8]:
        return _clean(self.motion)

    @property
    def source(self) -> NDArray[np.uint8]:
        return sensor(portrait()[None], self.noise, seed=1)[0]

    def output(self, **changes: float) -> NDArray[np.uint8]:
        """The (noisy) source image moved by the motion with some of its numbers changed."""
        return _moved(replace(self.motion, **changes), self.noise)

    def still(self) -> NDArray[np.uint8]:
        return np.repeat(self.source[None], FRAMES, axis=0)

    def moving(self, **changes: float) -> Sample:
        """The sample of :meth:`output`; the same object each time, so that tests share its flows."""
        return _sample(self, tuple(sorted(changes.items())))

    def sample(self, output: NDArray[np.uint8]) -> Sample:
        return Sample(
            source=self.source,
            driving=sensor(self.truth_frames, self.noise, seed=2),
            output=output,
            fps=FPS,
            onset=ONSET,
            apex=APEX,
            offset=OFFSET,
            truth=truth_of(self.motion, self.truth_frames),
            known_reference_flows=_reference_flows(self.motion),
        )


@cache
def _sample(laboratory: Laboratory, changes: tuple[tuple[str, float], ...]) -> Sample:
    return laboratory.sample(laboratory.output(**dict(changes)))


@cache
def _clean(motion: Motion) -> NDArray[np.uint8]:
    return motion.frames()


@cache
def _moved(motion: Motion, noise: float) -> NDArray[np.uint8]:
    return motion.frames(sensor(portrait()[None], noise, seed=1)[0])


@cache
def _reference_flows(motion: Motion) -> NDArray[np.float32]:
    from mebench.motion.flow import flows_from

    return flows_from(_clean(motion), ONSET)


def sensor(frames: NDArray[np.uint8], sigma: float, seed: int) -> NDArray[np.uint8]:
    """Independent Gaussian noise of ``sigma`` grey levels in every frame, rounded to 8 bit."""
    noise = np.random.default_rng(seed).normal(0.0, sigma, frames.shape)
    return np.clip(np.rint(frames + noise), 0, 255).astype(np.uint8)


def flicker(frames: NDArray[np.uint8], depth: float) -> NDArray[np.uint8]:
    """Exposure that beats with a lamp: times 1 + depth sin, a period of 7.3 frames, and a slow drift of half of it."""
    time = np.arange(len(frames))
    exposure = 1.0 + depth * np.sin(2.0 * np.pi * time / 7.3) + 0.5 * depth * np.sin(time / len(frames) * 3.0)
    return np.clip(np.rint(frames * exposure[:, None, None, None]), 0, 255).astype(np.uint8)


def jpeg(frames: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Every frame through the JPEG codec on its own."""
    coded = []
    for frame in frames:
        _, data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        coded.append(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
    return np.stack(coded)


def h264(frames: NDArray[np.uint8], crf: int) -> NDArray[np.uint8]:
    """The clip through H.264, 4:2:0, as videos are usually passed around."""
    import io
    from fractions import Fraction

    import av

    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(int(FPS)), options={"crf": str(crf), "threads": "1"})
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
        for frame in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    target.seek(0)
    with av.open(target) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
