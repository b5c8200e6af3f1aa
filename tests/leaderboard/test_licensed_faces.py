"""Licensed faces leave by none of the leaderboard's doors: packer, verifier, site. Each is tried with pictures to find."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from board_run import FACTS, write_run
from test_submit_verify import errors, seal

from mebench.datasets.contract import Terms
from mebench.datasets.synme.dataset import Synme
from mebench.leaderboard import submit as packer
from mebench.leaderboard.folder import read_submission
from mebench.leaderboard.licensed import shown_files, withheld
from mebench.leaderboard.site.build import build_site
from mebench.leaderboard.submit import submit
from mebench.protocol import load_protocol
from mebench.runs.store import RunStore

JPEG = cv2.imencode(".jpg", np.full((128, 512, 3), 90, np.uint8))[1].tobytes()


@pytest.fixture
def licensed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The open set as if it were under an agreement, from the moment that a test asks for it."""
    withheld.cache_clear()
    monkeypatch.setattr(Synme, "terms", Terms("an agreement"))
    yield
    withheld.cache_clear()


@pytest.fixture
def eager_packer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Previews and vectors for everybody who asks: the packer must not ask."""
    monkeypatch.setattr(packer, "previews", lambda records, most: [("self--c0.jpg", JPEG)])
    monkeypatch.setattr(packer, "motions", lambda records: None)  # tests/leaderboard/test_licensed_motion.py


@pytest.mark.usefixtures("eager_packer")
def test_the_packer_shows_open_faces(tmp_path: Path) -> None:
    withheld.cache_clear()
    folder = submit([write_run(tmp_path / "run", "magplus", "fomm", 0.7)], "magplus", out=tmp_path / "tree").folder
    assert list(folder.rglob("*.jpg")), "the search must find what is there"
    assert any(row["task"]["action_units"] for row in read_submission(folder).results[0].rows)


@pytest.mark.usefixtures("eager_packer", "licensed")
def test_the_packer_holds_back_pictures_vectors_and_annotations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(RunStore, "vectors", lambda self, key: asked.append(key))
    run = write_run(tmp_path / "run", "magplus", "fomm", 0.7)  # whose own record says that everything may be shown
    folder = submit([run], "magplus", out=tmp_path / "tree").folder
    assert not list(folder.rglob("*.jpg")) and not list(folder.rglob("*.npz")) and asked == []
    rows = read_submission(folder).results[0].rows
    assert len(rows) == 16 and not any(row["task"]["action_units"] for row in rows)
    assert errors(folder) == []


def test_a_submission_with_licensed_faces_is_refused_and_not_shown(
    tree: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = tree / "magplus" / "1"
    manifest = json.loads((folder / "manifest.json").read_text())
    result = folder / "results" / manifest["results"][0]
    (result / "previews").mkdir()
    (result / "previews" / "self--c0.jpg").write_bytes(JPEG)
    name = f"results/{result.name}/previews/self--c0.jpg"
    manifest["files"][name] = {"bytes": 0, "sha256": "0" * 64}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    seal(folder)
    assert errors(folder) == []
    site = build_site(tmp_path / "open", tree, facts=FACTS).folder
    assert list((site / "media").rglob("*.jpg"))
    shutil.copy(result / "previews" / "self--c0.jpg", tmp_path)
    request.getfixturevalue("licensed")
    told = errors(folder)
    assert any("licence: " in text and "previews: must not be there" in text for text in told)
    assert any("must not hold action units" in text for text in told)
    site = build_site(tmp_path / "licensed", tree, facts=FACTS).folder
    left = [path for path in site.rglob("*") if path.suffix in (".jpg", ".png", ".mkv", ".mp4", ".webm", ".npz")]
    assert all(path.parent.name == "assets" for path in left) and not (site / "media").exists()
    assert "previews" not in (site / "index.html").read_text()


def test_every_protocol_on_recorded_faces_holds_back() -> None:
    withheld.cache_clear()
    for name in ("lodo", "cross-identity", "self-reenactment", "megc2021"):
        assert "does not allow frames" in (withheld(name) or ""), name
    assert withheld("open-mini") is None and "no protocol" in (withheld("open-mani") or "")
    assert shown_files(Path("nowhere"), "lodo") == []
    assert set(load_protocol("lodo").datasets) >= {"casme2", "samm"}
