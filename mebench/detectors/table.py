"""Evaluations as a table and as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mebench.detectors.contract import ACTION_UNITS
from mebench.detectors.evaluate import Evaluation
from mebench.detectors.scores import DEFINITIONS
from mebench.errors import InputError

COLUMNS = ("f1_pooled", "f1_fold", "f1_macro_pooled", "kappa_pooled", "auc_pooled")


def record(evaluation: Evaluation, training: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Everything that was measured, as JSON values. training: how a network was trained, see
    :meth:`mebench.detectors.settings.Settings.training`."""
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
        "training": dict(training or {}),
    }


def joined(evaluations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The records of several files of ``mebench au eval --out``, equal ones once; :class:`InputError` for files of
    different protocols, with thresholds chosen in some of them alone, or tested on validation clips in some of them."""
    kinds = {(one.get("protocol"), one.get("calibrated"), one.get("tested_on", "test")) for one in evaluations}
    if len(kinds) > 1 or any("detectors" not in one for one in evaluations):
        raise InputError(
            "these evaluations are not of one kind: protocol, chosen thresholds and the clips that were tested on must be "
            "the same."
        )
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in evaluations:
        for entry in one["detectors"]:
            found.setdefault((entry["detector"], trained(entry.get("training", {}))), entry)
    return list(found.values())


def markdown(records: Sequence[dict[str, Any]]) -> str:
    """One row a detector: mean over seeds, and the standard deviation where there are several."""
    lines = [
        "| detector | training | seeds | "
        + " | ".join(COLUMNS)
        + " | "
        + " | ".join(f"AU{unit}" for unit in ACTION_UNITS)
        + " |",
        "|" + "---|" * (3 + len(COLUMNS) + len(ACTION_UNITS)),
    ]
    for entry in records:
        cells = [entry["detector"], trained(entry.get("training", {})), str(len(entry["seeds"]))]
        cells += [_cell(entry["scores"][name]) for name in COLUMNS]
        cells += [f"{entry['per_unit'][f'AU{unit}']:.2f}" for unit in ACTION_UNITS]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def trained(training: Mapping[str, Any]) -> str:
    """How a network was trained, in a few words: epochs of the published number, first rate, what differs from plain."""
    if not training:
        return ""
    epochs, full = training["epochs"], training["full_epochs"]
    words = [f"{epochs} epochs" if epochs == full else f"{epochs} of {full} epochs", f"rate {training['rate']:g}"]
    words += [f"batches of {training['batch']}"] if "batch" in training else []
    words += [training["imbalance"]] if training["imbalance"] != "none" else []
    words += [f"from {training['start']}"] if training["start"] != "random" else []
    words += ["magnifier fixed"] if training.get("magnifier") == "fixed" else []
    return ", ".join(words)


def comparison(records: Sequence[dict[str, Any]], published: Mapping[str, float]) -> str:
    """Our ``f1_pooled`` and ``f1_fold`` beside published results, by detector; "" when none of them is known."""
    known = [entry for entry in records if entry["detector"] in published]
    if not known:
        return ""
    lines = ["| detector | f1_pooled | f1_fold | published, definitions mixed |", "|---|---|---|---|"]
    for entry in known:
        ours = " | ".join(_cell(entry["scores"][name]) for name in ("f1_pooled", "f1_fold"))
        lines.append(f"| {entry['detector']} | {ours} | {published[entry['detector']]:.3f} |")
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
