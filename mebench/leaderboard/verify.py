"""``mebench verify``: everything that can be checked of a submission without its clips. The very thing that CI runs.

A submission is data from a stranger. Names and sizes come first, then hashes, then types, then what the numbers say; a
stage that fails ends the check, so that nothing is parsed that was not bounded, and nothing is ever executed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from mebench import registry
from mebench.errors import ConfigError, InputError, MebenchError
from mebench.leaderboard import aggregates, arrows, copies, numbers, strict_json
from mebench.leaderboard.advice import TEMPLATE_AUTHOR
from mebench.leaderboard.aggregates import AggregateResult
from mebench.leaderboard.folder import Result, Submission, read_bytes, read_submission
from mebench.leaderboard.licensed import motion_withheld, withheld
from mebench.leaderboard.limits import listing
from mebench.leaderboard.submit import sha256_of
from mebench.leaderboard.upgrade import upgraded
from mebench.methods.card import method_names
from mebench.protocol import Protocol, Task, load_protocol, protocol_names
from mebench.runs.schema import MetricInfo

Facts = Mapping[str, MetricInfo]


@dataclass(frozen=True)
class Finding:
    """One thing that was found. where: file or row, below the submission."""

    level: Literal["error", "warning"]
    check: str
    where: str
    text: str


@dataclass(frozen=True)
class Report:
    """submission: None when it could not be read."""

    folder: Path
    submission: Submission | None
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether it may be accepted."""
        return not any(finding.level == "error" for finding in self.findings)

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        known = self.submission
        return {
            "submission": known.key if known else str(self.folder),
            "ok": self.ok,
            "tiers": dict(known.tiers) if known else {},
            "findings": [asdict(finding) for finding in self.findings],
        }


def verify(folder: Path | str, *, facts: Facts | None = None, others: Path | None = None) -> Report:
    """Check the submission in ``folder``.

    facts: of the metrics; asked of the registry when left out. others: the tree of submissions that copies are looked for
    in (default: the one that ``folder`` lies in). :class:`InputError` when ``folder`` is no folder.
    """
    folder = Path(folder)
    if folder.is_symlink() or not folder.is_dir():
        raise InputError(f"{folder} is no folder; give submissions/<method>/<version>.")
    if (folder / "tasks").is_dir() and (folder / "run.json").is_file():
        raise InputError(f"{folder} is a run; make a submission of it first: mebench submit {folder} --name NAME")
    folder = folder.absolute()
    found = [Finding("error", "files", path, text) for path, text in listing(folder).problems]
    if found:
        return Report(folder, None, tuple(found))
    try:
        submission = read_submission(folder)
    except MebenchError as error:
        return Report(folder, None, (Finding("error", "format", "", str(error)),))
    found += [*_manifest(submission), *_card(submission)]
    for result in submission.results:
        found += _pictures(result)
        try:
            protocol = _protocol(result.run.protocol.name, result.run.protocol.hash, f"results/{result.name}")
            known = facts or metric_facts(protocol)
            found += [
                Finding(*each)
                for each in numbers.check(result, protocol, known, submission.card.role, _tasks(protocol))
            ]
        except MebenchError as error:
            found.append(_outdated(submission, result.name, str(error)))
    for means in submission.aggregates:
        found += _aggregates(means, facts)
    found += [Finding(*each) for each in copies.check(submission, others or folder.parent.parent)]
    return Report(folder, submission, tuple(found))


def _outdated(submission: Submission, result: str, told: str) -> Finding:
    """A result under a protocol that is not today's: an error, unless a newer version has taken the submission's place. Its
    numbers stand on no board then."""
    manifest = submission.manifest
    for path in sorted(submission.folder.parent.glob("*/manifest.json")):
        try:
            replaced = upgraded("manifest", strict_json.parse(read_bytes(path), path.name)).get("supersedes")
        except MebenchError:
            continue  # it has a report of its own
        if replaced == manifest.version:
            return Finding(
                "warning", "protocol", f"results/{result}", f"{told} Version {path.parent.name} supersedes it."
            )
    return _error("protocol", f"results/{result}", told)


def _aggregates(means: AggregateResult, facts: Facts | None) -> list[Finding]:
    try:
        protocol = _protocol(means.protocol, means.run.protocol.hash, f"results/{means.name}")
        licensed = withheld(means.protocol) is not None
        found = aggregates.check(means, protocol, facts or metric_facts(protocol), licensed)
        return [Finding(*each) for each in found]
    except MebenchError as error:
        return [Finding("error", "protocol", f"results/{means.name}", str(error))]


def metric_facts(protocol: Protocol) -> dict[str, MetricInfo]:
    """The facts of a protocol's metrics, as they are today."""
    from mebench.runs.plan import metric_info

    return {name: metric_info(registry.load("metrics", name)) for name in protocol.metrics}


