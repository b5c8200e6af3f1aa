"""The same outputs under two names, and bounds or real vectors that are not those of everybody else: hashes, scores and
vectors are held against every other submission of the tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mebench.errors import MebenchError
from mebench.leaderboard.features import unpack
from mebench.leaderboard.folder import Result, Submission, read_all, read_bytes
from mebench.methods.card import method_names
from mebench.metrics.encoders.clip_vector import PairVectors
from mebench.runs.schema import ScoreRecord

NEAR = 1e-4
"""Relative difference below which scores count as copied: dust on a copy moves them by less, another method by more."""

NEAR_VECTORS = 1e-3
"""The same of the vectors of outputs. On open-mini those of two methods that ship differ by 0.004 to 0.1."""

BETWEEN_MACHINES = 0.05
"""Relative difference of bounds that other processors may make; see ``mebench.leaderboard.rerun.RELATIVE``."""

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
                if theirs.run.protocol.hash != result.run.protocol.hash:
                    continue
                place = f"results/{result.name}"
                if same := _same(result, theirs):
                    level: Literal["error", "warning"] = "error" if _by_others(submission, other) else "warning"
                    yield level, "copies", place, f"{same} of {other.key}, {theirs.name}"
                if unlike := _other_world(result, theirs):
                    yield "error", "bounds", place, f"{unlike} of {other.key}, {theirs.name}"


def _by_others(submission: Submission, other: Submission) -> bool:
    """Not between two methods of the benchmark itself: they share steps, and where the step that one of them leaves out has
    nothing to do, such as shrinking what did not move too much, their outputs are the same."""
    own = method_names()
    both = submission.card.name in own and other.card.name in own
    return submission.card.role == "method" and not both


def _same(mine: Result, theirs: Result) -> str | None:
    outputs = {row["task"]["key"]: row["clip"]["pixels_sha256"] for row in theirs.rows if row["clip"]}
    equal = sum(
        row["clip"] is not None and outputs.get(row["task"]["key"]) == row["clip"]["pixels_sha256"] for row in mine.rows
    )
    if outputs and 2 * equal > len(mine.rows):
        return f"{equal} of {len(mine.rows)} outputs are those"
    numbers = {row["task"]["key"]: row["scores"] for row in theirs.rows if row["scores"]}
    equal = sum(bool(row["scores"]) and _alike(row["scores"], numbers.get(row["task"]["key"])) for row in mine.rows)
    if numbers and 2 * equal > len(mine.rows):
        return f"{equal} of {len(mine.rows)} rows of scores are those"
    first, second = _vectors(mine), _vectors(theirs)
    near = sum(key in second and _near(first[key].made.luma, second[key].made.luma) for key in first)
    if first and 2 * near > len(first):
        return f"{near} of {len(first)} vectors of outputs are those"
    return None


def _other_world(mine: Result, theirs: Result) -> str | None:
    """Floor, ceiling and the vectors of real clips depend on the protocol alone: whoever has others has changed them."""
    for name in ("floor", "ceiling"):
        ours, known = (r.bounds["floor"] if name == "floor" else r.bounds["ceiling"] for r in (mine, theirs))
        for key in sorted(set(ours or {}) & set(known or {})):
            assert ours is not None and known is not None  # they have a key in common
            if not _alike(ours[key]["scores"], known[key]["scores"], BETWEEN_MACHINES):
                return f"the {name} of '{key}' is not that"
    first, second = _vectors(mine), _vectors(theirs)
    for key in sorted(set(first) & set(second)):
        if first[key].real_is_driving == second[key].real_is_driving and not _near(
            first[key].real.luma, second[key].real.luma, BETWEEN_MACHINES
        ):
            return f"the vector of the real clip of '{key}' is not that"
    return None


def _alike(mine: Mapping[str, ScoreRecord], theirs: Mapping[str, ScoreRecord] | None, room: float = NEAR) -> bool:
    """Whether all numbers that both have differ by rounding alone: a copy with dust on it is a copy."""
    if theirs is None or not set(mine) & set(theirs):
        return False
    return all(_close(mine[name]["value"], theirs[name]["value"], room) for name in set(mine) & set(theirs))


def _close(first: float | None, second: float | None, room: float) -> bool:
    if first is None or second is None:
        return first is second
    return abs(first - second) <= room * max(1.0, abs(first), abs(second))


def _vectors(result: Result) -> dict[str, PairVectors]:
    """Of the first encoder, by task; none where there are none that can be read, which the check of sets tells."""
    file = result.folder / "features.npz"
    if not file.is_file():
        return {}
    try:
        found = unpack(read_bytes(file), "features.npz")
    except MebenchError:
        return {}
    return {key: next(iter(pairs.values())) for key, pairs in found.items() if pairs}


def _near(first: NDArray[np.float32], second: NDArray[np.float32], room: float = NEAR_VECTORS) -> bool:
    if first.shape != second.shape:
        return False
    return float(np.linalg.norm(first - second)) <= room * max(float(np.linalg.norm(second)), 1e-12)
