"""Two databases may have clips of one name: what is remembered of one must not be taken for the other."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from mebench.backbones.contract import BackboneFacts
from mebench.clip import Clip, Frames
from mebench.methods.pipeline import Pipeline
from mebench.protocol import Task
from mebench.protocol.task import named
from mebench.runs.external import find_videos, returned_spec
from mebench.runs.inputs import TaskInputs
from mebench.runs.schedule import Schedule
from mebench.video import write_lossless


class Shown:
    """A backbone whose output is what it enrolled."""

    facts = BackboneFacts("shown", "none", "0" * 64, 64, "relative", "nothing", "none", {})
    scales_motion = True

    def enroll(self, source: torch.Tensor) -> torch.Tensor:
        return source

    def drive(self, identity, driving, reference, motion_scale=1.0):
        return identity.expand(len(driving), -1, -1, -1)


@pytest.fixture
def inputs() -> list[TaskInputs]:
    """The same pair of names in two databases, one of them dark."""
    from mebench_fake.data import ClosedDataset

    class Dark(ClosedDataset):
        name = "fake-dark"

        def clip(self, key: str) -> Clip:
            clip = super().clip(key)
            frames = Frames(clip.frames.count, 64, 64, lambda: clip.frames.array() // 4)
            return dataclasses.replace(clip, dataset=self.name, frames=frames)

    return [TaskInputs(task(dataset.name), dataset) for dataset in (ClosedDataset(), Dark())]


def task(dataset: str) -> Task:
    source, driving = "onset:p1/take:0", "q1/take:0"
    whole = tuple(range(13))
    unnamed = Task(
        "", "cross", dataset, source, driving, "p1", "q1", "p", "q", "q", 50.0, whole, 2, 6, 10, ("L12",), 64, ""
    )
    return named(unnamed, "x", several=True)


def test_keys_tell_the_databases_apart(inputs: list[TaskInputs]) -> None:
    assert [each.source().key for each in inputs] == ["fake-closed:onset:p1/take:0", "fake-dark:onset:p1/take:0"]
    assert [each.driving().key for each in inputs] == ["fake-closed:q1/take:0", "fake-dark:q1/take:0"]
    elsewhere = dataclasses.replace(inputs[0].task, source_dataset="other")
    assert elsewhere.source_key == "other:onset:p1/take:0" and elsewhere.driving_key == "fake-closed:q1/take:0"


def test_a_pipeline_enrols_the_source_of_each_database(inputs: list[TaskInputs]) -> None:
    pipeline = Pipeline("m", Shown(), scaling=True, factor=2.0)
    for each in inputs:
        made = pipeline.generate(each.source(), each.driving())
        assert torch.equal(made.frames[0], each.source().image)
    assert len(pipeline._drivers) == 2


def test_returned_videos_are_those_of_each_database(inputs: list[TaskInputs], tmp_path: Path) -> None:
    for shade, each in zip((40, 200), inputs, strict=True):
        write_lossless(tmp_path / f"{each.task.key}.mkv", np.full((13, 64, 64, 3), shade, np.uint8), 50.0)
    tasks = [each.task for each in inputs]
    method = returned_spec("theirs", tmp_path, tasks, find_videos(tmp_path, tasks)[0]).load()
    shades = [float(method.generate(each.source(), each.driving()).frames.mean()) * 255 for each in inputs]
    assert shades == pytest.approx([40, 200], abs=2)


def test_workers_do_not_share_a_driver_of_another_database(inputs: list[TaskInputs]) -> None:
    schedule = Schedule([(each.task, n) for n, each in enumerate([*inputs, *inputs])])
    assert [schedule.next(0)[1] for _ in range(4)] == [0, 2, 1, 3]
