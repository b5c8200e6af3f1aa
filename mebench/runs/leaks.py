"""Leak checks: what would make a number too good. Made before a run, kept in ``run.json`` and shown on the page.

Varanka et al., "Data Leakage and Evaluation Issues in Micro-Expression Analysis", IEEE TAFFC 2023 (arXiv 2211.11425),
show how often these happen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.datasets.contract import Dataset, cohort
from mebench.errors import MebenchError
from mebench.protocol import Protocol, Task
from mebench.runs.stated_weights import unknown_weights, weights_of

ALIKE = 6
"""Bits of 64 in which the perceptual hashes of two faces may differ and still count as one recording. Two random pictures
differ in 32 bits; one picture after JPEG or a change of size in 0 to 4."""


class LeakCheck(TypedDict):
    """One check. name: what was looked for. state: ``clean``, ``leak``, or ``unknown`` where it could not be decided."""

    name: Literal["identity", "folds", "training data", "duplicates", "datasets"]
    state: Literal["clean", "leak", "unknown"]
    text: str


def check_leaks(
    protocol: Protocol, tasks: Sequence[Task], datasets: Mapping[str, Dataset], method: Mapping[str, Any]
) -> list[LeakCheck]:
    """All checks on a run. method: its ``facts``, with the names of its weights, and its ``card``. Nothing is raised: a
    number with a leak may be wanted, but never without the word beside it."""
    checks = [_identity(tasks, datasets), _training_data(tasks, method), _duplicates(tasks, datasets)]
    if protocol.folds is not None:
        checks.append(_folds(protocol, datasets))
    absent = [name for name in protocol.datasets if name not in datasets]
    if absent:
        here = ", ".join(name for name in protocol.datasets if name in datasets)
        text = f"run on {here} alone; not on this machine: {', '.join(absent)}. Compare with runs on the same datasets only."
        checks.append({"name": "datasets", "state": "unknown", "text": text})
    return checks


def _identity(tasks: Sequence[Task], datasets: Mapping[str, Dataset]) -> LeakCheck:
    crossing = [task for task in tasks if task.kind == "cross"]
    cohorts = {name: cohort(dataset) for name, dataset in datasets.items()}
    same = [
        task.key
        for task in crossing
        if task.source_subject == task.driving_subject
        and cohorts.get(task.from_dataset, task.from_dataset) == cohorts.get(task.dataset, task.dataset)
    ]
    if same:
        return {"name": "identity", "state": "leak", "text": f"the driver is the source in {_some(same)}"}
    text = f"in {len(crossing)} cross-identity tasks the source is never the person who drives"
    return {"name": "identity", "state": "clean", "text": text if crossing else "no cross-identity task"}


def _folds(protocol: Protocol, datasets: Mapping[str, Dataset]) -> LeakCheck:
    try:
        folds = protocol.make_folds(datasets)
    except MebenchError as error:
        return {"name": "folds", "state": "leak", "text": str(error)}
    return {
        "name": "folds",
        "state": "clean",
        "text": f"no subject is trained and tested on in any of {len(folds)} folds",
    }


def _training_data(tasks: Sequence[Task], method: Mapping[str, Any]) -> LeakCheck:
    from mebench.weights.catalogue import FILES

    facts, card = method.get("facts") or {}, method.get("card") or {}
    weights = [name for name in weights_of(facts) if name in FILES]
    entries = [(name, FILES[name].seen_datasets) for name in weights]
    entries.append(("the method", tuple(card.get("seen_datasets", ()))))
    seen = [
        f"{part} was trained on {dataset}" + (f", domain {domain}" if domain != dataset else "")
        for part, names in entries
        for dataset, domain in _used(tasks)
        if any(has_seen(name, dataset, domain) for name in names)
    ]
    if seen:
        return {"name": "training data", "state": "leak", "text": "; ".join(seen)}
    own = unknown_weights(facts)
    if own:
        text = f"what {_some(own)} was trained on is not known here: not the weights of the catalogue"
        return {"name": "training data", "state": "unknown", "text": text}
    vague = [name for name in weights if FILES[name].trained_on.startswith("not ")]
    if vague:
        return {"name": "training data", "state": "unknown", "text": f"nobody says what {_some(vague)} was trained on"}
    if facts.get("external"):
        text = "the videos were made elsewhere: what their method was trained on is not known here"
        return {"name": "training data", "state": "unknown", "text": text}
    text = f"{_some(weights)} saw no dataset of this protocol" if weights else "the method has no learned part of ours"
    return {"name": "training data", "state": "clean", "text": text}


def has_seen(entry: str, dataset: str, domain: str) -> bool:
    """Whether an entry of ``seen_datasets`` (of a checkpoint or a card) is this dataset, or this domain of it.

    An entry is the name of a dataset, all of which was used, or ``dataset:domain``.

    >>> has_seen("casme2", "casme2", "casme2"), has_seen("synme:b", "synme", "b"), has_seen("synme:b", "synme", "a")
    (True, True, False)
    """
    return entry in (dataset, f"{dataset}:{domain}")


def _used(tasks: Sequence[Task]) -> list[tuple[str, str]]:
    """Datasets and domains of the tasks."""
    driving = {(task.dataset, task.driving_domain) for task in tasks}
    return sorted(driving | {(task.from_dataset, task.source_domain) for task in tasks})


def _duplicates(tasks: Sequence[Task], datasets: Mapping[str, Dataset]) -> LeakCheck:
    """Whether one recording stands in two datasets, by the onset frames that the tasks use."""
    used = {(task.dataset, f"onset:{task.driving}") for task in tasks}
    used |= {(task.from_dataset, task.source) for task in tasks}
    if len({dataset for dataset, _ in used}) < 2:
        return {"name": "duplicates", "state": "clean", "text": "one dataset: nothing can stand in two"}
    hashes = []
    for dataset, key in sorted(used):
        try:
            hashes.append((dataset, key, perceptual_hash(datasets[dataset].portrait(key).read())))
        except MebenchError as error:
            return {"name": "duplicates", "state": "unknown", "text": f"not looked for: {error}"}
    alike = [
        f"{dataset} {key} and {other} {again}"
        for index, (dataset, key, bits) in enumerate(hashes)
        for other, again, others in hashes[index + 1 :]
        if dataset != other and int((bits != others).sum()) <= ALIKE
    ]
    if alike:
        return {"name": "duplicates", "state": "leak", "text": f"one recording in two datasets: {_some(alike)}"}
    return {
        "name": "duplicates",
        "state": "clean",
        "text": f"no two of {len(hashes)} faces from different datasets are one",
    }


def perceptual_hash(image: Pixels) -> NDArray[np.bool_]:
    """64 bits of a picture uint8 ``[H,W,3]``: the signs of its lowest spatial frequencies against their median.

    The discrete cosine transform of the picture at 32 x 32 pixels, its 8 x 8 lowest frequencies (C. Zauner,
    "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010).
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()
    return np.asarray(low > np.median(low[1:]))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
