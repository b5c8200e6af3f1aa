"""``rounds/<name>/round.yaml``: what the public knows of a sealed round, before and after its end.

Before anything is handed out the organisers publish ``commitment = SHA-256("mebench-round/1", name, seed, salt)`` and the
hash of the list of tasks. Nobody can tell the seed from it (128 random bits and a salt of 256), and the organisers cannot
change it any more. When the round is over, seed and salt stand in the same file: everybody can check the commitment, render
the tasks and the true answers, and score again.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AwareDatetime, Field

from mebench import strict_yaml
from mebench.errors import ConfigError, MebenchError
from mebench.files import write_text
from mebench.home import packaged
from mebench.leaderboard.schema import Sha256, Short, Slug, Strict, Text
from mebench.leaderboard.tables import clips_csv
from mebench.protocol import Protocol
from mebench.protocol.model import ROUND, load_protocol
from mebench.runs.schema import TaskRecord

SCHEMA_VERSION = 1

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Seed = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]

SEALED_DATASET = "synme"
"""The one dataset whose people can be drawn anew."""

_NOT_A_SEED = "0" * 32
"""Stands for the seed while a protocol is checked that has none yet."""


class Revealed(Strict):
    """The secret, once the round is over. seed: names the people and clips of the round; see
    ``mebench.datasets.synme.identity.ROUND_SPLIT``."""

    date: datetime.date
    seed: Seed
    salt: Sha256


class Received(Strict):
    """What the organisers scored of one method. entries: how many times it was handed in; the last one counts. outputs: of
    the pixels of all clips (:func:`outputs_digest`). scores: of ``clips.csv``, SHA-256."""

    entries: int = Field(ge=1)
    outputs: Sha256
    scores: Sha256


class Round(Strict):
    """``round.yaml``. what: the protocol without name, title, summary, version and split. generator: fingerprint of synme.
    tasks_sha256: of ``tasks.json``, which holds the hash of the pixels of every picture that is handed out."""

    schema_version: int = Field(default=SCHEMA_VERSION, ge=1, le=SCHEMA_VERSION)
    name: Name
    title: Short
    summary: Text
    opened: datetime.date
    deadline: AwareDatetime
    commitment: Sha256
    what: dict[str, Any]
    generator: Short
    tasks: int = Field(ge=1)
    tasks_sha256: Sha256
    revealed: Revealed | None = None
    received: dict[Slug, Received] = Field(default={})

    def protocol(self, seed: str) -> Protocol:
        """What is run with the people of ``seed``."""
        return sealed_protocol(self.name, self.title, self.summary, self.what, seed)

    def refuse_another(self, seed: str, salt: str) -> None:
        """:class:`ConfigError` when seed and salt are not those that were committed to."""
        if commitment(self.name, seed, salt) != self.commitment:
            raise ConfigError(f"the seed of the round '{self.name}' is not the one that was committed to.")


def commitment(name: str, seed: str, salt: str) -> str:
    """SHA-256 of four lines, 64 hexadecimal digits: what is published before a round begins.

    >>> commitment("spring", "0" * 32, "1" * 64)[:16]
    '53e29b733fdb0ed1'
    """
    return hashlib.sha256(f"mebench-round/1\n{name}\n{seed}\n{salt}\n".encode()).hexdigest()


def new_secret() -> tuple[str, str]:
    """Seed and salt from the system's source of randomness."""
    return secrets.token_hex(16), secrets.token_hex(32)


def template(given: str | Path) -> dict[str, Any]:
    """``Round.what`` of a protocol that a round is modelled on. :class:`ConfigError` where tasks of its kind give their
    answer away: in self-reenactment it is the driving clip itself, and named clips are known to everybody."""
    protocol = load_protocol(given)
    chosen = protocol.selection
    if chosen is None or protocol.datasets != [SEALED_DATASET] or protocol.folds is not None:
        raise ConfigError(f"a round needs tasks of '{SEALED_DATASET}' alone, and '{protocol.name}' has others.")
    if chosen.same is not None or chosen.listed is not None:
        raise ConfigError(
            f"'{protocol.name}' has tasks that give their answer away (self-reenactment, or clips chosen by name); give a "
            "protocol of cross-identity tasks, such as open-cross-identity."
        )
    return protocol.content({"name", "version", "title", "summary", "split"})


def sealed_protocol(name: str, title: str, summary: str, what: Mapping[str, Any], seed: str = _NOT_A_SEED) -> Protocol:
    """The protocol of a round with the people of ``seed``; :class:`ConfigError` when ``what`` makes none."""
    content = {"name": ROUND + name, "version": 1, "title": title, "summary": summary, "split": f"r{seed}", **what}
    return strict_yaml.parse(yaml.safe_dump(content, sort_keys=False), Protocol, f"the protocol of the round '{name}'")


def rounds_folder() -> Path:
    """``rounds/`` of the checkout, or inside the wheel."""
    return packaged("rounds")


def load_round(name: str, root: Path | None = None) -> Round:
    """The round called ``name`` below ``root``; :class:`ConfigError` when there is none."""
    root = root or rounds_folder()
    path = root / name / "round.yaml"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name) or not path.is_file():
        known = ", ".join(sorted(each.parent.name for each in root.glob("*/round.yaml"))) or "none"
        raise ConfigError(f"there is no round '{name[:60]}' in {root}; known: {known}.")
    found = strict_yaml.load(path, Round)
    if found.name != name:
        raise ConfigError(f"{path} is the round '{found.name}'; its folder must be called so.")
    return found


def write_round(given: Round, root: Path) -> Path:
    """Write ``round.yaml``, and once the seed is known ``protocol.yaml`` beside it."""
    folder = root / given.name
    if given.revealed is not None:
        content = given.protocol(given.revealed.seed).content()
        write_text(folder / "protocol.yaml", yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))
    path = folder / "round.yaml"
    content = given.model_dump(mode="json")
    write_text(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))
    return path


def outputs_digest(rows: Sequence[TaskRecord]) -> str:
    """SHA-256 over all tasks in the order of their names: ``<key> <SHA-256 of the pixels, or 'failed'>``, one a line."""
    lines = sorted(
        f"{row['task']['key']} {row['clip']['pixels_sha256'] if row['clip'] else 'failed'}\n" for row in rows
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def scores_digest(rows: Sequence[TaskRecord], metrics: Sequence[str]) -> str:
    """SHA-256 of the ``clips.csv`` of these rows. metrics: those with a number for each clip, in the protocol's order."""
    ordered = sorted(rows, key=lambda row: (row["task"]["kind"] != "self", row["task"]["key"]))
    return hashlib.sha256(clips_csv(ordered, metrics).encode()).hexdigest()


def is_sealed(method: str, protocol: str, digest: str, rows: Sequence[TaskRecord], metrics: Sequence[str]) -> bool:
    """Whether these are the numbers that the organisers found for ``method`` in a round that is over: the round is there,
    its seed is the one that was committed to, the protocol is its protocol, and outputs and scores are those received.

    digest: hash of the protocol. Whoever renders the true answer after the end has other outputs and is not sealed.
    """
    if not protocol.startswith(ROUND):
        return False
    try:
        known = load_round(protocol.removeprefix(ROUND))
        entry, revealed = known.received.get(method), known.revealed
        if entry is None or revealed is None:
            return False
        known.refuse_another(revealed.seed, revealed.salt)
        if known.protocol(revealed.seed).hash != digest:
            return False
    except MebenchError:
        return False
    return entry.outputs == outputs_digest(rows) and entry.scores == scores_digest(rows, metrics)
