"""Identity preservation by dlib's face-recognition network."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mebench.errors import MissingWeights, Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample

RECOGNITION = "dlib_face_recognition_resnet_model_v1.dat"
POINTS = "shape_predictor_5_face_landmarks.dat"
EVEN_FRAMES = 5


class CsimDlib:
    """``1 - d``, d the Euclidean distance of 128-d embeddings of the source image and of output frames; mean over them.

    Frames: the apex and five evenly spaced ones from the first to the last. Each face is found by dlib's HOG detector
    at the scoring size (the largest one counts), aligned by five landmarks and embedded without jitter. dlib calls two
    faces the same person below d = 0.6, so 0.4 is the line between "same" and "other". A frame in which no face is
    found scores 0: whoever loses the face has lost the person.
    """

    facts = MetricFacts(
        name="csim[dlib]",
        version=1,
        family="identity",
        unit="1 - distance",
        direction="higher",
        ceiling=1.0,
        floor=1.0,
        worst=0.0,
        networks=(RECOGNITION, POINTS),
        summary="Identity similarity to the source: 1 - Euclidean distance of dlib embeddings, mean over 6 frames.",
        source="King, dlib face recognition ResNet (2017), distance threshold 0.6; weights of face_recognition_models",
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 1; :class:`~mebench.errors.Unavailable` if no face is found in the source image."""
        source = embedding(sample.source)
        if source is None:
            raise Unavailable("no face was found in the source image.")
        return float(np.mean([likeness(source, embedding(sample.output[t])) for t in sample.spread(EVEN_FRAMES)]))


def likeness(source: NDArray[np.float64], other: NDArray[np.float64] | None) -> float:
    """``max(0, 1 - |source - other|)``, 0 where there is no face."""
    return 0.0 if other is None else max(0.0, 1.0 - float(np.linalg.norm(source - other)))


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


METRIC = CsimDlib()
