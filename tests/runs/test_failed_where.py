"""A method that raises: the row names the line of its own code, not that of the library which it called."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
import torch

from mebench.runs.unit import _sentence

CODE = """
def inner(torch):
    return torch.ones(2) @ torch.ones(3)

def outer(torch):
    return inner(torch)

def nowhere(torch):
    return {}["gone"]
"""


def failed(path: Path, name: str) -> str:
    scope: dict[str, object] = {}
    exec(compile(CODE, str(path), "exec"), scope)
    with pytest.raises(Exception) as caught:
        scope[name](torch)  # type: ignore[operator]
    return _sentence(caught.value)


def test_the_innermost_line_of_the_method_is_named(tmp_path: Path) -> None:
    told = failed(tmp_path / "mine.py", "outer")
    assert told.startswith("RuntimeError: ") and told.endswith(" (line 3 of mine.py)")
    assert failed(tmp_path / "mine.py", "nowhere") == "KeyError: 'gone' (line 9 of mine.py)"


def test_an_installed_plug_in_is_named_too_and_libraries_are_not() -> None:
    site = Path(sysconfig.get_path("purelib"))
    assert failed(site / "their_plugin" / "method.py", "nowhere").endswith("(line 9 of method.py)")
    for library in (site / "torch" / "nn" / "x.py", Path(sysconfig.get_path("stdlib")) / "random.py"):
        assert failed(library, "nowhere").endswith(f"of {Path(__file__).name})"), library
