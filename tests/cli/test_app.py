"""The command line: quick to answer, one sentence an error, the exit codes that shells expect."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from mebench import registry
from mebench.cli.app import app
from mebench.cli.following import NEXT, following
from mebench.cli.listing import KINDS
from mebench.home import packaged
from mebench.methods.card import method_names
from mebench.protocol import protocol_names

HEAVY = ("torch", "numpy", "cv2", "numba", "scipy", "pydantic", "yaml", "av", "jinja2")


def invoke(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_importing_the_command_line_imports_nothing_heavy():
    code = f"import sys, mebench.cli.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_answers_within_a_second_of_processor_time():
    """Processor time, not wall time: other processes on the machine must not fail this test."""
    code = (
        "import time, sys; sys.argv = ['mebench', '--help']\n"
        "from mebench.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(time.process_time(), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "mebench run --method magplus --backbone fomm" in done.stdout
    assert float(done.stderr.split()[-1]) < 1.0


@pytest.mark.parametrize("verb", [[], ["run"], ["list"], ["protocol"], ["protocol", "tasks"]])
def test_every_verb_has_help(verb):
    result = invoke(*verb, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def _commands(group: typer.core.TyperGroup, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The words of every command and group below ``group``."""
    found = [words]
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        inner = hasattr(command, "list_commands")
        found += _commands(command, (*words, name)) if inner else [(*words, name)]
    return found


@pytest.mark.parametrize("words", _commands(typer.main.get_command(app)), ids=lambda words: "-".join(words) or "root")
def test_help_fits_into_80_columns_and_cuts_no_sentence_short(words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = invoke(*words, "--help").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert not [line for line in text.splitlines() if line.endswith("...") and not line.startswith("Usage:")]


def test_the_version_is_shown():
    import mebench

    assert invoke("--version").stdout.strip() == f"mebench {mebench.__version__}"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "--method", "magpuls"], "there is no method called 'magpuls' (did you mean 'magplus'?); known: "),
        (["run", "--method", "still", "--backbone", "fomm"], "the method 'still' uses no backbone"),
        (
            ["run", "--method", "still", "--protocol", "open-mimi"],
            "there is no protocol called 'open-mimi' (did you mean 'open-mini'?); known: ",
        ),
        (["run", "--method", "still", "--jobs", "-2"], "the number of jobs is -2"),
        (["protocol", "show", "nothing"], "there is no protocol called 'nothing'"),
    ],
)
def test_a_mistake_is_one_sentence_on_the_standard_error_and_exit_code_2(arguments, sentence):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"mebench: {sentence}")
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_wrong_option_is_a_usage_error_with_exit_code_2():
    result = invoke("run", "--metod", "still")
    assert result.exit_code == 2
    assert "--metod" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("place", [0, 3])
def test_debug_shows_the_traceback_wherever_it_stands(place):
    arguments = ["protocol", "show", "nothing"]
    result = invoke(*arguments[:place], "--debug", *arguments[place:])
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert result.stderr.strip().endswith("or give the path of a YAML file.")


def test_an_unexpected_error_is_one_line_and_exit_code_1(monkeypatch):
    monkeypatch.setattr("mebench.protocol.load_protocol", lambda name: 1 / 0)
    result = invoke("protocol", "show", "open-mini")
    assert result.exit_code == 1
    assert result.stderr.startswith("mebench: unexpected ZeroDivisionError")
    assert len(result.stderr.strip().splitlines()) == 1


def test_ctrl_c_is_one_line_and_exit_code_130(monkeypatch):
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mebench.protocol.load_protocol", interrupted)
    result = invoke("protocol", "show", "open-mini")
    assert result.exit_code == 130
    assert result.stderr.strip() == "mebench: interrupted."


def test_an_interrupt_that_a_library_swallowed_is_still_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(name: str) -> None:
        raise ValueError("Error calling function `<lambda>`: KeyboardInterrupt: ")

    monkeypatch.setattr("mebench.protocol.load_protocol", interrupted)
    result = invoke("protocol", "show", "open-mini")
    assert result.exit_code == 130
    assert result.stderr.strip() == "mebench: interrupted."


