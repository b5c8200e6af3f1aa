"""FPB-FOMM against the golden files: prior maps, key points and one animation step."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from fomm_golden import FommGolden

from mebench.backbones.fomm.animate import Transfer
from mebench.backbones.fomm.generator import OcclusionAwareGenerator
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fpb_fomm.detector import PriorDetector

FRAMES = {"source": "source", "driving_initial": "driving", "driving": "driving"}
"""Each frame, and whose points it is seen with: one set serves the whole driving clip."""


def is_fpb_fomm(spec: dict[str, Any]) -> bool:
    return "prior_map" in spec and "kp_detector_state_dict" in spec


def shapes(network: torch.nn.Module) -> dict[str, list[int]]:
    return {name: list(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.mark.golden(reads=is_fpb_fomm)
def test_names_and_shapes(golden, fill):
    case = FommGolden(golden, fill)
    assert shapes(PriorDetector(case.config)) == case.spec["kp_detector_state_dict"]
    generator = OcclusionAwareGenerator(case.config, grid_align_corners=True)
    assert shapes(generator) == case.spec["generator_state_dict"]


@pytest.mark.golden(reads=is_fpb_fomm)
def test_animation_step(golden, fill):
    case = FommGolden(golden, fill)
    detector = case.filled(PriorDetector(case.config))
    images = {name: case.input(name) for name in FRAMES}
    given = {name: torch.from_numpy(case.arrays[f"input_kp_{name}"]) for name in ("source", "driving")}
    with torch.no_grad():
        for name, points in given.items():
            prior = detector.prior(images[name], points)
            stored = case.arrays[f"prior_map_{name}"]
            case.compare(f"prior_map_{name}", prior.reshape(stored.shape))
        found: dict[str, KeyPoints] = {name: detector(images[name], given[who]) for name, who in FRAMES.items()}
        moved = Transfer(**case.spec["variant"])(found["source"], found["driving"], found["driving_initial"])
    for name, points in {**{f"kp_{name}": points for name, points in found.items()}, "kp_norm": moved}.items():
        case.compare(f"{name}_value", points.value)
        if points.jacobian is not None:
            case.compare(f"{name}_jacobian", points.jacobian)
    assert torch.equal(moved.value, found["source"].value)
    for align_corners in (False, True):
        suffix = f"ac{int(align_corners)}"
        if f"prediction_{suffix}" not in case.spec["arrays"]:
            continue
        generator = case.filled(OcclusionAwareGenerator(case.config, grid_align_corners=align_corners))
        with torch.no_grad():
            rendering = generator(images["source"], moved, found["source"])
        case.compare(f"prediction_{suffix}", rendering.prediction)
        if rendering.motion.occlusion is not None:
            case.compare(f"occlusion_map_{suffix}", rendering.motion.occlusion)
