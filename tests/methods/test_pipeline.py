"""Pipelines: what is scaled where, and which combinations are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

from mebench.backbones.contract import BackboneFacts
from mebench.backbones.fomm.animate import Transfer
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.clip import Driving, Source
from mebench.errors import ConfigError, MissingWeights
from mebench.home import packaged
from mebench.methods import load_method
from mebench.methods.card import method_names, read_method_file
from mebench.methods.pipeline import Pipeline


class Recorder:
    """A backbone that shows the driver and notes how it was called."""

    scales_motion = True
    facts = BackboneFacts("recorder", "none", "0" * 64, 64, "relative", "nothing", "none", {})

    def __init__(self) -> None:
        self.scales: list[float] = []

    def enroll(self, source):
        return source

    def drive(self, identity, driving, reference, motion_scale=1.0):
        self.scales.append(motion_scale)
        return driving


@pytest.fixture
def pair() -> tuple[Source, Driving]:
    frames = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    return Source("s", frames[0]), Driving("d", frames, 25.0, 0, 2, 3)


def method_file(tmp_path: Path, pipeline: dict) -> Path:
    card = {"title": "x", "summary": "x", "authors": ["x"], "licence": "x"}
    path = tmp_path / "method.yaml"
    path.write_text(yaml.safe_dump({"name": "mine", "version": 1, "pipeline": pipeline, "card": card}))
    return path


def test_scaling_reaches_the_backbone_and_the_driver_stays(pair):
    backbone = Recorder()
    made = Pipeline("m", backbone, scaling=True, factor=3.0).generate(*pair)
    assert set(backbone.scales) == {3.0} and torch.equal(made.frames, pair[1].frames)
    assert made.info["factor"] == 3.0
    backbone = Recorder()
    Pipeline("m", backbone).generate(*pair)
    assert set(backbone.scales) == {1.0}


def test_scaling_twice_cancels():
    """Key points times k and then divided by k: what ``direct`` shows. The sanity check of the baseline."""
    torch.manual_seed(0)
    source = KeyPoints(torch.randn(1, 5, 2), torch.eye(2) + 0.1 * torch.randn(1, 5, 2, 2))
    driving = KeyPoints(torch.randn(3, 5, 2), torch.eye(2) + 0.1 * torch.randn(3, 5, 2, 2))
    plain = Transfer()(source, driving, source)
    large = Transfer()(source, driving, source, motion_scale=4.0)
    assert (large.value - plain.value).abs().max() > 0.5
    back = Transfer()(source, large, source, motion_scale=0.25)
    assert torch.allclose(back.value, plain.value, atol=1e-4)
    assert torch.allclose(back.jacobian, plain.jacobian, atol=1e-4)


def test_scaling_leaves_the_head_and_multiplies_what_is_left():
    """Ten points turned, stretched and shifted together, as a head's are, and one of them moved by itself."""
    torch.manual_seed(0)
    reference = KeyPoints(torch.rand(1, 10, 2) * 2 - 1, torch.eye(2).expand(1, 10, 2, 2))
    turn = torch.tensor([[1.02, -0.05], [0.06, 0.99]])
    head = KeyPoints(reference.value @ turn.T + 0.1, turn.expand(1, 10, 2, 2))
    large = Transfer()(reference, head, reference, motion_scale=8.0)
    assert torch.allclose(large.value, head.value, atol=1e-5) and torch.allclose(
        large.jacobian, head.jacobian, atol=1e-4
    )
    own = torch.zeros(1, 10, 2)
    own[0, 3] = 0.05
    moved = Transfer()(reference, KeyPoints(head.value + own, head.jacobian), reference, motion_scale=8.0)
    gain = ((moved.value - head.value)[0, 3] / own[0, 3]).mean()
    assert 4.0 < gain < 8.0
    still = KeyPoints(reference.value, turn.expand(1, 10, 2, 2))
    scaled = Transfer()(reference, still, reference, motion_scale=8.0)
    assert torch.allclose(scaled.jacobian, torch.eye(2) + 8.0 * (turn - torch.eye(2)), atol=1e-4)


def test_scaling_is_refused_where_there_is_no_relative_motion(tmp_path):
    backbone = {"name": "fomm", "options": {"mode": "absolute"}}
    with pytest.raises(ConfigError, match="multiplies motion inside the backbone, and 'fomm' with these options"):
        load_method(method_file(tmp_path, {"scaling": {"factor": 4.0}, "backbone": backbone}))


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ({"magnifier": {"name": "warp"}, "scaling": {}, "backbone": {"name": "fomm"}}, "enlarge the motion twice"),
        ({"demagnifier": {"name": "flow-blend"}, "backbone": {"name": "fomm"}}, "shrink ordinary motion"),
    ],
)
def test_combinations_that_make_no_sense_are_refused(tmp_path, pipeline, message):
    with pytest.raises(ConfigError, match=message):
        read_method_file(method_file(tmp_path, pipeline))


@pytest.mark.parametrize("name", method_names())
def test_every_baseline_has_a_readme_with_its_command(name):
    file = read_method_file(name)
    text = (packaged("baselines") / name / "README.md").read_text("utf-8")
    assert file.name == name and f"mebench run --method {name}" in text
    assert text.startswith("# ") and len(text) > 150


@pytest.mark.parametrize(
    ("pipeline", "weights"),
    [
        (
            {
                "magnifier": {"name": "oh2018", "options": {"weights": "oh2018-infusenet"}},
                "backbone": {"name": "fomm"},
            },
            "oh2018-infusenet",
        ),
        ({"backbone": {"name": "fpb-fomm", "options": {"weights": "fpb-fomm"}}}, "fpb-fomm"),
    ],
)
def test_methods_that_wait_for_weights_say_what_to_put_where(pipeline, weights, tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    with pytest.raises(MissingWeights, match=f"mebench weights add {weights} PATH"):
        load_method(method_file(tmp_path, pipeline))
