"""The workflow files: well formed, least rights, and nothing of a pull request is executed."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from board_run import FACTS

from mebench.leaderboard.folder import read_submission
from mebench.leaderboard.report import difference, markdown
from mebench.leaderboard.verify import verify

GITHUB = Path(__file__).parents[2] / ".github"
BIN = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

if not GITHUB.is_dir():
    pytest.skip("this tree was made without .github", allow_module_level=True)


def workflow(name: str) -> dict[str, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((GITHUB / "workflows" / name).read_text())
    return {("on" if key is True else key): value for key, value in loaded.items()}  # YAML 1.1 reads on as true


NAMES = sorted(path.name for path in (GITHUB / "workflows").glob("*.yml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_workflow_is_bounded_and_has_least_rights(name: str) -> None:
    found = workflow(name)
    assert found["permissions"] == {"contents": "read"}
    assert set(found) <= {"name", "on", "permissions", "concurrency", "jobs"}
    assert "pull_request_target" not in found["on"]
    for job in found["jobs"].values():
        assert set(job) <= {"if", "needs", "runs-on", "timeout-minutes", "permissions", "environment", "steps"}
        assert job["timeout-minutes"] <= 60 and job["runs-on"] == "ubuntu-latest"
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/checkout@v4"))
            assert "${{" not in step.get("run", "")  # words of a pull request reach the shell as variables alone


def test_a_submission_is_verified_without_running_anything_of_it() -> None:
    (job,) = workflow("submission.yml")["jobs"].values()
    runs = "\n".join(step.get("run", "") for step in job["steps"])
    assert "permissions" not in job and "secrets" not in (GITHUB / "workflows/submission.yml").read_text()
    for line in runs.splitlines():
        assert not re.search(r"(python|pip|bash|sh|mebench)\s+(\S+\s+)*?\.?/?data/", line), line
    assert "pip install ./base" in runs
    checkouts = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/checkout")]
    assert [c["path"] for c in checkouts] == ["base", "data"]
    assert not any(c["persist-credentials"] for c in checkouts)
    writers = [
        j for j in workflow("comment.yml")["jobs"].values() if j.get("permissions", {}).get("pull-requests") == "write"
    ]
    assert writers and not any(s.get("uses", "").startswith("actions/checkout") for j in writers for s in j["steps"])


def comment(folder: Path, report: str, outside: str = "", head: str = "abc") -> tuple[int, str | None]:
    """Exit code of the last step of comment.yml, and what it posts."""
    (job,) = workflow("comment.yml")["jobs"].values()
    (folder / "report").mkdir()
    (folder / "report/number.txt").write_text("7\n")
    (folder / "report/report.md").write_text(report)
    gh = "gh() { case \"$2\" in *files*|--paginate*) printf '%s\\n' $FILES;; comment) cp body.md posted.md;; *) echo abc;; esac; }"
    environment = {**os.environ, "REPOSITORY": "a/b", "HEAD_SHA": head, "FILES": outside}
    done = subprocess.run(["bash", "-e", "-c", f"{gh}\n{job['steps'][-1]['run']}"], cwd=folder, env=environment)
    posted = folder / "posted.md"
    return done.returncode, posted.read_text() if posted.is_file() else None


def test_the_report_is_posted_for_pull_requests_of_data_alone(tmp_path: Path) -> None:
    """With a workflow of its own a pull request could report what it likes: then its report is not read."""
    script = workflow("comment.yml")["jobs"]["comment"]["steps"][-1]["run"]
    checks = [script.index(part) for part in ('test "$actual" = "$HEAD_SHA"', 'test -n "$outside"', "gh pr comment")]
    assert checks == sorted(checks) and 'startswith("submissions/") | not' in script
    for name in ("data", "code", "older"):
        (tmp_path / name).mkdir()
    assert comment(tmp_path / "data", "fine") == (0, "fine")
    code, posted = comment(tmp_path / "code", "fine", outside=".github/workflows/submission.yml")
    assert code == 0 and posted is not None and "fine" not in posted and "pull request of its own" in posted
    assert comment(tmp_path / "older", "fine", head="def") == (1, None)


def test_a_cancelled_run_gets_no_comment() -> None:
    assert "github.event.workflow_run.conclusion != 'cancelled'" in workflow("comment.yml")["jobs"]["comment"]["if"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("submissions/mine/1/trust.json", "written by the maintainers alone"),
        ("submissions/old/1/card.yaml", "is there already"),
        ("mebench/`x` @everybody <b>|.py", "submit code in a pull request of its own"),
        (f"submissions/{'x' * 200}/1/card.yaml", "submit code in a pull request of its own"),
    ],
)
def test_a_refusal_reaches_the_comment(tmp_path: Path, path: str, reason: str) -> None:
    """The step as it stands, on a pull request that does what it may not."""
    data, scripts = tmp_path / "data", tmp_path / "base/.github/scripts"
    shutil.copytree(GITHUB / "scripts", scripts)
    (data / "submissions/old/1").mkdir(parents=True)
    (data / "submissions/old/1/card.yaml").write_text("name: old")
    git = ["git", "-C", str(data), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "base"]):
        subprocess.run([*git, *command], check=True)
    base = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    (data / path).parent.mkdir(parents=True, exist_ok=True)
    (data / path).write_text("name: changed")
    for command in (["add", "-A"], ["commit", "-q", "-m", "change"]):
        subprocess.run([*git, *command], check=True)
    (step,) = (s for s in workflow("submission.yml")["jobs"]["verify"]["steps"] if s.get("name") == "Verify")
    environment = {**os.environ, "PATH": BIN, "PYTHONPATH": str(GITHUB.parent), "BASE_SHA": base, "NUMBER": "7"}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    report = (tmp_path / "report/report.md").read_text("utf-8")
    assert reason in report and not re.search(r"[<@](?![^`]*`)", report) and report.count("`") == 2


@pytest.mark.skipif(shutil.which("zizmor", path=BIN) is None, reason="no zizmor here (pip install zizmor)")
def test_zizmor_finds_nothing() -> None:
    command = [shutil.which("zizmor", path=BIN), "--offline", "--no-progress", "--config", GITHUB / "zizmor.yml"]
    done = subprocess.run([*map(str, command), str(GITHUB / "workflows")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_shell_blocks_are_valid() -> None:
    for name in NAMES:
        for job in workflow(name)["jobs"].values():
            for step in job["steps"]:
                if "run" in step:
                    assert subprocess.run(["bash", "-n", "-c", step["run"]]).returncode == 0


@pytest.fixture(scope="module")
def changed() -> Any:
    spec = importlib.util.spec_from_file_location("changed", GITHUB / "scripts/changed_submissions.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_new_folders_of_submissions_pass(changed: Any) -> None:
    added = [("A", "submissions/mine/1/card.yaml"), ("A", "submissions/mine/1/results/a/run.json")]
    assert changed.folders(added) == ["submissions/mine/1"]
    for status, path in (
        ("M", "submissions/mine/1/card.yaml"),
        ("D", "submissions/mine/1/card.yaml"),
        ("A", "submissions/mine/1/trust.json"),
        ("A", "submissions/mine"),
        ("A", "submissions/../.github/x/y"),
        ("A", "submissions/mine/../x/card.yaml"),
        ("A", ".github/workflows/evil.yml"),
        ("A", "mebench/__init__.py"),
    ):
        with pytest.raises(SystemExit):
            changed.folders([*added, (status, path)])


def test_the_comment_gives_paired_differences_and_no_markup(tree: Path) -> None:
    text = markdown(verify(tree / "magplus/1"), tree, FACTS)
    assert "accepted" in text and "| `direct/1` | cross | `gain_error` | -" in text
    card = tree / "magplus/1/card.yaml"
    card.write_text("name: '@everybody <b>`x`\n")
    assert not re.search(r"[<@](?![^`]*`)", markdown(verify(tree / "magplus/1"), tree, FACTS))


def test_a_method_does_not_differ_from_itself(tree: Path) -> None:
    first = read_submission(tree / "magplus/1").results[0]
    found = difference(first, first, FACTS["psnr"], "cross")
    assert found is not None and found.mean == 0.0
