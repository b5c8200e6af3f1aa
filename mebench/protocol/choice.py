"""The order in which clips and portraits are chosen: domains take turns, subjects come once before any comes twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeVar

from mebench.clip import Clip, Portrait
from mebench.datasets.contract import Dataset
from mebench.errors import ConfigError, InputError
from mebench.protocol.delivery import deliver

if TYPE_CHECKING:
    from mebench.protocol.model import Protocol

Item = TypeVar("Item", Clip, Portrait)
Subject = tuple[str, str]
"""Dataset and name: names may repeat among datasets."""


@dataclass(frozen=True)
class Pool:
    """What can be chosen, in the order of choice. left_out: clips that cannot be delivered, by reason."""

    clips: list[Clip]
    portraits: list[Portrait]
    left_out: dict[str, int]


def pool(protocol: Protocol, datasets: Mapping[str, Dataset]) -> Pool:
    """Clips with an action unit (or, where a dataset codes none, all) and portraits of the protocol's datasets."""
    clips: list[Clip] = []
    portraits: list[Portrait] = []
    left_out: dict[str, int] = {}
    for name in present(protocol, datasets):
        dataset = datasets[name]
        if unknown := sorted(set(protocol.domains or ()) - set(dataset.domains)):
            raise ConfigError(
                f"the dataset '{name}' has no domain '{unknown[0]}'; known: {', '.join(dataset.domains)}."
            )
        for clip in dataset.clips(protocol.split):
            if reason := _unfit(clip, protocol, getattr(dataset, "coded", None)):
                left_out[reason] = left_out.get(reason, 0) + 1
            else:
                clips.append(clip)
        portraits += dataset.portraits(protocol.split)
    if protocol.domains is not None:
        clips = [clip for clip in clips if clip.domain in protocol.domains]
        portraits = [portrait for portrait in portraits if portrait.domain in protocol.domains]
    seed = protocol.selection.seed if protocol.selection else 0
    return Pool(in_turns(clips, seed, "clip"), in_turns(portraits, seed, "portrait"), left_out)


def present(protocol: Protocol, datasets: Mapping[str, Dataset]) -> list[str]:
    """The protocol's datasets that are there, in its order; absent ones are an error unless it leaves them out."""
    absent = [name for name in protocol.datasets if name not in datasets]
    if absent and protocol.absent != "leave-out":
        raise ConfigError(f"the protocol '{protocol.name}' needs the dataset '{absent[0]}', which is not there.")
    return [name for name in protocol.datasets if name in datasets]


def _unfit(clip: Clip, protocol: Protocol, coded: bool | None) -> str | None:
    """Why a clip drives nothing; None when it may.

    coded: whether a recorded database codes action units; None for data that are not recorded, where a clip that cannot
    be delivered is an error of the data and not left out.
    """
    if coded is not False and not clip.action_units:
        return "no action unit is coded"
    if coded is None:
        return None
    try:
        deliver(clip, protocol.max_fps, protocol.common_fps)
    except InputError:
        return "no delivered frame between onset and apex"
    return None


def in_turns(items: Sequence[Item], seed: int, salt: str) -> list[Item]:
    """All items: domains take turns; in a domain each subject comes once, then each a second time, and so on."""
    domains: dict[tuple[str, str], dict[str, list[Item]]] = {}
    for item in items:
        domains.setdefault((item.dataset, item.domain), {}).setdefault(item.subject, []).append(item)
    lines = []
    for (dataset, domain), subjects in sorted(domains.items()):
        names = sorted(subjects, key=lambda name: _order(seed, salt, dataset, domain, name))
        lists = [sorted(subjects[name], key=lambda item: _order(seed, salt, item.dataset, item.key)) for name in names]
        lines.append(_turns(lists))
    return _turns(lines)


def take(items: Sequence[Item], count: int, used: set[Subject], *, strictly: bool = False) -> list[Item]:
    """The first ``count`` items, each of a subject not in ``used``; marks them used. When subjects run out others come,
    in the same order, unless ``strictly``."""
    chosen: list[Item] = []
    for item in _domains_in_turns(item for item in items if (item.dataset, item.subject) not in used):
        if len(chosen) < count and (item.dataset, item.subject) not in used:
            chosen.append(item)
            used.add((item.dataset, item.subject))
    if len(chosen) < count and not strictly:
        taken = {(item.dataset, item.key) for item in chosen}
        left = [item for item in items if (item.dataset, item.key) not in taken]
        chosen += left[: count - len(chosen)]
    return chosen


def by_place(items: Iterable[Item], by: str) -> dict[str, list[Item]]:
    """``items`` by ``dataset`` or by ``domain`` (named alone where the names differ, as they do), in sorted order."""
    places: dict[str, list[Item]] = {}
    for item in items:
        places.setdefault(item.dataset if by == "dataset" else item.domain, []).append(item)
    return dict(sorted(places.items()))


def _turns(lists: Iterable[list[Item]]) -> list[Item]:
    return [item for row in zip_longest(*lists) for item in row if item is not None]


def _order(*parts: object) -> bytes:
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode("utf-8")).digest()


def _domains_in_turns(items: Iterable[Item]) -> list[Item]:
    """``items`` again, so that domains take turns; inside a domain the order stays."""
    domains: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        domains.setdefault((item.dataset, item.domain), []).append(item)
    return _turns(domains[name] for name in sorted(domains))
