"""``mebench list``: blocks for a terminal, one line an entry elsewhere."""

from __future__ import annotations

import pytest

from mebench.cli import listing


def test_a_block_hangs_under_its_name_and_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    text = " ".join(["many words"] * 20)
    lines = listing._block({"name": "fomm", "summary": "", "lines": ["A paper, 2019", text]}, 8).splitlines()
    assert lines[0] == "fomm    A paper, 2019"
    assert lines[1].startswith("        many") and lines[2].startswith("          ")
    assert max(map(len, lines)) <= 60
    assert " ".join(" ".join(lines).split()) == f"fomm A paper, 2019 {text}"


def test_an_error_and_an_empty_summary_keep_their_name() -> None:
    assert listing._block({"name": "a", "error": "no file"}, 4) == "a   cannot be loaded: no file"
    assert listing._block({"name": "a", "summary": ""}, 4).strip() == "a"
