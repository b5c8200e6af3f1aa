"""``mebench run`` as it is typed: what goes where, and what it says at the end."""

from __future__ import annotations

import doctest
import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mebench.cli.app import app
from mebench.runs import resume


@pytest.fixture
def invoke(tmp_path, method_file, protocol_file, monkeypatch):
    monkeypatch.setattr("mebench.runs.page.build", lambda folder: folder / "index.html")

    def run(*arguments: str, **method):
        given = [
            "--method",
            str(method_file(**method)),
            "--protocol",
            str(protocol_file()),
            "--out",
            str(tmp_path / "runs"),
        ]
        return CliRunner().invoke(app, ["run", *given, "--jobs", "0", "--no-bounds", *arguments])

    return run


def test_progress_goes_to_the_standard_error_and_the_table_to_the_standard_output(invoke, tmp_path):
    result = invoke("--limit", "2")
    assert result.exit_code == 0, result.stderr
    folder = next((tmp_path / "runs").iterdir())
    lines = result.stdout.splitlines()
    assert lines[0] == "shift on fake-mini: 2 of 6 tasks"
    assert any(line.split()[:2] == ["fake-error", "↓"] for line in lines)
    assert "4 tasks are left; the same command without --limit goes on." in lines
    assert f"folder: {folder}" in lines
    assert f"page:   {folder / 'index.html'}" in lines
    given = f"mebench run --method {tmp_path}/shift.yaml --protocol {tmp_path}/fake-mini.yaml"
    assert lines[-1] == f"next:   {given} --out {tmp_path}/runs --no-bounds"
    assert all(len(line) <= 80 or line.startswith(("folder", "page", "next")) for line in lines)
    assert "2 of 2 clips" in result.stderr
    assert "2 of 2 clips" not in result.stdout


def test_the_next_command_goes_on_in_the_same_folder(invoke, tmp_path):
    said = invoke("--limit", "1", "--shard", "2/3").stdout.splitlines()[-1]
    assert said.endswith(f" --out {tmp_path}/runs --shard 2/3 --no-bounds")
    again = CliRunner().invoke(app, [*shlex.split(said)[2:], "--jobs", "0"])
    assert again.exit_code == 0, again.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.endswith(".shard-2-of-3") and len(list((folder / "tasks").iterdir())) == 2
    assert json.loads((folder / "run.json").read_text())["command"] + " --out" in said


def test_the_options_are_those_of_the_folder():
    assert doctest.testmod(resume).failed == 0


def test_json_is_the_summary_and_nothing_else(invoke, tmp_path):
    summary = json.loads(invoke("--json").stdout)
    folder = next((tmp_path / "runs").iterdir())
    assert (summary.pop("folder"), summary.pop("page")) == (str(folder), str(folder / "index.html"))
    assert summary == json.loads((folder / "summary.json").read_text())


def test_failed_clips_are_named_on_both_channels_and_the_exit_code_is_0(invoke):
    result = invoke(trouble="raise", subjects=["p"])
    assert result.exit_code == 0
    assert "2 failed, counted at the worst value" in result.stdout
    assert "ZeroDivisionError: the network divides by zero" in result.stdout
    assert result.stderr.count("failed: ") == 2


def test_ctrl_c_says_what_is_kept(invoke, monkeypatch):
    from mebench.runs.worker import Service

    do = Service.do
    done = []

    def interrupted(self, request):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(request)
        return do(self, request)

    monkeypatch.setattr(Service, "do", interrupted)
    result = invoke()
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == (
        "mebench: interrupted; 2 of 6 tasks are finished and kept. The same command goes on."
    )


def test_a_read_only_folder_is_one_sentence_with_a_fix(invoke, monkeypatch, tmp_path):
    """Whoever tests as root may write everywhere: the system's refusal is played."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    result = invoke()
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].endswith("permission is denied; choose a folder that you may write.")
    assert "cannot write" in result.stderr
