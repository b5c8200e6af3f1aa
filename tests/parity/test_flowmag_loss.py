"""FlowMag's training loss against the golden files."""

from __future__ import annotations

import pytest
import torch
from flowmag_golden import Case, is_flowmag_loss, shapes
from torch import nn

from mebench.magnification.flowmag_loss import FlowMagTerms, flowmag_loss, pwclite_flow
from mebench.motion.pwclite import PwcLite
from mebench.motion.warp import warp


def network(case: Case) -> nn.Module:
    """PWCLite under the names that it has inside the published loss."""
    root = nn.Module()
    root.flow_net = nn.Module()
    root.flow_net.flowNet = PwcLite()
    assert shapes(root) == case.spec["state_dict"]
    return case.filled(root)


def terms(case: Case, flow_net: PwcLite, alpha: torch.Tensor) -> FlowMagTerms:
    frames = [case.input(case.spec["inputs"][name]) for name in ("src0", "src1", "pred")]
    config = case.spec["config"]
    return flowmag_loss(
        pwclite_flow(flow_net), *frames, alpha, w_mag=config["weight_mag"], w_colour=config["weight_color"]
    )


@pytest.mark.golden(reads=is_flowmag_loss)
def test_loss(golden, fill):
    case = Case(golden, fill)
    flow_net = network(case).flow_net.flowNet
    inputs = case.spec["inputs"]
    factors = {"loss_global_alpha": torch.tensor(inputs["alphas"]), "loss_alpha_map": case.input(inputs["alpha_map"])}
    with torch.no_grad():
        for name, alpha in factors.items():
            found = terms(case, flow_net, alpha)
            case.compare(name, torch.stack([found.magnification, found.colour, found.total]), "loss")
        case.compare("flow_pred", found.flow_predicted[:, None], "flow")
        case.compare("flow_src", found.flow_source[:, None], "flow")
        case.compare("pred_warped", found.predicted_warped)
        case.compare("src_warped", found.source_warped)
        case.compare(
            "warp_reflection", warp(case.input(inputs["src1"]), case.input(inputs["flow"]), padding="reflection")
        )
    compared = {*factors, "flow_pred", "flow_src", "pred_warped", "src_warped", "warp_reflection"}
    assert compared == set(case.spec["outputs"])


@pytest.mark.golden(reads=is_flowmag_loss)
def test_gradient_reaches_the_prediction_through_the_flow_alone(golden, fill):
    case = Case(golden, fill)
    flow_net = network(case).flow_net.flowNet
    inputs = case.spec["inputs"]
    reference, source, predicted = (case.input(inputs[name]) for name in ("src0", "src1", "pred"))
    predicted.requires_grad_()
    found = flowmag_loss(pwclite_flow(flow_net), reference, source, predicted, torch.tensor(inputs["alphas"]))
    (gradient,) = torch.autograd.grad(found.magnification, predicted)
    assert float(gradient.abs().max()) > 0
    assert all(parameter.grad is None for parameter in flow_net.parameters())