def test_a_protocol_with_a_typo_is_refused_with_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text((packaged("protocols") / "open-mini.yaml").read_text().replace("metrics:", "metrcs:"))
    result = invoke("protocol", "validate", "open-mini", str(path))
    assert result.exit_code == 2
    assert result.stdout.startswith("open-mini: good")
    assert "unknown key 'metrcs' (did you mean 'metrics'?)" in result.stderr
    assert f"of {path}" in result.stderr


def test_a_shown_protocol_can_be_read_back(tmp_path):
    from mebench.protocol import load_protocol

    shown = json.loads(invoke("protocol", "show", "open-mini", "--json").stdout)
    assert shown.pop("hash") == load_protocol("open-mini").hash
    shown.pop("tasks_hash")
    path = tmp_path / "again.yaml"
    path.write_text(json.dumps(shown))  # JSON is YAML
    assert load_protocol(path) == load_protocol("open-mini")


def test_tasks_are_listed_for_people_and_for_programs():
    text = invoke("protocol", "tasks", "open-mini").stdout.splitlines()
    tasks = json.loads(invoke("protocol", "tasks", "open-mini", "--json").stdout)
    assert len(tasks) == 24
    assert [line.split()[0] for line in text[:-1]] == [task["key"] for task in tasks]
    assert text[-1].startswith("24 tasks, ")


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_is_registered_is_listed_with_a_line_on_it(kind):
    expected = {"methods": method_names, "protocols": protocol_names}.get(kind, lambda: registry.names(kind))()
    entries = json.loads(invoke("list", kind, "--json").stdout)
    assert [entry["name"] for entry in entries] == list(expected)
    assert all(entry.get("summary") for entry in entries), entries
    assert not [entry for entry in entries if "`" in entry["summary"]], "markup of docstrings"
    assert len(invoke("list", kind).stdout.splitlines()) == len(expected)


def test_one_may_ask_for_a_list_in_the_singular_and_is_told_what_was_probably_meant():
    assert invoke("list", "backbone").stdout == invoke("list", "backbones").stdout
    refused = CliRunner().invoke(app, ["list", "metricz"])
    assert refused.exit_code == 2
    assert "There is no list of 'metricz' (did you mean 'metrics'?); known: methods," in refused.stderr


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mebench list ba", "backbones"),
        ("mebench run --method magplus-", "magplus-only"),
        ("mebench run --method magplus --backbone fo", "fomm"),
        ("mebench run -m still -p open-mi", "open-mini"),
        ("mebench weights list vox-a", "vox-adv-cpk"),
        ("mebench data terms casme_", "casme_sq"),
    ],
)
def test_names_are_completed_in_the_shell(line: str, expected: str) -> None:
    asked = {"_MEBENCH_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    assert expected in CliRunner().invoke(app, [], prog_name="mebench", env=asked).stdout.split()


def test_the_board_shows_the_submissions_of_this_folder_and_those_that_ship(tmp_path, monkeypatch, capsys):
    from mebench.cli.site import _trees

    monkeypatch.chdir(tmp_path)
    assert _trees(None) == [packaged("submissions")]
    (tmp_path / "submissions" / "mine" / "1").mkdir(parents=True)
    assert _trees(None) == [packaged("submissions")], "a folder without a submission"
    (tmp_path / "submissions" / "mine" / "1" / "manifest.json").write_text("{}")
    assert [tree.resolve() for tree in _trees(None)] == [tmp_path / "submissions", packaged("submissions").resolve()]
    assert _trees(tmp_path) == [tmp_path]
    assert capsys.readouterr().err.splitlines()[2] == f"submissions: submissions and {packaged('submissions')}"
    monkeypatch.chdir(packaged("submissions").parent)
    assert len(_trees(None)) == 1


def test_what_follows_a_command_is_a_command() -> None:
    """Every hint names a command that exists; only people see it."""
    root = typer.main.get_command(app)
    for given, hint in NEXT.items():
        for words in (given.split(), hint.split()[1:3]) if hint.startswith("mebench ") else (given.split(),):
            command = root.get_command(None, words[0])
            assert command is not None, words
            if hasattr(command, "get_command") and words[0] != "list":
                assert command.get_command(None, words[1].rstrip(",")) is not None, words
    assert following(["list", "methods"]) == "next: mebench run --method NAME"
    assert following(["list", "methods", "--json"]) is None
    assert following(["run", "--method", "still"]) is None
