"""What each part of flow transfer is worth, on pairs of people of the open set.

    python benchmarks/flow_transfer.py [--pairs 24] [--split train]

The constants were chosen on the pairs of the validation split. Nothing was chosen or trained on those of ``train``, whose
people are others. Each pair: the driver's onset and apex frames as delivered, and a portrait of another person of the
next domain. psnr: at the apex, against the rendered answer, in the face and within boxes around mouth, eyes and brows. epe: flow of the output (DIS,
fine) against the exact motion, in the face, in thousandths of the distance between the eyes. gain error: of the output's
expression along that of the rendered answer, both by flow, mean absolute octaves.
"""

from __future__ import annotations

import argparse
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mebench.clip import Driving, Source, Truth
from mebench.datasets.synme.dataset import Synme
from mebench.methods.flow_transfer import FlowTransfer
from mebench.metrics.motion.gate import LARGEST_OCTAVES
from mebench.motion.align import fit_affine
from mebench.motion.flow import DisFine

VARIANTS: dict[str, dict[str, Any] | None] = {
    "still source": None,
    "one way, no denoising, no shade": {"denoising": 0.0, "both_ways": False, "shade": 0.0},
    "both ways": {"denoising": 0.0, "shade": 0.0},
    "both ways, denoising": {"shade": 0.0},
    "both ways, denoising, shade (the baseline)": {},
}
PARTS = {"mouth": (slice(48, 68), 8), "eyes": (slice(36, 48), 6), "brows": (slice(17, 27), 8)}
"""Landmarks (iBUG) and margin in pixels of the boxes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=24, help="how many of the 24 pairs")
    parser.add_argument("--split", choices=("validation", "train"), default="validation", help="whose faces")
    asked = parser.parse_args()
    count, split = asked.pairs, asked.split
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    data = Synme()
    rows: dict[str, list[list[float]]] = {name: [] for name in VARIANTS}
    for index in range(count):
        person, domain = divmod(index, 6)
        clip = data.clip(f"{'abcdef'[domain]}-{split}-{person:02d}-{person % 2}")
        portrait = data.portrait(f"{'abcdef'[(domain + 1) % 6]}-{split}-{(person + 1) % 4:02d}")
        truth = data.truth_at(portrait.key, clip.key, (clip.onset, clip.apex))
        frames = tensor(clip.frames.array()[[clip.onset, clip.apex]])
        source = portrait.read()
        for name, options in VARIANTS.items():
            made = source
            if options is not None:
                driving = Driving(clip.key, frames, clip.fps, 0, 1, 1)
                answer = FlowTransfer(**options).generate(Source("s", tensor(source[None])[0]), driving).frames[1]
                made = (answer * 255.0).round().byte().permute(1, 2, 0).contiguous().numpy()
            rows[name].append(measured(source, made, truth))
    heads = ("", "psnr face", "mouth", "eyes", "brows", "epe", "gain error")
    print(f"{count} pairs, {split}\n\n| {' | '.join(heads)} |\n{'|---' * len(heads)}|")  # noqa: T201
    for name, found in rows.items():
        values = np.mean(found, axis=0)
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |", flush=True)  # noqa: T201


def measured(source: NDArray[np.uint8], made: NDArray[np.uint8], truth: Truth) -> list[float]:
    """psnr of face, mouth, eyes and brows, epe, gain error."""
    answer, landmarks = truth.frames[1].astype(np.float32), truth.landmarks[0]
    masks = [truth.face, *(box(landmarks[points], margin, truth.face.shape) for points, margin in PARTS.values())]
    errors = [float(((made.astype(np.float32) - answer) ** 2)[mask].mean()) for mask in masks]
    exact = truth.flow(1, "all")
    mask = truth.face & exact.valid
    eyes = float(np.linalg.norm(landmarks[36:42].mean(0) - landmarks[42:48].mean(0)))
    flow = DisFine()(source, made)
    epe = 1000.0 / eyes * float(np.hypot(*(flow - exact.displacement)[mask].T).mean())
    own, wanted = (
        (field - fit_affine(field, mask).field(*mask.shape))[mask]
        for field in (flow, DisFine()(truth.frames[0], truth.frames[1]))
    )
    gain = float((own * wanted).sum() / (wanted**2).sum())
    return [
        *(10.0 * np.log10(255.0**2 / error) for error in errors),
        epe,
        abs(float(np.log2(max(gain, 2.0**-LARGEST_OCTAVES)))),
    ]


def box(points: NDArray[np.float32], margin: int, size: tuple[int, ...]) -> NDArray[np.bool_]:
    """True in the bounding box of the points and ``margin`` pixels around it."""
    (left, top), (right, bottom) = points.min(0) - margin, points.max(0) + margin
    y, x = np.mgrid[0 : size[0], 0 : size[1]]
    return np.asarray((x >= left) & (x <= right) & (y >= top) & (y <= bottom))


def tensor(frames: NDArray[np.uint8]) -> torch.Tensor:
    """uint8 ``[T,H,W,3]`` to float32 ``[T,3,H,W]`` in [0,1]."""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255.0


if __name__ == "__main__":
    main()
