"""FSRT's training pieces against the golden files: discriminator, losses of the first phase, gradients."""

from __future__ import annotations

import re

import pytest
import torch
from fsrt_golden import UNRECORDED, FsrtCase, cases, is_fsrt

from mebench.backbones.fomm.config import FommConfig
from mebench.backbones.fomm.discriminator import MultiScaleDiscriminator
from mebench.backbones.fsrt.encoding import pixel_centres
from mebench.training.fsrt_losses import Choices, FsrtLosses, LossWeights, Views

_THINNED = re.compile(r"feature_map_(\d+)_strided")


@pytest.mark.golden(reads=is_fsrt)
def test_discriminator(golden, fill):
    for case in cases(golden, fill, "prediction_map", "kp"):
        config = dict(case.spec["config"])
        common = {key: config.pop(key) for key in ("num_channels", "num_kp") if key in config}
        params = FommConfig.from_mapping({"common_params": common, "discriminator_params": config})
        discriminator = case.filled(MultiScaleDiscriminator(params))
        shapes = {name: list(tensor.shape) for name, tensor in discriminator.state_dict().items()}
        assert shapes == case.spec["state_dict"]
        losses = FsrtLosses(*[None] * 4, discriminator=discriminator)
        with torch.no_grad():
            judged = losses.judge(case.input("image"), torch.from_numpy(case.arrays["kp"]))
        case.compare("prediction_map", judged.prediction)
        for name in case.arrays:
            if match := _THINNED.fullmatch(name):
                features = judged.features[int(match[1])][0, ::8, ::16, ::16]
                case.compare(name, features, "discriminator")


@pytest.mark.golden(reads=is_fsrt)
def test_losses_of_the_first_phase(golden, fill):
    for case in cases(golden, fill, "mse_per_sample", "reg_loss"):
        parts = case.networks()
        losses = FsrtLosses(
            parts["kp_detector"],
            parts["expression_encoder"],
            parts["encoder"],
            parts["decoder"],
            LossWeights(**case.spec["weights"]),
        )
        parts["kp_detector"].requires_grad_(False)
        views = _views(case)
        size = views.target.shape[-1]
        # As written in the file: sample 0 is queried with the expression of view 1, sample 1 with the face crop's.
        by_face = torch.arange(case.spec["batch"]) % 2 == 1
        scene = losses.scene(views, Choices(target_view=1, by_face=by_face))
        chosen = torch.from_numpy(case.arrays["sampled_idxs"])
        made = losses.colours(scene, pixel_centres(size)[chosen])
        real = views.target.flatten(2).mT[:, chosen]
        mse = (made - real).square().mean((1, 2))
        regulariser = torch.stack(list(scene.regularisers.values())).sum()
        allowed = 1e-5
        torch.testing.assert_close(mse, torch.from_numpy(case.arrays["mse_per_sample"]), rtol=allowed, atol=1e-7)
        assert regulariser.item() == pytest.approx(float(case.arrays["reg_loss"]), rel=allowed)
        (losses.weights.mse * mse.mean() + regulariser).backward()
        _compare_gradients(case, parts)


def _views(case: FsrtCase) -> Views:
    return Views(
        source=case.input("input_images_augm"),
        source2=case.input("input_images_augm2"),
        source2_whole=case.input("input_images_augm2_uncropped"),
        target=case.input("target_image_augm"),
        target2=case.input("target_image_augm2"),
        target2_whole=case.input("target_image_augm2_uncropped"),
        face=case.input("target_image_augm3_crop"),
        shift=torch.tensor(case.spec["kp_shift"]),
        scale=torch.tensor(case.spec["kp_scale"]),
    )


def _compare_gradients(case: FsrtCase, parts: dict[str, torch.nn.Module]) -> None:
    allowed = case.recorded.get("grad norms (relative)", UNRECORDED)
    for full, norm in case.spec["grad_norms"].items():
        part, _, name = full.partition(".")
        gradient = parts[part].get_parameter(name).grad
        assert gradient is not None, full
        assert float(gradient.norm()) == pytest.approx(norm, rel=allowed, abs=1e-7), full
