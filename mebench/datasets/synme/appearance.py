"""How a person looks beyond the shape of the face: skin, lips, brows, eyes, hair and clothes, drawn from the identity."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.identity import Identity

Colour = tuple[float, float, float]
"""Linear RGB reflectance."""

LIGHT_SKIN: Colour = (0.74, 0.46, 0.325)
DARK_SKIN: Colour = (0.088, 0.040, 0.022)
"""Reflectance of skin at melanin 0 and 1; between them it is geometric, as absorption adds up in the exponent."""

HAIR_COLOURS: dict[str, Colour] = {
    "black": (0.012, 0.010, 0.009),
    "dark brown": (0.028, 0.017, 0.011),
    "brown": (0.085, 0.046, 0.024),
    "auburn": (0.12, 0.045, 0.018),
    "blond": (0.27, 0.17, 0.085),
}
GREY_HAIR: Colour = (0.30, 0.29, 0.28)

IRIS_COLOURS: dict[str, Colour] = {
    "dark brown": (0.024, 0.011, 0.006),
    "brown": (0.055, 0.025, 0.011),
    "hazel": (0.13, 0.085, 0.03),
    "green": (0.11, 0.14, 0.06),
    "blue": (0.10, 0.17, 0.26),
    "grey": (0.15, 0.18, 0.20),
}

SHIRTS: tuple[Colour, ...] = (
    (0.75, 0.75, 0.74),
    (0.03, 0.03, 0.035),
    (0.05, 0.08, 0.17),
    (0.22, 0.24, 0.27),
    (0.28, 0.05, 0.05),
    (0.08, 0.16, 0.11),
    (0.45, 0.40, 0.32),
    (0.25, 0.35, 0.48),
    (0.40, 0.24, 0.28),
)


@dataclass(frozen=True)
class Brows:
    """arch: lift of the middle, dm. height: shift, dm. width: half width, dm. density: opacity. tilt: outer end, dm."""

    arch: float
    height: float
    width: float
    density: float
    tilt: float


@dataclass(frozen=True)
class Appearance:
    """Everything that is painted. key: 64-bit seed of all the noise in paint and hair.

    blood: strength of redness. tired: darkness around the eyes. stubble: 0 to 1. beard: 0 none to 1 full.
    freckles, moles: how many. redness: how red the lips are, 0 to 1. fullness of hair: see ``hair.Style``.
    """

    key: int
    male: bool
    age: float
    melanin: float
    skin: Colour
    blood: float
    tired: float
    stubble: float
    freckles: int
    moles: int
    lips: float
    makeup: float
    brows: Brows
    hair: Colour
    iris: Colour
    shirt: Colour
    neckline: str
    style: str


def appearance(person: Identity) -> Appearance:
    """Draw the appearance of a person from their own random stream."""
    draws = person.draws("appearance")
    male, melanin = person.male, person.melanin
    return Appearance(
        key=draws.word(),
        male=male,
        age=person.age,
        melanin=melanin,
        skin=_skin(draws, melanin),
        blood=draws.uniform(0.6, 1.4),
        tired=0.10 + 0.25 * person.age + draws.uniform(0.0, 0.10),
        stubble=draws.uniform(0.05, 0.6) * (1.0 - 0.55 * melanin) if male else 0.0,
        freckles=25 + draws.integer(0, 120) if melanin < 0.3 and draws.chance(0.6) else draws.integer(0, 25),
        moles=draws.integer(1, 6),
        lips=draws.uniform(0.0, 0.25 if male else 0.6),
        makeup=0.0 if male or draws.chance(0.4) else draws.uniform(0.3, 1.0),
        brows=_brows(draws, male),
        hair=_hair_colour(draws, person),
        iris=_iris(draws, person),
        shirt=draws.choice(SHIRTS),
        neckline=draws.choice(("crew", "vee", "collar") if male else ("crew", "vee", "wide")),
        style=_style(draws, person),
    )


def _skin(draws: Draws, melanin: float) -> Colour:
    """Geometric blend of light and dark skin, with a little more or less red and yellow from person to person."""
    warmth, depth = draws.normal(0.0, 0.05), draws.normal(0.0, 0.04)
    tint = (1.0 + warmth * 0.5, 1.0, 1.0 - warmth)
    red, green, blue = (
        math.exp((1 - melanin) * math.log(light) + melanin * math.log(dark) + depth) * factor
        for light, dark, factor in zip(LIGHT_SKIN, DARK_SKIN, tint, strict=True)
    )
    return red, green, blue


def _brows(draws: Draws, male: bool) -> Brows:
    return Brows(
        arch=draws.uniform(0.0, 0.02 if male else 0.035),
        height=draws.normal(0.0, 0.012),
        width=draws.uniform(0.042, 0.065) * (1.12 if male else 0.78),
        density=draws.uniform(0.55, 0.95),
        tilt=draws.normal(-0.004, 0.006),
    )


def _hair_colour(draws: Draws, person: Identity) -> Colour:
    light = person.race[2] > draws.uniform(0.35, 0.75)
    names = tuple(HAIR_COLOURS)
    name = draws.choice(names, (0.12, 0.28, 0.32, 0.10, 0.18)) if light else draws.choice(names[:2], (0.7, 0.3))
    grey = min(max((person.age - 0.5) / 0.4 + draws.normal(0.0, 0.15), 0.0), 0.95) if person.age > 0.4 else 0.0
    red, green, blue = (a + grey * (b - a) for a, b in zip(HAIR_COLOURS[name], GREY_HAIR, strict=True))
    return red, green, blue


def _iris(draws: Draws, person: Identity) -> Colour:
    names = tuple(IRIS_COLOURS)
    if person.race[2] > 0.5:
        return IRIS_COLOURS[draws.choice(names, (0.15, 0.3, 0.15, 0.1, 0.2, 0.1))]
    return IRIS_COLOURS[draws.choice(names[:2], (0.75, 0.25))]


def _style(draws: Draws, person: Identity) -> str:
    if person.male:
        bald = 0.02 + 0.25 * person.age
        return draws.choice(("buzz", "short", "side", "swept", "bald"), (0.14, 0.34, 0.24, 0.26, bald))
    return draws.choice(("long", "bob", "tied", "fringe", "pixie"), (0.35, 0.2, 0.25, 0.12, 0.08))
