"""ArcFace embeddings through the package ``insightface`` and a pack that the user has put on this machine.

InsightFace itself downloads a missing pack, dies with a bare assertion on an empty folder, and since version 1.0 picks
a detector size of its own, so that the same weights give other numbers. Here the files are looked at first, nothing is
downloaded, and the detector sees 640 x 640 pixels always.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from mebench.clip import Pixels
from mebench.errors import MissingWeights
from mebench.metrics.identity.faces import Embedding
from mebench.weights import find, sha256

PACK = "arcface-buffalo_l"
FILES = ("det_10g.onnx", "w600k_r50.onnx")
"""Detector and recogniser of the pack; its other networks are not loaded."""

DETECTOR_SIZE = (640, 640)
MARGIN = 0.5
"""Black border around the picture, in parts of its side: the detector was trained on faces that fill less of it."""


def pack_hashes() -> dict[str, str]:
    """SHA-256 of the files of the pack; :class:`~mebench.errors.MissingWeights` in one sentence when one is missing."""
    folder = find(PACK).parent
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        raise MissingWeights(
            f"the pack buffalo_l in {folder} is not whole; put {' and '.join(missing)} beside the rest."
        )
    return {name: sha256(folder / name) for name in FILES}


def embedding(image: Pixels) -> Embedding | None:
    """The normed embedding ``[512]`` of the largest face of an RGB image uint8 ``[H,W,3]``; None without a face."""
    analysis = _analysis()
    border = int(MARGIN * max(image.shape[:2]))
    framed = np.pad(image[..., ::-1], ((border, border), (border, border), (0, 0)))  # the networks take BGR
    found = analysis.get(np.ascontiguousarray(framed))
    if not found:
        return None
    largest = max(found, key=lambda face: (face.bbox[2] - face.bbox[0]) * (face.bbox[3] - face.bbox[1]))
    return np.asarray(largest.normed_embedding, dtype=np.float64)


@cache
def _analysis() -> Any:
    pack_hashes()
    if find_spec("insightface") is None:
        raise MissingWeights("csim[arcface] needs the package insightface; run: pip install 'mebench[arcface]'.")
    from insightface.app import FaceAnalysis

    analysis = FaceAnalysis(
        name=str(find(PACK).parent),
        allowed_modules=["detection", "recognition"],
        providers=["CPUExecutionProvider"],
    )
    analysis.prepare(ctx_id=-1, det_size=DETECTOR_SIZE)
    return analysis
