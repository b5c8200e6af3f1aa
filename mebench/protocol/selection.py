"""From a protocol and its datasets to tasks: spread over domains first, subjects next, in an order made of hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeVar

from mebench.clip import Clip, Portrait
from mebench.datasets.contract import Dataset
from mebench.errors import ConfigError
from mebench.protocol.delivery import deliver
from mebench.protocol.task import Kind, Task, named

if TYPE_CHECKING:
    from mebench.protocol.model import Protocol

Item = TypeVar("Item", Clip, Portrait)
Subject = tuple[str, str]
"""Dataset and name: names may repeat among datasets."""


def select(protocol: Protocol, datasets: Mapping[str, Dataset]) -> list[Task]:
    """The tasks of ``protocol``; see :meth:`mebench.protocol.Protocol.tasks`."""
    pool = _pool(protocol, datasets)
    make = _TaskMaker(protocol, datasets)
    used: set[Subject] = set()
    same = _self_tasks(protocol, pool, make, used)
    cross = _cross_tasks(protocol, pool, make, used)
    crossed = _crossed_tasks(protocol, pool, make)
    tasks = [task for pair in zip_longest(same, cross) for task in pair if task is not None]
    keys = {task.key for task in tasks}
    tasks += [task for task in crossed if task.key not in keys]
    if len({task.key for task in tasks}) < len(tasks):
        raise ConfigError(
            f"the protocol '{protocol.name}' makes two tasks of one name; rename the clips that differ in signs only."
        )
    return tasks


@dataclass(frozen=True)
class _Pool:
    """What can be chosen, in the order of choice: domains take turns, subjects come once before any comes twice."""

    clips: list[Clip]
    portraits: list[Portrait]


@dataclass(frozen=True)
class _TaskMaker:
    protocol: Protocol
    datasets: Mapping[str, Dataset]

    def __call__(self, kind: Kind, clip: Clip, portrait: Portrait | None) -> Task:
        plan = deliver(clip, self.protocol.max_fps)
        task = Task(
            key="",
            kind=kind,
            dataset=clip.dataset,
            source=portrait.key if portrait else f"onset:{clip.key}",
            driving=clip.key,
            source_subject=portrait.subject if portrait else clip.subject,
            driving_subject=clip.subject,
            source_domain=portrait.domain if portrait else clip.domain,
            driving_domain=clip.domain,
            fold=clip.domain,
            fps=plan.fps,
            frames=plan.frames,
            onset=plan.onset,
            apex=plan.apex,
            offset=plan.offset,
            action_units=tuple(clip.action_units),
            size=self.protocol.size,
            hash="",
        )
        return named(task, self.datasets[clip.dataset].fingerprint())


def _pool(protocol: Protocol, datasets: Mapping[str, Dataset]) -> _Pool:
    clips: list[Clip] = []
    portraits: list[Portrait] = []
    for name in protocol.datasets:
        dataset = datasets[name]
        if unknown := sorted(set(protocol.domains or ()) - set(dataset.domains)):
            raise ConfigError(
                f"the dataset '{name}' has no domain '{unknown[0]}'; known: {', '.join(dataset.domains)}."
            )
        clips += [clip for clip in dataset.clips(protocol.split) if clip.action_units]
        portraits += dataset.portraits(protocol.split)
    if protocol.domains is not None:
        clips = [clip for clip in clips if clip.domain in protocol.domains]
        portraits = [portrait for portrait in portraits if portrait.domain in protocol.domains]
    seed = protocol.selection.seed
    return _Pool(_in_turns(clips, seed, "clip"), _in_turns(portraits, seed, "portrait"))


def _in_turns(items: Sequence[Item], seed: int, salt: str) -> list[Item]:
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


def _take(items: Sequence[Item], count: int, used: set[Subject], *, strictly: bool = False) -> list[Item]:
    """The first ``count`` items, each of a subject not in ``used``; marks them used. When subjects run out others come,
    in the same order, unless ``strictly``."""
    chosen: list[Item] = []
    for item in _domains_in_turns(item for item in items if (item.dataset, item.subject) not in used):
        if len(chosen) < count and (item.dataset, item.subject) not in used:
            chosen.append(item)
            used.add((item.dataset, item.subject))
    if len(chosen) < count and not strictly:
        taken = {item.key for item in chosen}
        left = [item for item in items if item.key not in taken]
        chosen += left[: count - len(chosen)]
    return chosen


def _self_tasks(protocol: Protocol, pool: _Pool, make: _TaskMaker, used: set[Subject]) -> list[Task]:
    wanted = protocol.selection.same
    if wanted is None:
        return []
    clips = _take(pool.clips, wanted.clips, used)
    _enough(protocol, "clips with an action unit", len(clips), wanted.clips)
    return [make("self", clip, None) for clip in clips]


def _cross_tasks(protocol: Protocol, pool: _Pool, make: _TaskMaker, used: set[Subject]) -> list[Task]:
    wanted = protocol.selection.cross
    if wanted is None:
        return []
    taken = set(used)
    clips = _take(pool.clips, wanted.pairs, taken)
    _enough(protocol, "driving clips", len(clips), wanted.pairs)
    tasks = []
    for index, clip in enumerate(clips):
        home = index >= wanted.pairs - wanted.same_domain

        def fits(portrait: Portrait, clip: Clip = clip, home: bool = home) -> bool:
            same_domain = portrait.domain == clip.domain
            return portrait.dataset == clip.dataset and portrait.subject != clip.subject and same_domain == home

        # Starting half-way round pairs a domain with a different one each time the domains have taken a turn.
        portrait = _take(_rotated(pool.portraits, index + 1 + index // 2, fits), 1, taken)
        where = "its own domain" if home else "another domain"
        if not portrait:
            raise ConfigError(f"the protocol '{protocol.name}' finds no source for the clip '{clip.key}' in {where}.")
        tasks.append(make("cross", clip, portrait[0]))
    return tasks


def _rotated(portraits: list[Portrait], by: int, fits: Callable[[Portrait], bool]) -> list[Portrait]:
    by %= max(len(portraits), 1)
    return [portrait for portrait in portraits[by:] + portraits[:by] if fits(portrait)]


def _crossed_tasks(protocol: Protocol, pool: _Pool, make: _TaskMaker) -> list[Task]:
    wanted = protocol.selection.crossed
    if wanted is None:
        return []
    used: set[Subject] = set()
    clips = _take(pool.clips, wanted.drivers, used, strictly=True)
    portraits = _take(pool.portraits, wanted.sources, used, strictly=True)
    _enough(protocol, "driving subjects", len(clips), wanted.drivers)
    _enough(protocol, "source subjects that drive nothing", len(portraits), wanted.sources)
    if len({clip.dataset for clip in clips} | {portrait.dataset for portrait in portraits}) > 1:
        raise ConfigError(f"the protocol '{protocol.name}' crosses several datasets; 'crossed' works within one.")
    # Diagonal order: every beginning of the list mixes drivers and sources.
    count = len(portraits)
    diagonals = [(driver, (driver + step) % count) for step in range(count) for driver in range(len(clips))]
    return [make("cross", clips[driver], portraits[source]) for driver, source in diagonals]


def _enough(protocol: Protocol, what: str, found: int, wanted: int) -> None:
    if found < wanted:
        raise ConfigError(
            f"the protocol '{protocol.name}' wants {wanted} {what}, "
            f"but its datasets have {found} in the split '{protocol.split}'."
        )
