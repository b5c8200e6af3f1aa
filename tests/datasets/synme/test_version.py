"""What version 1 of the generator draws. A change here means other data: raise ``cache.VERSION``, renew the numbers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mebench.datasets.synme import cache
from mebench.datasets.synme.dataset import Synme, plan_of
from mebench.datasets.synme.identity import identity
from mebench.datasets.synme.keys import parse_clip
from mebench.datasets.synme.kit import load_kit

# key, frames, onset, apex, offset, action units, summed intensities, yaw, pitch and roll at the apex
CLIPS = (
    ("a-benchmark-03-2", 97, 7, 48, 90, ("4",), 5.863, (0.0550, -0.0447, -0.0350)),
    ("d-validation-01-0", 39, 4, 18, 34, ("R12",), 1.296, (-0.0454, 0.0233, -0.0305)),
    ("f-train-15-3", 18, 3, 7, 14, ("17",), 1.519, (0.1072, -0.0208, -0.0013)),
    ("t-train-40-1-ordinary", 47, 3, 17, 43, ("4", "7"), 38.194, (-0.0407, 0.0193, -0.0191)),
)
# person, chin, tip of the nose and right corner of the mouth in dm
PEOPLE = (
    (("a", "benchmark", 3), ((-0.002, 6.172, 1.343), (-0.002, 6.834, 1.669), (-0.222, 6.518, 1.420))),
    (("c", "train", 0), ((-0.001, 6.242, 1.409), (0.001, 6.922, 1.693), (-0.222, 6.609, 1.431))),
    (("t", "train", 40), ((0.002, 6.168, 1.412), (-0.001, 6.853, 1.676), (-0.229, 6.529, 1.421))),
)


def test_the_numbers_below_belong_to_this_version():
    assert cache.VERSION == "1"


@pytest.mark.parametrize(("key", "count", "onset", "apex", "offset", "units", "total", "angles"), CLIPS)
def test_plans_are_those_of_this_version(key, count, onset, apex, offset, units, total, angles):
    clip, plan = Synme().clip(key), plan_of(parse_clip(key))
    assert (clip.frames.count, clip.onset, clip.apex, clip.offset) == (count, onset, apex, offset)
    assert clip.action_units == units and plan.au.sum() == pytest.approx(total, abs=2e-3)
    assert plan.pose[apex, :3] == pytest.approx(angles, abs=2e-4)


@pytest.mark.parametrize(("name", "points"), PEOPLE)
def test_faces_are_those_of_this_version(name, points):
    kit = load_kit()
    assert np.allclose(identity(*name).rest(kit)[kit.landmarks[[8, 30, 48]]], points, atol=1e-3)


# 6 x 6 cells of the clean apex frame, green, hexadecimal
PIXELS = (
    (("a", "benchmark", 0), "b68c454b8bb6b974b1b477b9b96b8b9269b7aa619a9c6da3991a7c791c959c427e7c339c"),
    (("c", "benchmark", 1), "d09a2d31abd0d2534a4f5ad2a9648d865db17d63989a5e7e7e2780802585b48a80828bbb"),
    (("e", "validation", 2), "deb06f57a2dee191a8a790e1e19d8d8e91e1e0ab9c909ce0dcd58a7fc7dcd6c08679b9d6"),
)


@pytest.mark.parametrize(("who", "cells"), PIXELS)
def test_pictures_are_those_of_this_version(who, cells, studio_of):
    """Within two grey levels, for compilers differ in the last bit; paint, light, hair and camera all count."""
    studio = studio_of(*who)
    plan = plan_of(parse_clip(f"{who[0]}-{who[1]}-{who[2]:02d}-0-ordinary"))
    frame = studio.frame(studio.state(plan, plan.apex))
    found = cv2.resize(frame[:, :, 1], (6, 6), interpolation=cv2.INTER_AREA).ravel().astype(int)
    wanted = np.frombuffer(bytes.fromhex(cells), np.uint8).astype(int)
    assert np.abs(found - wanted).max() <= 2, bytes(found.astype(np.uint8)).hex()
