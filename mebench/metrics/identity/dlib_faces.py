"""dlib's face-recognition network: 128 numbers a face, with a Euclidean distance."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mebench.errors import MissingWeights

RECOGNITION = "dlib_face_recognition_resnet_model_v1.dat"
POINTS = "shape_predictor_5_face_landmarks.dat"


def embedding(image: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """The embedding ``[128]`` of the largest face of an RGB image uint8 ``[H,W,3]``; None where no face is found."""
    judge = _judge()
    pixels = np.ascontiguousarray(image)
    faces = judge.detector(pixels, 0)
    if not faces:
        return None
    largest = max(faces, key=lambda box: box.area())
    return np.array(judge.recogniser.compute_face_descriptor(pixels, judge.points(pixels, largest)), dtype=np.float64)


class _Judge(NamedTuple):
    detector: Any
    points: Any
    recogniser: Any


@cache
def _judge() -> _Judge:
    import dlib

    return _Judge(
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(str(model_file(POINTS))),
        dlib.face_recognition_model_v1(str(model_file(RECOGNITION))),
    )


def model_file(name: str) -> Path:
    """A file of the data package ``face_recognition_models``, found without importing it: its own code needs the
    ``pkg_resources`` of old setuptools."""
    spec = find_spec("face_recognition_models")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "models" / name
        if path.is_file():
            return path
    raise MissingWeights(f"{name} is missing; run: pip install face_recognition_models.")
