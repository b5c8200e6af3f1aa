"""Every ``mebench`` command in the README and the docs exists with the options it is given; what needs neither data nor
minutes is run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import typer
from documented import FOUND, PAGES, ROOT, arguments
from typer.testing import CliRunner

from mebench.cli.app import app

LIGHT = (
    "list",
    "doctor",
    "protocol show",
    "protocol tasks",
    "weights list",
    "weights where",
    "power --variances",
    "data terms",
)
"""Commands that are run as they stand: they read what ships, and write nothing."""


def parse(arguments: list[str]) -> None:
    """Let the command line parse its arguments, and stop before anything is done."""
    command = typer.main.get_command(app)
    context = command.make_context("mebench", arguments)
    while hasattr(command, "resolve_command"):
        rest = [*getattr(context, "_protected_args", []), *context.args]
        name, command, rest = command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, list(rest), parent=context)


def test_there_are_commands_to_look_at() -> None:
    assert len(FOUND) > 60


@pytest.mark.parametrize("command", sorted(FOUND))
def test_exists_with_its_options(command: str) -> None:
    given = arguments(command)
    if given and given[-1] not in ("--help", "--version", "--install-completion"):
        parse(given)


@pytest.mark.parametrize("command", sorted(c for c in FOUND if c.removeprefix("mebench ").startswith(LIGHT)))
def test_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = arguments(command)
    if any(word in command for word in ("mine", "two-domains", "NAME", "studio", ".yaml")):
        pytest.skip("it names a file of the reader's")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, f"{FOUND[command].name}: {result.output}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_scripts_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in set(re.findall(r"(?:python3? )((?:benchmarks|docs)/[\w/]+\.py)", text)):
        ast.parse((ROOT / name).read_text(encoding="utf-8"), name)
