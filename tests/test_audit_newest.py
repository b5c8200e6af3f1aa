"""The audit by project: what it counts as answered for, and that it says nothing where the index tells nothing."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / ".ci" / "audit_newest.py"


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script, in an environment of four packages, with an index that a test fills."""
    spec = importlib.util.spec_from_file_location("audit_newest", SCRIPT)
    assert spec is not None and spec.loader is not None
    script: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    installed = {"mebench": "0.1", "Torch": "2.9.0+cpu", "numpy": "2.0", "old": "1.0", "lost": "1.0"}
    found = [SimpleNamespace(metadata={"Name": name}, version=version) for name, version in installed.items()]
    monkeypatch.setattr(script, "distributions", lambda: found)
    script.index = {
        script.KNOWN_BAD: answer("2.6.1", "CVE-2013-7459"),
        "Torch": answer("2.9.0"),
        "numpy": answer("2.0"),
        "old": answer("2.0", "CVE-1"),
        "lost": answer("1.0"),
    }
    monkeypatch.setattr(script, "asked", lambda name: script.index.get(name, {}))
    return script


def answer(newest: str, *vulnerabilities: str) -> dict[str, Any]:
    return {"info": {"version": newest}, "vulnerabilities": [{"id": each} for each in vulnerabilities]}


def test_only_the_newest_versions_are_answered_for(audit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main() == 0
    told = capsys.readouterr().out
    assert "3 of 4 packages in their newest version, with known vulnerabilities: 0" in told
    assert "older, not answered for: old 1.0" in told and "mebench" not in told


def test_a_vulnerability_is_named(audit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    audit.index["Torch"] = answer("2.9.0", "CVE-2")
    assert audit.main() == 1
    assert "vulnerable: Torch 2.9.0+cpu" in capsys.readouterr().out


def test_what_was_not_looked_up_is_told(audit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    del audit.index["lost"]
    assert audit.main() == 2
    assert "not looked up: lost 1.0" in capsys.readouterr().out


def test_an_index_that_knows_of_nothing_is_no_audit(audit: Any, capsys: pytest.CaptureFixture[str]) -> None:
    audit.index[audit.KNOWN_BAD] = answer("2.6.1")
    assert audit.main() == 2
    assert "no audit" in capsys.readouterr().out
