"""``mebench round score``: what was handed in, scored by the organisers before the end and by anybody after it."""

from __future__ import annotations

import dataclasses
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from mebench.errors import ConfigError, InputError
from mebench.leaderboard.rounds.organise import note_received, seed_of
from mebench.leaderboard.rounds.record import Received, load_round, outputs_digest, rounds_folder, scores_digest
from mebench.leaderboard.rounds.sealed import sealed_tasks
from mebench.runs.conclude import RunResult
from mebench.runs.external import find_videos, returned_spec
from mebench.runs.page.records import read_records
from mebench.runs.progress import Progress
from mebench.runs.start import run_spec


@dataclass(frozen=True)
class RoundScore:
    """result: an ordinary run. received: what was noted of it while the round is open, None afterwards. same: whether, after
    the end, outputs and scores are those that the organisers published; None while it is open. missing: public names of
    tasks without a video."""

    result: RunResult
    received: Received | None
    same: bool | None
    missing: tuple[str, ...]


def score_round(
    name: str,
    videos: Path | str,
    method: str,
    *,
    root: Path | str | None = None,
    out: Path | str = "runs",
    jobs: int | None = None,
    progress: Progress | None = None,
) -> RoundScore:
    """Score the folder ``videos`` (named by the public names of tasks) in the round ``name`` as a run of ``method``.

    While the round is open this needs its secret, and the run folder holds it: it stays on the organisers' machine. A task
    without a usable video is a failed row. :class:`InputError` for links and for folders without a video of the round.
    """
    videos = Path(videos)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", method):
        raise ConfigError(
            f"the name '{method[:60]}' must be 1 to 40 of a-z, 0-9 and -, and begin with a letter or digit."
        )
    known = load_round(name, Path(root) if root else rounds_folder())
    protocol, _, sealed = sealed_tasks(known, seed_of(known))
    found, _ = find_videos(videos, [dataclasses.replace(each.task, key=each.key) for each in sealed])
    _refuse_links(videos, found)
    files = {each.task.key: found[each.key] for each in sealed if each.key in found}
    spec = returned_spec(method, videos, [each.task for each in sealed], files)
    command = ["mebench", "round", "score", name, str(videos), "--name", method]
    spec = dataclasses.replace(spec, command=shlex.join(command))
    result = run_spec(spec, protocol, jobs=jobs, out=out, progress=progress)
    records = read_records(result.folder)
    clipwise = [metric for metric, info in records.run["metrics"].items() if info.get("per", "clip") == "clip"]
    digests = outputs_digest(records.tasks), scores_digest(records.tasks, clipwise)
    missing = tuple(each.key for each in sealed if each.key not in found)
    if known.revealed is None:
        return RoundScore(result, note_received(name, method, *digests), None, missing)
    entry = known.received.get(method)
    return RoundScore(result, None, entry is not None and (entry.outputs, entry.scores) == digests, missing)


def _refuse_links(videos: Path, found: dict[str, str]) -> None:
    """A link in what a stranger sends may lead to what another one sent."""
    for name in found.values():
        path = videos / name
        for each in (path, *(path.iterdir() if path.is_dir() else ())):
            if each.is_symlink():
                raise InputError(f"{each} is a link; videos must be plain files.")
