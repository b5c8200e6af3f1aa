"""PWCLite and the unsupervised loss of ARFlow against the golden files."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from flowmag_golden import Case, is_pwclite, numbers, shapes

from mebench.motion.pwclite import Flows, PwcLite, PwcLiteConfig, correlation
from mebench.motion.warp import warp
from mebench.training.arflow_loss import ArFlowLossConfig, arflow_loss

FLOW = re.compile(r"(?P<config>[^_]+)(?:_gain(?P<gain>[0-9.]+))?_flow_(?P<way>fw|bw)_level(?P<level>[0-9])")
FIRST_STAGE = ArFlowLossConfig()
CENSUS = ArFlowLossConfig(w_l1=0.0, w_ssim=0.0, w_census=1.0, occlusion="consistency")


def images(case: Case, count: int) -> list[torch.Tensor]:
    """The last ``count`` images: img1, img2 for two frames, img0, img1, img2 for three."""
    return [case.input(rule) for _, rule in sorted(case.spec["inputs"].items())][-count:]


@pytest.mark.golden(reads=is_pwclite)
def test_names_and_shapes(golden, fill):
    case = Case(golden, fill)
    for name, config in case.spec["configs"].items():
        assert shapes(PwcLite(PwcLiteConfig(**config))) == case.spec["state_dict"][name]


@pytest.mark.golden(reads=is_pwclite)
def test_flows(golden, fill):
    case = Case(golden, fill)
    results: dict[tuple[str, str], Flows] = {}
    for output in filter(FLOW.fullmatch, case.spec["outputs"]):
        match = FLOW.fullmatch(output)
        name, gain, level = match["config"], match["gain"] or "", int(match["level"])
        if (name, gain) not in results:
            config = PwcLiteConfig(**case.spec["configs"][name])
            frames = torch.cat(images(case, config.n_frames), dim=1)
            with torch.no_grad():
                network = case.filled(PwcLite(config))
                results[name, gain] = network((frames - 0.5) * float(gain) if gain else frames, with_backward=True)
        flows = results[name, gain]
        labels = (f"{name}_gain{gain}_level{level}", f"{name}_gain{gain}") if gain else ("flow",)
        case.compare(output, (flows.forward if match["way"] == "fw" else flows.backward)[level], *labels)
    assert results


@pytest.mark.golden(reads=is_pwclite)
def test_correlation_and_warping(golden, fill):
    case = Case(golden, fill)
    stored = case.spec["outputs"]
    stated = re.search(r"feat_a, feat_b of shape \(([0-9, ]+)\)", case.spec["output_notes"])
    flow_rule = re.search(r'fill\("(\w+)",\(([0-9, ]+)\)\) - 0\.5\) \* (\d+)', case.spec["output_notes"])
    shape = tuple(int(number) for number in numbers(stated.group(1)))
    first, second = case.draw("feat_a", shape), case.draw("feat_b", shape)
    flow_shape = tuple(int(number) for number in numbers(flow_rule.group(2)))
    flow = (case.draw(flow_rule.group(1), flow_shape) - 0.5) * float(flow_rule.group(3))
    case.compare("correlation", correlation(first, second))
    for padding in ("border", "zeros"):
        assert f"warp_{padding}" in stored
        case.compare(f"warp_{padding}", warp(first, flow, padding=padding), "warp")


def variant(description: str) -> ArFlowLossConfig:
    """The loss that a phrase such as "ternary census 1.0, forward-backward occlusion check, ... weight 50" names."""
    config = CENSUS if "census" in description else FIRST_STAGE
    config = replace(config, occlusion="coverage" if "coverage" in description else "consistency")
    weight = re.search(r"smoothness weight ([0-9.]+)", description)
    order = 2 if "second-order" in description else 1
    return replace(config, w_smooth=float(weight.group(1)), smooth_order=order)


def synthetic_flows(case: Case, image: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The flow levels of the loss cases, by the rule in ``output_notes``."""
    batch, _, height, width = image.shape
    forward, backward = [], []
    for level in range(5):
        shape = (batch, 2, height >> level, width >> level)
        forward.append((case.draw(f"lossflow_fw{level}", shape) - 0.5) * 8 / 2**level)
        backward.append(-forward[-1] + (case.draw(f"lossflow_n{level}", shape) - 0.5) * 3 / 2**level)
    return forward, backward


@pytest.mark.golden(reads=is_pwclite)
def test_unsupervised_loss(golden, fill):
    case = Case(golden, fill)
    first, second = images(case, 2)
    forward, backward = synthetic_flows(case, first)
    assert case.spec["loss_variants"]
    for name, description in case.spec["loss_variants"].items():
        terms = arflow_loss(first, second, forward, backward, variant(description))
        length = torch.cat((forward[0], backward[0])).abs().mean()
        values = torch.stack([terms.total, terms.photometric, terms.smoothness, length])
        case.compare(f"loss_{name}", values, "loss")
        compare_mask(case, f"occmask_{name}", terms.visible)


def compare_mask(case: Case, name: str, visible: torch.Tensor) -> None:
    step = case.spec["outputs"][name].get("spatial_stride", 1)
    stated = case.spec["tolerance"].get("occmask", "at most 0 %") if isinstance(case.spec["tolerance"], dict) else "0"
    different = float((visible.numpy()[..., ::step, ::step] != case.arrays[name]).mean())
    assert different <= numbers(str(stated))[0] / 100, f"{name}: {different:.2%} of the pixels differ"
    assert np.isin(visible.numpy(), (0.0, 1.0)).all()
