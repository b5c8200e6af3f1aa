"""F1, area under the curve and the emotion scores against the golden file."""

from __future__ import annotations

import numpy as np
import pytest

from mebench.statistics.classification import auc, binary_cross_entropy, class_scores, f1, fold_scores


def is_metrics(spec):
    return spec.get("network") == "metrics"


def computed(arrays):
    """Every output of the golden file by its name."""
    labels, logits, fold = arrays["labels"], arrays["logits"], arrays["fold"]
    predicted = logits > 0
    made = {}
    for average in ("binary", "macro"):
        scores = fold_scores(labels, predicted, fold, average)
        made |= {
            f"out_{average}_pooled_per_au": scores.pooled,
            f"out_{average}_per_fold_per_au": scores.per_fold,
            f"out_{average}_fold_means": scores.fold_means,
            f"out_{average}_summary": [scores.pooled_mean, scores.fold_mean, scores.unit_mean],
        }
    emotion, guess = arrays["emotion_labels"], arrays["emotion_scores"].argmax(axis=1)
    whole = class_scores(emotion, guess)
    folds = [class_scores(emotion[fold == k], guess[fold == k]).uf1 for k in np.unique(fold)]
    return made | {
        "out_none_pooled": f1(labels, predicted),
        "out_auc_pooled_per_au": auc(labels, logits),
        "out_auc_fold0_per_au": auc(labels[fold == 0], logits[fold == 0]),
        "out_bce": [binary_cross_entropy(labels, logits)],
        "out_bce_weighted": [binary_cross_entropy(labels, logits, arrays["bce_weight"])],
        "out_emotion_macro_f1": [whole.uf1],
        "out_emotion_uar": [whole.uar],
        "out_emotion_micro_f1": [whole.accuracy],
        "out_emotion_weighted_f1": [whole.weighted_f1],
        "out_emotion_macro_f1_mean_over_folds": [np.mean(folds)],
    }


@pytest.mark.golden(reads=is_metrics)
def test_scores(golden):
    made = computed(golden.arrays)
    outputs = [name for name in golden.arrays if name.startswith("out_")]
    assert outputs
    for name in outputs:
        np.testing.assert_allclose(made[name], golden.arrays[name], **golden.spec["tolerance"], err_msg=name)


def test_undefined_cells_are_counted():
    labels = np.array([[0, 1], [0, 0], [1, 1], [0, 0]])
    scores = fold_scores(labels, np.zeros_like(labels), [0, 0, 1, 1])
    assert scores.undefined == 1
    assert fold_scores(labels, labels, [0, 0, 1, 1]).unit_mean == pytest.approx(0.75)


@pytest.mark.parametrize("call", [f1, fold_scores])
def test_probabilities_are_refused(call):
    wrong = np.full((3, 2), 0.5)
    with pytest.raises(ValueError, match="0 or 1"):
        call(wrong, wrong) if call is f1 else call(wrong, wrong, [0, 0, 1])
