"""``mebench round open|close|check``: the organisers' side of a sealed round."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mebench.errors import ConfigError, InputError
from mebench.files import write_json
from mebench.home import home
from mebench.leaderboard.rounds.record import (
    SEALED_DATASET,
    Received,
    Revealed,
    Round,
    commitment,
    load_round,
    new_secret,
    rounds_folder,
    sealed_protocol,
    template,
    write_round,
)
from mebench.leaderboard.rounds.sealed import listing, pictures, sealed_tasks, write_tasks
from mebench.runs.plan import load_datasets
from mebench.runs.progress import Progress, Silent


@dataclass(frozen=True)
class Opened:
    """file: ``round.yaml``, to be published. tasks: the folder to hand out. secret: the file that nobody may see."""

    file: Path
    tasks: Path
    secret: Path
    count: int


def open_round(
    name: str,
    protocol: str | Path,
    deadline: datetime.datetime,
    tasks: Path | str,
    *,
    title: str | None = None,
    root: Path | str | None = None,
    progress: Progress | None = None,
) -> Opened:
    """Draw a secret, write the tasks to hand out into the new folder ``tasks``, and ``root/<name>/round.yaml``.

    protocol: whose kind of tasks, rates, metrics and statistics are taken; its people are not. An opening that was
    interrupted goes on with the same secret. :class:`ConfigError` when the round is there, or the protocol is not fit.
    """
    progress, root, folder = progress or Silent(), Path(root or rounds_folder()), Path(tasks)
    if (root / name / "round.yaml").exists():
        raise ConfigError(f"{root / name / 'round.yaml'} exists; a round is opened once. Choose another name.")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; give a new folder for the tasks.")
    if deadline.tzinfo is None or deadline <= _now():
        raise ConfigError(f"the deadline {deadline.isoformat()} is not in the future.")
    shown, what = title or f"Sealed round {name}", template(protocol)
    summary = f"People and clips that nobody had seen: drawn from a seed that was kept until {deadline.date()}."
    sealed_protocol(name, shown, summary, what)
    seed, salt = _secret(name)
    chosen = sealed_protocol(name, shown, summary, what, seed)
    datasets = load_datasets(chosen)
    public = {"name": name, "deadline": deadline.isoformat(), "commitment": commitment(name, seed, salt)}
    made, data = write_tasks(public, chosen, datasets, folder, progress)
    given = Round(
        name=name,
        title=shown,
        summary=summary,
        opened=_now().date(),
        deadline=deadline,
        commitment=public["commitment"],
        what=what,
        generator=datasets[SEALED_DATASET].fingerprint(),
        tasks=len(made),
        tasks_sha256=hashlib.sha256(data).hexdigest(),
    )
    return Opened(write_round(given, root), folder, secret_file(name), len(made))


def close_round(name: str, *, root: Path | str | None = None, now: datetime.datetime | None = None) -> Round:
    """Reveal seed and salt in ``round.yaml``, with the hashes of what was scored of each method.

    :class:`ConfigError` before the deadline, for a round that is closed, and when this machine has not its secret.
    """
    root = Path(root or rounds_folder())
    known = load_round(name, root)
    if known.revealed is not None:
        raise ConfigError(f"the round '{name}' was closed on {known.revealed.date}.")
    moment = now or _now()
    if moment < known.deadline:
        raise ConfigError(
            f"the round '{name}' runs until {known.deadline.isoformat()}; its seed is revealed after that."
        )
    seed, salt = read_secret(name)
    known.refuse_another(seed, salt)
    revealed = Revealed(date=moment.date(), seed=seed, salt=salt)
    closed = known.model_copy(update={"revealed": revealed, "received": dict(sorted(read_received(name).items()))})
    write_round(closed, root)
    return closed


def check_round(name: str, *, root: Path | str | None = None, progress: Progress | None = None) -> list[str]:
    """What is wrong with a round that is over, empty when nothing is: the commitment is that of the seed, and the pictures
    that were handed out are rendered from it again."""
    progress = progress or Silent()
    known = load_round(name, Path(root) if root else None)
    if known.revealed is None:
        raise ConfigError(f"the round '{name}' is not over; its seed is revealed after {known.deadline.isoformat()}.")
    try:
        known.refuse_another(known.revealed.seed, known.revealed.salt)
    except ConfigError as error:
        return [str(error)]
    protocol, datasets, tasks = sealed_tasks(known, known.revealed.seed)
    progress.begin(len({each.source for each in tasks}) + len({each.driving for each in tasks}), 0)
    hashes = {}
    for path, digest in pictures(tasks, datasets, lambda *_: None):
        hashes[path] = digest
        progress.advance(path, "ok")
    data = listing(name, tasks, protocol.size, hashes)
    if hashlib.sha256(data).hexdigest() != known.tasks_sha256:
        return ["the seed gives other tasks or pictures than those whose hash was published (tasks_sha256)."]
    return []


def seed_of(known: Round) -> str:
    """The seed: revealed, or from the secret on the organisers' machine."""
    if known.revealed is not None:
        return known.revealed.seed
    seed, salt = read_secret(known.name)
    known.refuse_another(seed, salt)
    return seed


def secret_file(name: str) -> Path:
    """Seed and salt of a round that is open, readable by its owner alone."""
    return home() / "rounds" / name / "secret.json"


def read_secret(name: str) -> tuple[str, str]:
    """:class:`ConfigError` when this machine has not the secret of the round ``name``."""
    try:
        value = json.loads(secret_file(name).read_text("utf-8"))
        return str(value["seed"]), str(value["salt"])
    except FileNotFoundError as error:
        raise ConfigError(
            f"the round '{name}' is open, and its secret is not on this machine; only its organisers can do this."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{secret_file(name)} is damaged ({error}); bring it back from a copy.") from error


def read_received(name: str) -> dict[str, Received]:
    """What was scored so far, by method."""
    path = _received_file(name)
    if not path.is_file():
        return {}
    value: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return {method: Received.model_validate(entry) for method, entry in value.items()}


def note_received(name: str, method: str, outputs: str, scores: str) -> Received:
    """Remember what was scored of ``method``. The same outputs again are no further entry."""
    known = read_received(name)
    old = known.get(method)
    entries = (old.entries + (old.outputs != outputs)) if old else 1
    known[method] = Received(entries=entries, outputs=outputs, scores=scores)
    write_json(_received_file(name), {each: entry.model_dump() for each, entry in sorted(known.items())})
    return known[method]


def _secret(name: str) -> tuple[str, str]:
    path = secret_file(name)
    if not path.exists():
        seed, salt = new_secret()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        path.write_text(json.dumps({"seed": seed, "salt": salt}) + "\n", "utf-8")
    return read_secret(name)


def _received_file(name: str) -> Path:
    return home() / "rounds" / name / "received.json"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
