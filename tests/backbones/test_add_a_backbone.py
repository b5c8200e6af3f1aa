"""The example of docs/add-a-backbone.md is installed as it stands there, listed, and run."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from mebench import registry
from mebench.cli.catalogue import catalogue

PAGE = (Path(__file__).parents[2] / "docs" / "add-a-backbone.md").read_text(encoding="utf-8")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
    entry = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1]
    assert len(code.splitlines()) <= 40
    (tmp_path / "ghost").mkdir()
    (tmp_path / "ghost" / "__init__.py").touch()
    (tmp_path / "ghost" / "backbone.py").write_text(code)
    information = tmp_path / "ghost-0.1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: ghost\nVersion: 0.1\n")
    group, line = entry.strip().splitlines()
    group = group.removeprefix('[project.entry-points."').removesuffix('"]')
    name, _, value = line.partition(" = ")
    (information / "entry_points.txt").write_text(f"[{group}]\n{name} = {json.loads(value)}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._entries.cache_clear()
    yield
    registry._entries.cache_clear()
    for module in [name for name in sys.modules if name.partition(".")[0] == "ghost"]:
        del sys.modules[module]


def test_it_is_listed_and_drives(installed: None) -> None:
    listed = {entry["name"]: entry for entry in catalogue("backbones")}
    assert listed["ghost"]["resolution"] == 256 and listed["ghost"]["parameters"] == 0
    backbone = registry.load("backbones", "ghost")(strength=2.0)
    assert backbone.facts.options == {"strength": 2.0}
    driving = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    identity = backbone.enroll(torch.full((3, 100, 100), 0.5))
    whole = backbone.drive(identity, driving, driving[0])
    assert whole.shape == (3, 3, 256, 256) and torch.allclose(whole[0], torch.tensor(0.5), atol=1e-6)
    single = torch.cat([backbone.drive(identity, frame[None], driving[0]) for frame in driving])
    assert (whole - single).abs().max() < 1e-5


def test_shipped_backbones_are_listed_with_their_facts() -> None:
    listed = {entry["name"]: entry for entry in catalogue("backbones")}
    for name in ("fomm", "fsrt", "metaportrait", "emoportraits"):
        entry = listed[name]
        assert entry["weights"][f"{name}-lite"]["there"] and entry["parameters"] > 500_000 and entry["paper"]
        assert name in entry["summary"]
