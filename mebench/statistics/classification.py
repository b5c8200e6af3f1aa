"""How recognition is scored: F1 of action units over folds, area under the curve, and the three-class emotion scores.

Papers mix these numbers; each has one name here. ``binary`` is the F1 of the positive class, ``macro`` the mean of the
F1 of both classes; ``pooled`` concatenates the folds before anything is counted. Definitions: scikit-learn's
``f1_score`` with ``zero_division=0``, ``macro`` over the classes that occur in labels or predictions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Average = Literal["binary", "macro"]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class FoldScores:
    """F1 of K action units over several folds.

    pooled: ``[K]`` over all folds together. per_fold: ``[folds,K]``. fold_means: ``[folds]``, over action units.
    pooled_mean: the headline, mean of ``pooled``. fold_mean: mean of ``fold_means``. unit_mean: mean over action units
    of their mean over folds. undefined: how many cells of ``per_fold`` have neither a positive label nor a positive
    prediction (binary F1 is 0 there, macro F1 is 1).
    """

    pooled: Numbers
    per_fold: Numbers
    undefined: int

    @property
    def fold_means(self) -> Numbers:
        return np.asarray(self.per_fold.mean(axis=1))

    @property
    def pooled_mean(self) -> float:
        return float(self.pooled.mean())

    @property
    def fold_mean(self) -> float:
        return float(self.fold_means.mean())

    @property
    def unit_mean(self) -> float:
        return float(self.per_fold.mean(axis=0).mean())


def fold_scores(labels: ArrayLike, predicted: ArrayLike, folds: ArrayLike, average: Average = "binary") -> FoldScores:
    """F1 of labels and predictions ``[N,K]`` (0 or 1) with the fold of each row ``[N]``; folds in ascending order."""
    truth, guess, fold = _flags(labels), _flags(predicted), np.asarray(folds)
    if truth.shape != guess.shape or truth.ndim != 2 or fold.shape != truth.shape[:1]:
        raise ValueError("labels and predictions must be [N,K] and folds [N]")
    parts = [fold == value for value in np.unique(fold)]
    per_fold = np.stack([f1(truth[part], guess[part], average) for part in parts])
    undefined = sum(int((~(truth[part] | guess[part]).any(axis=0)).sum()) for part in parts)
    return FoldScores(f1(truth, guess, average), per_fold, undefined)


def f1(labels: ArrayLike, predicted: ArrayLike, average: Average = "binary") -> Numbers:
    """F1 of each column of labels and predictions ``[N,K]`` (0 or 1): ``[K]``."""
    truth, guess = _flags(labels), _flags(predicted)
    positive, occurs = _f1(truth, guess)
    if average == "binary":
        return positive
    negative, negative_occurs = _f1(~truth, ~guess)
    return np.asarray((positive * occurs + negative * negative_occurs) / np.maximum(occurs + negative_occurs, 1.0))


def _f1(truth: NDArray[np.bool_], guess: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """``2 TP / (labelled + predicted)``, 0 where nothing is labelled or predicted; and whether anything is."""
    both = (truth & guess).sum(axis=0)
    either = truth.sum(axis=0) + guess.sum(axis=0)
    return np.asarray(2.0 * both / np.maximum(either, 1)), np.asarray((either > 0).astype(np.float64))


def auc(labels: ArrayLike, scores: ArrayLike) -> Numbers:
    """Area under the receiver operating curve of each column: labels (0 or 1) and scores ``[N,K]`` to ``[K]``.

    The Mann-Whitney statistic, ties counting half; 0.5 for a column of one class.
    """
    truth, values = _flags(labels), np.asarray(scores, dtype=np.float64)
    return np.array([_auc(truth[:, column], values[:, column]) for column in range(truth.shape[1])])


def _auc(truth: NDArray[np.bool_], values: Numbers) -> float:
    positive = int(truth.sum())
    negative = len(truth) - positive
    if positive == 0 or negative == 0:
        return 0.5
    ranks = stats.rankdata(values)
    return float((ranks[truth].sum() - positive * (positive + 1) / 2.0) / (positive * negative))


def binary_cross_entropy(labels: ArrayLike, logits: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean of ``w (max(z,0) - z y + log(1 + exp(-|z|)))`` over labels and logits ``[N,K]``.

    weights: ``[K]`` one a column (an element weight, not that of the positive class).
    """
    y, z = np.asarray(labels, dtype=np.float64), np.asarray(logits, dtype=np.float64)
    loss = np.maximum(z, 0.0) - z * y + np.log1p(np.exp(-np.abs(z)))
    return float((loss if weights is None else loss * np.asarray(weights, dtype=np.float64)).mean())


@dataclass(frozen=True)
class ClassScores:
    """One label a clip. uf1: unweighted F1 (macro). uar: unweighted average recall. accuracy: equal to micro F1.
    weighted_f1: F1 weighted by how often a class is labelled."""

    uf1: float
    uar: float
    accuracy: float
    weighted_f1: float


def class_scores(labels: ArrayLike, predicted: ArrayLike) -> ClassScores:
    """Scores of labels and predictions ``[N]`` (integers); means over the classes that occur in either (recall: in the
    labels)."""
    truth, guess = np.asarray(labels), np.asarray(predicted)
    if truth.ndim != 1 or truth.shape != guess.shape or not len(truth):
        raise ValueError("labels and predictions must be one-dimensional, equally long and not empty")
    classes = np.unique(np.concatenate((truth, guess)))
    values, _ = _f1(truth[:, None] == classes, guess[:, None] == classes)
    support = (truth[:, None] == classes).sum(axis=0)
    recall = ((truth == guess)[:, None] & (truth[:, None] == classes)).sum(axis=0) / np.maximum(support, 1)
    return ClassScores(
        uf1=float(values.mean()),
        uar=float(recall[support > 0].mean()),
        accuracy=float((truth == guess).mean()),
        weighted_f1=float(values @ support / support.sum()),
    )


def _flags(values: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(values)
    if not np.isin(array, (0, 1)).all():
        raise ValueError("labels and predictions must be 0 or 1")
    return array.astype(bool)
