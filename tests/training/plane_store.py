"""A frame store without faces: textured planes that bend. Its exact motion is known, as for rendered frames."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from mebench.training.face_pairs import SIZE, motion_positions

NODES = 9
"""Vertices along each side of the mesh."""


def write_plane_store(folder: Path, *, identities: int, clips: int, frames: int) -> None:
    """Every frame shows the identity's texture on a mesh whose nodes are displaced by up to a few pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    step = (SIZE - 1) / (NODES - 1)
    nodes = np.stack(np.meshgrid(np.arange(NODES) * step, np.arange(NODES) * step), -1).reshape(-1, 2)
    mesh = _mesh()
    images, vertices, triangle, barycentric, labels = [], [], [], [], []
    for identity in range(identities):
        texture = cv2.resize(rng.random((24, 24, 3)).astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
        for clip in range(clips):
            for order in range(frames):
                bend = 2.0 * order / max(frames - 1, 1) * rng.standard_normal((NODES * NODES, 2))
                moved = (nodes + bend).astype(np.float32)
                at, weights = _locate(moved, mesh, _pixel_positions())
                back = (weights[..., None] * nodes[mesh[at]]).sum(-2).astype(np.float32)
                image = cv2.remap(texture, back, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                images.append((image.clip(0, 1) * 255).round().astype(np.uint8))
                vertices.append(moved)
                at, weights = _locate(moved, mesh, motion_positions())
                triangle.append(at.astype(np.int16))
                barycentric.append(weights[..., :2].astype(np.float16))
                labels.append((identity, identity * clips + clip, order))
    count = len(images)
    face = 64 + 40 * np.random.default_rng(1).uniform(-1, 1, (68, 2)).astype(np.float32)
    arrays = {
        "frames": np.stack(images),
        "vertices": np.stack(vertices),
        "triangle": np.stack(triangle),
        "barycentric": np.stack(barycentric),
        "landmarks": np.broadcast_to(face, (count, 68, 2)),
        "labels": np.array(labels, np.int32),
        "triangles": np.broadcast_to(mesh, (identities, *mesh.shape)).astype(np.int32),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "store.json").write_text(json.dumps({"identities": identities}))


def _mesh() -> np.ndarray:
    corner = (np.arange(NODES - 1)[:, None] * NODES + np.arange(NODES - 1)).reshape(-1)
    upper = np.stack((corner, corner + 1, corner + NODES), -1)
    lower = np.stack((corner + 1, corner + NODES + 1, corner + NODES), -1)
    return np.concatenate((upper, lower))


def _pixel_positions() -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), -1).astype(np.float32)


def _locate(moved: np.ndarray, mesh: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The triangle at each position and its barycentric weights; off the mesh the nearest triangle is continued."""
    found = np.zeros(where.shape[:2], np.int64)
    weights = np.zeros((*where.shape[:2], 3))
    best = np.full(where.shape[:2], -np.inf)
    for number, (a, b, c) in enumerate(moved[mesh].astype(np.float64)):
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        second = ((where[..., 0] - a[0]) * (c[1] - a[1]) - (where[..., 1] - a[1]) * (c[0] - a[0])) / area
        third = ((b[0] - a[0]) * (where[..., 1] - a[1]) - (b[1] - a[1]) * (where[..., 0] - a[0])) / area
        inside = np.minimum(np.minimum(second, third), 1 - second - third)
        better = inside > best
        best[better], found[better] = inside[better], number
        weights[better] = np.stack((1 - second - third, second, third), -1)[better]
    return found, weights
