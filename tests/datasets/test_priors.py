"""The table of priors in the docs is what the command prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from mebench.datasets.priors import coded_shares, drawn_shares, set_shares, table

DOCS = Path(__file__).parents[2] / "docs" / "datasets.md"


def test_the_docs_hold_the_table() -> None:
    assert DOCS.read_text(encoding="utf-8").endswith(table())


@pytest.mark.parametrize("domain", ["a", "e"])
def test_what_is_drawn_follows_what_is_set(domain: str) -> None:
    wanted = set_shares(domain)
    drawn, count = drawn_shares(domain)
    assert count == 112
    for unit, share in wanted.items():
        # Four standard deviations of a share of 112 clips; a unit may also stay below what counts as visible.
        assert abs(drawn[unit] - share) < 4 * (share * (1 - share) / count) ** 0.5 + 0.02


def test_databases_without_codes_have_no_shares() -> None:
    assert coded_shares("d") is None
    assert round(100 * (coded_shares("a") or {})[4]) == 51
