"""The same outputs under two names: hashes, scores and vectors are held against every other submission of the tree."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from mebench.errors import MebenchError
from mebench.leaderboard.folder import Result, Submission, read_all

Found = tuple[Literal["error", "warning"], str, str, str]


def check(submission: Submission, tree: Path) -> Iterator[Found]:
    """Copies inside ``submission``, and of results of other methods below ``tree``."""
    for result in submission.results:
        where = f"results/{result.name}"
        outputs = Counter(row["clip"]["pixels_sha256"] for row in result.rows if row["clip"])
        repeated = sum(times for times in outputs.values() if times > 1)
        if submission.card.role == "method" and 2 * repeated > len(result.rows):
            yield "warning", "copies", f"{where}/clips.csv", f"{repeated} outputs are the output of another task too"
    try:
        others, _ = read_all(tree)
    except (MebenchError, OSError):
        return
    for other in others:
        if other.manifest.method == submission.manifest.method:
            continue
        for result in submission.results:
            for theirs in other.results:
                if same := _same(result, theirs):
                    level: Literal["error", "warning"] = "error" if submission.card.role == "method" else "warning"
                    yield level, "copies", f"results/{result.name}", f"{same} of {other.key}, {theirs.name}"


def _same(mine: Result, theirs: Result) -> str | None:
    if mine.run.protocol.hash != theirs.run.protocol.hash:
        return None
    outputs = {row["task"]["key"]: row["clip"]["pixels_sha256"] for row in theirs.rows if row["clip"]}
    equal = sum(
        row["clip"] is not None and outputs.get(row["task"]["key"]) == row["clip"]["pixels_sha256"] for row in mine.rows
    )
    if outputs and 2 * equal > len(mine.rows):
        return f"{equal} of {len(mine.rows)} outputs are those"
    numbers = {row["task"]["key"]: _numbers(row["scores"]) for row in theirs.rows if row["scores"]}
    equal = sum(bool(row["scores"]) and numbers.get(row["task"]["key"]) == _numbers(row["scores"]) for row in mine.rows)
    if numbers and 2 * equal > len(mine.rows):
        return f"{equal} of {len(mine.rows)} rows of scores are those"
    files = [result.folder / "features.npz" for result in (mine, theirs)]
    if all(file.is_file() for file in files) and len({hashlib.sha256(f.read_bytes()).digest() for f in files}) == 1:
        return "the vectors are those"
    return None


def _numbers(scores: object) -> tuple[tuple[str, float | None], ...]:
    assert isinstance(scores, dict)  # rows are typed by read_clips
    return tuple((name, score["value"]) for name, score in sorted(scores.items()))
