"""Two runs of one protocol: paired differences with intervals, and the clips that drive them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mebench.errors import ConfigError
from mebench.runs.badness import badness
from mebench.runs.page.records import Records, read_records
from mebench.runs.people import driving_person, source_person
from mebench.runs.schema import MetricInfo, TaskInfo, TaskRecord
from mebench.runs.summary import KINDS, number_of
from mebench.statistics.holm import holm
from mebench.statistics.paired import paired_difference

AMPLITUDES = (0.5, 1.0, 2.0)
"""Borders (px) of the bins by the peak of the reference's expression: below half a pixel, up to one, up to two, more."""

DRIVING_CLIPS = 5
"""Clips that are named, at each end."""


Pair = tuple[TaskRecord, TaskRecord]
"""One clip in both runs."""

Numbers = Callable[[MetricInfo, Pair], tuple[float, float] | None]
"""The numbers of a metric that count for a clip, in both runs; None where one of them is missing."""


@dataclass(frozen=True)
class Difference:
    """One metric in one kind of task. first, second: means on the clips that both have. difference: first - second of the
    badness (see :mod:`mebench.runs.badness`): negative where the first run is better. p_value: adjusted by Holm over all metrics of
    the kind that may be ranked on; None without an interval (``reason``)."""

    metric: str
    family: str
    kind: Literal["self", "cross"]
    clips: int
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    reason: str | None


@dataclass(frozen=True)
class Part:
    """A group of clips. share: of the whole gap between the runs, in the direction of the gap; shares add up to 1 over the
    groups of one axis (but an action unit's clips may have others too)."""

    axis: str
    name: str
    clips: int
    difference: float
    share: float


@dataclass(frozen=True)
class Comparison:
    """names: of the two runs. differences: by kind and family. metric: whose gap is taken apart. parts: by axis, the largest
    shares first. clips: (task key, difference), from the clip that speaks most for the first run to the opposite."""

    names: tuple[str, str]
    differences: tuple[Difference, ...]
    metric: str
    gap: float
    parts: tuple[Part, ...]
    clips: tuple[tuple[str, float], ...]
    compared: int
    """Tasks that both runs have."""
    planned: int
    """Tasks of the protocol."""

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def compare(first: Path | str, second: Path | str, metric: str | None = None) -> Comparison:
    """Compare two run folders of one protocol, clip by clip. metric: whose gap is taken apart (default: gain_error, else
    the first one that both have).

    Raises :class:`~mebench.errors.ConfigError` for runs of different protocols or without common clips, and
    :class:`~mebench.errors.InputError` for folders that are no runs.
    """
    a, b = read_records(Path(first)), read_records(Path(second))
    _comparable(a, b)
    pairs, numbers = _pairs(a, b), _numbers(a, b)
    infos = {
        name: info
        for name, info in a.summary["metrics"].items()
        if info.get("per", "clip") == "clip" and _same_version(info, b.summary["metrics"].get(name))
    }
    how = a.run["protocol"]["content"].get("statistics", {})
    cross = how.get("cross", "two-way")
    found = [_difference(info, kind, pairs, numbers, cross) for kind in KINDS for info in infos.values()]
    differences = _adjusted([entry for entry in found if entry is not None], infos)
    chosen = metric or ("gain_error" if "gain_error" in infos else next(iter(infos), ""))
    if chosen not in infos:
        raise ConfigError(f"the runs have no common metric '{chosen}'; known: {', '.join(infos) or 'none'}.")
    known = [(pair[0], both) for pair in pairs if (both := numbers(infos[chosen], pair)) is not None]
    gaps = [(row, badness(infos[chosen], one) - badness(infos[chosen], other)) for row, (one, other) in known]
    total = float(np.mean([d for _, d in gaps])) if gaps else 0.0
    ordered = sorted(((row["task"]["key"], d) for row, d in gaps), key=lambda item: (item[1], item[0]))
    names = (a.summary["run"], b.summary["run"])
    planned = a.summary["tasks"]["planned"] if "tasks" in a.summary else len(pairs)
    return Comparison(
        names, tuple(differences), chosen, total, tuple(_parts(gaps)), tuple(ordered), len(pairs), planned
    )


def _comparable(a: Records, b: Records) -> None:
    if a.summary["protocol_hash"] != b.summary["protocol_hash"]:
        raise ConfigError(
            f"{a.folder} is of the protocol {a.summary['protocol']} ({a.summary['protocol_hash'][:8]}), {b.folder} of "
            f"{b.summary['protocol']} ({b.summary['protocol_hash'][:8]}); only runs of one protocol can be compared."
        )


