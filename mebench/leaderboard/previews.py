"""A few clips of a run for its method's page: copied from the page of the run, where licences were asked already."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mebench.leaderboard.limits import MOST_PREVIEWS
from mebench.runs.page.licence import recorded_terms
from mebench.runs.page.records import Records

SIDE = 128
"""Pixels of a tile in a preview."""


def previews(records: Records) -> Iterator[tuple[str, bytes]]:
    """Names and JPEG bytes: one strip for each of a few clips, with the source, and driving clip, output and true answer at
    the apex.

    Only where the terms of every dataset of the run allow frames and generated clips to be published, as they were when
    the run was made and as they are today; runs of other datasets have none.
    """
    from mebench.datasets.publication import Released, refusal, release
    from mebench.protocol import Task
    from mebench.runs.inputs import TaskInputs
    from mebench.runs.page.licence import parties
    from mebench.runs.plan import load_datasets
    from mebench.runs.store import RunStore

    infos = records.run["datasets"]
    if not all(t.may_show_frames and t.may_show_generated for t in map(recorded_terms, infos.values())):
        return
    import numpy as np

    from mebench.protocol import load_protocol
    from mebench.runs.page.sheet import encode, scaled

    datasets = load_datasets(load_protocol(records.run["protocol"]["name"]))
    store = RunStore(records.folder)
    rows = [row for row in records.tasks if row["clip"] is not None]
    for row in rows[:: max(1, len(rows) // 3)][: min(3, MOST_PREVIEWS)]:
        task, clip = Task.from_record(dict(row["task"])), row["clip"]
        assert clip is not None  # filtered above
        inputs = TaskInputs(task, datasets[task.dataset], datasets[task.from_dataset])
        sample = inputs.sample(store.read_clip(clip))
        seen = parties(task, infos, lambda name: datasets[name])
        pictures = [sample.source[None], sample.driving[task.apex][None], sample.output[task.apex][None]]
        if sample.truth is not None:
            pictures.append(sample.truth.frames[task.apex][None])
        shown = [release(picture, refusal(seen, "recorded") or refusal(seen, "generated")) for picture in pictures]
        name = re.sub(r"[^A-Za-z0-9._-]", "-", f"{task.key}.jpg")
        if all(isinstance(each, Released) for each in shown) and len(name) <= 120:
            tiles = [scaled(each.frames[0], SIDE) for each in shown if isinstance(each, Released)]
            yield name, encode(np.concatenate(tiles, axis=1), 88)
