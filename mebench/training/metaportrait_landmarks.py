"""Face-mesh landmarks of the training frames, and the linear maps that steady their displacement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.backbones.metaportrait.lite import TRACKERS, SteadyMotion
from mebench.files import write_whole
from mebench.motion.follow import follow_points
from mebench.motion.steady_mesh import reference_cut, steady_points
from mebench.training.face_pairs import FrameStore
from mebench.training.motion_losses import sample_pixels

RIDGE = 100.0
"""Weight of the penalty on the linear map, in squared pixels; chosen on held-out people of the training domain among
3, 30, 300 and 3000 (smaller ones fit the training people better, and others no better)."""

LONGEST = 6.0
"""Pixels at which displacements are cut before the fit: a few wrong matches must not decide it."""

_NAME = "metaportrait-landmarks.npz"


def landmarks(store: FrameStore) -> dict[str, NDArray[np.float32]]:
    """For each tracker the landmarks ``[N,468,2]`` of every frame in pixels of the small frame, kept beside the store.

    ``mesh``: detected in every frame, around one cut a clip. ``follow``: the mesh of the clip's first frame, followed.
    """
    path = Path(str(store.frames.filename)).parent / _NAME
    if not path.exists():
        found = {name: np.zeros((len(store.frames), 468, 2), np.float32) for name in TRACKERS}
        for clip in np.unique(store.clip):
            rows = np.flatnonzero(store.clip == clip)
            rows = rows[np.argsort(store.order[rows])]
            frames = np.asarray(store.frames[rows])
            mesh = steady_points(frames, reference_cut(frames[0], f"clip {clip}"), f"clip {clip}")
            found["mesh"][rows] = mesh
            found["follow"][rows] = mesh[0] + follow_points(frames[0], frames, mesh[0])
        write_whole(path, lambda temporary: _write(temporary, found))
    with np.load(path) as stored:
        return {name: stored[name] for name in TRACKERS}


def _write(path: Path, arrays: dict[str, NDArray[np.float32]]) -> None:
    with open(path, "wb") as handle:
        np.savez(handle, **arrays)  # type: ignore[arg-type]


def fit_steady(
    steady: SteadyMotion, store: FrameStore, points: NDArray[np.float32], identities: NDArray[np.int64]
) -> None:
    """Reduced-rank ridge regression from tracked to exact displacement, from the first frames of the clips of
    ``identities`` to their other frames (Izenman, Journal of Multivariate Analysis 1975, with a ridge).

    The exact displacement at the landmarks is a motion label of the rendered faces.
    """
    firsts, others = first_pairs(store, identities)
    tracked = np.clip(points[others] - points[firsts], -LONGEST, LONGEST).reshape(len(others), -1).astype(np.float64)
    exact = exact_displacement(store, points, firsts, others).reshape(len(others), -1).astype(np.float64)
    gram = tracked.T @ tracked + RIDGE * np.eye(tracked.shape[1])
    full = np.linalg.solve(gram, tracked.T @ exact)
    rank = len(steady.read)
    made = tracked @ full
    _, axes = np.linalg.eigh(made.T @ made)
    basis = axes[:, ::-1][:, :rank]
    steady.read.copy_(torch.from_numpy((full @ basis).T.astype(np.float32)))
    steady.write.copy_(torch.from_numpy(basis.astype(np.float32)))


def first_pairs(store: FrameStore, identities: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the clips' first frames and of each of their other frames, for the given identities."""
    inside = np.isin(store.identity, identities)
    first = {clip: row for row, clip in zip(*_rows(store, inside & (store.order == 0)), strict=True)}
    others, clips = _rows(store, inside & (store.order > 0))
    return np.array([first[clip] for clip in clips]), others


def exact_displacement(
    store: FrameStore, points: NDArray[np.float32], firsts: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Exact motion ``[P,468,2]`` of the surface under the landmarks of the first frames, pixels; zero off the head."""
    parts = []
    for start in range(0, len(firsts), 64):
        here, there = firsts[start : start + 64], others[start : start + 64]
        motion = store.motion(there, here)
        spacing = motion.where[0, 1, 0] - motion.where[0, 0, 0]
        cells = (torch.from_numpy(points[here]) - motion.where[0, 0]) / spacing
        sampled = sample_pixels(motion.displacement.movedim(-1, 1), cells[:, :, None])
        parts.append(sampled[..., 0].mT.numpy())
    return np.concatenate(parts).astype(np.float32)


def _rows(store: FrameStore, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows = np.flatnonzero(chosen)
    return rows, store.clip[rows]
