"""What a run took, in a few numbers: apart from the scores, because it is never the same twice."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from mebench.runs.schema import CostRecord, CostSummary, SessionRecord


def summarise_costs(costs: Iterable[CostRecord], sessions: Sequence[SessionRecord]) -> CostSummary:
    """From the costs of single tasks and the sessions of a run to ``costs.json``."""
    made = list(costs)
    frames = sum(cost["frames"] for cost in made)
    memory = [peak for cost in made if (peak := cost["peak_memory_mb"]) is not None]
    processor = [cost["generate_cpu_seconds"] for cost in made if "generate_cpu_seconds" in cost]  # old records lack it
    parameters = [count for cost in made if (count := cost.get("parameters")) is not None]
    operations = [each for cost in made if (each := cost.get("gflops")) is not None]
    machines = [session["hardware"] for session in sessions]
    return {
        "clips": len(made),
        "seconds_a_frame": sum(cost["generate_seconds"] for cost in made) / frames if frames else None,
        "cpu_seconds_a_frame": sum(processor) / frames if frames and len(processor) == len(made) else None,
        "counts_reuse": bool(made) and all("reused_seconds" in cost for cost in made),
        "scoring_seconds_a_clip": statistics.median(cost["score_seconds"] for cost in made) if made else None,
        "peak_memory_mb": max(memory, default=None),
        "parameters": max(parameters, default=None),
        "gflops_a_frame": statistics.median(operations) if operations else None,
        "hardware": [machine for index, machine in enumerate(machines) if machine not in machines[:index]],
    }


def read_costs(folder: Path) -> CostSummary | None:
    """``costs.json`` of a run folder; None where there is none that can be read (it is written anew at the end of every
    session)."""
    try:
        value = json.loads((folder / "costs.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return cast("CostSummary", value) if isinstance(value, dict) else None


def cost_line(costs: CostSummary) -> str:
    """One line for the terminal; empty when nothing was measured."""
    if costs["seconds_a_frame"] is None:
        return ""
    parts = [f"{costs['seconds_a_frame']:.3g} s a frame"]
    if costs["cpu_seconds_a_frame"] is not None:
        parts[0] += f" (processor {costs['cpu_seconds_a_frame']:.3g} s)"
    if costs["peak_memory_mb"] is not None:
        parts.append(f"{costs['peak_memory_mb'] / 1e3:.1f} GB at most")
    if costs["parameters"] == 0:
        parts.append("no network")
    elif costs["parameters"] is not None:
        parts.append(f"{millions(costs['parameters'])} parameters")
    if costs["gflops_a_frame"]:
        parts.append(f"{costs['gflops_a_frame']:.3g} GFLOPs a frame")
    parts += [machine_words(machine) for machine in costs["hardware"]]
    return "cost:   " + ", ".join(parts)


def millions(count: int) -> str:
    """``0.71 M``; small counts as they are."""
    return f"{count / 1e6:.2f} M" if count >= 10_000 else str(count)


def machine_words(machine: dict[str, object]) -> str:
    """A machine in a few words."""
    return f"{machine.get('processor') or machine.get('machine')} x {machine.get('cores')}"
