"""What drawing landmarks at whole pixels loses of a small motion: ``python benchmarks/landmark_lines.py``.

One micro-expression clip of a validation person of each domain. The face mesh of the onset frame is moved by the exact
motion from onset to apex, scaled so that the largest motion (99th percentile over the landmarks) has the size in the
first column, and drawn at 256 px. For whole-pixel and for sub-pixel lines the table gives

    still    share of the landmarks that move (by a tenth of the size or more) but are drawn where they were
    error    root mean square of drawn minus exact displacement, over that of the exact one (1: as bad as no motion)
    line     the same for what the image shows: the shift of the centre of each line's own pixels, over all lines
    gain     least-squares slope of the lines' shift on the exact one
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.backbones.metaportrait.drawing import Layout, drawn_places, layout
from mebench.datasets.synme.dataset import plan_of
from mebench.datasets.synme.domains import BENCHMARK_DOMAINS
from mebench.datasets.synme.keys import parse_clip
from mebench.datasets.synme.studio import Studio, recording
from mebench.motion.landmarks import face_mesh

SIZE = 256
PEAKS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Pixels: micro-expressions reach 0.5 to 2, ordinary ones 3 to 7."""

CANVAS = 64
"""Side of the patch on which a single line is drawn, in pixels; no line of the mesh is longer than half of it."""


@dataclass(frozen=True)
class Moved:
    """points: ``[N,2]`` in pixels (edges of the image at 0 and SIZE). motion: exact ``[N,2]``, peak 1."""

    points: NDArray[np.float32]
    motion: NDArray[np.float32]


def main() -> None:
    table = layout("mesh-468")
    faces = [moved_face(f"{domain}-validation-00-0") for domain in BENCHMARK_DOMAINS]
    print("peak   whole pixels                     sixteenths of a pixel")  # noqa: T201
    print("  px   still  error   line   gain       still  error   line   gain")  # noqa: T201
    for peak in PEAKS:
        row = [f"{peak:4.2f}"]
        for subpixel in (False, True):
            values = np.mean([losses(face, peak, table, subpixel=subpixel) for face in faces], axis=0)
            row.append("  ".join(f"{value:5.2f}" for value in values))
        print("   ".join(row))  # noqa: T201


def moved_face(key: str) -> Moved:
    """The mesh of a clip's delivered onset frame, and the exact motion under it at the apex."""
    name = parse_clip(key)
    plan = plan_of(name)
    studio = Studio(name.person, recording(name.person))
    onset, apex = studio.state(plan, plan.onset), studio.state(plan, plan.apex)
    points = face_mesh(studio.frame(onset, plan.noise_key + plan.onset)).points
    flow = studio.flow(onset, apex)
    column, row = np.rint(points).astype(int).clip(0, SIZE - 1).T
    known = flow.valid[row, column]
    motion = np.where(known[:, None], np.nan_to_num(flow.displacement[row, column]), 0.0)
    peak = np.percentile(np.linalg.norm(motion, axis=1), 99)
    return Moved((points + 0.5).astype(np.float32), (motion / peak).astype(np.float32))


def losses(face: Moved, peak: float, table: Layout, *, subpixel: bool) -> list[float]:
    """still, error, line, gain."""
    exact = peak * face.motion
    places = [drawn_places(points / SIZE, SIZE, subpixel=subpixel) for points in (face.points, face.points + exact)]
    moved = places[1] - places[0]
    moving = np.linalg.norm(exact, axis=1) >= 0.1 * peak
    still = float((moved[moving] == 0).all(1).mean())
    error = rms(moved - exact) / rms(exact)
    shifts, true = [], []
    for first, second in table.edges:
        ends = [first, second]
        corner = np.floor(places[0][ends].mean(0)) - CANVAS / 2
        centres = [centre_of_line(part[ends] - corner) for part in places]
        shifts.append(centres[1] - centres[0])
        true.append(exact[ends].mean(0))
    shown, wanted = np.array(shifts), np.array(true)
    return [still, error, rms(shown - wanted) / rms(wanted), float((shown * wanted).sum() / (wanted**2).sum())]


def centre_of_line(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre of the pixels of an anti-aliased line between two positions ``[2,2]`` (sixteenths of a pixel)."""
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    first, second = np.rint(ends * 16).astype(int).tolist()
    cv2.line(canvas, first, second, 255, 1, cv2.LINE_AA, 4)
    weight = canvas.astype(np.float64)
    grid = np.arange(CANVAS)
    return np.array([weight.sum(0) @ grid, weight.sum(1) @ grid]) / weight.sum()


def rms(values: NDArray[np.floating]) -> float:
    """Root mean square length of ``[N,2]``."""
    return float(np.sqrt((values.astype(np.float64) ** 2).sum(1).mean()))


if __name__ == "__main__":
    main()
