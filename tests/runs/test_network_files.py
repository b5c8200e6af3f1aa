"""The hashes of the metrics' networks: in the record of a session, on the page, and between parts."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace

import pytest
from test_execute import log as log
from test_execute import page as page
from test_execute import start as start

from mebench import registry, weights
from mebench.errors import InputError
from mebench.protocol import load_protocol, protocol_names
from mebench.runs.network_files import hashes, read_by
from mebench.runs.page.header import networks
from mebench.runs.plan import metric_info
from mebench.runs.shards import merge


def infos(*names):
    return {name: metric_info(registry.load("metrics", name)) for name in names}


def test_weights_are_named_once_whatever_a_metric_calls_them():
    found = read_by(
        infos("csim[dlib]", "verified[dlib]", "lpips[alexnet]", "mmd[alexnet]", "psnr").values(), with_truth=True
    )
    assert found == ("alexnet", "dlib-5-points", "dlib-face-recognition", "lpips-heads")


def test_without_a_true_answer_the_face_is_found_by_landmarks():
    assert "face-landmarks" not in read_by(infos("gain").values(), with_truth=True)
    assert "face-landmarks" in read_by(infos("gain").values(), with_truth=False)


def test_every_metric_of_every_protocol_names_networks_of_the_catalogue():
    for name in protocol_names():
        used = read_by(infos(*load_protocol(name).metrics).values(), with_truth=False)
        assert set(used) <= set(weights.FILES)


def test_the_hash_is_that_of_the_bytes():
    found = hashes(("alexnet", "dlib-5-points", "judges"))
    for name, files in found.items():
        (file, digest), path = next(iter(files.items())), weights.find(name)
        assert (file, digest) == (path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_pack_is_all_of_its_files_and_what_is_not_there_has_no_hash(tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    assert hashes(["arcface-buffalo_l"]) == {"arcface-buffalo_l": {"w600k_r50.onnx": None, "det_10g.onnx": None}}
    path = weights.place("arcface-buffalo_l")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a network")
    digest = hashlib.sha256(b"not a network").hexdigest()
    assert hashes(["arcface-buffalo_l"])["arcface-buffalo_l"]["w600k_r50.onnx"] == digest
    assert hashes(["of a plug-in"]) == {"of a plug-in": {}}


def test_the_page_tells_which_metric_reads_which_file():
    metrics = infos("csim[dlib]", "mmd[inception]", "gain")
    file = "shape_predictor_5_face_landmarks.dat"
    sessions = [
        {"networks": {"dlib-5-points": {file: "ab" * 32}, "inception-fid": {"i.safetensors": None}}},
        {},
        {"networks": {"dlib-5-points": {file: "cd" * 32}, "face-landmarks": {"l.tflite": "ef" * 32}}},
    ]
    told = networks(SimpleNamespace(run={"metrics": metrics, "sessions": sessions}))
    assert told["dlib-5-points"] == {"read by": ["csim[dlib]"], file: ["ab" * 32, "cd" * 32]}
    assert told["inception-fid"] == {"read by": ["mmd[inception]"], "i.safetensors": ["not on this machine"]}
    assert told["face-landmarks"]["read by"] == ["where there is no true answer"]


def test_a_run_keeps_them_and_parts_with_other_networks_do_not_mix(start, protocol_file, tmp_path):
    file = protocol_file(metrics=["psnr", "landmark_error"])
    parts = [start(protocol=file, shard=f"{i}/2", out=tmp_path / "parts").folder for i in (1, 2)]
    record = json.loads((parts[0] / "run.json").read_text("utf-8"))
    kept = record["sessions"][-1]["networks"]
    assert kept["face-landmarks"]["face_landmark.tflite"] == weights.state("face-landmarks").sha256
    kept["face-landmarks"]["face_landmark.tflite"] = "0" * 64
    (parts[0] / "run.json").write_text(json.dumps(record), "utf-8")
    with pytest.raises(InputError, match=r"another file face_landmark\.tflite"):
        merge(parts, out=tmp_path / "whole")
