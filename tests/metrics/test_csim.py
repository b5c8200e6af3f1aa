"""Identity by dlib: the same person, another picture of it, another person, no person."""

import hashlib

import numpy as np
import pytest
from moving_face import portrait

from mebench.datasets.synme.dataset import Synme
from mebench.errors import MissingWeights, Unavailable
from mebench.metrics.identity import dlib_faces
from mebench.metrics.identity.csim_dlib import METRIC, likeness
from mebench.metrics.identity.dlib_faces import POINTS, RECOGNITION, embedding, model_file


def test_the_files_are_the_known_ones():
    known = {RECOGNITION: "55533b28", POINTS: None}
    for name, start in known.items():
        digest = hashlib.sha256(model_file(name).read_bytes()).hexdigest()
        assert start is None or digest.startswith(start)


def test_a_missing_file_is_named(monkeypatch):
    monkeypatch.setattr(dlib_faces, "find_spec", lambda name: None)
    with pytest.raises(MissingWeights, match="pip install face_recognition_models"):
        model_file(RECOGNITION)


def test_the_still_source_is_the_same_person(laboratory):
    assert METRIC.score(laboratory.sample(laboratory.still())) == 1.0


def test_expression_and_noise_keep_the_person(laboratory):
    assert 0.8 < METRIC.score(laboratory.sample(laboratory.truth_frames)) < 1.0


def test_a_mirrored_picture_is_the_same_person_and_a_rendered_face_another():
    """dlib's line between the two is a distance of 0.6, a likeness of 0.4."""
    person = embedding(portrait())
    assert likeness(person, embedding(np.ascontiguousarray(portrait()[:, ::-1]))) > 0.6
    assert likeness(person, embedding(Synme().portrait("a-validation-00").read())) < 0.4


def test_an_output_without_a_face_has_lost_the_person(laboratory):
    assert METRIC.score(laboratory.sample(np.zeros_like(laboratory.still()))) == 0.0
    half = laboratory.still()
    half[: len(half) // 2] = 0
    assert 0.3 < METRIC.score(laboratory.sample(half)) < 0.7


def test_a_source_without_a_face_is_a_reason(laboratory):
    from dataclasses import replace

    sample = replace(laboratory.sample(laboratory.still()), source=np.zeros_like(portrait()))
    with pytest.raises(Unavailable, match="no face"):
        METRIC.score(sample)


def test_likeness_is_not_negative():
    assert likeness(np.zeros(128), np.ones(128)) == 0.0
    assert likeness(np.zeros(128), None) == 0.0
    assert likeness(np.ones(128), np.ones(128)) == 1.0
