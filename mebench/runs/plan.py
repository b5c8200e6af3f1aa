"""What will be done, before it is done: tasks, folder, and the hash that tells whether stored clips are of use."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mebench import registry
from mebench.datasets.contract import Dataset, OpenDataset
from mebench.datasets.preparation import prepared
from mebench.errors import ConfigError, MebenchError
from mebench.methods.placing import CPU, checked
from mebench.metrics.contract import Metric
from mebench.protocol import Protocol, Task
from mebench.runs.leaks import LeakCheck, check_leaks
from mebench.runs.network_files import read_by
from mebench.runs.schema import DatasetInfo, MethodInfo, MetricInfo, ProtocolInfo
from mebench.runs.spec import MethodSpec

SEED = 0
"""Clips are generated with seeds made of this number and the task's hash; it stands in ``run.json``."""


@dataclass(frozen=True)
class Plan:
    """One method on one protocol. tasks: all of the protocol, in its order. folder: where the run is kept.
    given_protocol: what stands after ``--protocol``. checks: for leaks. networks: weights that the metrics read. part_of: how many tasks the run has of which these
    are a part; 0 for all of them."""

    folder: Path
    hash: str
    spec: MethodSpec
    method: MethodInfo
    protocol: Protocol
    given_protocol: str
    datasets: dict[str, DatasetInfo]
    metrics: dict[str, MetricInfo]
    tasks: tuple[Task, ...]
    checks: tuple[LeakCheck, ...]
    networks: tuple[str, ...] = ()
    part_of: int = 0

    @property
    def whole(self) -> int:
        """Number of tasks of the whole run."""
        return self.part_of or len(self.tasks)

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name


def make_plan(
    spec: MethodSpec,
    protocol: Protocol,
    datasets: dict[str, Dataset],
    out: Path,
    *,
    tasks: tuple[Task, ...] | None = None,
    given_protocol: str | None = None,
) -> Plan:
    """Load the method once (for its facts), make the tasks unless they are given, and name the folder below ``out``.

    The hash covers the method's configuration and facts (with the hashes of its checkpoints), what the protocol says of
    tasks, and the fingerprints of the datasets. Metrics are left out: a changed metric scores stored clips again.
    """
    method = describe(spec)
    infos = {name: dataset_info(dataset) for name, dataset in datasets.items()}
    decides = {
        "method": {key: method[key] for key in ("name", "backbone", "config", "facts")},
        "tasks": protocol.tasks_hash,
        "datasets": {name: info["fingerprint"] for name, info in infos.items()},
        "seed": SEED,
    }
    digest = hashlib.sha256(canonical(decides)).hexdigest()
    parts = (method["name"], method["backbone"] or "none", protocol.name, digest[:8])
    if tasks is None:
        tasks = tuple(protocol.tasks(datasets))
    metrics = {name: metric_info(registry.load("metrics", name)) for name in protocol.metrics}
    return Plan(
        folder=out / "--".join(parts),
        hash=digest,
        spec=spec,
        method=method,
        protocol=protocol,
        given_protocol=given_protocol or protocol.name,
        datasets=infos,
        metrics=metrics,
        tasks=tasks,
        checks=tuple(check_leaks(protocol, tasks, datasets, method)),
        networks=read_by(metrics.values(), with_truth=all(isinstance(d, OpenDataset) for d in datasets.values())),
    )


def load_datasets(protocol: Protocol) -> dict[str, Dataset]:
    """The datasets of a protocol by name, prepared as it says. Those that were not added on this machine are left out where
    the protocol allows it.

    :class:`~mebench.errors.ConfigError` for one that is not registered, or needed and not there.
    """
    loaded: dict[str, Dataset] = {name: registry.load("datasets", name)() for name in protocol.datasets}
    absent = [name for name, dataset in loaded.items() if not getattr(dataset, "available", True)]
    if absent and (protocol.absent != "leave-out" or len(absent) == len(loaded)):
        what = "needs the dataset" if protocol.absent != "leave-out" else "finds none of its datasets, such as"
        raise ConfigError(
            f"the protocol '{protocol.name}' {what} '{absent[0]}'; add it with: mebench data add {absent[0]} PATH"
        )
    return {name: prepared(dataset, protocol.preparation) for name, dataset in loaded.items() if name not in absent}


def runnable(protocol: Protocol) -> tuple[list[str], list[str], str | None]:
    """With what is on this machine: the protocol's datasets that are here, those that are not, and why the protocol cannot
    be run (None when it can)."""
    loaded = {name: registry.load("datasets", name)() for name in protocol.datasets}
    here = [name for name, dataset in loaded.items() if getattr(dataset, "available", True)]
    absent = [name for name in protocol.datasets if name not in here]
    try:
        datasets = load_datasets(protocol)
        if protocol.selection is not None:
            protocol.tasks(datasets)
        if protocol.folds is not None:
            protocol.make_folds(datasets)
    except MebenchError as error:
        return here, absent, str(error)
    return here, absent, None


def describe(spec: MethodSpec) -> MethodInfo:
    """The method as it will be run. Its networks are loaded and let go again."""
    method = spec.load()
    where = {} if spec.device == CPU else {"device": checked(method, spec.device).partition(":")[0]}
    return {
        "name": spec.name,
        "backbone": spec.backbone,
        "config": spec.config,
        "card": spec.card,
        "facts": {**json.loads(canonical(method.facts())), **where},
        "oracle": hasattr(method, "reveal"),
    }


def dataset_info(dataset: Dataset) -> DatasetInfo:
    """What ``run.json`` keeps of a dataset."""
    terms = dataset.terms
    info: DatasetInfo = {
        "fingerprint": dataset.fingerprint(),
        "licence": terms.licence,
        "may_show_frames": terms.may_show_frames,
        "may_show_generated": terms.may_show_generated,
    }
    if terms.publishable_subjects:
        info["publishable_subjects"] = sorted(terms.publishable_subjects)
    if not terms.may_show_motion:
        info["may_show_motion"] = False
    return info


def metric_info(metric: Metric) -> MetricInfo:
    """The facts of a metric as JSON values."""
    facts: dict[str, Any] = dataclasses.asdict(metric.facts)
    facts["networks"], facts["traps"] = list(facts["networks"]), list(facts["traps"])
    return facts  # type: ignore[return-value]


def protocol_info(protocol: Protocol) -> ProtocolInfo:
    """What ``run.json`` keeps of a protocol."""
    return {
        "name": protocol.name,
        "version": protocol.version,
        "hash": protocol.hash,
        "tasks_hash": protocol.tasks_hash,
        "content": protocol.content(),
    }


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, UTF-8: equal values have equal bytes. NaN is refused."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str)
    return text.encode("utf-8")
