"""Rendered frames with exact geometry, and the pairs that the small backbones are trained on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.training.motion_losses import ExactMotion

SIZE = 128
"""Side of the stored frames in pixels."""

STRIDE = 4
"""The exact motion is kept at every fourth rendered pixel, from pixel 1: twice as fine as the motion field."""

RENDERED = 256
"""Side of the rendered frames in pixels."""

SAME_CLIP_FROM_FIRST = 0.45
SAME_CLIP = 0.35
"""Shares of the pairs: first frame of a clip with another; any two of a clip; the rest crosses clips of an identity."""

GAIN_SPREAD = 0.08
CONTRAST_SPREAD = 0.1
GREY_SHARE = 0.1
"""Colour changes common to both frames of a pair: log gain a channel, contrast, and how often colour is dropped."""


@dataclass(frozen=True)
class Batch:
    """source, driving: float32 ``[B,3,S,S]`` in [0,1]. motion: exact, before mirroring. mirrored: bool ``[B]``."""

    source: torch.Tensor
    driving: torch.Tensor
    motion: ExactMotion
    mirrored: torch.Tensor


class FrameStore:
    """Frames of several identities and clips as memory-mapped arrays in one folder.

    frames: uint8 ``[N,S,S,3]``. vertices: float32 ``[N,V,2]`` in pixels of the small frame. triangle: int16 ``[N,h,w]``
    (-1 background) and barycentric: float16 ``[N,h,w,2]`` (the first two) of the surface at ``where``.
    landmarks: float32 ``[N,68,2]``. identity, clip, order: int32 ``[N]`` (order counts within the clip).
    triangles: int32 ``[I,F,3]``, the mesh of each identity.
    """

    def __init__(self, folder: Path) -> None:
        facts = json.loads((folder / "store.json").read_text())
        self.identities: int = facts["identities"]
        self.frames = np.load(folder / "frames.npy", mmap_mode="r")
        self.vertices = np.load(folder / "vertices.npy", mmap_mode="r")
        self.triangle = np.load(folder / "triangle.npy", mmap_mode="r")
        self.barycentric = np.load(folder / "barycentric.npy", mmap_mode="r")
        self.landmarks = np.load(folder / "landmarks.npy")
        self.identity, self.clip, self.order = np.load(folder / "labels.npy").T
        self.triangles = np.load(folder / "triangles.npy")
        self.where = torch.from_numpy(motion_positions())

    def image(self, index: NDArray[np.int64]) -> torch.Tensor:
        """float32 ``[B,3,S,S]`` in [0,1]."""
        return torch.from_numpy(self.frames[index].astype(np.float32) / 255).movedim(-1, 1)

    def motion(self, source: NDArray[np.int64], driving: NDArray[np.int64]) -> ExactMotion:
        """Where in the source frame the surface points lie that the driving frame shows."""
        shifts = []
        here = self.where.numpy()
        for s, d in zip(source, driving, strict=True):
            triangle = self.triangle[d]
            corners = np.asarray(self.vertices[s])[self.triangles[self.identity[s]][np.maximum(triangle, 0)]]
            first, second = np.moveaxis(self.barycentric[d].astype(np.float32), -1, 0)
            weights = np.stack((first, second, 1 - first - second), -1)
            there = (weights[..., None] * corners).sum(-2)
            shifts.append(np.where((triangle >= 0)[..., None], there - here, 0.0))
        return ExactMotion(torch.from_numpy(np.stack(shifts).astype(np.float32)), self.where)


def motion_positions() -> NDArray[np.float32]:
    """Small-frame pixel positions ``[h,w,2]`` (x, y) of every STRIDE-th rendered pixel, from pixel 1."""
    rendered = np.arange(1, RENDERED, STRIDE, dtype=np.float32)
    small = (rendered + 0.5) * (SIZE / RENDERED) - 0.5
    return np.stack(np.broadcast_arrays(small[None, :], small[:, None]), -1).astype(np.float32)


class PairSampler:
    """Draws pairs of the given identities; the draw of step ``i`` depends on ``(seed, i)`` alone."""

    def __init__(self, store: FrameStore, identities: NDArray[np.int64], seed: int, batch: int) -> None:
        self.store, self.seed, self.batch = store, seed, batch
        self.by_identity = [np.flatnonzero(store.identity == identity) for identity in identities]

    def draw(self, step: int) -> Batch:
        """One batch of pairs, mirrored and recoloured at random."""
        rng = np.random.default_rng([self.seed, step])
        pairs = np.array([self._pair(rng) for _ in range(self.batch)])
        batch = self._plain(pairs)
        source, driving = self._recolour(batch.source, batch.driving, rng)
        mirrored = torch.from_numpy(rng.random(self.batch) < 0.5)
        flip = mirrored[:, None, None, None]
        source, driving = (torch.where(flip, image.flip(-1), image) for image in (source, driving))
        return Batch(source, driving, batch.motion, mirrored)

    def reenactments(self) -> Iterator[Batch]:
        """Every clip's first frame with each of its other frames, in order, as they were rendered."""
        pairs = [
            (first, other)
            for frames in self.by_identity
            for first in frames[self.store.order[frames] == 0]
            for other in frames[(self.store.clip[frames] == self.store.clip[first]) & (self.store.order[frames] > 0)]
        ]
        for start in range(0, len(pairs), self.batch):
            yield self._plain(np.array(pairs[start : start + self.batch]))

    def _plain(self, pairs: NDArray[np.int64]) -> Batch:
        source, driving = self.store.image(pairs[:, 0]), self.store.image(pairs[:, 1])
        motion = self.store.motion(pairs[:, 0], pairs[:, 1])
        return Batch(source, driving, motion, torch.zeros(len(pairs), dtype=torch.bool))

    def _pair(self, rng: np.random.Generator) -> tuple[int, int]:
        frames = self.by_identity[rng.integers(len(self.by_identity))]
        kind = rng.random()
        if kind >= SAME_CLIP_FROM_FIRST + SAME_CLIP:
            return int(rng.choice(frames)), int(rng.choice(frames))
        clips = self.store.clip[frames]
        clip = frames[clips == rng.choice(clips)]
        if kind < SAME_CLIP_FROM_FIRST:
            return int(clip[0]), int(rng.choice(clip[1:]))
        source, driving = rng.choice(clip, 2, replace=False)
        return int(source), int(driving)

    def _recolour(
        self, source: torch.Tensor, driving: torch.Tensor, rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        gain = torch.from_numpy(np.exp(rng.normal(0, GAIN_SPREAD, (self.batch, 3, 1, 1))).astype(np.float32))
        contrast = torch.from_numpy((1 + rng.normal(0, CONTRAST_SPREAD, (self.batch, 1, 1, 1))).astype(np.float32))
        grey = torch.from_numpy(rng.random((self.batch, 1, 1, 1)) < GREY_SHARE)

        def apply(image: torch.Tensor) -> torch.Tensor:
            image = torch.where(grey, image.mean(1, keepdim=True), image)
            return (((image - 0.5) * contrast + 0.5) * gain).clamp(0, 1)

        return apply(source), apply(driving)
