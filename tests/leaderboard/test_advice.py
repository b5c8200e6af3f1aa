"""What the author of a new submission is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from board_run import write_run

from mebench.errors import InputError
from mebench.leaderboard.submit import submit
from mebench.leaderboard.verify import verify


def test_the_authors_of_the_template_are_told(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "mine", None, 0.5, authors=["Your Name"])
    done = submit([run], "mine", out=tmp_path / "tree", films=0)
    assert any("the author is 'Your Name'" in note for note in done.notes)
    assert any("author of the template" in finding.text for finding in verify(done.folder).findings)


def change(run: Path, **changed: Any) -> Path:
    path = run / "summary.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    return run


def test_a_run_that_failed_throughout_or_has_no_bounds_or_is_there_already(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "mine", None, 0.5)
    first = submit([run], "mine", out=tmp_path / "tree", films=0)
    assert not any("fail" in note or "bounds" in note or "already" in note for note in first.notes)
    change(
        run,
        tasks={"planned": 16, "ok": 0, "failed": 16},
        cells=[{"floor": None, "metric": "gain", "kind": "self", "domain": None}],
    )
    notes = submit([run], "mine", out=tmp_path / "tree", films=0).notes
    assert any("every clip of" in note for note in notes)
    assert any("without bounds" in note for note in notes)
    assert "a run of it is in version 1 already." in notes


def test_commands_fit_the_place(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "mine", None, 0.5)
    outside = submit([run], "mine", out=tmp_path / "a" / "submissions", films=0).commands
    assert "of your fork" in outside[-1] and not any(command.startswith("git ") for command in outside)
    (tmp_path / "b" / ".git").mkdir(parents=True)
    inside = submit([run], "mine", out=tmp_path / "b" / "submissions", films=0).commands
    assert inside[-1] == "git push -u origin submit-mine-1"


def test_a_run_is_no_submission(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "mine", None, 0.5)
    with pytest.raises(InputError, match="is a run; make a submission of it first: mebench submit"):
        verify(run)
