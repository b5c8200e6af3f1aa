"""Training, prediction and files of detectors, on clips whose flow is made by hand."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np
import pytest
import torch
from bump_clips import bump_clip, bump_trials

from mebench import registry
from mebench.detectors import floors, scores
from mebench.detectors.contract import ACTION_UNITS, Detector, labels
from mebench.detectors.evaluate import evaluate
from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.frame_inputs import ColourTriple, GreyFrames, GreyPair
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.off_apexnet import OffApexNetwork
from mebench.detectors.schedule import Schedule, positive_weights
from mebench.detectors.svm_flow import load_linear
from mebench.detectors.table import markdown, record
from mebench.detectors.thresholds import best_offsets
from mebench.errors import CheckpointError, InputError, MissingWeights


def small(**changes) -> NetworkDetector:
    schedule = dataclasses.replace(Schedule(epochs=60, rate=4e-3, weight_decay=0.0), **changes)
    recipe = FlowStack(28, strain=None, scaling="fixed", stabilised=True)
    return NetworkDetector("small", partial(OffApexNetwork, hidden=64, dropout=0.0), recipe, schedule)


@pytest.fixture(scope="module")
def trials():
    return bump_trials()


def test_every_detector_has_its_registered_name():
    for name in registry.names("detectors"):
        made = registry.load("detectors", name)()
        assert isinstance(made, Detector)
        assert made.name == name


@pytest.mark.parametrize("make", [small, load_linear])
def test_detectors_learn(make, trials):
    result = evaluate(make, trials[:1], [0])
    assert result.runs[0].summary.f1_pooled > 0.8
    floor = evaluate(floors.AlwaysPresent, trials[:1], [0])
    assert result.runs[0].summary.f1_pooled > floor.runs[0].summary.f1_pooled + 0.3


def test_labels_of_the_test_fold_play_no_part(trials):
    trial = trials[0]
    lying = dataclasses.replace(
        trial, test=tuple(dataclasses.replace(clip, present=~clip.present) for clip in trial.test)
    )
    honest, other = (evaluate(partial(small, epochs=3), [one], [7], calibrated=True) for one in (trial, lying))
    assert np.array_equal(honest.runs[0].logits, other.runs[0].logits)


def test_same_seed_same_bytes_and_file(tmp_path, trials):
    first, second, third = small(epochs=3), small(epochs=3), small(epochs=3)
    for detector, seed in ((first, 1), (second, 1), (third, 2)):
        detector.fit(trials[0].train, seed=seed)
        detector.calibrate(trials[0].validation)
    test = trials[0].test
    assert np.array_equal(first.logits(test), second.logits(test))
    assert not np.array_equal(first.logits(test), third.logits(test))
    for half, allowed in ((False, 0.0), (True, 0.02)):
        first.save(tmp_path / "small.safetensors", half=half)
        loaded = small()
        loaded.load(tmp_path / "small.safetensors")
        np.testing.assert_allclose(loaded.logits(test), first.logits(test), atol=allowed + 1e-4)
    other = small()
    other.name = "other"
    with pytest.raises(CheckpointError, match="holds the detector small, not other"):
        other.load(tmp_path / "small.safetensors")


def test_support_vectors_are_saved(tmp_path, trials):
    detector = load_linear()
    detector.fit(trials[0].train)
    detector.save(tmp_path / "svm.npz")
    loaded = load_linear()
    loaded.load(tmp_path / "svm.npz")
    np.testing.assert_allclose(loaded.logits(trials[0].test), detector.logits(trials[0].test), atol=1e-5)


def test_predictions_do_not_depend_on_companions(trials):
    detector = small(epochs=2)
    detector.fit(trials[0].train)
    test = trials[0].test
    together = detector.logits(test)
    alone = np.concatenate([detector.logits([clip]) for clip in test])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert detector.predict([]).shape == (0, 12)


def test_refusals(trials):
    with pytest.raises(InputError, match="without clips"):
        small().fit([])
    with pytest.raises(MissingWeights, match="not trained"):
        small().predict(trials[0].test)
    unlabelled = dataclasses.replace(trials[0].train[0], present=None)
    with pytest.raises(InputError, match="carries no labels"):
        small().fit([unlabelled])


def test_frame_recipes():
    clip = bump_clip("k", "x", np.zeros(12, dtype=bool), 0)
    (pair,) = clip.once(GreyPair(112))
    (frames,) = clip.once(GreyFrames(6, 64))
    stack, onset, apex, pseudo = clip.once(ColourTriple(64))
    assert pair.shape == (2, 112, 112)
    assert 0.0 <= pair.min() < pair.max() <= 1.0
    assert frames.shape == (1, 6, 64, 64)
    assert frames.max() > 100
    assert stack.shape == onset.shape == apex.shape == (3, 64, 64)
    assert onset.min() >= -1.0
    assert np.array_equal(apex, pseudo)


def test_the_gate_stops_still_clips():
    moving = bump_clip("m", "x", np.arange(12) == 3, 1)
    still = bump_clip("s", "x", np.arange(12) == 3, 1, amplitude=0.0)
    exact = dataclasses.replace(
        still, read_pair=lambda: dataclasses.replace(moving.read_pair(), flow=np.zeros((256, 256, 2), np.float32))
    )
    assert floors.StaticGate().predict([moving, exact]).tolist() == [[1.0] * 12, [0.0] * 12]
    assert floors.AlwaysPresent().predict([still]).tolist() == [[1.0] * 12]
    assert floors.clip_motion(moving) > 0.5


def test_positive_weights():
    present = torch.tensor([[1.0, 0.0, 1.0]] * 2 + [[0.0, 0.0, 1.0]] * 98)
    assert positive_weights(present).tolist() == [20.0, 20.0, 0.0]


def test_thresholds_follow_the_labels():
    rng = np.random.default_rng(0)
    present = rng.random((400, 2)) < 0.2
    logits = (present * 2.0 - 4.0 + rng.normal(0.0, 0.5, present.shape)).astype(np.float32)
    offsets = best_offsets(logits, present)
    assert scores.f1(present, logits > 0).max() < 0.2
    assert scores.f1(present, logits + offsets > 0).min() > 0.9
    none = np.zeros_like(present)
    assert best_offsets(logits, none).tolist() == [0.0, 0.0]


def test_scores_of_the_table(trials):
    result = evaluate(floors.AlwaysPresent, trials, [0])
    entry = record(result)
    present = labels([clip for trial in trials for clip in trial.test])
    share = present.mean(axis=0)
    assert entry["scores"]["f1_pooled"][0] == pytest.approx((2 * share / (1 + share)).mean(), abs=1e-4)
    assert entry["scores"]["kappa_pooled"] == [0.0]
    assert list(entry["per_fold"]) == ["x", "y", "z"]
    text = markdown([entry])
    assert all(f"AU{unit}" in text for unit in ACTION_UNITS)


def test_kappa_and_macro_f1_by_hand():
    present = np.array([[1], [1], [0], [0], [0], [0]], dtype=bool)
    decided = np.array([[1], [0], [1], [0], [0], [0]], dtype=bool)
    assert scores.f1(present, decided)[0] == pytest.approx(0.5)
    assert scores.f1_macro(present, decided)[0] == pytest.approx((0.5 + 0.75) / 2)
    assert scores.kappa(present, decided)[0] == pytest.approx((4 / 6 - 20 / 36) / (16 / 36))
    assert scores.kappa(present[:1], decided[:1])[0] == 0.0


def test_cells_without_label_and_decision_count_as_zero_and_are_told():
    present = np.array([[0, 1], [0, 0], [1, 1], [0, 0]], dtype=bool)
    found = scores.summarise(present, np.where(present, 1.0, -1.0), ["x", "x", "y", "y"])
    assert found.undefined == 1 and found.per_fold == {"x": 0.5, "y": 1.0}
