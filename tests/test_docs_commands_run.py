"""The commands of the README and the docs are run, one after the other, in one folder, as a reader would.

``--slow`` runs them. Each documented command is either in :data:`JOURNEY` or in :data:`ELSEWHERE`; that is asserted always,
so that a new one cannot be forgotten.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from documented import FOUND, ROOT, arguments

ELSEWHERE = {
    r"mebench run .*--engine ": "tests/runs/test_engine_ray.py and test_engines.py; a cluster",
    r"mebench run .*--device cuda": "tests/methods/test_placing.py; a graphics card",
    r"mebench run .*--shard |mebench merge ": "tests/runs/test_shards.py, on a protocol of fewer tasks",
    r"mebench au eval halves ": "tests/test_docs_examples.py",
    r"mebench run .*--backbone ghost": "tests/backbones/test_add_a_backbone.py",
    r"mebench run .*--method linear": "tests/test_docs_examples.py",
    r"mebench data \w+ studio": "tests/test_docs_examples.py",
    r"mebench weights (add|fetch) ": "tests/weights: a file of gigabytes",
    r"mebench train backbone ": "tests/training: hours",
    r"mebench round (close|check) |mebench submit runs/magplus--none--round": "tests/leaderboard/test_rounds.py: after a deadline",
    r"mebench submit .*--aggregates-only": "tests/leaderboard/test_aggregates.py: recorded faces",
    r"mebench data add NAME ": "tests/datasets: recorded faces",
    r"mebench study score ": "tests/leaderboard/test_study.py: the answers of people",
    r"mebench run --method M --backbone B --protocol P": "any other run",
}
"""Commands that need what a test machine has not, and where what they do is tested."""

SHORTER = {
    "--seeds 1 --epochs 60": "--seeds 1 --epochs 1",
    "fsrt --split benchmark --clips 1": "fsrt --split benchmark --clips 1 --frames 2",
    "identity --people 8": "identity --people 2",
    "--rerun 5": "--rerun 1",
    "--rerun K": "--rerun 1",
    "--tasks spring-tasks": "--tasks spring-tasks --protocol two-domains.yaml",
}
"""Changes that make a command shorter and leave it what it is."""

JOURNEY = (
    "doctor", "list", "protocol show", "protocol tasks open-mini", "protocol validate$", "weights list", "weights where",
    "data export", "data add casme2 /data", "data add casme2 fake", "data check$", "data terms", "data remove", "data preview",
    "tasks export", "generate", "new method mine$", "new method mine --like", "run --method mine/ --limit", "run --method mine/$", "run --method mine/ --protocol",
    "run --method flow-transfer", "run --method magplus --backbone fomm( --protocol open-mini --jobs 2)?$", "compare", "power",
    "submit runs/MINE", "submit runs/mine", "score outputs/", "verify", "site build", "site serve", "study build",
    "protocol validate mine", "run --method still --protocol mine", "protocol validate two", "protocol tasks two",
    "run --method still --protocol two", "run --method fpb-fomm", "run --protocol open-magnification", "round open",
    "round answer", "round score", "train evaluate", "validate", "au eval off-apexnet",
)  # fmt: skip
"""The order in which they are run, by their beginnings."""


def claimed(command: str) -> bool:
    return any(re.match(pattern, command) for pattern in ELSEWHERE)


def step(command: str) -> int | None:
    """Which of :data:`JOURNEY` a command is."""
    words = command.removeprefix("mebench ")
    return next((n for n, start in enumerate(JOURNEY) if re.match(start, words)), None)


RUN = sorted((c for c in FOUND if not claimed(c) and step(c) is not None), key=lambda c: (step(c), c))


@pytest.mark.parametrize("command", sorted(FOUND))
def test_every_command_is_run_or_has_a_reason(command: str) -> None:
    assert claimed(command) or step(command) is not None


def test_every_reason_still_has_a_command() -> None:
    assert [pattern for pattern in ELSEWHERE if not any(re.match(pattern, command) for command in FOUND)] == []
    assert [start for n, start in enumerate(JOURNEY) if n not in map(step, RUN)] == []
    for reason in ELSEWHERE.values():
        for named in re.findall(r"tests/[\w/.]+", reason):
            assert (ROOT / named.rstrip(".")).exists(), named


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the files that the pages tell a reader to write."""
    folder = tmp_path_factory.mktemp("desk")
    page = (ROOT / "docs/add-a-protocol.md").read_text(encoding="utf-8")
    (yaml,) = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    (folder / "two-domains.yaml").write_text(yaml)
    (folder / "mine.yaml").write_text(yaml.replace("name: two-domains", "name: mine").replace("pairs: 6", "pairs: 3"))
    (folder / "like").mkdir()
    shutil.copytree(ROOT / "submissions/still", folder / "submissions/still")
    yield folder


