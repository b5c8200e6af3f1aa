"""A submission that was written with version 1 of the schema, kept as it was, is read and verified with today's eyes."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from mebench.leaderboard import verify as verifier
from mebench.leaderboard.folder import read_submission
from mebench.leaderboard.schema import SCHEMA_VERSION
from mebench.leaderboard.verify import verify
from mebench.protocol import load_protocol

FROZEN = Path(__file__).parent / "frozen" / "version-1"


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    protocol = load_protocol(FROZEN / "protocol.yaml")
    monkeypatch.setattr(verifier, "_protocol", lambda *_: protocol)
    return Path(shutil.copytree(FROZEN / "submissions", tmp_path / "submissions")) / "direct" / "1"


def test_the_frozen_files_are_those_of_version_1() -> None:
    manifest = json.loads((FROZEN / "submissions/direct/1/manifest.json").read_text())
    assert manifest["schema_version"] == 1 < SCHEMA_VERSION and "aggregates" not in manifest
    for name, entry in manifest["files"].items():
        data = (FROZEN / "submissions/direct/1" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"], name


def test_it_is_upgraded_and_verified(old: Path) -> None:
    facts = json.loads((FROZEN / "facts.json").read_text())
    report = verify(old, facts=facts)
    assert report.ok, report.findings
    submission = report.submission
    assert submission is not None and submission.manifest.schema_version == SCHEMA_VERSION
    assert submission.aggregates == () and len(submission.results) == 1
    (result,) = submission.results
    assert result.run.schema_version == SCHEMA_VERSION and len(result.rows) == 16
    assert result.cells["gain", "self", None]["value"]["mean"] == 0.3960833801139225
    assert set(submission.tiers.values()) == {"self-reported"}


def test_the_hash_of_an_old_manifest_is_of_its_own_bytes(old: Path) -> None:
    assert read_submission(old).manifest_sha256 == hashlib.sha256((old / "manifest.json").read_bytes()).hexdigest()
