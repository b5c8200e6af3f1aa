"""The folds of a detection protocol: labelled clips to learn from, to choose on and to be tested on."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mebench import registry
from mebench.clip import Clip
from mebench.datasets.contract import Dataset
from mebench.detectors.contract import ACTION_UNITS, presence
from mebench.detectors.observation import Observation
from mebench.detectors.protocol import ClipChoice, DetectionProtocol
from mebench.detectors.store import stored_observation
from mebench.errors import ConfigError, InputError


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold. name: what is left out. train, validation: clips of the other folds. test: clips of this one.

    No subject is in two of the three; the constructor of the folds refuses data in which one is.
    """

    name: str
    train: tuple[Observation, ...]
    validation: tuple[Observation, ...]
    test: tuple[Observation, ...]


@dataclass(frozen=True, eq=False)
class Material:
    """All clips of a protocol. remarks: what was missing or odd, one line each."""

    folds: tuple[Fold, ...]
    remarks: tuple[str, ...]

    @property
    def clips(self) -> tuple[Observation, ...]:
        """Every clip once."""
        found: dict[tuple[str, str], Observation] = {}
        for fold in self.folds:
            for clip in (*fold.train, *fold.validation, *fold.test):
                found.setdefault((clip.dataset, clip.key), clip)
        return tuple(found.values())


def read_material(protocol: DetectionProtocol) -> Material:
    """The folds of ``protocol`` on this machine.

    A dataset that is not there is left out and said so; :class:`InputError` when fewer than two folds remain.
    """
    parts: dict[str, dict[str, list[Observation]]] = {}
    remarks: list[str] = []
    choices = {"train": protocol.train, "validation": protocol.validation, "test": protocol.test}
    for name in protocol.datasets:
        try:
            dataset: Dataset = registry.load("datasets", name)()
            clips = {part: choose(dataset, choice) for part, choice in choices.items() if choice is not None}
        except (ConfigError, InputError) as error:
            remarks.append(f"{name} is left out: {error}")
            continue
        remarks += oddities(name, clips["test"])
        for part, chosen in clips.items():
            for clip in chosen:
                group = clip.domain if protocol.folds == "domain" else clip.dataset
                parts.setdefault(group, {}).setdefault(part, []).append(stored_observation(dataset, clip))
    if len(parts) < 2:
        raise InputError(
            f"protocol {protocol.name} needs at least two {protocol.folds}s, and {len(parts)} can be read here: "
            f"{' '.join(remarks) or 'none was found.'}"
        )
    return Material(tuple(_fold(name, parts, protocol) for name in parts), tuple(remarks))


def _fold(left_out: str, parts: dict[str, dict[str, list[Observation]]], protocol: DetectionProtocol) -> Fold:
    def others(part: str) -> tuple[Observation, ...]:
        return tuple(clip for name, group in parts.items() if name != left_out for clip in group.get(part, ()))

    fold = Fold(left_out, others("train"), others("validation"), tuple(parts[left_out].get("test", ())))
    subjects = [{(clip.dataset, clip.subject) for clip in part} for part in (fold.train, fold.validation, fold.test)]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        if shared := subjects[first] & subjects[second]:
            dataset, subject = sorted(shared)[0]
            raise ConfigError(
                f"protocol {protocol.name}: subject {subject} of {dataset} would be both learnt from and tested on in "
                f"fold {left_out}; give 'train', 'validation' and 'test' different splits."
            )
    return fold


def choose(dataset: Dataset, choice: ClipChoice) -> list[Clip]:
    """The clips of ``dataset`` that take part, in the dataset's order."""
    wanted = choice.pool or choice.per_person
    takes_number = "per_identity" in inspect.signature(dataset.clips).parameters
    if wanted is not None and takes_number:  # synme draws as many clips a person as are asked for
        listed: Sequence[Clip] = dataset.clips(choice.split, per_identity=wanted)  # type: ignore[call-arg]
    else:
        listed = dataset.clips(choice.split)
    people: dict[tuple[str, str], list[Clip]] = {}
    for clip in listed:
        people.setdefault((clip.domain, clip.subject), []).append(clip)
    if choice.per_person is None:
        return list(listed)
    if choice.chosen == "listed":
        return [clip for clips in people.values() for clip in clips[: choice.per_person]]
    return [clip for domain in _domains(people).values() for clip in _balanced(domain, choice.per_person)]


def _domains(people: dict[tuple[str, str], list[Clip]]) -> dict[str, list[list[Clip]]]:
    domains: dict[str, list[list[Clip]]] = {}
    for (domain, _), clips in people.items():
        domains.setdefault(domain, []).append(clips)
    return domains


def _balanced(people: list[list[Clip]], per_person: int) -> list[Clip]:
    """Greedy and deterministic: people take turns, and each turn takes the clip whose action units were chosen least
    often so far."""
    counts = np.zeros(len(ACTION_UNITS))
    remaining = [[(clip, presence(clip.action_units)) for clip in clips[:]] for clips in people]
    chosen: list[set[str]] = [set() for _ in people]
    for _ in range(per_person):
        for person, clips in enumerate(remaining):
            if not clips:
                continue
            worth = [float((units / (1.0 + counts)).sum()) for _, units in clips]
            clip, units = clips.pop(int(np.argmax(worth)))
            counts += units
            chosen[person].add(clip.key)
    return [clip for person, clips in enumerate(people) for clip in clips if clip.key in chosen[person]]


def oddities(name: str, clips: Sequence[Clip]) -> list[str]:
    """What a reader must know of the labels: counted, one line each."""
    marked = [presence(clip.action_units) for clip in clips]
    counts = {
        "have none of the twelve action units": sum(not row.any() for row in marked),
        "have their apex at the onset, so their flow is zero": sum(clip.apex == clip.onset for clip in clips),
    }
    return [f"{name}: {count} of {len(clips)} clips {what}" for what, count in counts.items() if count]
