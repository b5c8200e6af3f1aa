"""The examples of the pages ``docs/add-a-*.md`` work as they stand there."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch

from mebench import strict_yaml
from mebench.datasets.contract import Dataset
from mebench.datasets.installed import Installation
from mebench.detectors.contract import ACTION_UNITS, Detector
from mebench.detectors.observation import Observation, Pair
from mebench.errors import ConfigError, Unavailable
from mebench.magnification.contract import Magnifier
from mebench.methods.card import MethodFile
from mebench.metrics.contract import Metric
from mebench.metrics.sample import Sample
from mebench.protocol.model import Protocol

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), flags=re.DOTALL)


def example(page: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The one Python block of a page, as a module."""
    (code,) = blocks(page, "python")
    module = ModuleType("the_example")
    monkeypatch.setitem(sys.modules, "the_example", module)
    exec(compile(code, page, "exec"), module.__dict__)
    return module


def test_magnifier(monkeypatch: pytest.MonkeyPatch) -> None:
    magnifier = example("add-a-magnifier.md", monkeypatch).Linear()
    assert isinstance(magnifier, Magnifier)
    frames = torch.full((3, 3, 16, 16), 0.5)
    frames[2] += 0.05
    made = magnifier.magnify(frames, 4.0, 0)
    assert torch.equal(made[0], frames[0])
    torch.testing.assert_close(made[2], torch.full((3, 16, 16), 0.7))
    with pytest.raises(ConfigError, match="factor"):
        magnifier.magnify(frames, 9.0, 0)
    (yaml,) = blocks("add-a-magnifier.md", "yaml")
    assert strict_yaml.parse(yaml, MethodFile).name == "linear-demag"


def test_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    metric = example("add-a-metric.md", monkeypatch).METRIC
    assert isinstance(metric, Metric)
    rng = np.random.default_rng(0)
    clip = rng.integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
    blurred = np.stack([cv2.GaussianBlur(frame, (0, 0), 2.0) for frame in clip])

    def sample(output: np.ndarray, driving: np.ndarray) -> Sample:
        return Sample(
            source=driving[0], driving=driving, output=output, fps=30.0, onset=0, apex=2, offset=4, same_identity=True
        )

    assert metric.score(sample(clip, clip)) == 1.0
    assert metric.score(sample(blurred, clip)) < 0.5
    with pytest.raises(Unavailable, match="no edge"):
        metric.score(sample(clip, np.full_like(clip, 7)))


def test_detector(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = example("add-a-detector.md", monkeypatch)

    def clip(index: int, upper: bool) -> Observation:
        flow = np.zeros((256, 256, 2), dtype=np.float32)
        flow[slice(0, 128) if upper else slice(128, 256)] = 0.5 + 0.05 * (index % 3)
        pair = Pair(np.zeros((2, 256, 256, 3), dtype=np.uint8), flow)
        present = np.zeros(len(ACTION_UNITS), dtype=bool)
        present[ACTION_UNITS.index(4 if upper else 12)] = True
        return Observation(f"c{index}", "toy", "a", f"s{index}", present, 0, 1, 2, lambda: pair, lambda _: pair.frames)

    clips = [clip(index, index % 2 == 0) for index in range(12)]
    detector = module.Halves()
    assert isinstance(detector, Detector)
    detector.fit(clips[:8])
    expected = np.array([observed.present for observed in clips[8:]])
    taught = [ACTION_UNITS.index(4), ACTION_UNITS.index(12)]
    assert ((detector.predict(clips[8:]) > 0.5) == expected)[:, taught].all()
    detector.save(tmp_path / "halves.npy")
    again = module.Halves()
    again.load(tmp_path / "halves.npy")
    np.testing.assert_array_equal(again.predict(clips), detector.predict(clips))


def test_protocol() -> None:
    (yaml,) = blocks("add-a-protocol.md", "yaml")
    protocol = strict_yaml.parse(yaml, Protocol)
    assert (protocol.name, protocol.split, protocol.selection.cross.pairs) == ("two-domains", "validation", 6)


def test_dataset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    root = tmp_path / "studio"
    folder = root / "p1" / "smile"
    folder.mkdir(parents=True)
    for number in range(10, 16):
        cv2.imwrite(str(folder / f"frame_{number}.png"), np.full((32, 32, 3), number, dtype=np.uint8))
    (root / "studio_v1.csv").write_text("Person,Clip,Onset,Apex,Offset,AU\np1,smile,10,13,15,6+12\n")
    dataset = example("add-a-dataset.md", monkeypatch).Studio(Installation(root))
    assert isinstance(dataset, Dataset)
    (clip,) = dataset.clips()
    assert (clip.subject, clip.apex, clip.action_units) == ("p1", 3, ("6", "12"))
    assert [int(frame[0, 0, 0]) for frame in clip.frames.array()] == [10, 11, 12, 13, 14, 15]
    assert not dataset.terms.may_show_frames and dataset.check().complete
