"""Plug-ins come in by entry points; one that fails is named."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from mebench import registry
from mebench.errors import ConfigError


def test_every_built_in_loads() -> None:
    for kind in registry.GROUPS:
        assert registry.failures(kind) == {}


def test_unknown_name_lists_what_exists() -> None:
    with pytest.raises(ConfigError, match=r"there is no metric called 'psnx'.*psnr"):
        registry.load("metrics", "psnx")


def test_broken_plug_in_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("broken", "nowhere.at.all:thing", "mebench.metrics")
    monkeypatch.setattr(registry, "_entries", lambda kind: {"broken": broken})
    assert "nowhere.at.all:thing" in registry.failures("metrics")["broken"]
