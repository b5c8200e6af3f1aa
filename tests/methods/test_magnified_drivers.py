"""Magnified drivers that are kept on disk: the same bits, magnified once, whatever the backbone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mebench import registry
from mebench.clip import Driving, Source
from mebench.errors import ConfigError
from mebench.magnification.warp import FlowWarp
from mebench.methods.build import build
from mebench.methods.card import MethodFile
from mebench.methods.magnified_drivers import LIMIT, Magnified, folder, kept, spared
from mebench.runs.inputs import tensor


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))


@pytest.fixture
def driving() -> Driving:
    frames = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    return Driving("clip", frames, 30.0, 0, 1, 2)


class Maker:
    """Counts how often it magnifies."""

    def __init__(self, frames: torch.Tensor) -> None:
        self.calls = 0
        self._frames = frames

    def __call__(self) -> Magnified:
        self.calls += 1
        return Magnified(self._frames * 0.5, 1.0 / 3.0, 0.1, 2.5, 1.5)


RECIPE = {"magnifier": "warp", "options": {}, "weights": None, "factor": 4.0}


def test_the_same_bits_come_back(driving):
    make = Maker(driving.frames)
    first, second = kept(driving, RECIPE, make), kept(driving, RECIPE, make)
    assert make.calls == 1
    assert torch.equal(first.frames, second.frames)
    assert (second.factor, second.gain) == (first.factor, first.gain) == (1.0 / 3.0, 0.1)
    second.frames.add_(1.0)  # what is given is the caller's own
    assert torch.equal(kept(driving, RECIPE, make).frames, first.frames)


def test_whoever_counts_hears_what_making_a_reused_driver_took(driving):
    make = Maker(driving.frames)
    with spared() as first:
        kept(driving, RECIPE, make)
    with spared() as second:
        kept(driving, RECIPE, make)
    kept(driving, RECIPE, make)
    assert first == []
    assert [(each.wall, each.processor) for each in second] == [(2.5, 1.5)]


def test_whatever_the_frames_depend_on_makes_another_file(driving):
    make = Maker(driving.frames)
    kept(driving, RECIPE, make)
    others = [
        (replace(driving, frames=driving.frames + 1e-7), RECIPE),
        (replace(driving, apex=2), RECIPE),
        (replace(driving, fps=25.0), RECIPE),
        (driving, {**RECIPE, "factor": 4.5}),
        (driving, {**RECIPE, "weights": "0" * 64}),
    ]
    for clip, recipe in others:
        kept(clip, recipe, make)
    assert make.calls == 1 + len(others)
    kept(replace(driving, key="another name"), RECIPE, make)
    assert make.calls == 1 + len(others)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_file_is_made_again(driving, damage):
    make = Maker(driving.frames)
    first = kept(driving, RECIPE, make)
    (path,) = folder().iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data if damage == "flip" else data[:40] if damage == "cut" else b"")
    assert torch.equal(kept(driving, RECIPE, make).frames, first.frames)
    assert make.calls == 2
    kept(driving, RECIPE, make)
    assert make.calls == 2


def test_the_folder_keeps_its_limit(driving, monkeypatch):
    monkeypatch.setenv(LIMIT, "0.000005")  # two files of 2.4 kB
    for number in range(4):
        kept(driving, {**RECIPE, "factor": float(number)}, Maker(driving.frames))
    assert len(list(folder().iterdir())) == 2
    monkeypatch.setenv(LIMIT, "0")
    make = Maker(driving.frames)
    kept(driving, {**RECIPE, "factor": 3.0}, make)
    assert make.calls == 1
    monkeypatch.setenv(LIMIT, "much")
    with pytest.raises(ConfigError, match="give a number of gigabytes"):
        kept(driving, RECIPE, make)


class Echo:
    """A backbone that gives the driver back."""

    def enroll(self, image: torch.Tensor) -> None: ...

    def drive(self, source: None, frames: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        return frames


def warped(backbone: str) -> MethodFile:
    content = {
        "name": "m", "version": 1, "card": {"title": "t", "summary": "s", "authors": ["a"], "licence": "CC0-1.0"},
        "pipeline": {"magnifier": {"name": "warp", "factor": 4.0}, "backbone": {"name": backbone}},
    }  # fmt: skip
    return MethodFile.model_validate(content)


def test_a_second_backbone_finds_the_drivers_of_the_first(monkeypatch):
    calls: list[float] = []
    load, magnify = registry.load, FlowWarp.magnify

    def counted(self, frames, factor, *rest, **options):
        calls.append(factor)
        return magnify(self, frames, factor, *rest, **options)

    monkeypatch.setattr(FlowWarp, "magnify", counted)
    monkeypatch.setattr(registry, "load", lambda kind, name: Echo if kind == "backbones" else load(kind, name))
    clip = Driving("clip", torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(2)), 30.0, 0, 1, 2)
    made, reused = [], []
    for backbone in ("fomm", "fsrt"):
        method = build(warped(backbone))
        for source in ("a", "b"):
            with spared() as drivers:
                made.append(method.generate(Source(source, clip.frames[0]), clip))
            reused.append([(each.wall > 0.0, each.processor >= 0.0) for each in drivers])
    assert calls == [4.0]
    # made for the first source; then found in memory, on the disk, and in memory
    assert reused == [[], *[[(True, True)]] * 3]
    assert torch.equal(made[0].frames, made[1].frames)
    assert made[0].info == made[1].info


def test_a_driver_made_anew_is_laid_out_as_one_from_disk(monkeypatch):
    """Decoded frames have their channels last in memory. Convolutions sum such frames in another order, and the pixels
    of a clip would tell whether its driver came from disk."""
    strides = []

    class Watch(Echo):
        def drive(self, source: None, frames: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
            strides.append((frames.stride(), reference.stride()))
            return frames

    load = registry.load
    monkeypatch.setattr(registry, "load", lambda kind, name: Watch if kind == "backbones" else load(kind, name))
    levels = torch.randint(256, (3, 64, 64, 3), generator=torch.Generator().manual_seed(2), dtype=torch.uint8)
    clip = Driving("clip", tensor(levels.numpy()), 30.0, 0, 1, 2)
    assert not clip.frames.is_contiguous()
    for _ in range(2):
        build(warped("fomm")).generate(Source("a", clip.frames[0]), clip)
    assert strides[0] == strides[1]
