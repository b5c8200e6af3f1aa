"""What a result took, in words."""

from __future__ import annotations

from mebench.leaderboard.folder import Result
from mebench.runs.cost_summary import machine_words, millions
from mebench.runs.page.numerals import seconds, size

UNKNOWN = "–"

COLUMNS = (
    "Time a frame",
    "Processor time a frame",
    "Operations a frame",
    "Parameters",
    "Largest memory",
    "Scoring a clip",
)
"""Of :func:`cost_row`."""


def cost_row(result: Result) -> tuple[str, ...]:
    """A text for each of :data:`COLUMNS`, then the machines. A time that may lack drivers which were magnified before is a bound."""
    costs = result.costs
    if costs is None:
        return (UNKNOWN,) * (len(COLUMNS) + 1)
    facts = result.run.method.get("facts")
    magnifies = isinstance(facts, dict) and bool(facts.get("magnifier"))
    least = "≥ " if magnifies and not costs.counts_reuse else ""
    machines = [machine_words(machine.model_dump()) for machine in costs.hardware]
    times = (costs.seconds_a_frame, costs.cpu_seconds_a_frame)
    return (
        *(UNKNOWN if each is None else least + seconds(each) for each in times),
        UNKNOWN if costs.gflops_a_frame is None else f"{costs.gflops_a_frame:.3g} GFLOPs",
        UNKNOWN if costs.parameters is None else millions(costs.parameters),
        UNKNOWN if costs.peak_memory_mb is None else size(1e6 * costs.peak_memory_mb),
        UNKNOWN if costs.scoring_seconds_a_clip is None else seconds(costs.scoring_seconds_a_clip),
        ", ".join(dict.fromkeys(machines)) or UNKNOWN,
    )
