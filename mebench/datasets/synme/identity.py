"""Who is seen: a face shape drawn from the name (domain, split, index) of the person.

rest = template + sum of weight x shape. The weights follow the MakeHuman model: race, gender, age and body weight blend
the macro shapes; about eighty pairs of opposite local shapes, head outlines and small asymmetries come on top.
Two people share no random number: every stream is named by domain, split and index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.domains import DOMAINS, POPULATIONS, Population
from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.kit import Kit, load_kit
from mebench.datasets.synme.lips import close_lips
from mebench.errors import InputError

Weights = tuple[tuple[str, str, float], ...]
"""(name of a shape, side ``L``, ``R`` or empty, weight)."""

SPLIT_SIZES: dict[str, int] = {"train": 16, "validation": 4, "benchmark": 8}
"""Identities of each benchmark domain. Domain ``t`` has as many as are asked for."""

ROUND_SPLIT = r"r[0-9a-f]{32}"
"""Name of a split of a sealed round: its digits are the secret seed of the round. Every random stream of a person and of
a clip is named by the split, so whoever does not know the name can render none of it, and it shows nobody of another split."""

ROUND_SIZE = 8
"""Identities of each domain in a round."""

RACES = ("african", "asian", "caucasian")

DEVIATIONS: dict[str, float] = {
    "head": 0.26, "neck": 0.15, "eyes": 0.20, "nose": 0.27, "mouth": 0.19, "chin": 0.30, "cheek": 0.32,
    "forehead": 0.20, "eyebrows": 0.12, "ears": 0.25,
}  # fmt: skip
"""Standard deviation of the weight of a pair of opposite shapes, by region."""

QUIET: dict[str, float] = {
    "pair:mouth/mouth-angles": 0.06, "pair:eyebrows/eyebrows-angle": 0.08, "pair:chin/chin-jaw-drop": 0.08,
    "pair:mouth/mouth-dimples": 0.08, "pair:mouth/mouth-laugh-lines": 0.08,
    "pair:nose/nose-septumangle": 0.10, "pair:nose/nose-base": 0.12, "pair:nose/nose-point": 0.12,
    "pair:nose/nose-point-width": 0.14, "pair:nose/nose-nostrils-angle": 0.10, "pair:nose/nose-hump": 0.16,
    "pair:nose/nose-greek": 0.14, "pair:nose/nose-curve": 0.16,
}  # fmt: skip
"""Pairs kept smaller: those that change the expression more than the person, so that a face at rest looks neutral, and
those of the nose that soon look like a caricature when they meet."""

LARGEST_PAIR = 0.7
SIDE_DEVIATION = 0.03
OUTLINES = ("diamond", "invertedtriangular", "oval", "rectangular", "round", "square", "triangular")
EYE_DISTANCE = 0.6155
"""Distance of the eyes of the template in dm."""

SKIN_TONE = (0.82, 0.26, 0.14)
"""Melanin of the three races: darkness of the skin on the scale 0 to 1."""


@dataclass(frozen=True)
class Identity:
    """One person. race: proportions of :data:`RACES`. gender: 0 woman to 1 man. age: 0 young adult to 1 old.

    weight: body weight, -1 to 1. melanin: 0.05 to 1. shapes: every shape of the kit that makes the face.
    """

    domain: str
    split: str
    index: int
    race: tuple[float, float, float]
    gender: float
    age: float
    weight: float
    melanin: float
    shapes: Weights

    @property
    def key(self) -> str:
        """``a-benchmark-03``: the name of the person in clips, portraits and tables."""
        return f"{self.domain}-{self.split}-{self.index:02d}"

    @property
    def male(self) -> bool:
        return self.gender > 0.5

    def draws(self, purpose: str) -> Draws:
        """A random stream of this person for a purpose such as ``"hair"``."""
        return Draws("identity", self.domain, self.split, self.index, purpose)

    def rest(self, kit: Kit | None = None) -> NDArray[np.float32]:
        """The neutral face: float32 ``[V,3]`` in dm, eyes where the template has them. Hair has no volume yet."""
        return _rest(self, kit or load_kit())[0]

    @property
    def scale(self) -> float:
        """Size against the template; also multiplies the displacements of action units."""
        return _rest(self, load_kit())[1]

    def symmetric(self) -> Identity:
        """The same person without any left-right difference (for tests)."""
        kept = [row for row in self.shapes if row[1] != "R" and not row[0].startswith("asym:")]
        right = [(name, "R", weight) for name, side, weight in kept if side == "L"]
        return replace(self, shapes=(*kept, *right))


def split_size(split: str) -> int | None:
    """Identities of each benchmark domain in ``split``; None when there is no such split."""
    return ROUND_SIZE if re.fullmatch(ROUND_SPLIT, split) else SPLIT_SIZES.get(split)


def identity(domain: str, split: str, index: int) -> Identity:
    """The person of this name. Raises :class:`~mebench.errors.InputError` when there is none."""
    size = split_size(split)
    if domain not in DOMAINS or size is None:
        raise InputError(f"synme has no domain '{domain}' with split '{split}'; domains: {', '.join(DOMAINS)}.")
    count = size if domain != "t" else None
    if index < 0 or (count is not None and index >= count):
        raise InputError(f"synme domain '{domain}' has {count} {split} identities; there is no number {index}.")
    return _draw(domain, split, index)


@lru_cache(maxsize=1024)
def _draw(domain: str, split: str, index: int) -> Identity:
    people = POPULATIONS[domain]
    draws = Draws("identity", domain, split, index, "person")
    race = draws.dirichlet([0.6 * prior + 0.02 for prior in people.race])
    man = draws.chance(people.male)
    gender = min(max(draws.normal(0.9 if man else 0.1, 0.05), 0.0), 1.0)
    age = _age(draws, people)
    weight = min(max(draws.normal(0.0, 0.42), -1.0), 1.0)
    tone = sum(share * level for share, level in zip(race, SKIN_TONE, strict=True)) + draws.normal(0.0, 0.06)
    macro = _macro_weights(race, gender, age, weight)
    local = _local_weights(Draws("identity", domain, split, index, "shape"), load_kit())
    return Identity(
        domain, split, index, (race[0], race[1], race[2]), gender, age, weight, min(max(tone, 0.05), 1.0), macro + local
    )


def _age(draws: Draws, people: Population) -> float:
    return min(max(draws.normal(*people.age), 0.0), 1.0)


def _macro_weights(race: tuple[float, ...], gender: float, age: float, weight: float) -> Weights:
    heavy = {"minweight": max(0.0, -weight), "averageweight": 1.0 - abs(weight), "maxweight": max(0.0, weight)}
    rows: list[tuple[str, str, float]] = []
    for sex, share in (("male", gender), ("female", 1.0 - gender)):
        for years, part in (("young", 1.0 - age), ("old", age)):
            rows += [(f"macro:{name}-{sex}-{years}", "", share * part * r) for name, r in zip(RACES, race, strict=True)]
            rows += [
                (f"macro:universal-{sex}-{years}-averagemuscle-{build}", "", share * part * value)
                for build, value in heavy.items()
            ]
    return tuple(rows)


def _local_weights(draws: Draws, kit: Kit) -> Weights:
    rows: list[tuple[str, str, float]] = []
    for plus in kit.names("pair:"):
        if not plus.endswith("+"):
            continue
        pair = plus[:-1]
        folder = pair.removeprefix("pair:").partition("/")[0]
        common = draws.normal(0.0, QUIET.get(pair, DEVIATIONS[folder]))
        for side in ("L", "R") if kit.is_sided(plus) else ("",):
            value = common + (draws.normal(0.0, SIDE_DEVIATION) if side else 0.0)
            value = min(max(value, -LARGEST_PAIR), LARGEST_PAIR)
            rows.append((pair + ("+" if value > 0 else "-"), side, abs(value)))
    rows += [(name, "", max(0.0, draws.normal(0.0, 0.06))) for name in kit.names("asym:")]
    main = draws.choice(OUTLINES)
    for outline in OUTLINES:
        strength = draws.uniform(0.15, 0.7) if outline == main else max(0.0, draws.normal(0.0, 0.12))
        rows.append((f"single:head/head-{outline}", "", strength))
    return tuple(rows)


@lru_cache(maxsize=64)
def _rest(person: Identity, kit: Kit) -> tuple[NDArray[np.float32], float]:
    shape = kit.vertices.astype(np.float64)
    for name, side, weight in person.shapes:
        if weight:
            ids, offsets = kit.shape(name, side)  # type: ignore[arg-type]
            shape[ids] += weight * offsets
    shape = close_lips(shape, kit)
    left, right = (shape[ids].mean(axis=0) for ids in kit.eyes)
    scale = float((EYE_DISTANCE / np.linalg.norm(left - right)) ** 0.6)
    middle = np.mean([kit.vertices[ids].astype(np.float64).mean(axis=0) for ids in kit.eyes], axis=0)
    shape = (shape - (left + right) / 2) * scale + middle
    rest = shape.astype(np.float32)
    rest.setflags(write=False)
    return rest, scale
