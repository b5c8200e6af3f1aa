"""The tables, the rows and the plot of the study of demagnifiers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch

from mebench.datasets.synme.expression import FACIAL_UNITS
from mebench.files import write_text
from mebench.statistics.clustered import clustered_mean
from mebench.statistics.interval import Interval
from mebench.training.bars import draw_bars
from mebench.training.demagnification_study import Row, cases, means, study, table, variants

KEYS = {"factor": "By factor", "unit": "By action unit", "amplitude": "By size of the micro-expression"}

DEFAULT = "flow-blend, dis-steady"
"""What the others are compared with."""

_MOST = 100.0
"""Percent at which the plot ends: as wrong as showing no motion at all."""


def report(
    split: str, people: int, out: Path, say: Callable[[str], None], units: Sequence[int] = FACIAL_UNITS
) -> list[Path]:
    """Measure, and write ``demagnification.{md,csv,png}`` into ``out``; gives their paths. units: of the face."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rows = study(cases(split, people=people, units=units), variants(), say)
    paths = [out / f"demagnification.{kind}" for kind in ("md", "csv", "png")]
    write_text(paths[0], markdown(rows, split))
    write_text(paths[1], _csv(rows))
    plot(rows, paths[2])
    return paths


def plot(rows: Sequence[Row], path: Path) -> None:
    """The errors as bars, a panel a table."""
    panels = {
        title: {
            name: {_label(key, value): 100.0 * error for value, error in by.items()}
            for name, by in means(rows, key).items()
            if name != "as it is"
        }
        for key, title in KEYS.items()
    }
    draw_bars(panels, path, "error in % of the motion", most=_MOST)


def markdown(rows: list[Row], split: str) -> str:
    """All tables."""
    count = len(rows) // len({row.variant for row in rows})
    parts = [f"{count} cases, {split} identities; error in % of the answer's motion / PSNR in dB"]
    parts += [f"{title}:\n\n{table(rows, key)}" for key, title in KEYS.items()]
    parts += [f"Against {DEFAULT}, case by case, intervals over people:\n\n{against(rows, DEFAULT)}"]
    return "\n\n".join(parts) + "\n"


def against(rows: Sequence[Row], standard: str) -> str:
    """Markdown: what every other demagnifier does better or worse than ``standard`` on the same cases, with 95 %
    intervals clustered by person, and the seconds a frame of each."""
    by = {name: [row for row in rows if row.variant == name] for name in dict.fromkeys(row.variant for row in rows)}
    lines = [
        "| demagnifier | error less that of the default, points | PSNR more, dB | seconds a frame |",
        "|---" * 4 + "|",
    ]
    for name, own in by.items():
        people = [row.person for row in own]
        pairs = list(zip(own, by[standard], strict=True))
        error = clustered_mean([100.0 * (row.error - base.error) for row, base in pairs], people)
        psnr = clustered_mean([row.psnr - base.psnr for row, base in pairs], people)
        told = ["0", "0"] if name == standard else [_interval(error, 1), _interval(psnr, 2)]
        lines.append(f"| {name} | {told[0]} | {told[1]} | {np.mean([row.seconds for row in own]):.2f} |")
    return "\n".join(lines)


def _interval(found: Interval, digits: int) -> str:
    assert found.mean is not None
    if found.low is None or found.high is None:
        return f"{found.mean:+.{digits}f}"
    return f"{found.mean:+.{digits}f} [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"


def _label(key: str, value: float) -> str:
    return {"unit": f"AU{value:g}", "factor": f"x {value:g}", "amplitude": f"{value:g} px"}[key]


def _csv(rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(asdict(rows[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in asdict(row).items()} for row in rows)
    return text.getvalue()
