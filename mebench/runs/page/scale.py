"""Where a value lies between the floor and the true answer: the geometry of the small bar beside it."""

from __future__ import annotations

from dataclasses import dataclass

from mebench.runs.schema import FLOOR_SHOWS, Cell, Estimate, MetricInfo

_ROOM = 0.5
"""How far the bar reaches beyond the two bounds, as a share of their distance, where the value or its interval needs it."""


@dataclass(frozen=True)
class Scale:
    """Positions in percent of the bar's width, the floor always to the left of the true answer.

    floor, ceiling: the still source (of magnifiers: the clip as it is) and the true answer. value: the mean. low, high:
    ends of its interval, low <= high, None without one. beyond: ``left`` or ``right`` when the value lies outside the bar and is drawn at its end.
    cut: of ``left`` and ``right``, the ends of the bar beyond which the interval goes on.
    sentence: the same in words.
    """

    floor: float
    ceiling: float
    value: float
    low: float | None
    high: float | None
    beyond: str | None
    cut: tuple[str, ...]
    sentence: str

    @property
    def width(self) -> float:
        """Width of the stretch between the bounds."""
        return round(self.ceiling - self.floor, 2)


def scale(cell: Cell, facts: MetricInfo, shows: str = FLOOR_SHOWS) -> Scale | None:
    """The bar of a cell; None where a bound or the value is missing, or where the bounds coincide.

    shows: what the floor is, in words.
    """
    value, floor, ceiling = cell["value"]["mean"], _mean(cell["floor"]), _mean(cell["ceiling"])
    if value is None or floor is None or ceiling is None:
        return None
    if abs(ceiling - floor) < 0.5 * 10.0 ** -facts["decimals"]:
        return None

    def share(number: float) -> float:
        """0 at the floor, 1 at the true answer."""
        return (number - floor) / (ceiling - floor)

    low, high = cell["value"]["low"], cell["value"]["high"]
    reach = sorted(share(number) for number in (value, low, high) if number is not None)
    left = min(0.0, max(-_ROOM, reach[0] - 0.05))
    right = max(1.0, min(1.0 + _ROOM, reach[-1] + 0.05))

    def place(number: float) -> float:
        return round(100.0 * min(1.0, max(0.0, (share(number) - left) / (right - left))), 2)

    ends = sorted((place(low), place(high))) if low is not None and high is not None else (None, None)
    beyond = "left" if share(value) < left else "right" if share(value) > right else None
    cut = (*(["left"] if reach[0] < left else []), *(["right"] if reach[-1] > right else []))
    told = _sentence(share(value), shows) + (", the interval goes on beyond the bar" if cut else "")
    return Scale(place(floor), place(ceiling), place(value), ends[0], ends[1], beyond, cut, told)


def _sentence(share: float, floor: str) -> str:
    if share < 0.0:
        return f"further from the true answer than the {floor}"
    if share > 1.0:
        return f"beyond the true answer, seen from the {floor}"
    return f"{100.0 * share:.0f} % of the way from the {floor} to the true answer"


def _mean(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate["mean"]
