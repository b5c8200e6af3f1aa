"""What the leak check rests on: which databases weights have seen, and when two pictures are of one recording."""

from __future__ import annotations

import re

import numpy as np

from mebench.runs.leaks import has_seen, perceptual_hash
from mebench.weights.catalogue import FILES

NAMES: dict[str, tuple[str, ...]] = {
    "casme": ("CASME",),
    "casme2": ("CASME II", "CASME2"),
    "samm": ("SAMM",),
    "smic_hs": ("SMIC", "SMIC-HS"),
    "mmew": ("MMEW",),
    "fourd": ("4DME",),
    "casme_sq": ("CAS(ME)^2",),
    "casme3a": ("CAS(ME)^3",),
}
"""What descriptions for people call each database."""


def test_what_is_told_to_people_of_training_data_is_told_to_the_check() -> None:
    for row in FILES.values():
        for dataset, names in NAMES.items():
            named = any(re.search(rf"(?<![\w^]){re.escape(n)}(?![\w^(]| II\b)", row.trained_on) for n in names)
            assert named == (dataset in row.seen_datasets), (row.name, dataset)


def test_a_domain_of_the_open_set_counts_for_itself() -> None:
    assert has_seen("synme:b", "synme", "b") and not has_seen("synme:b", "synme", "a")
    assert has_seen("synme", "synme", "c") and not has_seen("synme", "casme", "casme")


def test_the_perceptual_hash_survives_jpeg_and_size_and_tells_pictures_apart() -> None:
    import cv2

    rng = np.random.default_rng(0)
    noise = [cv2.GaussianBlur(rng.uniform(-1, 1, (96, 128)), (0, 0), 9) for _ in range(8)]
    pictures = [np.stack([128 + 100 * each / np.abs(each).max()] * 3, axis=-1).astype(np.uint8) for each in noise]
    hashes = [perceptual_hash(picture) for picture in pictures]
    for picture, bits in zip(pictures, hashes, strict=True):
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
        again = cv2.resize(cv2.imdecode(coded, cv2.IMREAD_COLOR), (200, 150))
        assert (perceptual_hash(again) != bits).sum() <= 6
    apart = [(a != b).sum() for i, a in enumerate(hashes) for b in hashes[i + 1 :]]
    assert min(apart) > 12
