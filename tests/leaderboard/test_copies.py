"""Copies with dust on them, bounds that were bent, roles that were claimed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import board_run
import numpy as np
import pytest
from test_submit_verify import errors, seal

from mebench.leaderboard.features import pack
from mebench.leaderboard.submit import submit
from mebench.leaderboard.verify import verify
from mebench.metrics.encoders.clip_vector import ClipVector, PairVectors

DUST = 1e-6


def copied(tree: Path, tmp_path: Path, role: str = "method") -> Path:
    """``mine``: a method whose rows are those of flow-transfer with dust, and other hashes."""
    run = board_run.write_run(tmp_path / "mine", "mine", None, 0.66, role=role)
    return submit([run], "mine", out=tree, films=0).folder


def table(folder: Path, name: str, change: Callable[[dict[str, str]], None]) -> None:
    (path,) = folder.glob(f"results/*/{name}")
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    for row in rows:
        change(row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue())
    seal(folder)


def add_vectors(folder: Path, dust: float, real: float = 0.0) -> None:
    """``features.npz`` whose outputs are the same for everybody but for ``dust``."""
    (result,) = (folder / "results").iterdir()
    made = {}
    for number, task in enumerate(board_run.tasks()):
        rng = np.random.default_rng(number)
        output, clip = (rng.standard_normal(32).astype(np.float32) for _ in range(2))
        output, clip = output + np.float32(dust), clip + np.float32(real)
        made[task.key] = {"net": PairVectors(ClipVector(None, output), ClipVector(None, clip), False)}
    data = pack(made)
    (result / "features.npz").write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    entry = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest["files"][f"results/{result.name}/features.npz"] = entry
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_scores_with_dust_on_them_are_a_copy(tree: Path, tmp_path: Path) -> None:
    folder = copied(tree, tmp_path)
    assert any(re.search("copies: .*rows of scores are those of flow-transfer/1", text) for text in errors(folder))

    def dust(row: dict[str, str]) -> None:
        for name in board_run.FACTS:
            if row[name]:
                row[name] = repr(float(row[name]) * (1 - DUST))

    table(folder, "clips.csv", dust)
    assert any("rows of scores are those of flow-transfer/1" in text for text in errors(folder))

    def another(row: dict[str, str]) -> None:
        for name in board_run.FACTS:
            if row[name]:
                row[name] = repr(float(row[name]) * 0.98)

    table(folder, "clips.csv", another)
    assert not any(text.startswith("copies") for text in errors(folder))


def test_relatives_of_the_benchmark_may_give_the_same(tree: Path, tmp_path: Path) -> None:
    """Where the step that tells them apart has nothing to do; it is said, and it is no error."""
    run = board_run.write_run(tmp_path / "warp-demag", "warp-demag", None, 0.66)
    folder = submit([run], "warp-demag", out=tree, films=0).folder
    told = [(finding.level, finding.text) for finding in verify(folder).findings if finding.check == "copies"]
    assert [level for level, text in told if "rows of scores are those of flow-transfer/1" in text] == ["warning"]


@pytest.mark.parametrize(("dust", "copy"), [(0.0, True), (1e-5, True), (0.1, False)], ids=["same", "dust", "other"])
def test_vectors_with_dust_on_them_are_a_copy(tree: Path, dust: float, copy: bool) -> None:
    add_vectors(tree / "flow-transfer/1", 0.0)
    run = board_run.write_run(tree.parent / "other", "other", None, 0.8)
    folder = submit([run], "other", out=tree, films=0).folder
    add_vectors(folder, dust)
    found = [text for text in errors(folder) if "vectors of outputs are those of flow-transfer/1" in text]
    assert bool(found) is copy


def test_real_clips_are_the_same_for_everybody(tree: Path) -> None:
    add_vectors(tree / "flow-transfer/1", 0.0)
    run = board_run.write_run(tree.parent / "other", "other", None, 0.8)
    folder = submit([run], "other", out=tree, films=0).folder
    add_vectors(folder, 0.1, real=0.5)
    assert any("bounds: " in text and "vector of the real clip" in text for text in errors(folder))


@pytest.mark.parametrize("bound", ["floor", "ceiling"])
def test_bounds_are_the_same_for_everybody(tree: Path, tmp_path: Path, bound: str) -> None:
    run = board_run.write_run(tmp_path / "other", "other", None, 0.8)
    folder = submit([run], "other", out=tree, films=0).folder
    assert errors(folder) == []

    def bend(row: dict[str, str]) -> None:
        if row["bound"] == bound:
            row["psnr"] = repr(float(row["psnr"]) * 0.8)

    table(folder, "bounds.csv", bend)
    assert any(re.search(f"bounds: .*the {bound} of .* is not that of", text) for text in errors(folder))


@pytest.mark.parametrize("role", ["floor", "ceiling", "baseline"])
def test_roles_of_the_benchmark_are_not_for_everybody(tree: Path, tmp_path: Path, role: str) -> None:
    assert any(f"has the role '{role}'" in text for text in errors(copied(tree, tmp_path, role)))


def test_nobody_stands_on_a_board_twice_with_one_backbone(tree: Path) -> None:
    folder = tree / "flow-transfer/1"
    (result,) = (folder / "results").iterdir()
    again = result.name[:-1] + ("0" if result.name[-1] != "0" else "1")
    shutil.copytree(result, folder / "results" / again)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["results"].append(again)
    for path in list(manifest["files"]):
        manifest["files"][path.replace(result.name, again)] = manifest["files"][path]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert any("two results of one backbone on one protocol" in text for text in errors(folder))