def _manifest(submission: Submission) -> Iterator[Finding]:
    folder, manifest = submission.folder, submission.manifest
    place = (folder.parent.name, folder.name)
    if place != (manifest.method, manifest.version):
        yield _error("manifest", "manifest.json", f"says {submission.key}, and lies in {'/'.join(place)}")
    present = {
        path: size for path, size in listing(folder).files.items() if path not in ("manifest.json", "trust.json")
    }
    for path in sorted(set(present) ^ set(manifest.files)):
        text = "is not listed in manifest.json" if path in present else "is listed in manifest.json and missing"
        yield _error("manifest", path, text)
    for path in sorted(set(present) & set(manifest.files)):
        entry = manifest.files[path]
        if present[path] != entry.bytes or sha256_of(folder / path) != entry.sha256:
            yield _error("hash", path, "holds other bytes than manifest.json says")
    listed = [*manifest.results, *manifest.aggregates]
    if len(set(listed)) != len(listed):
        yield _error("manifest", "manifest.json", "a result stands there twice")
    elif len({name.rpartition("--")[0] for name in listed}) != len(listed):
        yield _error("manifest", "manifest.json", "has two results of one backbone on one protocol; one is chosen")
    folders = {path.split("/")[1] for path in present if path.startswith("results/")}
    for name in sorted(folders ^ set(listed)):
        yield _error("manifest", f"results/{name}", "is not the same in manifest.json and on disk")
    old = manifest.supersedes
    if old is not None and not (folder.parent / old / "manifest.json").is_file():
        yield _error("manifest", "manifest.json", f"supersedes version {old}, which is not in {folder.parent.name}/")
    if submission.trust and submission.trust.manifest_sha256 != submission.manifest_sha256:
        yield Finding(
            "warning", "trust", "trust.json", "speaks of another manifest: every result counts as self-reported"
        )


def _card(submission: Submission) -> Iterator[Finding]:
    card = submission.card
    if card.name != submission.manifest.method:
        yield _error("card", "card.yaml", f"is the card of '{card.name}', not of '{submission.manifest.method}'")
    every: list[Result | AggregateResult] = [*submission.results, *submission.aggregates]
    used = {result.backbone for result in every if result.backbone}
    if missing := sorted(used - set(card.backbones)):
        yield _error("card", "card.yaml", f"does not name the backbone '{missing[0]}'")
    if card.role != "method" and card.name not in method_names():
        yield _error("card", "card.yaml", f"has the role '{card.role}', which the benchmark's own methods alone have")
    adapted = [
        r.name for r in every if (r.run.method.get("facts", {}).get("magnifier") or {}).get("adapted_to_the_test_clip")
    ]
    if adapted and card.track != "adapted":
        yield _error(
            "card",
            "card.yaml",
            f"says track: frozen, and {adapted[0]} was adapted to the test clips; say track: adapted",
        )
    if TEMPLATE_AUTHOR in card.authors:
        yield Finding("warning", "card", "card.yaml", f"names the author of the template, '{TEMPLATE_AUTHOR}'")
    if card.parameters is None:
        yield Finding("warning", "card", "card.yaml", "does not say how many parameters the method has")
    for result in every:
        parts = result.name.split("--")
        run = result.run
        said = (run.method.get("backbone") or "none", run.protocol.name, run.hash[:8])
        if tuple(parts) != said:
            yield _error("manifest", f"results/{result.name}", f"is a run called {'--'.join(said)}")
        if run.method.get("oracle") and card.role not in ("floor", "ceiling"):
            yield _error("card", "card.yaml", f"the run {result.name} was shown the true answer; its role is 'ceiling'")


def _pictures(result: Result) -> Iterator[Finding]:
    """Pictures, vectors and annotations where licences do not allow them."""
    reason = withheld(result.protocol)
    yield from _motion(result, reason is not None)
    if reason is None:
        return
    for part in ("previews", "features.npz"):
        if (result.folder / part).exists():
            yield _error("licence", f"results/{result.name}/{part}", f"must not be there: {reason}")
    if any(row["task"]["action_units"] for row in result.rows):
        yield _error("licence", f"results/{result.name}/clips.csv", f"must not hold action units: {reason}")


def _motion(result: Result, licensed: bool) -> Iterator[Finding]:
    """Numbers that are drawn as arrows, where pictures may not be shown."""
    where = f"results/{result.name}/motion.json"
    if not (result.folder / "motion.json").exists():
        return
    if not licensed:
        yield _error("motion", where, "must not be there: these faces may be shown, and previews/ shows them")
    elif (reason := motion_withheld(result.protocol)) is not None:
        yield _error("licence", where, f"must not be there: {reason}")
    else:
        for text in arrows.faults(result.motions, result.rows):
            yield _error("motion", where, text)


def _protocol(name: str, digest: str, where: str) -> Protocol:
    if name not in protocol_names():
        raise ConfigError(f"there is no protocol '{name}' in this tree; known: {', '.join(protocol_names())}.")
    protocol = load_protocol(name)
    if protocol.hash != digest:
        raise ConfigError(
            f"was run on '{name}' {digest[:8]}, and this tree has {protocol.hash[:8]}: the numbers cannot be compared."
        )
    return protocol


def _tasks(protocol: Protocol) -> dict[str, Task] | None:
    """The tasks that a result must hold, by key; None where the data are not on this machine."""
    from mebench.runs.plan import load_datasets

    try:
        datasets = load_datasets(protocol)
        if set(datasets) != set(protocol.datasets):
            return None
        return {task.key: task for task in protocol.tasks(datasets)}
    except ConfigError:
        return None


def _error(check: str, where: str, text: str) -> Finding:
    return Finding("error", check, where, text)
