"""A metric's answers as one small picture: a panel a degradation, in SVG, without any plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from mebench.metrics.contract import MetricFacts
from mebench.runs.validate.sweep import Response

COLUMNS = 4
WIDTH, HEIGHT = 150.0, 92.0
"""Of a panel's axes, in pixels."""

LEFT, TOP, RIGHT, BOTTOM = 46.0, 26.0, 12.0, 30.0
"""Room around the axes for titles and numbers."""

_STYLE = (
    "text{font:10px system-ui,sans-serif;fill:#333}.t{font-weight:600}.c{fill:none;stroke:#9bb4c9;stroke-width:.8}"
    ".m{fill:none;stroke:#0b5a94;stroke-width:2}.a{stroke:#999;stroke-width:.8}.p{fill:#0b5a94}.s{fill:#c2410c}"
)


def plot(facts: MetricFacts, answers: Sequence[Response]) -> str:
    """SVG text. Thin lines: single clips; thick: their mean; orange: the level nearest to the perfect one (bold in the
    axis) that is told from it."""
    rows = (len(answers) + COLUMNS - 1) // COLUMNS
    wide, high = COLUMNS * (LEFT + WIDTH + RIGHT), rows * (TOP + HEIGHT + BOTTOM)
    stacked = np.concatenate([answer.values.ravel() for answer in answers])
    low, high_value = float(np.nanmin(stacked)), float(np.nanmax(stacked))
    span = high_value - low or 1.0
    panels = [
        _panel(answer, index, low - 0.04 * span, high_value + 0.04 * span, facts)
        for index, answer in enumerate(answers)
    ]
    title = escape(f"{facts.name}: answers to known degradations")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" height="{high:g}" '
        f'role="img"><title>{title}</title><style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>'
        + "".join(panels)
        + "</svg>\n"
    )


def _panel(answer: Response, index: int, low: float, high: float, facts: MetricFacts) -> str:
    x0 = (index % COLUMNS) * (LEFT + WIDTH + RIGHT) + LEFT
    y0 = (index // COLUMNS) * (TOP + HEIGHT + BOTTOM) + TOP
    levels = answer.degradation.levels
    xs = np.linspace(0.0, WIDTH, len(levels))

    def y(value: float) -> float:
        return HEIGHT * (high - value) / (high - low)

    def line(values: Sequence[float], kind: str) -> str:
        points = " ".join(f"{x:.0f},{y(v):.1f}" for x, v in zip(xs, values, strict=True) if np.isfinite(v))
        return f'<polyline class="{kind}" points="{points}"/>'

    parts = [f'<text class="t" x="0" y="-10">{escape(answer.degradation.title)}</text>']
    parts.append(f'<path class="a" d="M0 0V{HEIGHT:g}H{WIDTH:g}" fill="none"/>')
    parts += [line(row, "c") for row in answer.values.tolist()]
    if np.isfinite(answer.values).any():
        with np.errstate(invalid="ignore"):
            mean = np.nanmean(answer.values, axis=0)
        parts.append(line(mean.tolist(), "m"))
        for x, value, level in zip(xs, mean, levels, strict=True):
            if level == answer.seen and np.isfinite(value):
                parts.append(f'<circle class="s" cx="{x:.0f}" cy="{y(float(value)):.1f}" r="3.5"/>')
    for x, level in zip(xs, levels, strict=True):
        bold = ' class="t"' if level == answer.degradation.perfect else ""
        parts.append(f'<text{bold} x="{x:.0f}" y="{HEIGHT + 12:g}" text-anchor="middle">{level:g}</text>')
    parts.append(
        f'<text x="{WIDTH / 2:g}" y="{HEIGHT + 24:g}" text-anchor="middle">{escape(answer.degradation.unit)}</text>'
    )
    for value in (low + 0.04 / 1.08 * (high - low), high - 0.04 / 1.08 * (high - low)):
        parts.append(f'<text x="-4" y="{y(value) + 3:.1f}" text-anchor="end">{_number(value)}</text>')
    return f'<g transform="translate({x0:g},{y0:g})">' + "".join(parts) + "</g>"


def _number(value: float) -> str:
    return "0" if abs(value) < 1e-9 else f"{value:.3g}"
