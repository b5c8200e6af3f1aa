"""The verification curve: kept embeddings, its record, the part of the page, and that the kept one bears the threshold."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from mebench.errors import MissingWeights
from mebench.metrics.identity.verification import Verification
from mebench.metrics.identity.verified_dlib import DISTANCE
from mebench.runs.validate import identities
from mebench.runs.validate.identities import NETWORKS, RATES, as_record, picture, section


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    return Verification(rng.uniform(0.0, 0.35, 40), rng.uniform(0.25, 0.8, 1000), 1)


def test_the_record_holds_the_curve(found):
    record = as_record(found)
    assert record["rates"] == list(RATES)
    assert record["verified"] == sorted(record["verified"])
    assert record["thresholds"] == sorted(record["thresholds"])
    at = RATES.index(0.01)
    allowed = np.sort(found.impostor)[10]
    assert record["thresholds"][at] == pytest.approx(allowed, abs=1e-4)
    assert record["verified"][at] == pytest.approx((found.genuine < allowed).mean(), abs=1e-4)
    assert len(record["impostor"]) == 1000


def test_the_page_has_picture_and_numbers(found):
    record = as_record(found)
    text = "\n".join(section("dlib", record))
    assert "verification-dlib.svg" in text
    assert "40 genuine pairs, 1000 pairs" in text
    assert "mebench validate identity" in text
    assert f"| 1 % | {record['thresholds'][RATES.index(0.01)]:.3f} |" in text
    tree = ElementTree.fromstring(picture("dlib", record))
    line = next(node for node in tree.iter() if node.tag.endswith("polyline"))
    heights = [float(point.split(",")[1]) for point in line.get("points").split()]
    assert heights == sorted(heights, reverse=True)  # more false accepts, more accepted pairs


def test_embeddings_are_kept_and_missing_networks_are_named(tmp_path, monkeypatch):
    looked, notes = [], []

    def verify(recogniser, split, people, remembered):
        def look():
            looked.append(people)
            return [np.array([0.0, 1.0]), None]

        first, second = remembered("a-train-00", look)
        assert second is None
        return Verification(np.array([float(first[1])]), np.array([2.0, 3.0]), 1)

    def absent(recogniser, split, people, remembered):
        raise MissingWeights("put the pack there.")

    monkeypatch.setattr(identities, "NETWORKS", {"dlib": NETWORKS["dlib"]})
    monkeypatch.setattr(identities, "verify_open_set", verify)
    for _ in range(2):
        assert identities.verify_networks(3, tmp_path, notes.append)["dlib"]["genuine"] == [1.0]
    assert looked == [3]
    monkeypatch.setattr(identities, "verify_open_set", absent)
    assert identities.verify_networks(3, tmp_path, notes.append) == {}
    assert notes == ["dlib: no curve; put the pack there."]


def test_the_line_in_the_picture_is_the_metric_s():
    assert NETWORKS["dlib"].threshold == DISTANCE
