"""MetaPortrait's networks, drawings and boxes against the golden files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from metaportrait_golden import Case, is_drawing, is_listing, is_metaportrait, shapes

from mebench.backbones.metaportrait import checkpoint
from mebench.backbones.metaportrait.config import BASE_256, DISCRIMINATOR_256, read_discriminator
from mebench.backbones.metaportrait.drawing import draw, layout
from mebench.backbones.metaportrait.generator import Driving, MetaPortrait, discriminator
from mebench.backbones.metaportrait.landmarks import SELECTED, boxes, selected
from mebench.backbones.metaportrait.warping import deform


@pytest.mark.golden(reads=is_listing)
def test_names_and_shapes_of_the_published_model(golden):
    with torch.device("meta"):
        assert shapes(MetaPortrait(BASE_256)) == golden.spec["generator"]
        if "discriminator" in golden.spec:
            assert shapes(discriminator(DISCRIMINATOR_256)) == golden.spec["discriminator"]


@pytest.mark.golden(reads=is_metaportrait)
def test_generator(golden, fill):
    case = Case(golden, fill)
    network = case.generator()
    assert shapes(network) == case.spec["state_dict"]
    driving = Driving(case.stored("driving_line"), case.stored("driving_kp"), case.stored("mouth_mask"))
    with torch.no_grad():
        rendering, encoded = network(case.image("source"), case.stored("source_line"), case.code(), driving)
        seen = torch.cat((encoded.image, encoded.line, driving.line), dim=1)
        blocks = network.SPDAE_G.blocks(encoded.styles, rendering.guides)
        ours = {
            "flow": rendering.motion.flow,
            "deformation": rendering.motion.deformation,
            "occlusion_map": rendering.motion.occlusion,
            "motion_features": rendering.motion.features,
            "deformed": deform(encoded.image, rendering.motion.deformation),
            "style_code": network.ladder_network(seen),
            "prediction": rendering.prediction,
            **{f"attr_pyramid_{index}": guide for index, guide in enumerate(rendering.guides)},
            **{f"spade_{name}": output for name, output in blocks.items()},
        }
    stored = {name for name in case.spec["outputs"] if not name.startswith("disc_")}
    assert stored <= set(ours)
    for name in sorted(stored):
        case.compare(name, ours[name])


@pytest.mark.golden(reads=is_metaportrait)
def test_folded_spectral_norm_changes_nothing(golden, fill):
    case = Case(golden, fill)
    network = case.generator()
    folded = MetaPortrait(network.config, spectral=False).eval()
    folded.load_state_dict(checkpoint.fold(network.state_dict()))
    driving = Driving(case.stored("driving_line"), case.stored("driving_kp"), case.stored("mouth_mask"))
    with torch.no_grad():
        encoded = folded.encode(case.image("source"), case.stored("source_line"), case.code())
        case.compare("flow", folded.motion(encoded, driving).flow)
        start = network.SPDAE_G.styles(case.code()).start
        inner = torch.rand(1, network.SPDAE_G.up_3.conv_s.in_channels, 4, 4, generator=torch.Generator().manual_seed(0))
        for name in ("conv_0", "conv_s"):
            ours, theirs = (made.SPDAE_G.up_3.get_submodule(name)(inner) for made in (folded, network))
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(encoded.styles.start, start, atol=1e-5, rtol=1e-5)


@pytest.mark.golden(reads=is_metaportrait)
def test_discriminator(golden, fill):
    case = Case(golden, fill)
    config = read_discriminator(case.spec["discriminator"])
    network = case.filled(discriminator(config))
    assert shapes(network) == case.spec["discriminator_state_dict"]
    image = case.image("disc_input")
    with torch.no_grad():
        judged = network(dict.fromkeys(config.scales, image))[config.scales[0]]
    for index, features in enumerate(judged.features):
        case.compare(f"disc_features_{index}", features)
    case.compare("disc_map", judged.prediction)


@pytest.mark.golden(reads=is_drawing)
def test_drawings(golden):
    dense = layout("dense-669")
    assert list(SELECTED) == golden.spec["ldmk_idx"]
    np.testing.assert_array_equal(dense.colours, golden.arrays["out_colors_u8"])
    size = golden.spec["image_size"]
    for who in ("source", "driving"):
        expected = golden.arrays[f"out_{who}_line_u8"].astype(int)
        drawn = draw(golden.arrays[f"in_{who}_ldmk"], dense, size, subpixel=False).astype(int)
        difference = np.abs(drawn - expected)
        # Another OpenCV may differ by a few grey levels on a thousandth of the values.
        assert difference.max() <= 8 and (difference > 0).mean() <= 1e-3


@pytest.mark.golden(reads=is_drawing)
def test_selected_landmarks_and_boxes(golden):
    size = golden.spec["image_size"]
    for who in ("source", "driving"):
        np.testing.assert_allclose(selected(golden.arrays[f"in_{who}_ldmk"]), golden.arrays[f"out_{who}_kp"], atol=1e-6)
    found = boxes(selected(golden.arrays["in_driving_ldmk"]), size, size)
    np.testing.assert_array_equal(found.eyes[None], golden.arrays["out_eye_mask_u8"])
    np.testing.assert_array_equal(found.mouth[None], golden.arrays["out_mouth_mask_u8"])
