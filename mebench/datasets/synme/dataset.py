"""``synme``: the open set. Rendered here from a seed, free to show, and with the true answer of every pair.

Six benchmark domains ``a`` to ``f`` with 16 train, 4 validation and 8 benchmark identities each, and domain ``t`` for
training the networks that ship. Clips have the native rate and length of their domain and 256 x 256 pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np

from mebench.clip import Clip, Frames, Pixels, Portrait, Truth
from mebench.datasets.contract import CheckReport, Split, Terms
from mebench.datasets.synme import cache
from mebench.datasets.synme.domains import BENCHMARK_DOMAINS, DOMAINS, TRAINING_DOMAIN
from mebench.datasets.synme.expression import present
from mebench.datasets.synme.identity import SPLIT_SIZES, Identity, split_size
from mebench.datasets.synme.keys import ONSET_PREFIX, ClipName, parse_clip, parse_portrait
from mebench.datasets.synme.kit import load_kit
from mebench.datasets.synme.plan import Plan, Still, Strength, draw_plan, draw_still
from mebench.datasets.synme.studio import State, Studio, recording
from mebench.datasets.synme.truth import true_answer
from mebench.errors import ConfigError, InputError, MebenchError

NAME = "synme"
LICENCE = "CC0-1.0"
SIZE = 256
CLIPS_PER_IDENTITY = 4
KEPT_STUDIOS = 6
"""Painted faces kept in memory (about 30 MB each)."""


class Synme:
    """The open set (an :class:`~mebench.datasets.contract.OpenDataset`).

    Clips are called ``a-benchmark-03-2`` (domain, split, person, number); with the ending ``-ordinary``, ``-subtle`` or
    ``-none`` they have ordinary or barely visible strength or no expression at all. Portraits are called
    ``a-benchmark-03``, and ``onset:a-benchmark-03-2`` is the onset frame of a clip. Persons of domain ``t`` and clips
    of any number beyond the lists can be asked for by name. A split called ``r`` and 32 hexadecimal digits has people of
    its own for a sealed round (``identity.ROUND_SPLIT``).
    """

    name = NAME
    terms = Terms(LICENCE, may_show_frames=True, may_show_generated=True)
    domains = BENCHMARK_DOMAINS

    def clips(
        self,
        split: Split = "benchmark",
        *,
        strength: Strength = "micro",
        domains: Sequence[str] = BENCHMARK_DOMAINS,
        per_identity: int = CLIPS_PER_IDENTITY,
    ) -> Sequence[Clip]:
        """The clips of a split by domain, person and number: 192 benchmark, 96 validation, 384 train clips."""
        people = _people(split, domains)
        return [
            _clip(ClipName(domain, split, index, number, strength))
            for domain, index in people
            for number in range(per_identity)
        ]

    def portraits(
        self, split: Split = "benchmark", *, domains: Sequence[str] = BENCHMARK_DOMAINS
    ) -> Sequence[Portrait]:
        """One neutral still of each person of a split, with a pose, gaze and noise of its own."""
        return [self.portrait(f"{domain}-{split}-{index:02d}") for domain, index in _people(split, domains)]

    def clip(self, key: str) -> Clip:
        """The clip called ``key``; :class:`~mebench.errors.InputError` when there is none."""
        return _clip(parse_clip(key))

    def portrait(self, key: str) -> Portrait:
        """The portrait called ``key``, or the delivered onset frame of a clip as ``onset:<clip key>``."""
        person, _ = _still(key)
        return Portrait(key, NAME, person.domain, person.key, LICENCE, partial(read_portrait, key))

    def clip_frames(self, key: str, frames: Sequence[int]) -> Pixels:
        """Frames ``frames`` of a clip, uint8 ``[K,256,256,3]``: the bytes of the whole clip, without rendering the rest."""
        name = parse_clip(key)
        plan = plan_of(name)
        if not all(0 <= frame < plan.count for frame in frames):
            raise InputError(f"the clip '{key}' has {plan.count} frames, not all of {list(frames)}.")

        def render() -> Pixels:
            return _studio(name.person).clip(plan, noise=True, frames=frames)

        return cache.stored(key + _choice(frames, plan), len(frames), plan.fps, render)

    def truth(self, source: str, driving: str, gain: float = 1.0) -> Truth:
        """The portrait ``source`` performing the motion of clip ``driving``, its action units times ``gain``.

        source: a portrait's key or ``onset:<clip key>``. See :mod:`mebench.datasets.synme.truth`.
        """
        return self.truth_at(source, driving, range(plan_of(parse_clip(driving)).count), gain)

    def truth_at(self, source: str, driving: str, frames: Sequence[int], gain: float = 1.0) -> Truth:
        """:meth:`truth` at the frames ``frames`` alone, the onset among them; its own frame numbers count in these."""
        if not 0.0 <= gain <= 100.0:
            raise ConfigError(f"synme truth: a gain of {gain} is outside 0 to 100.")
        person, still = _still(source)
        whole = plan_of(parse_clip(driving))
        plan = whole.at(frames)
        name = f"truth_{source.replace(':', '.')}_{driving}_{gain!r}{_choice(frames, whole)}"
        return true_answer(
            _studio(person), still, plan, gain, lambda render: cache.stored(name, plan.count, plan.fps, render)
        )

    def check(self) -> CheckReport:
        """Whether the kit is whole, and where rendered clips are kept."""
        try:
            kit = load_kit()
        except MebenchError as error:
            return CheckReport(False, (str(error),))
        folder = cache.folder()
        count, size = cache.usage(folder)
        lines = [
            f"rendered on this machine from a seed; nothing to download; licence {LICENCE}",
            f"generator {cache.VERSION}, fingerprint {self.fingerprint()}, mesh of {len(kit.vertices)} vertices",
            f"{count} rendered clips and portraits ({size / 1e6:.0f} MB) are kept in {folder}",
        ]
        if older := cache.older_folders():
            megabytes = sum(cache.usage(path)[1] for path in older) / 1e6
            lines.append(f"{megabytes:.0f} MB of other states of the generator lie beside it and may be deleted")
        return CheckReport(True, tuple(lines))

    def fingerprint(self) -> str:
        """Generator version and kit, 16 hexadecimal digits."""
        return cache.fingerprint()


def _choice(frames: Sequence[int], plan: Plan) -> str:
    """Ending of the cached file's name: which frames of the plan it holds, nothing for all of them."""
    if list(frames) == list(range(plan.count)):
        return ""
    return "." + hashlib.sha256(",".join(map(str, frames)).encode()).hexdigest()[:12]


