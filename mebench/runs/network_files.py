"""The network files that the numbers of a run come from: which they are, and their hashes on the day."""

from __future__ import annotations

from collections.abc import Iterable

from mebench.errors import ConfigError
from mebench.motion.landmarks import NETWORKS as LANDMARKS
from mebench.runs.schema import MetricInfo
from mebench.weights import facts, place, sha256


def read_by(metrics: Iterable[MetricInfo], *, with_truth: bool) -> tuple[str, ...]:
    """Names of the weights that ``metrics`` read, sorted. with_truth: whether every clip has a true answer; without one the
    face is found by the landmark networks, whatever the metric."""
    names = {facts_name(name) for info in metrics for name in info["networks"]}
    return tuple(sorted(names | (set() if with_truth else set(LANDMARKS))))


def facts_name(name: str) -> str:
    """The name of the weights whose file is called ``name``; that of a plug-in's own network as it is."""
    try:
        return facts(name).name
    except ConfigError:
        return name


def hashes(names: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """By weights and file the SHA-256 of what lies on this machine, None for a file that does not. A network that is not in
    the catalogue of weights has no files here: its plug-in alone knows them."""
    found: dict[str, dict[str, str | None]] = {}
    for name in names:
        try:
            row = facts(name)
        except ConfigError:
            found[name] = {}
            continue
        folder = place(name).parent
        files = row.official if row.kind == "placed" else (row.file,)
        found[name] = {file: sha256(folder / file) if (folder / file).is_file() else None for file in files}
    return found
