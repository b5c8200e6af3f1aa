"""What a run records of the files that magnifiers read: those of the user by their hash, those that ship by their name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from mebench.methods.card import MethodFile
from mebench.methods.magnifier_alone import MagnifierAlone
from mebench.methods.pipeline import Pipeline, _facts
from mebench.motion.pwclite import PwcLite, PwcLiteConfig
from mebench.registry import load
from mebench.runs.plan import describe
from mebench.runs.spec import MethodSpec
from mebench.weights import find, sha256
from mebench.weights.add import added_folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file of the small magnifier of the user's own."""
    return changed(find("flowmag-lite"), tmp_path / "mine.safetensors", 1.01)


def changed(path: Path, to: Path, by: float) -> Path:
    """The tensors of ``path`` times ``by``."""
    to.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor * by for name, tensor in load_file(path).items()}, to)
    return to


def facts_of(pipeline: dict[str, Any]) -> dict[str, Any]:
    card = {"title": "t", "summary": "s", "authors": ["a"], "licence": "CC0-1.0"}
    content = MethodFile.model_validate({"name": "m", "version": 1, "pipeline": pipeline, "card": card})
    factory, arguments = "mebench.runs.spec:build_checked", {"content": content.model_dump(exclude_none=True)}
    return describe(MethodSpec("m", None, "m", factory, arguments, {}, None))["facts"]


def test_a_file_of_the_users_is_known_by_its_hash(own: Path) -> None:
    options = {"weights": str(own)}
    first = MagnifierAlone("flowmag-lite", **options).facts()
    assert first["weights_sha256"] == sha256(own)
    changed(own, own, 1.01)
    assert MagnifierAlone("flowmag-lite", **options).facts()["weights_sha256"] not in (None, first["weights_sha256"])


def test_so_are_both_ends_of_a_pipeline(own: Path) -> None:
    stage = {"name": "flowmag-lite", "options": {"weights": str(own)}}
    pipeline = {"magnifier": stage, "backbone": {"name": "fomm"}, "demagnifier": stage}
    first = facts_of(pipeline)
    assert first["magnifier"]["weights_sha256"] == first["demagnifier"]["weights_sha256"] == sha256(own)
    changed(own, own, 1.01)
    assert facts_of(pipeline) != first


def test_weights_that_ship_are_known_by_their_name() -> None:
    """Stored results hold these facts, and are compared with them."""
    for name in ("flowmag-lite", "oh2018", "warp", "flow-blend"):
        assert not [key for key in MagnifierAlone(name).facts() if key.endswith("sha256")]
    assert not [key for key in _facts(load("magnifiers", "warp")(flow="pwclite-lite")) or {} if "sha256" in key]


def test_weights_that_are_added_again_are_other_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    kept = added_folder("oh2018-infusenet") / "oh2018-infusenet.safetensors"
    hashes = []
    for by in (1.0, 1.01):
        changed(find("oh2018-lite"), kept, by)
        hashes.append(MagnifierAlone("oh2018", weights="oh2018-infusenet").facts()["weights_sha256"])
    assert len(set(hashes)) == 2


def test_a_file_in_the_place_of_one_that_ships_is_not_taken_for_it(tmp_path: Path) -> None:
    path = changed(find("flowmag-lite"), tmp_path / "flowmag-lite.safetensors", 1.01)
    assert MagnifierAlone("flowmag-lite", weights=str(path)).facts()["weights_sha256"] == sha256(path)


@pytest.mark.parametrize("name", ["warp", "flow-reference"])
def test_flow_networks_count_too(name: str, tmp_path: Path) -> None:
    torch.manual_seed(2)
    path = tmp_path / "flow.safetensors"
    save_file(PwcLite(PwcLiteConfig(width=0.25)).state_dict(), path)
    magnifier = load("magnifiers", name)(flow=str(path))
    assert (_facts(magnifier) or {})["flow_sha256"] == sha256(path)
    assert MagnifierAlone(name, flow=str(path)).facts()["flow_sha256"] == sha256(path)


def test_a_magnifier_of_a_plug_in_states_its_own() -> None:
    class Own:
        name, factors, weights, weights_sha256 = "own", (1.0, 2.0), "own-net", "f" * 64

        def magnify(self, frames, factor, reference, face=None):
            return frames

    backbone = load("backbones", "fomm")()
    assert Pipeline("m", backbone, magnifier=Own()).facts()["magnifier"]["weights_sha256"] == "f" * 64
