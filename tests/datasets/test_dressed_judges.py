"""From folders in three databases' clothes to a table of detectors, one database left out in turn."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from mebench.cli.app import app
from mebench.clip import Pixels
from mebench.datasets.clothes.dress import CLOTHES, widened
from mebench.datasets.clothes.recording import Recording

SIDE = 160
PLACES = {"4": (0.5, 0.38), "12": (0.6, 0.66)}
"""Where the skin moves, in parts of the picture."""


def performed(face: Pixels, units: tuple[str, ...], apex: int) -> Pixels:
    """Eight frames of ``face``, moved by two pixels at the places of its action units at frame ``apex``."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    bumps = [
        np.exp(-((x - PLACES[unit][0] * SIDE) ** 2 + (y - PLACES[unit][1] * SIDE) ** 2) / (0.02 * SIDE**2))
        for unit in units
        if unit in PLACES
    ]
    shape = np.sum(bumps, axis=0, dtype=np.float32) if bumps else np.zeros_like(x)
    heights = [2.0 * max(0.0, 1.0 - abs(t - apex) / 4) for t in range(8)]
    return np.stack([cv2.remap(face, x, y + np.float32(height) * shape, cv2.INTER_CUBIC) for height in heights])


def recordings(face: Pixels, count: int, grey: bool) -> list[Recording]:
    """Of two people; the last but one shows no known action unit, the last has its apex at the onset."""
    made = []
    for index in range(count):
        units = (("4",), ("12",), ("4", "12"))[index % 3] if index < count - 2 else (("99",), ("4",))[index - count + 2]
        apex = 5 if index < count - 1 else 1
        frames = widened(performed(face if index % 2 else np.ascontiguousarray(face[:, ::-1]), units, apex))
        if grey:
            frames = np.repeat(frames[..., 1:2], 3, axis=-1)
        made.append(Recording(1 + index % 2, 1 + index // 2, frames, 1, apex, 6, units))
    return made


def invoke(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def test_detectors_under_the_protocol_of_the_databases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``mebench data add`` and ``mebench au eval --protocol cd6me`` as one would type them; four databases are not here."""
    data = pytest.importorskip("skimage.data")
    face = cv2.resize(data.astronaut()[20:250, 110:340], (SIDE, SIDE), interpolation=cv2.INTER_AREA)  # NASA
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    for name, count in (("casme2", 7), ("samm", 4)):
        CLOTHES[name].write(recordings(face, count, grey=name == "samm"), tmp_path / name)
        invoke("data", "add", name, tmp_path / name)
    short = ("--seeds", 1, "--epochs", 1, "--rate", 1e-3, "--protocol", "cd6me")
    said = invoke("au", "eval", "linear-svm-flow", "off-apexnet", *short)
    for line in (
        "fold samm: 4 of 4 clips are grey",
        "fold casme2: 1 of 7 clips show none of the twelve action units",
        "fold casme2: 1 of 7 clips are marked 'apex unknown, middle taken'",
        "fold samm: 1 of 4 clips have their apex at the onset, so that their flow is zero",
        "off-apexnet, seed 45, without casme2: ",
        "f1_pooled: all test folds pooled",
        "f1_fold: per fold the mean",
        "| detector | f1_pooled | f1_fold | published, definitions mixed |",
    ):
        assert line in said, line
    rows = {line.split(" | ")[0][2:]: line.split(" | ") for line in said.splitlines() if " |  | 1 | " in line}
    assert set(rows) == {"always-present", "static-gate", "linear-svm-flow"}
    assert float(rows["linear-svm-flow"][3]) > float(rows["always-present"][3])
    assert said.splitlines()[-1].startswith("| off-apexnet |") and said.rstrip().endswith("| 0.395 |")
    weights = tmp_path / "without-samm.npz"
    made = invoke("au", "train", "linear-svm-flow", "--leave-out", "samm", "-p", "cd6me", "-o", weights)
    assert "from 7 clips, none of samm" in made and weights.is_file()
