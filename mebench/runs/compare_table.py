"""A comparison as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from mebench.runs.compare import DRIVING_CLIPS, Comparison, Difference, Part

_FEWEST_PARTS = 4
"""Groups shown of each axis."""


def lines(comparison: Comparison) -> Iterator[str]:
    """Everything that a reader needs, line by line, at most 100 characters wide where names allow."""
    first, second = comparison.names
    yield f"A  {first}"
    yield f"B  {second}"
    if comparison.compared < comparison.planned:
        yield f"{comparison.compared} of {comparison.planned} tasks, those that both have: a part tells little of the whole"
    if first == second:
        yield "both are the same run"
    for kind in dict.fromkeys(entry.kind for entry in comparison.differences):
        members = [entry for entry in comparison.differences if entry.kind == kind]
        yield ""
        yield f"{kind}: {max(entry.clips for entry in members)} clips; A - B in the sense of worse: negative, A is better"
        yield f"  {'family':<10}{'metric':<20}{'A':>10}{'B':>10}{'A - B':>10}  {'95 % interval':<22}p (Holm)"
        for entry in sorted(members, key=lambda e: e.family):
            yield _row(entry)
    yield ""
    yield f"What drives the gap in {comparison.metric} ({comparison.gap:+.3g} a clip):"
    for axis in dict.fromkeys(part.axis for part in comparison.parts):
        yield f"  by {axis}: " + ", ".join(_named(part) for part in _ends(comparison, axis))
    yield f"  clips for A: {_clips(comparison.clips[:DRIVING_CLIPS], negative=True)}"
    yield f"  clips for B: {_clips(comparison.clips[::-1][:DRIVING_CLIPS], negative=False)}"


def _row(entry: Difference) -> str:
    interval = "-" if entry.low is None else f"[{entry.low:+.3g}, {entry.high:+.3g}]"
    p = "-" if entry.p_value is None else f"{entry.p_value:.3f}" + (" *" if entry.p_value < 0.05 else "")
    head = f"  {entry.family:<10}{entry.metric:<20}{entry.first:>10.4g}{entry.second:>10.4g}"
    return f"{head}{entry.difference:>+10.3g}  {interval:<22}{p}"


def _ends(comparison: Comparison, axis: str) -> list[Part]:
    return [part for part in comparison.parts if part.axis == axis][:_FEWEST_PARTS]


def _named(part: Part) -> str:
    return f"{part.name} {part.difference:+.3g} ({part.clips} clips, {100.0 * part.share:.0f} %)"


def _clips(clips: tuple[tuple[str, float], ...], *, negative: bool) -> str:
    named = [f"{key} {value:+.3g}" for key, value in clips if (value < 0.0 if negative else value > 0.0)]
    return ", ".join(named) or "none"
