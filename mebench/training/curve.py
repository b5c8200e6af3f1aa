"""Draws the curve of a training run from its log, as a PNG for the model card."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.files import write_bytes

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 150, 24, 44
_COLOURS = ((178, 87, 31), (14, 127, 255), (60, 140, 40), (60, 40, 200), (150, 90, 150))
"""Blue, orange, green, red and purple, as BGR."""

_GREY, _BLACK = (190, 190, 190), (40, 40, 40)


def draw_curve(rows: list[dict[str, float]], names: list[str], path: Path) -> None:
    """One line a column of the log against the step, on one linear axis from 0; columns may have gaps."""
    lines = {name: [(row["step"], row[name]) for row in rows if name in row] for name in names}
    last = max(row["step"] for row in rows)
    high = _round_up(max(float(np.percentile([y for _, y in line], 98)) for line in lines.values() if line))
    image = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    _axes(image, last, high)
    for place, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        points = np.array([_place(x, y, last, high) for x, y in line], np.int32)
        cv2.polylines(image, [points], False, colour, 2, cv2.LINE_AA)
        _text(image, name, (_WIDTH - _RIGHT + 12, _TOP + 18 + 20 * place), colour)
    coded, png = cv2.imencode(".png", image)
    assert coded
    write_bytes(path, png.tobytes())


def _axes(image: NDArray[np.uint8], last: float, high: float) -> None:
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _place(share * last, share * high, last, high)
        cv2.line(image, (_LEFT, y), (_WIDTH - _RIGHT, y), _GREY, 1)
        _text(image, f"{share * high:g}", (8, y + 4), _BLACK)
        _text(image, f"{share * last:.0f}", (x - 12, _HEIGHT - _BOTTOM + 20), _BLACK)
    _text(image, "step", (_WIDTH - _RIGHT + 40, _HEIGHT - _BOTTOM + 20), _BLACK)


def _place(x: float, y: float, last: float, high: float) -> tuple[int, int]:
    right, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    return round(_LEFT + right * x / last), round(_HEIGHT - _BOTTOM - down * min(max(y / high, 0.0), 1.0))


def _text(image: NDArray[np.uint8], text: str, where: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(image, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)


def _round_up(value: float) -> float:
    """The next of 1, 2 or 4 times a power of ten, so that quarters are round numbers."""
    power = 10.0 ** np.floor(np.log10(max(value, 1e-9)))
    return float(next(power * step for step in (1, 2, 4, 10) if value <= power * step))
