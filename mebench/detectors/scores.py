"""F1 and its relatives, each by name: numbers of different definitions must never be compared.

Labels and decisions are bool ``[N,K]``, one column an action unit; a decision is "logit above 0". See the MEB library's
benchmark and Varanka et al., IEEE Trans. Affective Computing 2023, for what confusing the definitions costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Flags = NDArray[np.bool_]
Values = NDArray[np.float64]

DEFINITIONS: Mapping[str, str] = {
    "f1_pooled": "all test folds pooled; per action unit the F1 of the positive class (0 if undefined); mean over units",
    "f1_fold": "per fold the mean over action units of that F1; mean over folds",
    "f1_macro_pooled": "as f1_pooled, with the mean of positive- and negative-class F1; never compare with binary F1",
    "kappa_pooled": "all test folds pooled; per action unit Cohen's kappa (0 if undefined); mean over units",
    "auc_pooled": "all test folds pooled; per action unit the area under the ROC curve; mean over units",
}


def f1(present: Flags, decided: Flags) -> Values:
    """F1 of the positive class for each column, float64 ``[K]``; 0 where there is neither a label nor a decision."""
    hits = (present & decided).sum(axis=0)
    total = present.sum(axis=0) + decided.sum(axis=0)
    return np.asarray(2.0 * hits / np.maximum(total, 1), dtype=np.float64)


def f1_macro(present: Flags, decided: Flags) -> Values:
    """Mean of positive- and negative-class F1, over the classes that occur in labels or decisions: float64 ``[K]``."""
    positive, negative = f1(present, decided), f1(~present, ~decided)
    has_positive, has_negative = (present | decided).any(axis=0), (~present | ~decided).any(axis=0)
    total = positive * has_positive + negative * has_negative
    return np.asarray(total / np.maximum(has_positive.astype(int) + has_negative, 1), dtype=np.float64)


def kappa(present: Flags, decided: Flags) -> Values:
    """Cohen's kappa for each column (Educational and Psychological Measurement 20, 1960), float64 ``[K]``; 0 where both
    sides say the same of every clip, for then chance explains all agreement."""
    agreed = (present == decided).mean(axis=0)
    first, second = present.mean(axis=0), decided.mean(axis=0)
    chance = first * second + (1.0 - first) * (1.0 - second)
    return np.asarray(np.where(chance < 1.0, (agreed - chance) / np.maximum(1.0 - chance, 1e-12), 0.0))


def auc(present: Flags, scores: NDArray[np.floating]) -> Values:
    """Area under the ROC curve for each column, float64 ``[K]``; 0.5 where one class is missing."""
    found = np.full(present.shape[1], 0.5)
    for column in range(present.shape[1]):
        positives = int(present[:, column].sum())
        negatives = len(present) - positives
        if positives and negatives:
            ranks = rankdata(scores[:, column])[present[:, column]].sum()
            found[column] = (ranks - positives * (positives + 1) / 2.0) / (positives * negatives)
    return found


def by_fold(folds: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Row numbers of each fold, in the order of first appearance."""
    names = np.asarray(folds)
    return {name: np.flatnonzero(names == name) for name in dict.fromkeys(folds)}


@dataclass(frozen=True, eq=False)
class Summary:
    """The numbers of one detector with one seed. per_unit: ``f1_pooled`` before the mean, float64 ``[K]``.

    undefined: cells (fold, action unit) with neither a label nor a decision; they count as 0 in ``f1_fold``.
    """

    f1_pooled: float
    f1_fold: float
    f1_macro_pooled: float
    kappa_pooled: float
    auc_pooled: float
    per_unit: Values
    per_fold: dict[str, float]
    undefined: int


def summarise(present: Flags, scores: NDArray[np.floating], folds: Sequence[str]) -> Summary:
    """All of :data:`DEFINITIONS` from labels and logits ``[N,K]`` of the test clips of all folds."""
    decided = scores > 0
    cells = {name: (present[rows], decided[rows]) for name, rows in by_fold(folds).items()}
    per_fold = {name: float(f1(*cell).mean()) for name, cell in cells.items()}
    pooled = f1(present, decided)
    return Summary(
        f1_pooled=float(pooled.mean()),
        f1_fold=float(np.mean(list(per_fold.values()))),
        f1_macro_pooled=float(f1_macro(present, decided).mean()),
        kappa_pooled=float(kappa(present, decided).mean()),
        auc_pooled=float(auc(present, scores).mean()),
        per_unit=pooled,
        per_fold=per_fold,
        undefined=sum(int((~(truth | said).any(axis=0)).sum()) for truth, said in cells.values()),
    )


def emotion_scores(labels: NDArray[np.integer], decided: NDArray[np.integer], classes: int) -> dict[str, float]:
    """UF1 (unweighted F1 over the classes that occur in labels or decisions), UAR (unweighted recall over those that occur
    in labels), accuracy and support-weighted F1, for one class per clip."""
    truth, said = (np.asarray(values)[:, None] == np.arange(classes) for values in (labels, decided))
    each = f1(truth, said)
    support = truth.sum(axis=0)
    occurs = support + said.sum(axis=0) > 0
    recall = (truth & said).sum(axis=0) / np.maximum(support, 1)
    return {
        "uf1": float(each[occurs].mean()),
        "uar": float(recall[support > 0].mean()),
        "accuracy": float((labels == decided).mean()),
        "f1_weighted": float((each * support).sum() / support.sum()),
    }
