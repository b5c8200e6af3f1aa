"""The encoder-manipulator-decoder magnifier of Oh et al. against the golden files, in both layouts."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from flowmag_golden import Case, shapes

from mebench.magnification.oh2018_network import ShapeOnly, TextureShape, config_of

LAYOUTS = {"shape": ShapeOnly, "texture": TextureShape}
"""By the first word of a configuration's description."""

OUTPUT = re.compile(r"(?P<what>amp(?P<factor>[0-9.]+)|rep(?P<rep>\w)|texture(?P<texture>\w)|motion(?P<motion>\w))")


def is_oh2018(spec: dict[str, Any]) -> bool:
    configs = spec.get("configs", {})
    return bool(configs) and all(isinstance(text, str) and "multiplier amp" in text for text in configs.values())


def network(case: Case, name: str) -> ShapeOnly | TextureShape:
    """The layout and sizes that the recorded shapes ask for; the description names the same layout."""
    found = config_of({key: tuple(shape) for key, shape in case.spec["state_dict"][name].items()})
    assert found is not None
    layout, config = found
    assert layout is LAYOUTS[case.spec["configs"][name].split()[0]]
    return case.filled(layout(config))


@pytest.mark.golden(reads=is_oh2018)
def test_names_and_shapes(golden, fill):
    case = Case(golden, fill)
    for name, recorded in case.spec["state_dict"].items():
        assert shapes(network(case, name)) == recorded


@pytest.mark.golden(reads=is_oh2018)
def test_codes_and_frames(golden, fill):
    case = Case(golden, fill)
    models = {name: network(case, name) for name in case.spec["configs"]}
    for output in case.spec["outputs"]:
        name = next(name for name in models if output.startswith(f"{name}_"))
        key, _, what = output.removeprefix(f"{name}_").partition("_")
        frames = {rule: case.input(case.spec["inputs"][key][rule]) for rule in ("frameA", "frameB")}
        match = OUTPUT.fullmatch(what)
        assert match is not None, f"no rule for {output}"
        with torch.no_grad():
            if match["factor"]:
                factor = torch.full((len(frames["frameA"]), 1, 1, 1), float(match["factor"]))
                ours = models[name](frames["frameA"], frames["frameB"], factor)
            else:
                letter = match["rep"] or match["texture"] or match["motion"]
                codes = models[name].encode(frames[f"frame{letter}"])
                ours = codes.texture if match["texture"] else codes.shape
        case.compare(output, ours)
