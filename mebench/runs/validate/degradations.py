"""Ways to spoil a perfect output by a known amount."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.runs.validate.case import Case

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Degradation:
    """levels: from the least to the most, the perfect output among them at ``perfect``. make: gives the output."""

    name: str
    title: str
    unit: str
    levels: tuple[float, ...]
    perfect: float
    make: Callable[[Case, float], Pixels]


def _morph(case: Case, share: float) -> Pixels:
    mixed = (1.0 - share) * case.truth.frames + share * case.another_person.astype(np.float64)
    return _levels(mixed)


def _blur(case: Case, sigma: float) -> Pixels:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in case.truth.frames])


def _noise(case: Case, sigma: float) -> Pixels:
    draws = np.random.default_rng(1).normal(0.0, sigma, case.truth.frames.shape)
    return _levels(case.truth.frames + draws)


def _jpeg(case: Case, quality: float) -> Pixels:
    coded = []
    for frame in case.truth.frames:
        _, data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
        coded.append(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])
    return np.ascontiguousarray(np.stack(coded), dtype=np.uint8)


def _h264(case: Case, rate_factor: float) -> Pixels:
    import av

    frames, target = case.truth.frames, io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        options = {"crf": str(int(rate_factor)), "threads": "1"}
        stream = container.add_stream("libx264", rate=Fraction(case.plan.fps).limit_denominator(1000), options=options)
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
        for frame in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    target.seek(0)
    with av.open(target) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def _off_pattern(case: Case, peak: float) -> Pixels:
    """Chin and right cheek pulled down in the course of the true expression, ``peak`` pixels at its apex."""
    truth = case.truth
    points = truth.landmarks[truth.onset].astype(np.float64)
    course = truth.action_units[:, :24].sum(axis=1)
    course = course / max(float(course.max()), 1e-9)
    rows, columns = np.mgrid[: truth.frames.shape[1], : truth.frames.shape[2]].astype(np.float64)
    field = np.zeros_like(rows)
    for (x, y), width in (((points[8] + points[57]) / 2.0, 12.0), ((points[2] + points[31]) / 2.0, 10.0)):
        field += np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2.0 * width**2))
    return np.stack([_moved(frame, peak * share * field) for frame, share in zip(truth.frames, course, strict=True)])


def _flicker(case: Case, depth: float) -> Pixels:
    gains = 1.0 + depth / 100.0 * np.random.default_rng(2).normal(size=len(case.truth.frames))
    return _levels(case.truth.frames * gains[:, None, None, None])


def _tremble(case: Case, size: float) -> Pixels:
    moves = size * np.random.default_rng(3).normal(size=(len(case.truth.frames), 2))
    side = case.truth.frames.shape[2], case.truth.frames.shape[1]
    shaken = [
        cv2.warpAffine(
            frame,
            np.array([[1.0, 0.0, x], [0.0, 1.0, y]]),
            side,
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for frame, (x, y) in zip(case.truth.frames, moves, strict=True)
    ]
    return np.stack(shaken).astype(np.uint8)


def _moved(frame: Pixels, down: Floats) -> Pixels:
    rows, columns = np.mgrid[: frame.shape[0], : frame.shape[1]].astype(np.float32)
    return np.asarray(
        cv2.remap(frame, columns, rows - down.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    )


def _levels(values: Floats) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


DEGRADATIONS = (
    Degradation("gain", "strength of the expression", "times", (0, 0.25, 0.5, 1, 1.5, 2), 1, Case.with_gain),
    Degradation("delay", "delay of the expression", "ms", (0, 33, 67, 133), 0, Case.later),
    Degradation("units", "action units left out", "share", (0, 0.5, 1), 0, Case.without_units),
    Degradation("off", "motion of another place", "px", (0, 0.25, 0.5, 1), 0, _off_pattern),
    Degradation("identity", "cross-fade to another person", "share", (0, 0.25, 0.5, 1), 0, _morph),
    Degradation("blur", "Gaussian blur", "px", (0, 0.5, 1, 2), 0, _blur),
    Degradation("noise", "fresh sensor noise", "grey levels", (0, 1, 3, 6), 0, _noise),
    Degradation("jpeg", "JPEG", "quality", (100, 90, 70, 40), 100, _jpeg),
    Degradation("h264", "H.264", "rate factor", (0, 14, 23, 30), 0, _h264),
    Degradation("flicker", "flicker of the exposure", "%", (0, 0.5, 1, 3), 0, _flicker),
    Degradation("tremble", "trembling of the whole picture", "px", (0, 0.05, 0.15, 0.4), 0, _tremble),
)
"""All of them. The perfect level is the true answer itself and is not made again (so JPEG 100 and rate factor 0 stand for
no compression)."""
