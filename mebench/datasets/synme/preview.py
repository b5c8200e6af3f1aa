"""A contact sheet and a short video of the open set: who its people are, and what a micro-expression looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Clip, Pixels, Truth
from mebench.datasets.synme.dataset import Synme
from mebench.files import write_bytes
from mebench.video import write_browser

GAIN = 8.0
"""How much larger the expression of the third panel is: exact, the renderer's own action units times this."""

_GAP = 6
_LABEL = 22
_PAPER = 250
_INK = (40, 40, 40)


def write_preview(folder: Path, people: int = 6, say: Callable[[str], None] = lambda text: None) -> tuple[Path, Path]:
    """Write ``synme.png`` (a row of benchmark identities for each domain, then one clip of each domain at onset, apex
    and apex with the expression eightfold) and ``synme.mp4`` (those clips, slowed down).

    folder: where to; made when missing. people: portraits a row, 1 to 8. Gives the paths of picture and video.
    """
    data = Synme()
    rows = []
    for domain in data.domains:
        say(f"domain {domain}: portraits")
        portraits = [p for p in data.portraits() if p.domain == domain][:people]
        rows.append(_row([_labelled(p.read(), p.key) for p in portraits]))
    clips = [next(c for c in data.clips() if c.domain == domain) for domain in data.domains]
    truths = []
    for clip in clips:
        say(f"domain {clip.domain}: the clip {clip.key} and its true magnification")
        truths.append((data.truth(f"onset:{clip.key}", clip.key), data.truth(f"onset:{clip.key}", clip.key, GAIN)))
    panels = [_apex_panels(clip, *pair) for clip, pair in zip(clips, truths, strict=True)]
    for start in range(0, len(panels), 2):
        rows.append(_row([panel for group in panels[start : start + 2] for panel in group]))
    sheet = folder / "synme.png"
    write_bytes(sheet, _png(_column(rows)))
    return sheet, _video(folder, clips, truths)


def _apex_panels(clip: Clip, truth: Truth, magnified: Truth) -> list[Pixels]:
    units = " ".join(clip.action_units) or "none"
    return [
        _labelled(truth.frames[truth.onset], f"{clip.key} onset"),
        _labelled(truth.frames[truth.apex], f"apex, AU {units}"),
        _labelled(magnified.frames[truth.apex], f"apex, expression x{GAIN:g}"),
    ]


def _video(folder: Path, clips: list[Clip], truths: list[tuple[Truth, Truth]], seconds: float = 6.0) -> Path:
    """All clips side by side, each stretched to the same length, so that all reach their offset together."""
    count, fps = int(seconds * 25), 25.0
    frames = []
    for step in range(count):
        rows = []
        for clip, (truth, magnified) in zip(clips, truths, strict=True):
            index = round(step * (len(truth.frames) - 1) / (count - 1))
            label = f"{clip.key}  {index / clip.fps * 1000:.0f} ms"
            rows.append([_labelled(truth.frames[index], label), _labelled(magnified.frames[index], f"x{GAIN:g}")])
        wide = [_row([panel for pair in rows[start : start + 3] for panel in pair]) for start in (0, 3)]
        frames.append(_column(wide))
    path = folder / "synme.mp4"
    write_browser(path, np.stack(frames), fps)
    return path


def _labelled(image: Pixels, text: str) -> Pixels:
    strip = np.full((_LABEL, image.shape[1], 3), _PAPER, dtype=np.uint8)
    cv2.putText(strip, text, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)
    return np.concatenate((image, strip))


def _row(panels: list[Pixels]) -> Pixels:
    gap = np.full((panels[0].shape[0], _GAP, 3), _PAPER, dtype=np.uint8)
    parts = [part for panel in panels for part in (panel, gap)][:-1]
    return np.concatenate(parts, axis=1)


def _column(rows: list[Pixels]) -> Pixels:
    width = max(row.shape[1] for row in rows)
    height = sum(row.shape[0] + _GAP for row in rows) - _GAP
    # Video encoders want even sides.
    sheet = np.full((height + height % 2, width + width % 2, 3), _PAPER, dtype=np.uint8)
    top = 0
    for row in rows:
        sheet[top : top + row.shape[0], : row.shape[1]] = row
        top += row.shape[0] + _GAP
    return sheet


def _png(image: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1])
