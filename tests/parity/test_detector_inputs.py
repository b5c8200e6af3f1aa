"""Inputs and scores of micro-AU detectors against the golden files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from detector_golden import DetectorGolden, of, statistics
from torch.nn import functional

from mebench.detectors import scores
from mebench.detectors.flow_stack import stretched
from mebench.motion.sampling import uniform_frames
from mebench.motion.strain import optical_strain


@pytest.mark.golden(reads=of("optical_strain"))
def test_optical_strain(golden, fill):
    case = DetectorGolden(golden, fill)
    flow = np.stack([case.input("u").numpy(), case.input("v").numpy()], axis=-1)
    step = case.spec.get("stride", 1)
    strain = optical_strain(flow, "reference")
    channels = np.stack([flow[..., 0], flow[..., 1], strain])
    ours = {
        "out_reference": strain,
        "out_normalised": np.stack([stretched(channel) for channel in channels]),
        "out_textbook_sobel": optical_strain(flow, "textbook"),
        "out_textbook_central": optical_strain(flow, "central"),
    }
    for name, values in ours.items():
        case.compare(name, values[..., ::step, ::step])
    case.compare("out_reference_stats", statistics(torch.from_numpy(strain)))
    case.compare("channel_min", channels.min(axis=(1, 2)))
    case.compare("channel_max", channels.max(axis=(1, 2)))
    case.done()


@pytest.mark.golden(reads=of("uniform_sampling"))
def test_uniform_sampling(golden, fill):
    case = DetectorGolden(golden, fill)
    rows = case.arrays["out_indices"]
    case.compare("out_indices", [[count, *uniform_frames(int(count), rows.shape[1] - 1)] for count in rows[:, 0]])
    case.done()


@pytest.mark.golden(reads=of("metrics"))
def test_scores(golden, fill):
    case = DetectorGolden(golden, fill)
    stored = case.arrays
    present, logits = stored["labels"].astype(bool), stored["logits"]
    decided = logits > 0
    rows = list(scores.by_fold([str(fold) for fold in stored["fold"]]).values())
    for kind, measure in (("binary", scores.f1), ("macro", scores.f1_macro)):
        per_fold = np.stack([measure(present[r], decided[r]) for r in rows])
        pooled = measure(present, decided)
        case.compare(f"out_{kind}_pooled_per_au", pooled)
        case.compare(f"out_{kind}_per_fold_per_au", per_fold)
        case.compare(f"out_{kind}_fold_means", per_fold.mean(axis=1))
        means = [pooled.mean(), per_fold.mean(axis=1).mean(), per_fold.mean(axis=0).mean()]
        case.compare(f"out_{kind}_summary", means)
    case.compare("out_none_pooled", scores.f1(present, decided))
    case.compare("out_auc_pooled_per_au", scores.auc(present, logits))
    case.compare("out_auc_fold0_per_au", scores.auc(present[rows[0]], logits[rows[0]]))
    loss = functional.binary_cross_entropy_with_logits
    tensors = torch.from_numpy(logits).double(), torch.from_numpy(present).double()
    case.compare("out_bce", loss(*tensors))
    case.compare("out_bce_weighted", loss(*tensors, weight=torch.from_numpy(stored["bce_weight"]).double()))
    emotions(case, rows)
    case.done("labels", "logits", "fold", "bce_weight", "emotion_labels", "emotion_scores")


def emotions(case: DetectorGolden, rows: list[np.ndarray]) -> None:
    truth, found = case.arrays["emotion_labels"], case.arrays["emotion_scores"]
    said, classes = found.argmax(axis=1), found.shape[1]
    ours = scores.emotion_scores(truth, said, classes)
    names = {"macro_f1": "uf1", "micro_f1": "accuracy", "weighted_f1": "f1_weighted", "uar": "uar"}
    for stored, name in names.items():
        case.compare(f"out_emotion_{stored}", ours[name])
    each = [scores.emotion_scores(truth[r], said[r], classes)["uf1"] for r in rows]
    case.compare("out_emotion_macro_f1_mean_over_folds", np.mean(each))


@pytest.mark.golden(reads=of("metrics"))
def test_summary_agrees_with_its_parts(golden, fill):
    case = DetectorGolden(golden, fill)
    present, logits = case.arrays["labels"].astype(bool), case.arrays["logits"]
    summary = scores.summarise(present, logits, [str(fold) for fold in case.arrays["fold"]])
    assert summary.f1_pooled == pytest.approx(case.arrays["out_binary_summary"][0], abs=1e-6)
    assert summary.f1_fold == pytest.approx(case.arrays["out_binary_summary"][1], abs=1e-6)
    assert summary.f1_macro_pooled == pytest.approx(case.arrays["out_macro_summary"][0], abs=1e-6)
