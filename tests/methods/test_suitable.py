"""Which methods a protocol can be run with, and what is said where it cannot."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mebench.clip import Driving, Source
from mebench.datasets.synme.dataset import Synme
from mebench.errors import ConfigError
from mebench.methods import load_method
from mebench.methods.card import read_method_file
from mebench.methods.suitable import refuse_seen, refuse_unsuitable, seen_datasets
from mebench.protocol import load_protocol
from mebench.runs import start
from mebench.runs.inputs import TaskInputs
from mebench.runs.start import run

PIPELINE = {"pipeline": {"magnifier": {"name": "phase"}, "backbone": {"name": "fomm"}}}
WARP = {"magnifier": "warp", "factors": [1.0, 64.0]}


def test_magnifiers_run_where_magnification_is_asked_for():
    refuse_unsuitable("warp", {}, WARP, protocol="open-magnification", gains=[4.0, 4.0])
    refuse_unsuitable("magplus", PIPELINE, {}, protocol="open-mini", gains=[None, None])
    refuse_unsuitable("still", {}, {}, protocol="open-magnification", gains=[4.0])


def test_a_magnifier_is_refused_elsewhere():
    with pytest.raises(ConfigError, match=r"'warp' is a magnifier.*'open-mini' asks for none"):
        refuse_unsuitable("warp", {}, WARP, protocol="open-mini", gains=[None])


def test_a_demagnifier_cannot_magnify():
    facts = {"magnifier": "flow-blend", "factors": [0.0, 1.0]}
    with pytest.raises(ConfigError, match="factors 0 to 1, and 'open-magnification' asks for 4"):
        refuse_unsuitable("flow-blend", {}, facts, protocol="open-magnification", gains=[4.0])


def test_a_pipeline_is_refused_with_the_command_to_run_instead():
    with pytest.raises(ConfigError, match="mebench run --protocol open-magnification --method phase"):
        refuse_unsuitable("phase-fomm", PIPELINE, {}, protocol="open-magnification", gains=[4.0])


def test_refusals_come_before_the_run(tmp_path):
    with pytest.raises(ConfigError, match="whole pipeline"):
        run("direct", "fomm", "open-magnification", out=tmp_path)
    with pytest.raises(ConfigError, match="asks for none"):
        run("warp", None, "open-mini", out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_part_that_saw_the_held_out_dataset_is_refused():
    """FPB-FOMM's published checkpoint was trained on three databases, which the table of checkpoints knows."""
    seen = seen_datasets({"seen_datasets": ["mmew"]}, {"backbone": {"weights": "fpb-fomm"}, "magnifier": None})
    assert set(seen) == {"mmew", "casme2", "samm", "smic_hs"}
    refuse_seen("mine", seen, ["synme"], protocol="lodo")
    with pytest.raises(ConfigError, match=r"holds out 'samm'.*the backbone with the weights 'fpb-fomm' of 'mine'"):
        refuse_seen("mine", seen, ["casme3a", "samm"], protocol="lodo")
    with pytest.raises(ConfigError, match="the method of 'mine' was trained on it"):
        refuse_seen("mine", seen, ["mmew"], protocol="lodo")
    assert seen_datasets(None, {"magnifier": "oh2018", "weights": "oh2018-infusenet"}) == {}


def test_the_runner_asks_before_a_run_that_holds_datasets_out():
    """The weights decide: the published ones have seen what ``lodo`` holds out, those that ship have not."""
    facts = {"backbone": {"weights": "fpb-fomm"}}
    method = {"name": "fpb", "config": {}, "facts": facts, "card": None}
    plan = SimpleNamespace(method=method, protocol=load_protocol("lodo"), tasks=[])
    with pytest.raises(ConfigError, match="'lodo' holds out 'casme2', and the backbone with the weights 'fpb-fomm'"):
        start._refuse_unsuitable(plan)
    facts["backbone"]["weights"] = "fpb-fomm-lite"
    start._refuse_unsuitable(plan)
    facts["backbone"]["weights"] = "fpb-fomm"
    plan.protocol = load_protocol("open-mini")
    start._refuse_unsuitable(plan)


def test_every_magnifier_is_a_method():
    file = read_method_file("eulerian")
    assert file.plugin is not None and file.plugin.options == {"magnifier": "eulerian"} and file.card.role == "baseline"
    method = load_method("warp")
    assert method.name == "warp" and method.facts()["factors"] == [1.0, 64.0]
    frames = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    source = Source("s", frames[0])
    made = method.generate(source, Driving("d", frames, 25.0, 0, 1, 2, 2.0))
    assert made.frames.shape == frames.shape and torch.equal(made.frames[0], frames[0])
    with pytest.raises(ConfigError, match="asks for no magnification"):
        method.generate(source, Driving("d", frames, 25.0, 0, 1, 2))


def test_the_answer_of_the_magnifier_benchmark_is_rendered():
    """The action units of the true answer are four times those of the clip; the onset frame stays."""
    protocol = load_protocol("open-magnification")
    dataset = Synme()
    tasks = protocol.tasks({"synme": dataset})
    assert len(tasks) == 12 and {task.gain for task in tasks} == {4.0} and len({task.fold for task in tasks}) == 6
    assert (
        "gain" in tasks[0].record() and "gain" not in load_protocol("open-mini").tasks({"synme": dataset})[0].record()
    )
    onset, apex = (tasks[0].frames[index] for index in (tasks[0].onset, tasks[0].apex))
    task = replace(tasks[0], frames=(onset, apex), onset=0, apex=1, offset=1)
    inputs = TaskInputs(task, dataset)
    assert inputs.driving().factor == 4.0
    plain = dataset.truth_at(task.source, task.driving, task.frames)
    assert inputs.truth is not None
    assert np.allclose(inputs.truth.action_units[:, :24], 4.0 * plain.action_units[:, :24], atol=1e-5)
    assert np.array_equal(inputs.truth.frames[task.onset], plain.frames[task.onset])