def _pairs(a: Records, b: Records) -> list[Pair]:
    others = {row["task"]["key"]: row for row in b.tasks}
    pairs = [
        (row, others[row["task"]["key"]])
        for row in a.tasks
        if row["task"]["key"] in others and others[row["task"]["key"]]["task"]["hash"] == row["task"]["hash"]
    ]
    if not pairs:
        raise ConfigError(f"{a.folder} and {b.folder} have no clip in common; finish both runs first.")
    return pairs


def _same_version(info: MetricInfo, other: MetricInfo | None) -> bool:
    return other is not None and info["version"] == other["version"]


def _numbers(a: Records, b: Records) -> Numbers:
    """As the summaries count: a failed clip at the worst value, but where the metric cannot be measured at all."""
    bounds = (a.bounds(), b.bounds())

    def numbers(info: MetricInfo, pair: Pair) -> tuple[float, float] | None:
        first, second = (number_of(row, info, bound) for row, bound in zip(pair, bounds, strict=True))
        return None if first is None or second is None else (first, second)

    return numbers


def _difference(
    info: MetricInfo, kind: Literal["self", "cross"], pairs: Sequence[Pair], numbers: Numbers, how: str
) -> Difference | None:
    known = [
        (pair, both) for pair in pairs if pair[0]["task"]["kind"] == kind and (both := numbers(info, pair)) is not None
    ]
    if not known:
        return None
    rows = [pair for pair, _ in known]
    first, second = np.array([both for _, both in known], dtype=np.float64).T.copy()
    worse = [badness(info, values) for values in (first, second)]
    drivers = [driving_person(a["task"]) for a, _ in rows]
    sources = [source_person(a["task"]) for a, _ in rows]
    two_way = kind == "cross" and how == "two-way"
    found = paired_difference(worse[0], worse[1], drivers, sources if two_way else None)
    return Difference(
        info["name"],
        info["family"],
        kind,
        len(rows),
        float(first.mean()),
        float(second.mean()),
        float((worse[0] - worse[1]).mean()),
        found.low,
        found.high,
        found.p_value,
        found.reason,
    )


def _adjusted(entries: Sequence[Difference], infos: dict[str, MetricInfo]) -> list[Difference]:
    """P-values adjusted by Holm within each kind, over the metrics that may be ranked on."""
    adjusted: dict[int, float] = {}
    for kind in KINDS:
        tested = [
            (index, entry.p_value)
            for index, entry in enumerate(entries)
            if entry.kind == kind and entry.p_value is not None and infos[entry.metric].get("ranked", True)
        ]
        for (index, _), p in zip(tested, holm([p for _, p in tested]).tolist(), strict=True):
            adjusted[index] = p
    return [Difference(**{**asdict(entry), "p_value": adjusted.get(index)}) for index, entry in enumerate(entries)]


def _parts(gaps: Sequence[tuple[TaskRecord, float]]) -> list[Part]:
    whole = sum(d for _, d in gaps)
    parts: list[Part] = []
    for axis, labels in _AXES.items():
        groups: dict[str, list[float]] = {}
        for row, d in gaps:
            for label in labels(row):
                groups.setdefault(label, []).append(d)
        found = [
            Part(axis, name, len(ds), float(np.mean(ds)), sum(ds) / whole if whole else 0.0)
            for name, ds in groups.items()
        ]
        parts += sorted(found, key=lambda part: (-part.share, part.name)) if len(found) > 1 else []
    return parts


def amplitude_bin(row: TaskRecord) -> str:
    """The bin of a clip by the peak of its reference's expression."""
    curves = row["curves"]
    if curves is None:
        return "not measured"
    peak = curves["peak_px"]
    names = ["below 0.5 px", "0.5 to 1 px", "1 to 2 px", "above 2 px"]
    return names[int(np.searchsorted(AMPLITUDES, peak, side="right"))]


def _task(name: str) -> Callable[[TaskRecord], list[str]]:
    return lambda row: [str(row["task"][name])]  # type: ignore[literal-required]


def _person(of: Callable[[TaskInfo], tuple[str, str]]) -> Callable[[TaskRecord], list[str]]:
    """``dataset/subject``: two datasets number their people alike."""
    return lambda row: ["/".join(of(row["task"]))]


_AXES: dict[str, Callable[[TaskRecord], list[str]]] = {
    "kind": _task("kind"),
    "dataset": _task("dataset"),
    "driving domain": _task("driving_domain"),
    "driving subject": _person(driving_person),
    "source subject": _person(source_person),
    "action unit": lambda row: sorted({unit.lstrip("LR") for unit in row["task"]["action_units"]}) or ["none"],
    "amplitude": lambda row: [amplitude_bin(row)],
}
