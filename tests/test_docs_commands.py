"""Every ``mebench`` command in the README and the docs exists with the options it is given; what needs neither data nor
minutes is run."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mebench.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("baselines/*/README.md")]
)
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


def commands(text: str) -> list[str]:
    """The ``mebench`` commands of all shell blocks, and of all inline code that names a whole command with an option."""
    blocks = re.findall(r"```(?:bash|sh|shell|console)[^\n]*\n(.*?)```", text, flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines += [code for code in re.findall(r"`(mebench [^`]+)`", text.replace("\n", " ")) if re.search(r" --\w+ ", code)]
    parts = [part.strip() for line in lines for part in re.split(r"&&|;|\|\s", line.removeprefix("$ "))]
    return [part for part in parts if part.startswith("mebench ") and not re.search(r"\.\.\.|…|\[|\{", part)]


FOUND = {command: page for page in PAGES for command in commands(page.read_text(encoding="utf-8"))}


def parse(arguments: list[str]) -> None:
    """Let the command line parse its arguments, and stop before anything is done."""
    command = typer.main.get_command(app)
    context = command.make_context("mebench", arguments)
    while hasattr(command, "resolve_command"):
        rest = [*getattr(context, "_protected_args", []), *context.args]
        name, command, rest = command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, list(rest), parent=context)


def arguments(command: str) -> list[str]:
    """The words after ``mebench``, a single capital letter (any number) taken as 3."""
    return [re.sub(r"^[KN]$", "3", word) for word in shlex.split(command, comments=True)[1:]]


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
