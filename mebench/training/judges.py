"""The training of the judges that ship: every judge of the panel, for each domain left out.

Thresholds come from validation people of the five learnt domains. The domain left out is looked at once, at the end, for
the table of the card: those numbers are the judges' ceiling, and nothing was chosen by them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from safetensors.torch import load_file, save_file

from mebench.detectors.contract import labels
from mebench.detectors.evaluate import Evaluation, logits_of, predictions
from mebench.detectors.linear_detector import LinearDetector
from mebench.detectors.panel import JUDGES, Judge, Panel, save_panels
from mebench.detectors.scores import f1
from mebench.detectors.table import definitions, markdown, record
from mebench.detectors.trial import Trial
from mebench.files import write_json, write_text, write_whole
from mebench.training.judges_clips import judge_trials

SEED = 45

COSTS = (0.01, 0.03, 0.1, 0.3)
"""Costs of violated margins that are tried for support vector machines, on validation people."""


def train_judges(
    out: Path, *, only: Sequence[str] = (), say: Callable[[str], None], trials: Sequence[Trial] | None = None
) -> Path:
    """Train what ``out`` does not hold yet and write ``out/judges.safetensors``, ``judges.json`` and ``judges.md``.

    One judge of one fold is the unit: an interrupted run goes on after the last finished one. only: names of judges; all
    when empty (the weight file needs all). trials: other clips than :func:`~mebench.training.judges_clips.judge_trials`.
    """
    folds = list(trials) if trials is not None else list(judge_trials(say))
    names = list(only) or list(JUDGES)
    trained: dict[tuple[str, str], Judge] = {}
    for name in names:
        files = {trial.fold: out / f"{name}-without-{trial.fold}.safetensors" for trial in folds}
        cost = None if all(path.is_file() for path in files.values()) else _cost(name, folds, say)
        for trial in folds:
            trained[name, trial.fold] = _judge(name, trial, cost, files[trial.fold], say)
    panels = [Panel(trial.fold, tuple(trained[name, trial.fold] for name in names)) for trial in folds]
    weights = out / "judges.safetensors"
    save_panels(weights, panels, {"trained_on": "synme, leave one domain out", "seed": str(SEED)})
    table = [record(_on_test(name, folds, trained)) for name in names]
    majority = _majority(folds, panels)
    write_json(out / "judges.json", {"detectors": table, "majority": majority})
    text = io.StringIO()
    text.write(markdown([*table, majority]) + "\n\n" + definitions() + "\n")
    write_text(out / "judges.md", text.getvalue())
    return weights


def _cost(name: str, folds: Sequence[Trial], say: Callable[[str], None]) -> float | None:
    """The cost with the best F1 on validation people, mean over folds; None for a judge that is no support vector
    machine."""
    if not isinstance(JUDGES[name](), LinearDetector):
        return None
    reached = {}
    for cost in COSTS:
        values = []
        for trial in folds:
            judge = JUDGES[name]()
            assert isinstance(judge, LinearDetector)
            judge.cost = cost
            judge.fit(trial.train, seed=SEED)
            judge.calibrate(trial.validation)
            values.append(_validated(judge, trial))
        reached[cost] = float(np.mean(values))
        say(f"{name}, cost {cost:g}: F1 on validation people {reached[cost]:.3f}")
    return max(reached, key=lambda cost: reached[cost])


def _validated(judge: Judge, trial: Trial) -> float:
    return float(f1(labels(trial.validation), judge.predict(trial.validation) > 0.5).mean())


def _judge(name: str, trial: Trial, cost: float | None, path: Path, say: Callable[[str], None]) -> Judge:
    judge = JUDGES[name]()
    if cost is not None and isinstance(judge, LinearDetector):
        judge.cost = cost
    if path.is_file():
        judge.load_tensors(load_file(path), str(path))
        return judge
    judge.fit(trial.train, seed=SEED)
    judge.calibrate(trial.validation)
    tensors = {key: tensor.half() for key, tensor in judge.tensors().items()}
    write_whole(path, lambda temporary: save_file(tensors, temporary))
    judge.load_tensors(tensors, str(path))  # what is judged is what ships: 16-bit weights
    say(f"{name} without {trial.fold}: F1 on validation people {_validated(judge, trial):.3f}")
    return judge


def _on_test(name: str, folds: Sequence[Trial], trained: dict[tuple[str, str], Judge]) -> Evaluation:
    parts = [logits_of(trained[name, trial.fold], trial.test) for trial in folds]
    return Evaluation(name, (SEED,), (predictions(folds, parts),), 0.0)


def _majority(folds: Sequence[Trial], panels: Sequence[Panel]) -> dict[str, object]:
    parts = [
        np.where(panel.verdict(trial.test).present, 1.0, -1.0).astype(np.float32)
        for trial, panel in zip(folds, panels, strict=True)
    ]
    return record(Evaluation("majority", (SEED,), (predictions(folds, parts),), 0.0))
