"""Do generated clips teach? A small recogniser is trained with and without them and tested on domains that it never saw.

A generated clip carries the action units of its driving clip. It joins the training of a fold only if neither its driver
nor its source comes from the domain that is left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.detectors.contract import ACTION_UNITS, Detector
from mebench.detectors.difference import decided, differences
from mebench.detectors.evaluate import Predictions, evaluate
from mebench.detectors.observation import Observation, observe
from mebench.detectors.scores import f1_macro
from mebench.detectors.trial import Trial
from mebench.errors import InputError
from mebench.protocol import Task
from mebench.runs.store import RunStore


def generated_clips(folder: Path) -> list[tuple[Task, Observation]]:
    """The stored clips of a run with the labels of their driving clips; :class:`InputError` when there is none, or
    for a damaged row."""
    store = RunStore(folder)
    found = []
    for key in store.finished():
        row = store.whole_row(key)
        if row["status"] != "ok" or row["clip"] is None:
            continue
        task = Task.from_record(dict(row["task"]))
        seen = observe(store.read_clip(row["clip"]), task.onset, task.apex, task.offset, key=f"generated {task.key}")
        numbers = {int(name.lstrip("LR")) for name in task.action_units}
        seen = dataclasses.replace(
            seen,
            dataset=task.dataset,
            domain=task.driving_domain,
            subject=f"generated {task.source_subject}",
            present=np.array([unit in numbers for unit in ACTION_UNITS]),
        )
        found.append((task, seen))
    if not found:
        raise InputError(f"{folder} holds no stored clip to learn from; is it a run folder?")
    return found


def downstream(
    make: Callable[[], Detector],
    trials: Sequence[Trial],
    generated: Sequence[tuple[Task, Observation]],
    seeds: Sequence[int],
    *,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """UF1 and UAR with real clips alone and with generated ones added, and their difference, as JSON values.

    Both are means over action units of the two classes present and absent, all test folds pooled: UF1 of their F1, UAR
    of their recall. One value for each seed, the same seed with and without. interval: of the gain, see
    :mod:`mebench.detectors.difference`.
    """
    richer = [_with(trial, generated) for trial in trials]
    results = {
        name: evaluate(make, chosen, seeds, say=say) for name, chosen in (("real", trials), ("real+generated", richer))
    }
    scores = {
        name: {
            "uf1": [_uf1(run) for run in result.runs],
            "uar": [_uar(run) for run in result.runs],
            "f1_pooled": [run.summary.f1_pooled for run in result.runs],
        }
        for name, result in results.items()
    }
    gain = {
        key: [b - a for a, b in zip(scores["real"][key], scores["real+generated"][key], strict=True)]
        for key in scores["real"]
    }
    added = {trial.fold: len(more.train) - len(trial.train) for trial, more in zip(trials, richer, strict=True)}
    spread = differences(*(decided(result, trials) for result in results.values()))
    rounded = {name: {key: _round(values) for key, values in part.items()} for name, part in scores.items()}
    return {
        "detector": make().name,
        "seeds": list(seeds),
        "added_clips": added,
        **rounded,
        "gain": {key: _round(values) for key, values in gain.items()},
        "interval": {key: _round([spread[key].low, spread[key].high]) for key in gain},
        "test_clips": sum(len(trial.test) for trial in trials),
        "test_people": len({(clip.dataset, clip.subject) for trial in trials for clip in trial.test}),
    }


def _with(trial: Trial, generated: Sequence[tuple[Task, Observation]]) -> Trial:
    tested = {(clip.dataset, clip.subject) for clip in trial.test}
    allowed = tuple(
        clip
        for task, clip in generated
        if trial.fold not in (task.driving_domain, task.source_domain, task.dataset)
        and (task.dataset, task.driving_subject) not in tested
    )
    return dataclasses.replace(trial, train=(*trial.train, *allowed))


def _uf1(run: Predictions) -> float:
    return float(f1_macro(run.present, run.logits > 0).mean())


def _uar(run: Predictions) -> float:
    return float(np.mean([_recall(truth, said) for truth, said in zip(run.present.T, (run.logits > 0).T, strict=True)]))


def _recall(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    """Mean recall of the classes that occur among the labels."""
    return float(np.mean([(said[truth == kind] == kind).mean() for kind in np.unique(truth)]))


def _round(values: Sequence[float]) -> list[float]:
    return [round(value, 4) for value in values]
