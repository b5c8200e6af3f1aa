"""The power planner against simulation, and its two inverses against itself."""

import numpy as np
import pytest

from mebench.statistics.paired import paired_difference
from mebench.statistics.power import Components, Design, components, drivers_needed, power, smallest_difference

PARTS = Components(driver=0.1, source=0.1, clip=0.6)


def draw(rng, design, difference):
    driver = np.repeat(np.arange(design.drivers), design.clips)
    values = difference + rng.normal(0.0, np.sqrt(PARTS.driver), design.drivers)[driver]
    values = values + rng.normal(0.0, np.sqrt(PARTS.clip), len(driver))
    if design.sources is None:
        return values, driver, None
    source = np.arange(len(driver)) % design.sources
    return values + rng.normal(0.0, np.sqrt(PARTS.source), design.sources)[source], driver, source


@pytest.mark.parametrize("design", [Design(16, 5), Design(15, 8, 16)])
def test_power_is_what_a_simulation_finds(design):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        values, driver, source = draw(rng, design, 0.4)
        sources = None if source is None else source.tolist()
        found.append(paired_difference(values, np.zeros_like(values), driver.tolist(), sources).p_value < 0.05)
    assert power(0.4, PARTS, design) == pytest.approx(np.mean(found), abs=0.07)


def test_no_difference_is_found_at_the_level():
    assert power(0.0, PARTS, Design(20, 4)) == pytest.approx(0.05, abs=1e-6)


def test_more_of_everything_helps():
    base = power(0.2, PARTS, Design(12, 4, 12))
    for design in (Design(24, 4, 12), Design(12, 8, 12), Design(12, 4, 24)):
        assert power(0.2, PARTS, design) > base


def test_inverses():
    design = Design(20, 4)
    found = smallest_difference(PARTS, design)
    assert power(found, PARTS, design) == pytest.approx(0.8, abs=1e-3)
    needed = drivers_needed(0.25, PARTS, clips=4)
    assert power(0.25, PARTS, Design(needed, 4)) >= 0.8 > power(0.25, PARTS, Design(needed - 1, 4))
    assert drivers_needed(1e-6, PARTS, clips=4) is None
    assert smallest_difference(PARTS, Design(1, 50)) is None


def test_components_are_those_of_the_simulation():
    rng = np.random.default_rng(1)
    parts = []
    for _ in range(60):
        values, driver, source = draw(rng, Design(30, 16, 16), 1.0)
        parts.append(components(values, driver.tolist(), source.tolist()))
    assert np.mean([p.driver for p in parts]) == pytest.approx(PARTS.driver, abs=0.02)
    assert np.mean([p.source for p in parts]) == pytest.approx(PARTS.source, abs=0.03)
    assert np.mean([p.clip for p in parts]) == pytest.approx(PARTS.clip, abs=0.05)
