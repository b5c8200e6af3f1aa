"""FlowMag's generator against the golden files."""

from __future__ import annotations

import re

import pytest
import torch
from flowmag_golden import Case, is_flowmag, numbers, shapes

from mebench.magnification.flowmag import magnify_pair
from mebench.magnification.flowmag_network import FlowMag, FlowMagConfig, encode_factor

PREDICTION = re.compile(r"pred_(?P<input>[^_]+)_alpha(?P<alpha>[0-9.]+)(?:_(?P<how>\w+))?")


def network(case: Case) -> FlowMag:
    config = dict(case.spec["config"])
    assert config.pop("final_activation", "sigmoid") == "sigmoid"
    assert config.pop("bilinear", True) is True
    return case.filled(FlowMag(FlowMagConfig(**config)))


@pytest.mark.golden(reads=is_flowmag)
def test_names_and_shapes(golden, fill):
    case = Case(golden, fill)
    assert shapes(network(case)) == case.spec["state_dict"]


@pytest.mark.golden(reads=is_flowmag)
def test_factor_encoding(golden, fill):
    case = Case(golden, fill)
    stated = re.search(r"rows for alpha = ([0-9., ]+)", case.spec["output_notes"])
    assert stated is not None
    alpha = torch.tensor(numbers(stated.group(1)))
    case.compare("alpha_encoding", encode_factor(alpha, case.spec["config"]["pos_dim"]))


@pytest.mark.golden(reads=is_flowmag)
def test_predictions(golden, fill):
    case = Case(golden, fill)
    model = network(case)
    seen = 0
    for name in case.spec["outputs"]:
        match = PREDICTION.fullmatch(name)
        if match is None:
            assert name == "alpha_encoding", f"no rule for {name}"
            continue
        rules = case.spec["inputs"][match["input"]]
        frames = [case.input(rules[f"frame{index}"]) for index in range(len(rules))]
        alpha, how = float(match["alpha"]), match["how"]
        with torch.no_grad():
            case.compare(name, predict(case, model, frames, alpha, how))
        seen += 1
    assert seen > 0


def predict(case: Case, model: FlowMag, frames: list[torch.Tensor], alpha: float, how: str | None) -> torch.Tensor:
    stacked = torch.stack(frames, dim=2)
    factor = torch.full((stacked.shape[0],), alpha)
    if how is None:
        return model(stacked, factor)
    if how == "mask":
        return model(stacked, factor, case.input(case.spec["mask"]))
    if how == "recursive":
        return magnify_pair(model, frames[0], frames[1], alpha)[:, :, None]
    assert how == "batchstats", f"no rule for predictions '{how}'"
    # Training mode moves the running statistics, so a copy is used.
    return network(case).train()(stacked, factor)