def call(folder: Path, words: list[str], seconds: float = 1800) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mebench", *words], cwd=folder, env=environment(folder), text=True,
        capture_output=True, timeout=seconds, input="y\n",
    )  # fmt: skip
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "MEBENCH_HOME": str(folder / "home"), "COLUMNS": "200"}


def newest(folder: Path, start: str) -> str:
    """The run folder that was written last."""
    found = [path for path in (folder / "runs").glob(f"{start}*") if (path / "summary.json").exists()]
    return str(max(found, key=lambda path: path.stat().st_mtime).relative_to(folder))


def adapted(command: str, folder: Path) -> list[str]:
    """What a reader would put in the place of the names that stand for his own files, and shorter where that says no less."""
    for long, short in SHORTER.items():
        command = command.replace(long, short)
    for name, start in (("MINE", "mine--none"), ("FLOW", "flow-transfer"), ("A", "flow-transfer"), ("B", "mine--none")):
        command = re.sub(rf"(?<= )(runs/)?{name}(?= |$)", lambda _, start=start: newest(folder, start), command)
    command = re.sub(r"runs/(magplus|mine)--\w+--open-mini--\w+", lambda _: newest(folder, "mine--none"), command)
    command = re.sub(r"runs/direct--fomm--open-mini--\w+", lambda _: newest(folder, "flow-transfer"), command)
    command = re.sub(r"submissions/M/1|(?<= )PATH", "submissions/still/1", command)
    command = command.replace("/data/CASME2", "fake-casme2").replace("--method NAME", "--method warp")
    command = command.replace("--out DIR", "--out generated")
    if "FACE.png" in command:
        face, clip = (sorted((folder / "tasks").rglob(end))[0] for end in ("*.png", "*.mkv"))
        command = command.replace("FACE.png", str(face)).replace("CLIP.mp4", str(clip))
    words = arguments(command)
    if words[0] == "run" and "--limit" not in words and not _whole(command):
        words += ["--limit", "2"]
    if words[:2] in (["round", "open"], ["round", "score"]):
        words += ["--rounds", "rounds"]  # not those of the checkout under test
    return words


def _whole(command: str) -> bool:
    """Runs that later commands compare and submit."""
    return bool(re.search(r"--method (mine/|flow-transfer)$", command))


def serve(folder: Path) -> None:
    """``mebench site serve`` answers, and is stopped."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "mebench", "site", "serve", "--port", str(port)], cwd=folder, env=environment(folder)
    )
    try:
        for _ in range(120):
            time.sleep(1)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
                    assert b"<html" in page.read().lower()
                    return
            except OSError:
                assert server.poll() is None
        raise AssertionError("no page came")
    finally:
        server.terminate()
        server.wait()


def outputs(folder: Path) -> None:
    """What a stranger's program makes of ``tasks/``: here the driving clips themselves."""
    (folder / "outputs").mkdir()
    for task in csv.DictReader((folder / "tasks/tasks.csv").open(encoding="utf-8", newline="")):
        shutil.copy(folder / "tasks" / task["driving"], folder / "outputs" / task["return"])


BEFORE: dict[str, Callable[[Path], None]] = {"mebench score outputs/": outputs}


@pytest.mark.slow
@pytest.mark.parametrize("command", RUN)
def test_documented_command_runs(command: str, desk: Path) -> None:
    folder = desk / "like" if "--like" in command else desk
    for start, prepare in BEFORE.items():
        if command.startswith(start):
            prepare(folder)
    if command == "mebench site serve":
        serve(folder)
    else:
        call(folder, adapted(command, folder))
