"""FOMM's networks and animation step against the golden files."""

from __future__ import annotations

import pytest
import torch
from fomm_golden import FommGolden, is_animation, is_detector, is_generator

from mebench.backbones.fomm.animate import Transfer, movement_scale
from mebench.backbones.fomm.dense_motion import heatmap_difference, sparse_motions
from mebench.backbones.fomm.generator import OcclusionAwareGenerator
from mebench.backbones.fomm.keypoints import KeyPointDetector, KeyPoints

CONVENTIONS = [pytest.param(False, id="ac0"), pytest.param(True, id="ac1")]


def shapes(network: torch.nn.Module) -> dict[str, list[int]]:
    return {name: list(tensor.shape) for name, tensor in network.state_dict().items()}


@pytest.mark.golden(reads=is_detector)
def test_key_point_detector(golden, fill):
    case = FommGolden(golden, fill)
    detector = case.filled(KeyPointDetector(case.config))
    assert shapes(detector) == case.spec["state_dict"]
    image = case.input("source")
    with torch.no_grad():
        points = detector(image)
        features = detector.features(image)
        ours = {"value": points.value, "feature_map": features, "kp_logits": detector.kp(features)}
        if points.jacobian is not None:
            ours["jacobian"] = points.jacobian
        if detector.down is not None:
            ours["down"] = detector.down(image)
    stored = {name for name in case.spec["arrays"] if not name.startswith("input_")}
    assert stored <= set(ours)
    for name in sorted(stored):
        case.compare(name, ours[name])


@pytest.mark.golden(reads=is_generator)
@pytest.mark.parametrize("align_corners", CONVENTIONS)
def test_generator(golden, fill, align_corners):
    case = FommGolden(golden, fill)
    generator = case.filled(OcclusionAwareGenerator(case.config, grid_align_corners=align_corners))
    assert shapes(generator) == case.spec["state_dict"]
    driving, source = case.points("input_kp_driving"), case.points("input_kp_source")
    with torch.no_grad():
        encoded = generator.encode(case.input("source"))
        prediction, motion = generator.render(encoded, driving, source)
        size = encoded.reduced.shape[-2:]
        variance = case.config.generator_params.dense_motion_params.kp_variance
        suffix = "_ac1" if align_corners else "_ac0"
        ours = {
            "heatmap": heatmap_difference(driving, source, *size, variance),
            "sparse_motion": sparse_motions(driving, source, *size).movedim(-1, 2),
            f"sparse_deformed{suffix}": motion.sparse_deformed,
            f"mask{suffix}": motion.mask,
            f"deformation{suffix}": motion.deformation.movedim(-1, 1),
            f"deformed{suffix}": generator.deform_source(encoded, motion),
            f"prediction{suffix}": prediction,
        }
        if motion.occlusion is not None:
            ours[f"occlusion_map{suffix}"] = motion.occlusion
    other = "_ac0" if align_corners else "_ac1"
    stored = {name for name in case.spec["arrays"] if not name.startswith("input_") and not name.endswith(other)}
    assert stored <= set(ours)
    for name in sorted(stored):
        case.compare(name, ours[name])


@pytest.mark.golden(reads=is_animation)
def test_animation_step(golden, fill):
    case = FommGolden(golden, fill)
    detector = case.filled(KeyPointDetector(case.config), case.spec.get("kp_state_dict_seed"))
    frames = {name: case.input(name) for name in ("source", "driving_initial", "driving")}
    with torch.no_grad():
        found = {name: detector(frame) for name, frame in frames.items()}
    for name, points in found.items():
        compare_points(case, f"kp_{name}", points)
    scale = movement_scale(found["source"], found["driving_initial"])
    case.compare("adapt_scale", torch.tensor([scale]))
    for variant, options in case.spec["variants"].items():
        moved = Transfer(**options)(found["source"], found["driving"], found["driving_initial"])
        compare_points(case, f"{variant}_kp_norm", moved)
        for align_corners in (False, True):
            name = f"{variant}_prediction_ac{int(align_corners)}"
            if name not in case.spec["arrays"]:
                continue
            generator = case.filled(OcclusionAwareGenerator(case.config, grid_align_corners=align_corners))
            with torch.no_grad():
                case.compare(name, generator(frames["source"], moved, found["source"]).prediction)


def compare_points(case: FommGolden, prefix: str, points: KeyPoints) -> None:
    case.compare(f"{prefix}_value", points.value)
    if points.jacobian is not None:
        case.compare(f"{prefix}_jacobian", points.jacobian)
