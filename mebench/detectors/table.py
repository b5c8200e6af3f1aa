"""Evaluations as a table and as JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mebench.detectors.contract import ACTION_UNITS
from mebench.detectors.evaluate import Evaluation
from mebench.detectors.scores import DEFINITIONS

COLUMNS = ("f1_pooled", "f1_fold", "f1_macro_pooled", "kappa_pooled", "auc_pooled")


def record(evaluation: Evaluation) -> dict[str, Any]:
    """Everything that was measured, as JSON values."""
    summaries = [run.summary for run in evaluation.runs]
    return {
        "detector": evaluation.detector,
        "seeds": list(evaluation.seeds),
        "seconds": round(evaluation.seconds, 1),
        "test_clips": len(evaluation.runs[0].keys),
        "scores": {name: [round(float(value), 4) for value in evaluation.values(name)] for name in COLUMNS},
        "per_unit": {
            f"AU{unit}": round(float(sum(summary.per_unit[place] for summary in summaries) / len(summaries)), 4)
            for place, unit in enumerate(ACTION_UNITS)
        },
        "per_fold": {
            fold: round(float(sum(summary.per_fold[fold] for summary in summaries) / len(summaries)), 4)
            for fold in summaries[0].per_fold
        },
        "undefined_cells": [summary.undefined for summary in summaries],
    }


def markdown(records: Sequence[dict[str, Any]]) -> str:
    """One row a detector: mean over seeds, and the standard deviation where there are several."""
    lines = [
        "| detector | seeds | " + " | ".join(COLUMNS) + " | " + " | ".join(f"AU{unit}" for unit in ACTION_UNITS) + " |",
        "|" + "---|" * (2 + len(COLUMNS) + len(ACTION_UNITS)),
    ]
    for entry in records:
        cells = [entry["detector"], str(len(entry["seeds"]))]
        cells += [_cell(entry["scores"][name]) for name in COLUMNS]
        cells += [f"{entry['per_unit'][f'AU{unit}']:.2f}" for unit in ACTION_UNITS]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def definitions() -> str:
    """What each column is."""
    return "\n".join(f"{name}: {DEFINITIONS[name]}" for name in COLUMNS)


def _cell(values: Sequence[float]) -> str:
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.3f}"
    deviation = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
    return f"{mean:.3f} ± {deviation:.3f}"
