"""Where a value lies between the still source and the true answer: the geometry of the small bar beside it."""

from __future__ import annotations

from dataclasses import dataclass

from mebench.runs.schema import Cell, Estimate, MetricInfo

_ROOM = 0.3
"""How far the bar reaches beyond the two bounds, as a share of their distance, where the value needs it."""


@dataclass(frozen=True)
class Scale:
    """Positions in percent of the bar's width. Better is to the right; for a target metric, larger is.

    floor, ceiling: the still source and the true answer. value: the mean. low, high: ends of its interval, low <= high,
    None without one. beyond: ``left`` or ``right`` when the value lies outside the bar and is drawn at its end.
    sentence: the same in words.
    """

    floor: float
    ceiling: float
    value: float
    low: float | None
    high: float | None
    beyond: str | None
    sentence: str

    @property
    def track(self) -> tuple[float, float]:
        """Left end and width of the stretch between the bounds."""
        left = min(self.floor, self.ceiling)
        return left, round(abs(self.ceiling - self.floor), 2)


def scale(cell: Cell, facts: MetricInfo) -> Scale | None:
    """The bar of a cell; None where a bound or the value is missing, or where the bounds coincide."""
    value, floor, ceiling = cell["value"]["mean"], _mean(cell["floor"]), _mean(cell["ceiling"])
    if value is None or floor is None or ceiling is None:
        return None
    distance = abs(ceiling - floor)
    if distance < 0.5 * 10.0 ** -facts["decimals"]:
        return None
    sign = -1.0 if facts["direction"] == "lower" else 1.0
    start, end = sorted((sign * floor, sign * ceiling))
    margin = _ROOM * distance
    left = min(start, max(start - margin, sign * value - 0.05 * distance))
    right = max(end, min(end + margin, sign * value + 0.05 * distance))

    def place(number: float) -> float:
        return round(100.0 * min(1.0, max(0.0, (sign * number - left) / (right - left))), 2)

    low, high = cell["value"]["low"], cell["value"]["high"]
    ends = sorted((place(low), place(high))) if low is not None and high is not None else (None, None)
    beyond = "left" if sign * value < left else "right" if sign * value > right else None
    sentence = _sentence(value, floor, ceiling, facts["direction"])
    return Scale(place(floor), place(ceiling), place(value), ends[0], ends[1], beyond, sentence)


def _sentence(value: float, floor: float, ceiling: float, direction: str) -> str:
    if direction != "target" and (ceiling < floor) == (direction == "higher"):
        return "the still source scores better than the true answer here"
    share = (value - floor) / (ceiling - floor)
    if share < 0:
        return "worse than the still source" if direction != "target" else "on the far side of the still source"
    if share > 1:
        return "better than the true answer" if direction != "target" else "beyond the true answer"
    return f"{100 * share:.0f} % of the way from the still source to the true answer"


def _mean(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate["mean"]
