"""Draws groups of bars as a PNG, for the pages of documentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.files import write_bytes

_COLOURS = ((178, 87, 31), (14, 127, 255), (60, 140, 40), (60, 40, 200), (150, 90, 150), (45, 85, 140), (170, 160, 20))
"""Blue, orange, green, red, purple, brown and teal, as BGR."""

_GREY, _BLACK = (215, 215, 215), (40, 40, 40)
_LETTER = 8
"""Widest letter in pixels."""

_BAR, _GAP, _HEIGHT, _LEFT, _TOP, _BOTTOM, _RIGHT = 9, 14, 240, 60, 40, 30, 185


def draw_bars(panels: Mapping[str, Mapping[str, Mapping[str, float]]], path: Path, unit: str, *, most: float) -> None:
    """One panel below the other; in each, one group of bars a label, one bar a series.

    panels: title to series to label to value; all panels have the same series. unit: of the values, in words.
    most: end of the axis; bars beyond it are cut and carry their value.
    """
    drawn = [_panel(title, series, unit, most) for title, series in panels.items()]
    width = max(panel.shape[1] for panel in drawn)
    padded = [cv2.copyMakeBorder(p, 0, 0, 0, width - p.shape[1], cv2.BORDER_CONSTANT, value=(255,) * 3) for p in drawn]
    coded, png = cv2.imencode(".png", np.concatenate(padded))
    assert coded
    write_bytes(path, png.tobytes())


def _panel(title: str, series: Mapping[str, Mapping[str, float]], unit: str, most: float) -> NDArray[np.uint8]:
    labels = list(dict.fromkeys(label for values in series.values() for label in values))
    step = len(series) * _BAR + _GAP
    wide = max(_LEFT + step * len(labels) + _RIGHT, _LEFT + _LETTER * len(f"{title} ({unit})"))
    image = np.full((_TOP + _HEIGHT + _BOTTOM, wide, 3), 255, np.uint8)
    end = _LEFT + step * len(labels)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = round(_TOP + _HEIGHT * (1.0 - share))
        cv2.line(image, (_LEFT, y), (end, y), _GREY, 1)
        _text(image, f"{share * most:g}", (8, y + 4), _BLACK)
    _text(image, f"{title} ({unit})", (_LEFT, 18), _BLACK)
    for group, label in enumerate(labels):
        left = _LEFT + group * step + _GAP // 2
        _text(image, label, (left, _TOP + _HEIGHT + 18), _BLACK)
        for place, values in enumerate(series.values()):
            if label in values:
                _bar(image, left + place * _BAR, values[label], most, _COLOURS[place % len(_COLOURS)])
    for place, name in enumerate(series):
        _text(image, name, (end + 10, _TOP + 12 + 18 * place), _COLOURS[place % len(_COLOURS)])
    return image


def _bar(image: NDArray[np.uint8], x: int, value: float, most: float, colour: tuple[int, int, int]) -> None:
    top = round(_TOP + _HEIGHT * (1.0 - min(value / most, 1.0)))
    cv2.rectangle(image, (x, top), (x + _BAR - 2, _TOP + _HEIGHT), colour, cv2.FILLED)
    if value > most:
        _text(image, f"{value:.0f}", (x - 6, _TOP - 4), colour)


def _text(image: NDArray[np.uint8], text: str, where: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(image, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)
