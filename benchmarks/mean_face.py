"""Measure the mean face shape of ``mebench/motion/mean_face.json``: ``python benchmarks/mean_face.py --people 8``.

The 468-point mesh is found on the portraits of the open set's train people (six domains, so many of each), and the shapes
are averaged by generalised Procrustes analysis (Gower, Psychometrika 40, 1975): each is brought by a similarity to the mean
of all, until that stays. The result has its eyes level and one inter-ocular distance apart, half way between them being
the origin.
"""

from __future__ import annotations

import argparse
import sys

import cv2
import numpy as np
import torch

from mebench.datasets.synme.dataset import Synme
from mebench.files import write_json
from mebench.motion.landmarks import eye_centres, face_mesh, solid_in_cut
from mebench.motion.mean_face import FILE
from mebench.motion.similarity import similarity

ROUNDS = 10
DIGITS = 4


def moved(shape, points, targets):
    """The solid shape ``[468,3]`` by the similarity that brings ``points`` to ``targets``, ``[N,2]`` each; depth is scaled."""
    turn = similarity(points, targets)
    return np.column_stack((turn.apply(shape[:, :2]), turn.scale * shape[:, 2])).astype(np.float64)


def level(shape):
    """The shape ``[468,3]`` with its eyes level, one apart, their middle at the origin."""
    return moved(shape, np.stack(eye_centres(shape[:, :2])), np.array([[-0.5, 0.0], [0.5, 0.0]]))


def mean_shape(shapes):
    """Of N shapes ``[468,3]``: float64 ``[468,3]``."""
    mean = level(shapes[0])
    for _ in range(ROUNDS):
        mean = level(np.mean([moved(shape, shape[:, :2], mean[:, :2]) for shape in shapes], axis=0))
    return mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=8, help="of each domain")
    count = parser.parse_args().people
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    shapes = []
    for portrait in Synme().portraits("train"):
        if int(portrait.subject.rpartition("-")[2]) < count:
            image = portrait.read()
            shapes.append(solid_in_cut(image, face_mesh(image, portrait.key).cut)[0])
    mean = mean_shape(shapes)
    apart = [np.sqrt(np.square(level(shape) - mean)[:, :2].sum(axis=1).mean()) for shape in shapes]
    sys.stdout.write(
        f"{len(shapes)} faces; root mean square distance of a face's points from the mean: {np.mean(apart):.3f} "
        "inter-ocular distances\n"
    )
    write_json(FILE, {"faces": len(shapes), "points": np.round(mean, DIGITS).tolist()})


if __name__ == "__main__":
    main()
