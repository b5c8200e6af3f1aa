"""The result of a study in plain lines."""

from __future__ import annotations

from collections.abc import Iterator

from mebench.leaderboard.study.score import LEAST_RATERS, StudyScore
from mebench.statistics.rank_correlation import LEAST


def lines(found: StudyScore) -> Iterator[str]:
    """For a terminal."""
    yield f"study {found.study} on {found.protocol}: {found.raters} raters, {found.choices} choices"
    if found.excluded:
        yield f"{len(found.excluded)} raters failed the attention checks and do not count: {', '.join(found.excluded[:5])}"
    if found.left is not None:
        yield f"the left side was chosen in {100 * found.left:.0f} % of the choices"
    if found.ranking:
        yield ""
        yield f"{'rank':>8}  {'strength':>24}  {'first':>6}  {'chosen':>9}  method"
    for row in found.ranking:
        span = _span(row.low, row.high)
        ranks = f"{row.rank:g}" + ("" if row.rank_low is None else f" ({row.rank_low:g}-{row.rank_high:g})")
        first = "" if row.best is None else f"{100 * row.best:.0f} %"
        yield f"{ranks:>8}  {row.strength:+.2f} {span:>18}  {first:>6}  {row.chosen:>3} of {row.shown:<3} {row.method}"
    if found.ranking and found.raters < LEAST_RATERS:
        yield f"no intervals: they need {LEAST_RATERS} raters"
    if found.agreement:
        yield ""
        yield f"{'agrees':>7}  {'rank correlation over pairs':>27}  {'over methods':>14}  metric"
    for each in sorted(found.agreement, key=lambda each: -(each.rho if each.rho is not None else -2.0)):
        share = "" if each.share is None else f"{100 * each.share:.0f} %"
        rho = "" if each.rho is None else f"{each.rho:+.2f} {_span(each.low, each.high)}"
        order = (
            "" if each.methods.rho is None else f"{each.methods.rho:+.2f} {_span(each.methods.low, each.methods.high)}"
        )
        yield f"{share:>7}  {rho:>27}  {order:>14}  {each.metric}"
    if found.agreement and len(found.ranking) < LEAST:
        yield f"over methods, nothing is known of the interval yet: {len(found.ranking)} methods, {LEAST} are needed"
    if found.coded:
        yield ""
        yield f"{found.coders} coders, movement and naturalness from 1 to 5:"
    for mark in found.coded:
        movement = "no mark" if mark.movement is None else f"{mark.movement:.2f} {_span(mark.low, mark.high)}"
        natural = "" if mark.naturalness is None else f"{mark.naturalness:.2f}"
        yield f"{movement:>20}  {natural:>6}  {mark.method}"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{low:+.2f}, {high:+.2f}]"
