"""Submissions that were written with older versions of the schema, kept as they were, are read and verified with today's eyes."""

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

FROZEN = {version: Path(__file__).parent / "frozen" / f"version-{version}" for version in (1, 2, 3)}


@pytest.fixture(params=sorted(FROZEN))
def old(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Path]:
    """Version of the schema, and a submission of that time."""
    frozen = FROZEN[request.param]
    protocol = load_protocol(frozen / "protocol.yaml")
    monkeypatch.setattr(verifier, "_protocol", lambda *_: protocol)
    return request.param, Path(shutil.copytree(frozen / "submissions", tmp_path / "submissions")) / "direct" / "1"


def test_there_is_one_of_every_old_version() -> None:
    assert sorted(FROZEN) == list(range(1, SCHEMA_VERSION))


def test_the_frozen_files_are_those_of_their_version(old: tuple[int, Path]) -> None:
    version, folder = old
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["schema_version"] == version and ("aggregates" in manifest) == (version >= 2)
    for name, entry in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"], name


def test_it_is_upgraded_and_verified(old: tuple[int, Path]) -> None:
    version, folder = old
    facts = json.loads((FROZEN[version] / "facts.json").read_text())
    report = verify(folder, facts=facts)
    assert report.ok, report.findings
    submission = report.submission
    assert submission is not None and submission.manifest.schema_version == SCHEMA_VERSION
    assert submission.aggregates == () and len(submission.results) == 1
    (result,) = submission.results
    assert result.run.schema_version == SCHEMA_VERSION and len(result.rows) == 16
    assert result.cells["gain", "self", None]["value"]["mean"] == pytest.approx(0.3960833801139225, rel=1e-8)
    assert len(result.previews) == (version >= 2) and result.motions == ()
    assert (result.costs is not None) == (version >= 3)
    assert set(submission.tiers.values()) == {"self-reported"}


def test_the_hash_of_an_old_manifest_is_of_its_own_bytes(old: tuple[int, Path]) -> None:
    _, folder = old
    expected = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert read_submission(folder).manifest_sha256 == expected
