"""FOMM's training pieces against the golden files: image pyramid, random warp, discriminator, losses, gradients."""

from __future__ import annotations

import pytest
import torch
from fomm_golden import UNRECORDED, FommGolden, is_training

from mebench.backbones.fomm.discriminator import MultiScaleDiscriminator
from mebench.backbones.fomm.generator import OcclusionAwareGenerator
from mebench.backbones.fomm.keypoints import KeyPointDetector
from mebench.training.fomm_equivariance import RandomWarp
from mebench.training.fomm_losses import FommLosses, LossWeights, Pyramid
from mebench.training.vgg import VggFeatures


def stored_warp(case: FommGolden) -> RandomWarp:
    return RandomWarp(torch.from_numpy(case.arrays["tps_theta"]), torch.from_numpy(case.arrays["tps_control_params"]))


@pytest.mark.golden(reads=is_training)
def test_random_warp(golden, fill):
    case = FommGolden(golden, fill)
    warp = stored_warp(case)
    points = torch.from_numpy(case.arrays["tps_points"])
    case.compare("tps_points_warped", warp(points))
    case.compare("tps_points_jacobian", warp.jacobian(points))
    for align_corners in (False, True):
        name = f"tps_frame_ac{int(align_corners)}"
        if name in case.spec["arrays"]:
            case.compare(name, warp.frame(case.input("driving"), align_corners=align_corners))


@pytest.mark.golden(reads=is_training)
def test_pyramid(golden, fill):
    case = FommGolden(golden, fill)
    scales = case.spec["train_params"]["scales"]
    levels = Pyramid(scales, case.config.num_channels)(case.input("driving"))
    for scale in scales:
        case.compare(f"pyramid_prediction_{scale:g}", levels[scale])


@pytest.mark.golden(reads=is_training)
def test_discriminator(golden, fill):
    case = FommGolden(golden, fill)
    discriminator = case.filled(MultiScaleDiscriminator(case.config))
    shapes = {name: list(tensor.shape) for name, tensor in discriminator.state_dict().items()}
    assert shapes == case.spec["discriminator_state_dict"]
    detector = case.filled(KeyPointDetector(case.config))
    driving = case.input("driving")
    scales = case.config.discriminator_params.scales
    with torch.no_grad():
        judged = discriminator(Pyramid(scales, case.config.num_channels)(driving), detector(driving))
    for scale in scales:
        case.compare(f"disc_prediction_map_{scale:g}", judged[scale].prediction)
    for index, features in enumerate(judged[scales[0]].features):
        case.compare(f"disc_feature_{index}", features)


@pytest.mark.golden(reads=is_training)
def test_losses_and_gradients(golden, fill):
    case = FommGolden(golden, fill)
    vgg = VggFeatures()
    fill.fill_state_dict(vgg.stack, case.seed)
    for mode, expected in case.spec["losses"].items():
        generator = case.filled(OcclusionAwareGenerator(case.config, grid_align_corners=False))
        discriminator = case.filled(MultiScaleDiscriminator(case.config))
        detector = case.filled(KeyPointDetector(case.config))
        generator.train(mode == "train")
        discriminator.train(mode == "train")
        params = case.spec["train_params"]
        losses = FommLosses(
            detector=detector,
            generator=generator,
            discriminator=discriminator,
            vgg=vgg,
            pyramid=Pyramid(params["scales"], case.config.num_channels),
            weights=LossWeights(**params["loss_weights"]),
        )
        step = losses.generator_step(case.input("source"), case.input("driving"), stored_warp(case))
        total = torch.stack(list(step.losses.values())).sum()
        total.backward()
        ours = {name: loss.item() for name, loss in step.losses.items()} | {"total_generator": total.item()}
        grad_norm = {"generator": gradient_norm(generator), "kp_detector": gradient_norm(detector)}
        if "disc_gan" in expected:
            ours["disc_gan"] = losses.discriminator_step(case.input("driving"), step).item()
        allowed = case.tolerances.get("losses", UNRECORDED)
        for name, value in expected.items():
            if name != "grad_norm":
                assert ours[name] == pytest.approx(value, rel=allowed), f"{mode}: {name}"
        for name, value in expected.get("grad_norm", {}).items():
            allowed_norm = case.tolerances.get(f"gradient norms {mode}", UNRECORDED)
            assert grad_norm[name] == pytest.approx(value, rel=allowed_norm), f"{mode}: gradient norm of the {name}"


def gradient_norm(network: torch.nn.Module) -> float:
    """L2 norm of the gradient over all parameters."""
    squares = [parameter.grad.square().sum() for parameter in network.parameters() if parameter.grad is not None]
    return float(torch.stack(squares).sum().sqrt())
