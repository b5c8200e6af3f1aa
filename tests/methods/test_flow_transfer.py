"""Flow transfer carries a known motion from one face to another place, size and turn of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mebench.clip import Driving, Source
from mebench.methods.flow_transfer import FlowTransfer
from mebench.motion.crop import face_crop
from mebench.motion.flow import DisFine
from mebench.motion.landmarks import face_mesh

MOUTH_CORNER = 291
"""Left mouth corner in the topology of the mesh."""


@pytest.fixture(scope="module")
def face() -> NDArray[np.uint8]:
    skimage_data = pytest.importorskip("skimage.data")
    image = skimage_data.astronaut()
    return face_crop(image).apply(image)


def _pull(image: NDArray[np.uint8], at: NDArray[np.float32], by: tuple[float, float]) -> NDArray[np.uint8]:
    """Move the surroundings of ``at`` by ``by`` pixels (Gaussian bump of 14 px)."""
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    bump = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * 14.0**2))
    return cv2.remap(image, x - by[0] * bump, y - by[1] * bump, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _driving(frames: list[NDArray[np.uint8]]) -> Driving:
    stack = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255.0
    return Driving("clip", stack, 50.0, 0, 1, len(frames) - 1)


def _source(image: NDArray[np.uint8]) -> Source:
    return Source("face", torch.from_numpy(image).permute(2, 0, 1).float() / 255.0)


def test_motion_lands_on_the_source_turned_and_scaled(face: NDArray[np.uint8]) -> None:
    corner = face_mesh(face).points[MOUTH_CORNER]
    driving = _driving([face, _pull(face, corner, (1.5, -1.5)), face])
    turn = cv2.getRotationMatrix2D((128, 128), 10.0, 0.9)
    target = cv2.warpAffine(face, turn, (256, 256), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    made = FlowTransfer().generate(_source(target), driving).frames
    assert made.shape == (3, 3, 256, 256)
    frames = (made * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
    flow = DisFine()(frames[0], frames[1])
    x, y = np.round(turn @ np.append(corner, 1.0)).astype(int)
    expected = turn[:, :2] @ np.array([1.5, -1.5])
    moved = flow[y - 2 : y + 3, x - 2 : x + 3].mean(axis=(0, 1))
    assert np.linalg.norm(moved - expected) < 0.35 * np.linalg.norm(expected)
    assert np.abs(flow[:40]).max() < 0.3


def test_a_still_driver_leaves_the_source_as_it_is(face: NDArray[np.uint8]) -> None:
    source = _source(face)
    made = FlowTransfer().generate(source, _driving([face, face])).frames
    assert torch.equal((made * 255).round(), (source.image.expand_as(made) * 255).round())


def test_a_furrow_of_the_driver_darkens_the_source_at_the_same_place(face: NDArray[np.uint8]) -> None:
    """No flow explains it: a soft shadow between the brows, and more light on the whole picture, which is left out."""
    brows = face_mesh(face).points[9]
    y, x = np.mgrid[0:256, 0:256].astype(np.float32)
    shadow = np.exp(-((x - brows[0]) ** 2 + (y - brows[1]) ** 2) / (2 * 8.0**2))
    shaded = (face * (1.03 * (1.0 - 0.2 * shadow))[..., None]).clip(0, 255).round().astype(np.uint8)
    driving = _driving([face, shaded])
    target = np.ascontiguousarray(face[:, ::-1])
    source = _source(target)
    made, plain = (FlowTransfer(shade=share).generate(source, driving).frames[1] for share in (0.5, 0.0))
    lost = 1.0 - made.sum(0) / plain.sum(0).clamp(min=0.1)
    there = face_mesh(target).points[9].round().astype(int)
    between = lost[there[1] - 3 : there[1] + 4, there[0] - 3 : there[0] + 4].mean()
    # Half of 20 %, less what the comparison smooths away.
    assert 0.05 < between < 0.11
    assert abs(float(lost[200:, :40].mean())) < 0.002
