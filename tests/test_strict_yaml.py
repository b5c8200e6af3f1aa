"""Configuration files: unknown keys, wrong values and anything but plain data are refused with the line number."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from mebench import strict_yaml
from mebench.errors import ConfigError, InputError, MebenchError


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    factor: float


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    inner: Inner | None = None
    count: int = 3


def test_plain_values_are_read() -> None:
    assert strict_yaml.parse("name: a\ninner: {factor: 2}\n", Outer) == Outer(name="a", inner=Inner(factor=2))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: a\ninner:\n  factor: 2\n  facter: 3\n", 4, "did you mean 'factor'"),
        ("name: a\ncount: x\n", 2, "valid integer"),
        ("name: a\ncount: 1\nname: b\n", 3, "stands twice"),
        ("name: &a b\n", 1, "anchor"),
        ("name: a\ncount: !!python/object:os.system x\n", 2, "tag"),
        ("name: [1,\n", 2, "expected"),
        ("- 1\n", 1, "mapping"),
        ("count: 1\n", 1, "Field required"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        strict_yaml.parse(text, Outer, "p.yaml")
    assert f"line {line} of p.yaml" in str(caught.value)
    assert words in str(caught.value)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(ConfigError, match="nested too deeply"):
        strict_yaml.parse("name: " + "[" * 2_000 + "]" * 2_000, Outer)


def test_missing_file_and_wrong_encoding_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml"):
        strict_yaml.load(tmp_path / "none.yaml", Outer)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: é".encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        strict_yaml.load(latin, Outer)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_our_own_error(text: str) -> None:
    try:
        strict_yaml.parse(text, Outer)
    except MebenchError as error:
        assert "\n" not in str(error)
