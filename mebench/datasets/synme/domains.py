"""Recording conditions and populations: the benchmark domains ``a`` to ``f`` and the training domain ``t``.

The six imitate in kind how real micro-expression databases were recorded; they copy none, and their action-unit priors
are invented to differ from each other. Domain ``t`` draws light, background, camera and people anew for every identity,
and no benchmark domain is used when a shipped backbone or magnifier is trained.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.expression import FACIAL_UNITS
from mebench.datasets.synme.lighting import Light

Colour = tuple[float, float, float]

BENCHMARK_DOMAINS = ("a", "b", "c", "d", "e", "f")
TRAINING_DOMAIN = "t"


@dataclass(frozen=True)
class Capture:
    """How a face is recorded.

    fps: frames per second. native: width of the frame in the recording, pixels of a frame that is delivered at 256.
    lights, ambient: see ``lighting.environment``. background: linear RGB in [0,1].
    noise: standard deviation of the sensor noise at white. jpeg: quality, 1-100. grey: no colour.
    flicker: amplitude of the 100 Hz light flicker, relative. head: factor on head drift. distance: camera to head, dm.
    """

    fps: float
    native: int
    lights: tuple[Light, ...]
    ambient: float
    background: Colour
    noise: float
    jpeg: int
    flicker: float
    head: float
    distance: float
    grey: bool = False


@dataclass(frozen=True)
class Population:
    """Who is recorded, and what the faces do.

    race: prior of African, Asian and Caucasian shape. male: share of men. age: mean and standard deviation on the
    scale 0 (young adult) to 1 (old). units: relative frequency of each action unit of ``FACIAL_UNITS``.
    """

    race: tuple[float, float, float]
    male: float
    age: tuple[float, float]
    units: dict[int, float] = field(hash=False)


def _units(rest: float, **frequent: float) -> dict[int, float]:
    return {unit: frequent.get(f"au{unit}", rest) for unit in FACIAL_UNITS}


_WARM = (1.06, 1.0, 0.90)

CAPTURES: dict[str, Capture] = {
    "a": Capture(
        fps=200, native=280, ambient=0.14, background=(0.43, 0.43, 0.43), noise=0.006, jpeg=92, flicker=0.0, head=0.25,
        distance=13.0, lights=(Light((-0.45, 0.6, 0.8), 0.85, 5), Light((0.45, 0.6, 0.8), 0.80, 5)),
    ),
    "b": Capture(
        fps=60, native=230, ambient=0.15, background=(0.31, 0.29, 0.25), noise=0.012, jpeg=85, flicker=0.01, head=0.4,
        distance=10.0, lights=(Light((0.1, 0.9, 0.7), 1.2, 3, _WARM), Light((0.9, 0.2, 0.5), 0.26, 3, _WARM)),
    ),
    "c": Capture(
        fps=200, native=400, ambient=0.10, background=(0.60, 0.60, 0.60), noise=0.008, jpeg=95, flicker=0.0, head=0.25,
        distance=16.0, grey=True, lights=(Light((-0.3, 0.35, 0.9), 0.9, 4), Light((0.3, 0.35, 0.9), 0.9, 4)),
    ),
    "d": Capture(
        fps=100, native=190, ambient=0.12, background=(0.64, 0.60, 0.53), noise=0.016, jpeg=80, flicker=0.004, head=0.5,
        distance=11.0, lights=(Light((-0.9, 0.4, 0.6), 0.90, 5), Light((0.9, 0.4, 0.6), 0.75, 5)),
    ),
    "e": Capture(
        fps=90, native=400, ambient=0.20, background=(0.72, 0.72, 0.72), noise=0.006, jpeg=90, flicker=0.0, head=0.35,
        distance=12.0, lights=(Light((0.0, 0.5, 0.9), 1.1, 3), Light((-0.9, 0.3, 0.5), 0.3, 3)),
    ),
    "f": Capture(
        fps=60, native=300, ambient=0.08, background=(0.065, 0.065, 0.07), noise=0.012, jpeg=88, flicker=0.0, head=0.7,
        distance=9.0, lights=(Light((-0.5, 0.3, 0.9), 0.95, 6), Light((0.8, 0.5, -0.5), 0.35, 4)),
    ),
}  # fmt: skip

POPULATIONS: dict[str, Population] = {
    "a": Population(
        (0.02, 9.0, 0.2), 0.4, (0.08, 0.06),
        _units(0.045, au4=0.35, au12=0.2, au7=0.2, au1=0.15, au2=0.15, au14=0.1, au17=0.1),
    ),
    "b": Population(
        (0.02, 9.0, 0.3), 0.6, (0.08, 0.06),
        _units(0.055, au4=0.3, au1=0.12, au9=0.12, au12=0.12, au14=0.12, au17=0.12, au2=0.1, au7=0.1),
    ),
    "c": Population(
        (1.2, 1.5, 2.5), 0.5, (0.25, 0.20),
        _units(0.065, au12=0.2, au4=0.18, au7=0.18, au2=0.15, au14=0.15, au1=0.1),
    ),
    "d": Population(
        (0.4, 3.0, 2.0), 0.7, (0.15, 0.10),
        _units(0.07, au12=0.35, au4=0.25, au1=0.15, au2=0.15, au6=0.12),
    ),
    "e": Population(
        (0.02, 9.0, 0.2), 0.5, (0.10, 0.06),
        _units(0.08, au12=0.25, au1=0.2, au2=0.2, au4=0.2, au5=0.15, au7=0.15),
    ),
    "f": Population(
        (0.6, 3.0, 3.0), 0.55, (0.20, 0.15),
        _units(0.08, au4=0.3, au7=0.25, au12=0.25, au1=0.15, au2=0.15, au6=0.15, au17=0.12),
    ),
    "t": Population((1.5, 1.5, 1.5), 0.5, (0.2, 0.22), _units(1.0)),
}  # fmt: skip

DOMAINS = tuple(POPULATIONS)
"""``a`` to ``f``, then ``t``."""


def training_capture(draws: Draws) -> Capture:
    """A random recording for domain ``t``: ranges that hold the benchmark domains inside without repeating one."""
    lights = tuple(_random_light(draws, number) for number in range(draws.choice((1, 2, 3), (0.25, 0.55, 0.2))))
    level, warmth = draws.uniform(0.04, 0.8), draws.normal(0.0, 0.05)
    return Capture(
        fps=draws.choice((25.0, 30.0, 50.0, 60.0, 90.0, 100.0, 120.0, 150.0, 200.0)),
        native=draws.integer(170, 420),
        lights=lights,
        ambient=draws.uniform(0.07, 0.22),
        background=(level * (1 + warmth), level * (1 + draws.normal(0.0, 0.02)), level * (1 - warmth)),
        noise=draws.log_uniform(0.004, 0.02),
        jpeg=draws.integer(76, 97),
        flicker=draws.uniform(0.002, 0.012) if draws.chance(0.3) else 0.0,
        head=draws.uniform(0.2, 0.8),
        distance=draws.uniform(9.0, 16.5),
        grey=draws.chance(0.15),
    )


def _random_light(draws: Draws, number: int) -> Light:
    """The first light stands in front and carries most of the strength; later ones come from anywhere but below."""
    front = number == 0
    direction = (
        draws.uniform(-0.8, 0.8) if front else draws.uniform(-1.0, 1.0),
        draws.uniform(0.1, 0.95),
        draws.uniform(0.55, 1.0) if front else draws.uniform(-0.5, 0.9),
    )
    strength = draws.uniform(0.85, 1.3) if front else draws.uniform(0.2, 0.8)
    warmth = draws.normal(0.0, 0.05)
    return Light(direction, strength, draws.uniform(3.0, 6.0), (1 + warmth, 1.0, 1 - 1.6 * warmth))
