"""A training run that can be stopped at any moment and continued: steps, schedule, log, checkpoint.

Everything random in step ``i`` comes from ``(seed, i)``, so a continued run equals an uninterrupted one.
"""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from mebench.errors import CheckpointError
from mebench.files import write_text, write_whole


class Recipe(Protocol):
    """What is trained. ``network`` and ``optimizer`` hold all the state there is."""

    @property
    def network(self) -> torch.nn.Module: ...
    @property
    def optimizer(self) -> torch.optim.Optimizer: ...

    def step(self, index: int, progress: float) -> dict[str, float]:
        """Do step ``index`` (from 0; progress = index / steps) and give the numbers to log."""
        ...

    def validate(self) -> dict[str, float]:
        """Numbers on held-out data, for the log."""
        ...


@dataclass(frozen=True)
class Run:
    """steps: length of the run. folder: where ``checkpoint.pt`` and ``log.csv`` are kept. identity: what must be equal
    for a checkpoint to be continued. Intervals: the checkpoint in seconds, log and validation in steps."""

    steps: int
    folder: Path
    identity: dict[str, Any]
    checkpoint_seconds: float = 120.0
    log_every: int = 50
    validate_every: int = 500


def learning_rate(progress: float, peak: float, *, warm_up: float = 0.01, hold: float = 0.5) -> float:
    """Linear warm-up, constant until ``hold`` of the run, then half a cosine down to 1 % of the peak."""
    if progress < warm_up:
        return peak * (0.05 + 0.95 * progress / warm_up)
    if progress < hold:
        return peak
    fall = (progress - hold) / (1 - hold)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fall)))


def train(
    recipe: Recipe,
    run: Run,
    *,
    say: Callable[[str], None],
    published: Callable[[int], None] | None = None,
    stop_at: int | None = None,
) -> list[dict[str, float]]:
    """Train to the end, continuing from the folder's checkpoint if it holds one; gives the log.

    published: called with the step number after every checkpoint, for example to write a usable file.
    stop_at: leave after this many steps of the run (with a checkpoint), as if interrupted.
    Raises :class:`CheckpointError` when the folder holds a checkpoint of another run.
    """
    start, seconds, rows = _resume(recipe, run)
    if start:
        say(f"continuing at step {start} of {run.steps}")
    began = time.monotonic()
    saved = began
    sums: dict[str, float] = {}
    count = 0
    end = run.steps if stop_at is None else min(stop_at, run.steps)
    for index in range(start, end):
        numbers = recipe.step(index, index / run.steps)
        for name, value in numbers.items():
            sums[name] = sums.get(name, 0.0) + value
        count += 1
        done = index + 1
        if done % run.log_every == 0 or done == run.steps:
            row = {"step": float(done), "seconds": round(seconds + time.monotonic() - began, 1)}
            row |= {name: total / count for name, total in sums.items()}
            if done % run.validate_every == 0 or done == run.steps:
                row |= recipe.validate()
            rows.append(row)
            sums, count = {}, 0
            say("  ".join(f"{name} {value:.4g}" for name, value in row.items()))
        # Saved only at a logged step, so that no half-filled average is lost.
        due = time.monotonic() - saved > run.checkpoint_seconds and done % run.log_every == 0
        if due or done == end:
            _save(recipe, run, done, seconds + time.monotonic() - began, rows)
            saved = time.monotonic()
            if published is not None:
                published(done)
    return rows


def write_log(path: Path, rows: list[dict[str, float]]) -> None:
    """One row a logged step; columns that a row lacks stay empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in rows)
    write_text(path, text.getvalue())


def _save(recipe: Recipe, run: Run, done: int, seconds: float, rows: list[dict[str, float]]) -> None:
    state = {
        "identity": run.identity,
        "step": done,
        "seconds": seconds,
        "rows": rows,
        "network": recipe.network.state_dict(),
        "optimizer": recipe.optimizer.state_dict(),
    }
    write_whole(run.folder / "checkpoint.pt", lambda path: torch.save(state, path))
    write_log(run.folder / "log.csv", rows)


def _resume(recipe: Recipe, run: Run) -> tuple[int, float, list[dict[str, float]]]:
    path = run.folder / "checkpoint.pt"
    if not path.exists():
        return 0, 0.0, []
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["identity"] != run.identity:
        changed = sorted(
            name
            for name in state["identity"].keys() | run.identity.keys()
            if state["identity"].get(name) != run.identity.get(name)
        )
        raise CheckpointError(
            f"{path} belongs to another training run ({', '.join(changed)} differ); choose another folder or remove it."
        )
    recipe.network.load_state_dict(state["network"])
    recipe.optimizer.load_state_dict(state["optimizer"])
    return state["step"], state["seconds"], state["rows"]
