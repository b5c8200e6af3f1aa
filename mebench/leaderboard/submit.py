"""``mebench submit``: from finished runs to a folder that can be sent as a pull request."""

from __future__ import annotations

import datetime
import hashlib
import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mebench import strict_yaml
from mebench.errors import ConfigError, InputError, MebenchError
from mebench.files import storage_errors, write_bytes, write_json, write_text
from mebench.leaderboard.advice import commands, of_card, of_runs
from mebench.leaderboard.aggregate import Cells, aggregate
from mebench.leaderboard.aggregates import bare, make_table
from mebench.leaderboard.arrows import motions
from mebench.leaderboard.cell_table import summary_text
from mebench.leaderboard.features import pack
from mebench.leaderboard.folder import read_submission
from mebench.leaderboard.licensed import motion_withheld, withheld
from mebench.leaderboard.limits import MOST_PREVIEWS, listing
from mebench.leaderboard.previews import previews
from mebench.leaderboard.schema import SCHEMA_VERSION, Card, Costs, Machine
from mebench.leaderboard.tables import bounds_csv, clips_csv
from mebench.protocol import Protocol, load_protocol, protocol_names
from mebench.runs.cost_summary import summarise_costs
from mebench.runs.page.records import Records, read_records
from mebench.runs.resume import options_of, part_of
from mebench.runs.schema import BoundsRecord, TaskRecord
from mebench.runs.store import RunStore

NOTHING = "none"
"""As ``supersedes``: the new version replaces none, it adds results to those that are there."""


@dataclass(frozen=True)
class Submitted:
    """folder: what was written. notes: what its author should look at. commands: what to type next."""

    folder: Path
    notes: tuple[str, ...]
    commands: tuple[str, ...]


def submit(
    runs: Sequence[Path | str],
    name: str,
    *,
    version: str | None = None,
    supersedes: str | None = None,
    card: Path | str | None = None,
    out: Path | str = "submissions",
    films: int = MOST_PREVIEWS,
    films_on: Collection[str] | None = None,
    aggregates_only: bool = False,
) -> Submitted:
    """Write ``out/<name>/<version>/`` from the run folders ``runs`` of one method.

    version: default the next whole number. supersedes: the version that this one replaces (default: the newest with a
    result on the same protocol and backbone; ``none``: it stands beside those that are there). aggregates_only: of runs
    on licensed faces, give means, intervals and counts of each dataset and nothing about a single clip; runs on open data
    keep their rows. card: a YAML file of :class:`~mebench.leaderboard.schema.Card`; without it the card of
    ``method.yaml`` is taken. films: clips of each run for the player, at most two, where the licences allow them;
    elsewhere coarse motion, which the site draws as arrows. films_on: the protocols whose runs have any; default all.

    Nothing that is there is changed: :class:`ConfigError` when the version exists, when runs are unfinished, of different
    methods or twice on one protocol and backbone, when no card is known, when ``aggregates_only`` applies to no run, or
    for a word that the reader of submissions would refuse.
    """
    root = Path(out) / name
    found = [read_records(Path(run)) for run in runs]
    _refuse(found, name)
    filmed = _filmed({_protocol(each) for each in found}, films, films_on)
    known = sorted((path.parent.name for path in root.glob("*/manifest.json")), key=version_order)
    chosen = version or _next(known)
    folder = root / chosen
    if folder.exists():
        raise ConfigError(f"{folder} exists, and submissions are never changed; leave --version out for the next one.")
    replaced = None if supersedes == NOTHING else supersedes or _same_runs(root, known, found)
    if replaced and replaced not in known:
        raise ConfigError(f"{root} has no version '{supersedes}' to supersede; known: {', '.join(known) or 'none'}.")
    written = _card(found, name, Path(card) if card else None)
    partial = root / f".{chosen}.partial"
    with storage_errors(partial):
        shutil.rmtree(partial, ignore_errors=True)
    try:
        means = [each for each in found if aggregates_only and withheld(each.run["protocol"]["name"])]
        if aggregates_only and not means:
            raise ConfigError("all runs are on open data, whose rows are wanted; leave --aggregates-only out.")
        rows = [_result(each, partial / "results", filmed[_protocol(each)]) for each in found if each not in means]
        apart = [_aggregates(each, partial / "results") for each in means]
        write_text(partial / "card.yaml", _yaml(written))
        _manifest(partial, name, chosen, replaced, sorted(rows), sorted(apart))
        _read_again(partial)
        with storage_errors(folder):
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    there = {path.name: version for version in known for path in (root / version / "results").glob("*")}
    again = sorted({there[name] for name in rows + apart if name in there})
    return Submitted(folder, (*of_card(written), *of_runs(found, again)), commands(folder, name, chosen))


def _protocol(records: Records) -> str:
    return records.run["protocol"]["name"]


