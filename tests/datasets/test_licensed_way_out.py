"""From a database on this machine to the site: a run that copies its frames is submitted, and no picture of them gets out."""

from __future__ import annotations

import json
import re
import shutil
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import mebench
from mebench import registry
from mebench.datasets.preparation import prepared
from mebench.leaderboard.folder import read_submission
from mebench.leaderboard.licensed import withheld
from mebench.leaderboard.site import build_site
from mebench.leaderboard.site.serve import serve
from mebench.leaderboard.submit import submit
from mebench.leaderboard.verify import verify
from mebench.protocol import load_protocol

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PROTOCOL = "self-reenactment"

ALIKE = 0.8
"""Above it a face is found (0.88 in the control below); the outline of no one has up to 0.73, at a sixth of the size."""


def likeness(picture: np.ndarray, face: np.ndarray) -> float:
    """Highest correlation of the inner face (grey, of 256 px) with any place of ``picture`` (grey), at sizes from a sixth to
    one and a half."""
    best = 0.0
    for scale in (1 / 6, 0.25, 0.375, 0.5, 0.75, 1.0, 1.5):
        template = cv2.resize(face[70:210, 70:186], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if template.shape[0] <= picture.shape[0] and template.shape[1] <= picture.shape[1]:
            best = max(best, float(cv2.matchTemplate(picture, template, cv2.TM_CCOEFF_NORMED).max()))
    return best


def grey(data: bytes) -> np.ndarray | None:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None


def drawn(site: Path, page: str) -> list[bytes]:
    """Every panel of the player as the browser has drawn it at the apex, and the whole page, as PNG."""
    from playwright.sync_api import sync_playwright

    with serve(site, 0) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.set_default_timeout(120_000)
        tab.goto(f"http://127.0.0.1:{server.server_address[1]}/{page}")
        tab.wait_for_selector("#stage canvas[data-frame]")
        tab.wait_for_selector("#player:not([aria-busy])")
        assert "No picture is shown" in tab.inner_text("#clip-note")
        found = [canvas.screenshot() for canvas in tab.query_selector_all("#stage canvas")]
        found.append(tab.screenshot(full_page=True))
        browser.close()
        server.shutdown()
    return found


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
def test_no_frame_of_a_database_leaves_by_submission_or_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from mebench.cli.app import app

    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    withheld.cache_clear()
    for command in (
        ["data", "export", "synme", str(tmp_path / "fake"), "--as", "casme2", "--people", "2", "--clips", "1"],
        ["data", "add", "casme2", str(tmp_path / "fake")],
    ):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
    run = mebench.run("driving-copy", protocol=PROTOCOL, jobs=0, out=tmp_path / "runs").folder
    folder = submit([run], "driving-copy", out=tmp_path / "tree").folder
    report = verify(folder)
    assert report.ok, report.findings
    site = build_site(tmp_path / "site", tmp_path / "tree").folder

    dataset = prepared(registry.load("datasets", "casme2")(), load_protocol(PROTOCOL).preparation)
    faces = [cv2.cvtColor(clip.frames.array()[clip.onset], cv2.COLOR_RGB2GRAY) for clip in dataset.clips()]
    sheet = np.full((400, 400), 250, np.uint8)
    sheet[100:280, 100:280] = cv2.resize(faces[0], (180, 180), interpolation=cv2.INTER_AREA)
    assert likeness(sheet, faces[0]) > ALIKE + 0.05, "the search must find what is there"

    assert {path.suffix for path in folder.rglob("*.*") if path.is_file()} == {".json", ".csv", ".yaml"}
    (shown,) = read_submission(folder).results
    assert len(shown.motions) == 2 and any(any(x or y for x, y in panel.arrows) for panel in shown.motions[0].panels)
    pictures = {
        str(path): grey(path.read_bytes()) for root in (folder, site) for path in root.rglob("*") if path.is_file()
    }
    (page,) = (site / "result").glob("*.html")
    assert "data:image" not in page.read_text()
    clips: list[Any] = json.loads(re.findall(r'id="clips-data">(.*?)</script>', page.read_text())[0])
    assert [clip["sheet"] for clip in clips] == [None, None]
    for number, data in enumerate(drawn(site, f"result/{page.name}")):
        pictures[f"drawn {number}"] = grey(data)
    assert sum(name.startswith("drawn") for name in pictures) == 4
    leaks = {
        name: seen
        for name, picture in pictures.items()
        if picture is not None and "assets" not in name and (seen := max(likeness(picture, f) for f in faces)) > ALIKE
    }
    assert leaks == {}
