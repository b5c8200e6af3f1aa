"""From a protocol and its datasets to tasks: spread over domains first, subjects next, in an order made of hashes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product, zip_longest
from typing import TYPE_CHECKING

from mebench.clip import Clip, Portrait
from mebench.datasets.contract import Dataset
from mebench.errors import ConfigError
from mebench.protocol.choice import Pool, Subject, by_place, in_turns, pool, take
from mebench.protocol.listed import named_clips, named_portraits
from mebench.protocol.maker import TaskMaker
from mebench.protocol.task import Task

if TYPE_CHECKING:
    from mebench.protocol.model import Protocol, Selection


def select(protocol: Protocol, datasets: Mapping[str, Dataset]) -> list[Task]:
    """The tasks of ``protocol``; see :meth:`mebench.protocol.Protocol.tasks`."""
    wanted = protocol.selection
    if wanted is None:
        raise ConfigError(
            f"the protocol '{protocol.name}' makes no tasks: it trains and tests judges; see: mebench au --help"
        )
    found = pool(protocol, datasets)
    make = TaskMaker(protocol, datasets)
    used: set[Subject] = set()
    same = _self_tasks(protocol, wanted, found, make, used)
    cross = _cross_tasks(protocol, wanted, found, make, used)
    more = [*_crossed_tasks(protocol, wanted, found, make), *_held_out_tasks(protocol, wanted, found, make)]
    more += _listed_tasks(wanted, datasets, make)
    tasks = [task for pair in zip_longest(same, cross) for task in pair if task is not None]
    keys = {task.key for task in tasks}
    tasks += [task for task in more if task.key not in keys]
    if len({task.key for task in tasks}) < len(tasks):
        raise ConfigError(
            f"the protocol '{protocol.name}' makes two tasks of one name; rename the clips that differ in signs only."
        )
    return tasks


def _self_tasks(protocol: Protocol, given: Selection, found: Pool, make: TaskMaker, used: set[Subject]) -> list[Task]:
    wanted = given.same
    if wanted is None:
        return []
    if wanted.per_domain is not None:
        lists = [take(clips, wanted.per_domain, used) for clips in by_place(found.clips, "domain").values()]
        clips = [clip for row in zip_longest(*lists) for clip in row if clip is not None]
        _enough(protocol, "clips with an action unit", len(clips), 1)
    else:
        assert wanted.clips is not None
        clips = take(found.clips, wanted.clips, used)
        _enough(protocol, "clips with an action unit", len(clips), wanted.clips)
    return [make("self", clip, None, wanted.gain) for clip in clips]


def _cross_tasks(protocol: Protocol, given: Selection, found: Pool, make: TaskMaker, used: set[Subject]) -> list[Task]:
    wanted = given.cross
    if wanted is None:
        return []
    taken = set(used)
    clips = take(found.clips, wanted.pairs, taken)
    _enough(protocol, "driving clips", len(clips), wanted.pairs)
    tasks = []
    for index, clip in enumerate(clips):
        home = index >= wanted.pairs - wanted.same_domain

        def fits(portrait: Portrait, clip: Clip = clip, home: bool = home) -> bool:
            same_domain = portrait.domain == clip.domain
            return portrait.dataset == clip.dataset and portrait.subject != clip.subject and same_domain == home

        # Starting half-way round pairs a domain with a different one each time the domains have taken a turn.
        portrait = take(_rotated(found.portraits, index + 1 + index // 2, fits), 1, taken)
        where = "its own domain" if home else "another domain"
        if not portrait:
            raise ConfigError(f"the protocol '{protocol.name}' finds no source for the clip '{clip.key}' in {where}.")
        tasks.append(make("cross", clip, portrait[0]))
    return tasks


def _rotated(portraits: list[Portrait], by: int, fits: Callable[[Portrait], bool]) -> list[Portrait]:
    by %= max(len(portraits), 1)
    return [portrait for portrait in portraits[by:] + portraits[:by] if fits(portrait)]


def _crossed_tasks(protocol: Protocol, given: Selection, found: Pool, make: TaskMaker) -> list[Task]:
    wanted = given.crossed
    if wanted is None:
        return []
    used: set[Subject] = set()
    clips = take(found.clips, wanted.drivers, used, strictly=True)
    portraits = take(found.portraits, wanted.sources, used, strictly=True)
    _enough(protocol, "driving subjects", len(clips), wanted.drivers)
    _enough(protocol, "source subjects that drive nothing", len(portraits), wanted.sources)
    # Diagonal order: every beginning of the list mixes drivers and sources.
    count = len(portraits)
    diagonals = [(driver, (driver + step) % count) for step in range(count) for driver in range(len(clips))]
    return [make("cross", clips[driver], portraits[source]) for driver, source in diagonals]


def _held_out_tasks(protocol: Protocol, given: Selection, found: Pool, make: TaskMaker) -> list[Task]:
    """For every dataset or domain in turn: its clips drive, and the sources come from all the others."""
    wanted = given.held_out
    if wanted is None:
        return []
    places = by_place(found.clips, wanted.by)
    portraits = by_place(found.portraits, wanted.by)
    if len(places) < 2:
        raise ConfigError(
            f"the protocol '{protocol.name}' leaves one {wanted.by} out and finds {len(places)} with driving clips; "
            "at least two are needed."
        )
    lines = []
    for number, (place, clips) in enumerate(places.items()):
        others = [item for name, items in portraits.items() if name != place for item in items]
        sources = in_turns(others, given.seed + 1 + number, "source")
        chosen = take(clips, wanted.clips, set())
        lines.append([(clip, _some(sources, index, wanted.sources)) for index, clip in enumerate(chosen)])
    turns = [pair for row in zip_longest(*lines) for pair in row if pair is not None]
    return [make("cross", clip, portrait) for clip, chosen_sources in turns for portrait in chosen_sources]


def _some(portraits: list[Portrait], index: int, count: int) -> list[Portrait]:
    """``count`` portraits from place ``index * count`` on, round and round."""
    count = min(count, len(portraits))
    return [portraits[(index * count + step) % len(portraits)] for step in range(count)]


def _listed_tasks(given: Selection, datasets: Mapping[str, Dataset], make: TaskMaker) -> list[Task]:
    if given.listed is None:
        return []
    clips = named_clips(given.listed.drivers, datasets)
    portraits = named_portraits(given.listed.sources, datasets)
    return [make("cross", clip, portrait) for portrait, clip in product(portraits, clips)]


def _enough(protocol: Protocol, what: str, found: int, wanted: int) -> None:
    if found < wanted:
        raise ConfigError(
            f"the protocol '{protocol.name}' wants {wanted} {what}, "
            f"but its datasets have {found} in the split '{protocol.split}'."
        )
