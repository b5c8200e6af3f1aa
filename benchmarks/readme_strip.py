"""Draw the README's moving strip from a finished run: source, driving clip, output and true answer, then the last two with
the expression magnified.

    python benchmarks/readme_strip.py RUN TASK docs/images/strip.webp

RUN is a run folder on an open protocol, TASK a key of its scores.csv.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mebench import registry
from mebench.clip import Pixels
from mebench.protocol.task import Task
from mebench.runs.film import slowdown
from mebench.runs.page.licence import parties
from mebench.runs.page.pictures import pictures
from mebench.runs.page.records import read_records
from mebench.runs.store import RunStore

SIDE, BAR, GAP = 192, 24, 4
"""Pixels of a panel, of the line under it, and between two panels."""
INK, PAPER = (60, 60, 60), (255, 255, 255)


def strip(titles: list[str], clips: list[Pixels]) -> Pixels:
    """Panels from left to right: uint8 ``[T,SIDE+BAR,W,3]``; a clip of one frame stands still."""
    count = max(map(len, clips))
    film = np.full((count, SIDE + BAR, len(clips) * (SIDE + GAP) - GAP, 3), PAPER, dtype=np.uint8)
    for index, (title, clip) in enumerate(zip(titles, clips, strict=True)):
        left = index * (SIDE + GAP)
        for frame in range(count):
            picture = clip[frame] if len(clip) > 1 else clip[0]
            film[frame, :SIDE, left : left + SIDE] = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            place = (left + 2, SIDE + BAR - 8)
            cv2.putText(film[frame], title, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
    return film


def main() -> None:
    """Parse, draw, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("task")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    records, store = read_records(args.run), RunStore(args.run)
    row = store.row(args.task)
    if row is None or row["clip"] is None:
        parser.error(f"{args.run} holds no finished task '{args.task}'.")
    task = Task.from_record(dict(row["task"]))
    dataset = registry.load("datasets", task.dataset)()
    seen = parties(task, records.run["datasets"], lambda _: dataset)
    panels = pictures(task, dataset, store.read_clip(row["clip"]), seen, dataset).panels
    titles = [panel.name if panel.magnified is None else f"{panel.name} x{panel.magnified}" for panel in panels]
    film = strip(titles, [panel.frames for panel in panels if panel.frames is not None])
    images = [Image.fromarray(frame) for frame in film]
    milliseconds = round(1000.0 * slowdown(task.fps) / task.fps)
    images[0].save(
        args.out, save_all=True, append_images=images[1:], duration=milliseconds, loop=0, quality=80, method=6
    )


if __name__ == "__main__":
    main()