def _filmed(protocols: set[str], films: int, chosen: Collection[str] | None) -> dict[str, int]:
    """Clips for the player, by protocol."""
    if unknown := sorted(set(chosen or ()) - protocols):
        raise ConfigError(
            f"no run is on '{unknown[0]}'; --films-on takes {' or '.join(sorted(protocols))}, the protocols of these runs."
        )
    return {name: films if chosen is None or name in chosen else 0 for name in protocols}


def _read_again(folder: Path) -> None:
    """:class:`ConfigError` for what the reader of submissions will not take, such as a character that cannot be seen."""
    try:
        read_submission(folder)
    except MebenchError as error:
        said = str(error).replace(f"{folder}/", "").rstrip(".")
        raise ConfigError(
            f"this submission would be refused ({said}); correct method.yaml, or the card of --card."
        ) from error


def _same_runs(root: Path, known: Sequence[str], found: Sequence[Records]) -> str | None:
    """The newest version with a result on a protocol and backbone of ``found``: what lies beside it stays as it is."""
    mine = {result_name(records).rpartition("--")[0] for records in found}
    for version in reversed(known):
        folders = (root / version / "results").glob("*")
        if mine & {folder.name.rpartition("--")[0] for folder in folders}:
            return version
    return None


def _refuse(found: Sequence[Records], name: str) -> None:
    if not found:
        raise ConfigError("give at least one run folder.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise ConfigError(f"'{name[:60]}' cannot be the name of a method; use a-z, 0-9 and '-', at most 40 of them.")
    methods = sorted({records.run["method"]["name"] for records in found})
    if len(methods) > 1:
        raise ConfigError(f"the runs are of different methods ({', '.join(methods)}); submit each on its own.")
    seen: set[str] = set()
    for records in found:
        if not records.summary["complete"]:
            options = options_of(records.folder, bounds=records.bounds()["floor"] is not None)
            raise ConfigError(f"{records.folder} is not finished; start it again: {records.run['command']}{options}")
        key = result_name(records)
        if key.rpartition("--")[0] in seen:
            raise ConfigError(f"{records.folder} is a second run of one backbone on one protocol; give one of them.")
        seen.add(key.rpartition("--")[0])


def result_name(records: Records) -> str:
    """``<backbone>--<protocol>--<hash>``."""
    run = records.run
    return "--".join((run["method"]["backbone"] or "none", run["protocol"]["name"], run["hash"][:8]))


@dataclass(frozen=True)
class _Numbers:
    """What follows from the rows of a run. clipwise: metrics with a number for each clip."""

    protocol: Protocol
    clipwise: list[str]
    bounds: BoundsRecord
    rows: list[TaskRecord]
    cells: Cells


def _numbers(records: Records) -> _Numbers:
    """:class:`ConfigError` for a run on another version of its protocol."""
    run = records.run
    clipwise = [m for m, info in run["metrics"].items() if info.get("per", "clip") == "clip"]
    bounds = records.bounds()
    name = run["protocol"]["name"]
    if part := part_of(records.folder):
        raise ConfigError(
            f"{records.folder} is part {part[1]} of {part[2]} of a run; put the parts together with mebench merge, and submit that."
        )
    if name not in protocol_names():
        raise ConfigError(
            f"{records.folder} was run on '{name}', which is no protocol of this mebench; the board takes results on those that "
            "'mebench list protocols' shows. docs/add-a-protocol.md tells how one comes in."
        )
    protocol = load_protocol(name)
    if protocol.hash != run["protocol"]["hash"]:
        raise ConfigError(
            f"{records.folder} was run on another version of '{protocol.name}' than this mebench has; run it again."
        )
    rows = sorted(records.tasks, key=lambda row: (row["task"]["kind"] != "self", row["task"]["key"]))
    cells = aggregate(protocol, {m: run["metrics"][m] for m in clipwise}, rows, bounds)
    of_sets: Cells = {
        (cell["metric"], cell["kind"], cell["domain"]): cell
        for cell in records.summary["cells"]
        if cell["metric"] not in clipwise
    }
    return _Numbers(protocol, clipwise, bounds, rows, {**cells, **of_sets})


def _aggregates(records: Records, root: Path) -> str:
    name, found = result_name(records), _numbers(records)
    write_json(root / name / "run.json", bare(provenance(records)))
    write_json(root / name / "aggregates.json", make_table(found.cells, found.protocol.statistics.confidence))
    return name


def _result(records: Records, root: Path, films: int) -> str:
    name, found = result_name(records), _numbers(records)
    folder, protocol, rows, clipwise = root / name, found.protocol, found.rows, found.clipwise
    bounds, cells = found.bounds, found.cells
    write_json(folder / "run.json", provenance(records))
    open_data = withheld(protocol.name) is None
    written = rows if open_data else [_without_annotation(row) for row in rows]
    write_text(folder / "clips.csv", clips_csv(written, clipwise))
    write_text(folder / "bounds.csv", bounds_csv(bounds, clipwise))
    write_text(folder / "summary.json", summary_text(cells.values(), records.summary.get("sets", [])))
    store = RunStore(records.folder)
    vectors = {row["task"]["key"]: store.vectors_of(row) for row in rows} if open_data else {}
    if any(vectors.values()):
        write_bytes(folder / "features.npz", pack(vectors))
    if costs := _costs(records):
        write_json(folder / "costs.json", costs.model_dump(mode="json"))
    for file, data in previews(records, films) if films and open_data else ():
        write_bytes(folder / "previews" / file, data)
    if films and not open_data and motion_withheld(protocol.name) is None and (drawn := motions(records)):
        write_bytes(folder / "motion.json", drawn)
    return name


def _costs(records: Records) -> Costs | None:
    """What the run took; None where nothing was measured, as of clips that were made elsewhere."""
    if not records.costs:
        return None
    found = summarise_costs(records.costs.values(), records.run["sessions"])
    machines = [{key: machine.get(key) for key in Machine.model_fields} for machine in found["hardware"]]
    return Costs.model_validate({**found, "schema_version": SCHEMA_VERSION, "hardware": machines})


def _without_annotation(row: TaskRecord) -> TaskRecord:
    """``row`` without the action units, which the licence of its dataset covers as it does the frames."""
    return {**row, "task": {**row["task"], "action_units": []}}


def provenance(records: Records) -> dict[str, Any]:
    """``run.json`` of a result, from the run's own: without paths, and without the sessions one by one."""
    run = records.run
    last = run["sessions"][-1]
    seconds = [cost["generate_seconds"] for cost in records.costs.values()]
    method = {key: run["method"][key] for key in ("name", "backbone", "config", "facts", "oracle")}
    return {
        "schema_version": SCHEMA_VERSION,
        "hash": run["hash"],
        "command": run["command"],
        "method": method,
        "protocol": {key: run["protocol"][key] for key in ("name", "version", "hash", "tasks_hash")},
        "datasets": run["datasets"],
        "metrics": {
            name: {"version": info["version"], "per": info.get("per", "clip")} for name, info in run["metrics"].items()
        },
        "seed": run["seed"],
        "planned": run["tasks"]["planned"],
        "checks": run.get("checks", []),
        "code": last["code"],
        "hardware": last["hardware"],
        "packages": last["packages"],
        "seconds": sum(seconds) / len(seconds) if seconds else None,
    }


def _card(found: Sequence[Records], name: str, file: Path | None) -> Card:
    counted = [costs.parameters if (costs := _costs(records)) else None for records in found]
    known = [count for count in counted if count is not None]
    parameters = max(known) if len(known) == len(counted) else None
    if file is not None:
        card = strict_yaml.load(file, Card)
        if card.name != name:
            raise ConfigError(f"{file} is the card of '{card.name}', and --name is '{name}'; make them equal.")
        return card if card.parameters is not None else card.model_copy(update={"parameters": parameters})
    given = next((records.run["method"]["card"] for records in found if records.run["method"]["card"]), None)
    if given is None:
        raise ConfigError(
            f"the runs know no card of '{name}'; write one (docs/submit.md shows every key) and give it with --card."
        )
    backbones = sorted({b for records in found if (b := records.run["method"]["backbone"])})
    hardware = found[-1].run["sessions"][-1]["hardware"]
    words = [str(hardware[key]) for key in ("processor", "machine") if hardware.get(key)]
    kept = (
        "title",
        "summary",
        "authors",
        "paper",
        "code",
        "licence",
        "training_data",
        "seen_datasets",
        "role",
        "track",
    )
    try:
        return Card.model_validate(
            {
                **{key: given[key] for key in kept if given.get(key) is not None},
                "name": name,
                "seen_datasets": given.get("seen_datasets", []),
                "backbones": backbones,
                "open_weights": not any(records.run["method"]["facts"].get("external") for records in found),
                "parameters": parameters,
                "hardware": f"{words[0]}, {hardware.get('cores')} cores" if words else None,
            }
        )
    except ValueError as error:
        raise ConfigError(f"the card of '{name}' is not complete: {error}") from error


def _yaml(card: Card) -> str:
    return yaml.safe_dump(card.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=110)


def _manifest(
    folder: Path, name: str, version: str, supersedes: str | None, results: list[str], aggregates: list[str]
) -> None:
    found = listing(folder)
    if found.problems:
        path, wrong = found.problems[0]
        raise InputError(f"{path or folder} {wrong}.")
    files = {path: {"bytes": size, "sha256": sha256_of(folder / path)} for path, size in found.files.items()}
    write_json(
        folder / "manifest.json",
        {
            "schema_version": SCHEMA_VERSION,
            "method": name,
            "version": version,
            "created": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
            "supersedes": supersedes,
            "results": results,
            "aggregates": aggregates,
            "files": files,
        },
    )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _next(known: Sequence[str]) -> str:
    numbers = [int(version) for version in known if version.isdigit()]
    return str(max(numbers, default=0) + 1)


def version_order(version: str) -> list[tuple[int, str]]:
    """By which versions are sorted, ``10`` after ``9``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in version.split(".")]
