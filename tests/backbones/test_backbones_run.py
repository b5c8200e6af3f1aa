"""Every shipped backbone through ``mebench run``, alone and within the pipeline, with no way out to the network."""

from __future__ import annotations

import csv
import json
import socket
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from mebench.cli.app import app

PROTOCOL = {
    "name": "one-clip",
    "version": 1,
    "title": "One clip",
    "summary": "For a test.",
    "datasets": ["synme"],
    "split": "validation",
    "selection": {"seed": 1, "self": {"clips": 1}},
    "max_fps": 15,
    "size": 256,
    "metrics": ["gain", "psnr"],
}


@pytest.mark.slow
@pytest.mark.parametrize("method", ["direct", "magplus"])
@pytest.mark.parametrize("backbone", ["fomm", "fsrt", "metaportrait", "emoportraits"])
def test_runs_offline(backbone: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise AssertionError(f"a connection to {address} was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    file = tmp_path / "one-clip.yaml"
    file.write_text(yaml.safe_dump(PROTOCOL, sort_keys=False))
    options = ["--protocol", file, "--out", tmp_path / "runs", "--jobs", 0, "--no-bounds", "--method", method]
    result = CliRunner().invoke(app, ["run", *map(str, options), "--backbone", backbone])
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "runs").iterdir()
    (row,) = csv.DictReader((folder / "scores.csv").open())
    assert float(row["gain"]) > 0 and float(row["psnr"]) > 20
    facts = json.loads((folder / "run.json").read_text())["method"]["facts"]
    assert facts["backbone"]["weights"] == f"{backbone}-lite"
