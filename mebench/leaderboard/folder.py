"""A submission as it lies on disk, read once and never trusted: every file is bounded, parsed and typed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mebench import strict_yaml
from mebench.errors import InputError, MebenchError
from mebench.leaderboard import strict_json
from mebench.leaderboard.aggregate import Cells
from mebench.leaderboard.aggregates import AggregateResult, read_table
from mebench.leaderboard.cell_table import read_summary
from mebench.leaderboard.limits import RESULT
from mebench.leaderboard.rounds.record import is_sealed
from mebench.leaderboard.schema import (
    Card,
    Costs,
    Manifest,
    MotionClip,
    Motions,
    Preview,
    Previews,
    Provenance,
    Tier,
    Trust,
)
from mebench.leaderboard.tables import read_bounds, read_clips
from mebench.leaderboard.upgrade import upgraded
from mebench.runs.schema import BoundsRecord, SetRecord, TaskRecord

LEAST_RERUN = 5
"""Tasks that must have been generated again for the tier ``re-run``: somebody who cheats on half of the tasks is missed by
five random ones with a chance of 3 %."""

ONE_REFUTED_OF = 10
"""One task in so many may disagree, since a method that decides by a threshold may decide otherwise on another processor.
Somebody who cheats on half of the tasks is missed by ten random ones with a chance of 1 %."""


@dataclass(frozen=True)
class Result:
    """One run of a submission. cells, sets: of ``summary.json`` as it was written. previews, motions: clips for the player,
    the latter of licensed faces. costs: None in submissions that are older than it."""

    folder: Path
    name: str
    backbone: str | None
    run: Provenance
    rows: list[TaskRecord]
    bounds: BoundsRecord
    cells: Cells
    sets: list[SetRecord]
    previews: tuple[Preview, ...] = ()
    motions: tuple[MotionClip, ...] = ()
    costs: Costs | None = None

    @property
    def protocol(self) -> str:
        """Name of its protocol."""
        return self.run.protocol.name


@dataclass(frozen=True)
class Submission:
    """folder: ``submissions/<method>/<version>``."""

    folder: Path
    card: Card
    manifest: Manifest
    manifest_sha256: str
    trust: Trust | None
    results: tuple[Result, ...]
    aggregates: tuple[AggregateResult, ...] = ()
    """Results on licensed faces of which only means are known: to be shown apart, under :data:`aggregates.LABEL`."""

    @property
    def key(self) -> str:
        """``method/version``."""
        return f"{self.manifest.method}/{self.manifest.version}"

    @cached_property
    def tiers(self) -> dict[str, Tier]:
        """By result; see :data:`mebench.leaderboard.schema.Tier`."""
        return {result.name: self._tier(result) for result in self.results}

    def _tier(self, result: Result) -> Tier:
        """A trust file about another manifest says nothing; of a round, what its organisers published counts alone."""
        clipwise = [name for name, metric in result.run.metrics.items() if metric.per == "clip"]
        if is_sealed(self.manifest.method, result.protocol, result.run.protocol.hash, result.rows, clipwise):
            return "sealed"
        trust = self.trust if self.trust and self.trust.manifest_sha256 == self.manifest_sha256 else None
        again = trust.reruns.get(result.name) if trust else None
        if again is None or len({task.task for task in again.tasks}) < min(LEAST_RERUN, len(result.rows)):
            return "self-reported"
        refuted = sum(task.agreed == "no" for task in again.tasks)
        return "re-run" if refuted <= len(again.tasks) // ONE_REFUTED_OF else "self-reported"


def read_submission(folder: Path) -> Submission:
    """The submission in ``folder``; :class:`InputError` or :class:`~mebench.errors.ConfigError` for the first file that
    cannot be read. Names and sizes are the affair of :mod:`mebench.leaderboard.limits`, hashes and sums of ``verify``."""
    data = read_bytes(folder / "manifest.json")
    manifest = strict_json.validate(
        upgraded("manifest", strict_json.parse(data, "manifest.json")), "manifest.json", Manifest
    )
    card = strict_yaml.load(folder / "card.yaml", Card)
    upgraded("card", {"schema_version": card.schema_version})
    results = tuple(read_result(_inside(folder, name)) for name in manifest.results)
    aggregates = tuple(read_aggregates(_inside(folder, name)) for name in manifest.aggregates)
    digest = hashlib.sha256(data).hexdigest()
    return Submission(folder, card, manifest, digest, _trust(folder / "trust.json"), results, aggregates)


def _trust(path: Path) -> Trust | None:
    if not path.exists():
        return None
    return strict_json.validate(upgraded("trust", strict_json.parse(read_bytes(path), path.name)), path.name, Trust)


def _inside(folder: Path, name: str) -> Path:
    """The folder of a result; :class:`InputError` for a name that leads anywhere else."""
    if not re.fullmatch(RESULT, name):
        raise InputError(f"manifest.json: '{name[:60]}' cannot be the name of a result.")
    return folder / "results" / name


def read_result(folder: Path) -> Result:
    """One folder below ``results/``."""
    where = f"results/{folder.name}"
    given = upgraded("run", strict_json.parse(read_bytes(folder / "run.json"), f"{where}/run.json"))
    run = strict_json.validate(given, f"{where}/run.json", Provenance)
    versions = {name: metric.version for name, metric in run.metrics.items() if metric.per == "clip"}
    rows = read_clips(read_bytes(folder / "clips.csv"), f"{where}/clips.csv", versions)
    bounds = read_bounds(read_bytes(folder / "bounds.csv"), f"{where}/bounds.csv", versions)
    summary = strict_json.parse(read_bytes(folder / "summary.json"), f"{where}/summary.json")
    cells, sets = read_summary(summary, f"{where}/summary.json")
    backbone = folder.name.split("--")[0]
    return Result(
        folder,
        folder.name,
        None if backbone == "none" else backbone,
        run,
        rows,
        bounds,
        cells,
        sets,
        _previews(folder / "previews", {row["task"]["key"] for row in rows}),
        _motions(folder / "motion.json", f"{where}/motion.json", {row["task"]["key"] for row in rows}),
        _costs(folder / "costs.json", f"{where}/costs.json"),
    )


def _previews(folder: Path, tasks: set[str]) -> tuple[Preview, ...]:
    """What ``clips.json`` describes, every picture of it there."""
    if not (folder / "clips.json").exists():
        return ()
    clips = strict_json.load(read_bytes(folder / "clips.json"), "previews/clips.json", Previews).clips
    for clip in clips:
        for name in (clip.file, *([clip.motion.file] if clip.motion else [])):
            if not (folder / name).is_file():
                raise InputError(f"previews/clips.json names '{name}', which is not there.")
        if clip.task not in tasks:
            raise InputError(f"previews/clips.json: '{clip.task[:80]}' is no task of this result.")
    return tuple(clips)


def _motions(path: Path, where: str, tasks: set[str]) -> tuple[MotionClip, ...]:
    if not path.exists():
        return ()
    clips = strict_json.load(read_bytes(path), where, Motions).clips
    for clip in clips:
        if clip.task not in tasks:
            raise InputError(f"{where}: '{clip.task[:80]}' is no task of this result.")
    return tuple(clips)


def _costs(path: Path, where: str) -> Costs | None:
    return strict_json.load(read_bytes(path), where, Costs) if path.exists() else None


def read_aggregates(folder: Path) -> AggregateResult:
    """One folder below ``results/`` that holds means alone."""
    where = f"results/{folder.name}"
    given = upgraded("run", strict_json.parse(read_bytes(folder / "run.json"), f"{where}/run.json"))
    run = strict_json.validate(given, f"{where}/run.json", Provenance)
    table = read_table(read_bytes(folder / "aggregates.json"), f"{where}/aggregates.json")
    backbone = folder.name.split("--")[0]
    return AggregateResult(folder, folder.name, None if backbone == "none" else backbone, run, table)


def read_all(root: Path) -> tuple[list[Submission], dict[str, str]]:
    """Every submission below ``root``, by name, and the reason of each that cannot be read."""
    found, broken = [], {}
    for manifest in sorted(root.glob("*/*/manifest.json")):
        folder = manifest.parent
        try:
            found.append(read_submission(folder))
        except MebenchError as error:
            broken[f"{folder.parent.name}/{folder.name}"] = str(error)
    return found, broken


def read_bytes(path: Path) -> bytes:
    """The bytes of a plain file; :class:`InputError` when it is a link or cannot be read."""
    if path.is_symlink():
        raise InputError(f"{path.name} is a link; a submission holds plain files.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}.") from error