_STILL_RATE = 25.0
"""Frames per second of the file that keeps a portrait, which has one."""


def plan_of(name: ClipName) -> Plan:
    """The plan of a clip."""
    return _plan(name)


def read_clip(key: str) -> Pixels:
    """The delivered frames of a clip, uint8 ``[T,256,256,3]``, from the cache or rendered."""
    name = parse_clip(key)
    plan = plan_of(name)
    return cache.stored(key, plan.count, plan.fps, lambda: _studio(name.person).clip(plan, noise=True))


def read_portrait(key: str) -> Pixels:
    """The image of a portrait, uint8 ``[256,256,3]``, with sensor noise, from the cache or rendered."""
    if key.startswith(ONSET_PREFIX):
        name = parse_clip(key.removeprefix(ONSET_PREFIX))
        return np.asarray(read_clip(name.key)[plan_of(name).onset])
    person, still = _still(key)
    return np.asarray(cache.stored(f"portrait_{key}", 1, _STILL_RATE, lambda: _neutral_frame(person, still)[None])[0])


def _neutral_frame(person: Identity, still: Still) -> Pixels:
    studio = _studio(person)
    return studio.frame(State.neutral(still), still.noise_key)


def _still(source: str) -> tuple[Identity, Still]:
    if source.startswith(ONSET_PREFIX):
        name = parse_clip(source.removeprefix(ONSET_PREFIX))
        return name.person, plan_of(name).still()
    person = parse_portrait(source)
    return person, draw_still(("portrait", person.domain, person.split, person.index))


def _people(split: str, domains: Sequence[str]) -> list[tuple[str, int]]:
    size = split_size(split)
    if size is None:
        raise ConfigError(f"synme has no split '{split}'; splits: {', '.join(SPLIT_SIZES)}.")
    unknown = [domain for domain in domains if domain not in DOMAINS]
    if unknown or TRAINING_DOMAIN in domains:
        raise ConfigError(
            f"synme lists the domains {', '.join(BENCHMARK_DOMAINS)}, not '{(unknown or [TRAINING_DOMAIN])[0]}'; "
            "domain t has no list, its people and clips are asked for by name."
        )
    return [(domain, index) for domain in domains for index in range(size)]


def _clip(name: ClipName) -> Clip:
    plan = plan_of(name)
    return Clip(
        key=name.key,
        dataset=NAME,
        domain=name.domain,
        subject=name.subject,
        fps=plan.fps,
        onset=plan.onset,
        apex=plan.apex,
        offset=plan.offset,
        action_units=present(plan.au),
        licence=LICENCE,
        frames=Frames(plan.count, SIZE, SIZE, partial(read_clip, name.key)),
    )


@lru_cache(maxsize=4096)
def _plan(name: ClipName) -> Plan:
    return draw_plan(
        (name.domain, name.split, name.index, name.number), recording(name.person), name.domain, name.strength
    )


@lru_cache(maxsize=KEPT_STUDIOS)
def _studio(person: Identity) -> Studio:
    return Studio(person, recording(person), SIZE)
