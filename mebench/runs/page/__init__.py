"""The page of a run: ``index.html`` in its folder, opened by double click, without any network."""

from __future__ import annotations

from mebench.runs.page.build import build

__all__ = ["build"]
