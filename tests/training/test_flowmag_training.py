"""Training of the magnifiers: a few steps on a few rendered pairs, stopped and continued."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import torch

from mebench.errors import ConfigError
from mebench.magnification.flowmag import load
from mebench.magnification.flowmag_lite_checkpoint import read_lite
from mebench.magnification.flowmag_loss import pwclite_flow
from mebench.motion.pwclite import PwcLite
from mebench.motion.pwclite_checkpoint import read_pwclite
from mebench.training import flowmag, flowmag_lite
from mebench.training.flowmag_lite_data import CROP, PAIR, rendered_pairs

LITE = flowmag_lite.LitePreset(people=2, pairs=3, held_out=1, steps=6, batch=2)
PAINTER = flowmag.FlowMagPreset(people=2, pairs=3, held_out=1, steps=4, batch=2, size=64, ndf=4)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """One cache for the module: the pairs are rendered once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(autouse=True)
def deterministic():
    yield
    torch.use_deterministic_algorithms(False)


def quiet(_: str) -> None:
    """Training says nothing in tests."""


@pytest.fixture(scope="module")
def pairs(cache):
    return rendered_pairs(2, 3, 0, quiet)


def test_pairs_hold_exact_motion(pairs):
    assert [len(person) for person in pairs] == [3, 3]
    for pair in (pair for person in pairs for pair in person):
        assert pair.dtype == PAIR and pair["reference"].shape == (CROP, CROP, 3)
        face = pair["place"] == 2
        assert 0.2 < face.mean() < 0.9
        # The measured flow is the exact motion up to the errors of measuring.
        whole = pair["expression"].astype(np.float32) + pair["head"].astype(np.float32)
        error = np.hypot(*(pair["flow"].astype(np.float32) - whole)[face].T)
        assert np.median(error) < 0.5
        assert 0 < pair["factor"] <= 16


def test_people_are_rendered_once(pairs, monkeypatch):
    monkeypatch.setattr("mebench.training.flowmag_lite_data.make_pair", None)
    again = rendered_pairs(2, 3, 0, quiet)
    assert all(np.array_equal(a, b) for a, b in zip(pairs, again, strict=True))


def test_a_continued_run_equals_an_uninterrupted_one(pairs, tmp_path):
    whole = flowmag_lite.train_lite(LITE, tmp_path / "whole", say=quiet)
    flowmag_lite.train_lite(LITE, tmp_path / "parts", say=quiet, stop_at=3)
    parts = flowmag_lite.train_lite(LITE, tmp_path / "parts", say=quiet)
    ours, theirs = (read_lite(path).state_dict() for path in (whole, parts))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    rows = list(csv.DictReader((tmp_path / "whole" / "flowmag-lite.csv").open()))
    assert float(rows[-1]["held_out_expression"]) > 0
    assert (tmp_path / "whole" / "flowmag-lite.png").stat().st_size > 1000


def test_a_few_steps_on_one_pair_learn_it(pairs):
    preset = flowmag_lite.LitePreset(people=2, held_out=1, steps=80, batch=1)
    pair = max((pair for person in pairs for pair in person), key=lambda pair: float(np.abs(pair["expression"]).mean()))
    recipe = flowmag_lite.LiteRecipe([np.array([pair]), np.array([pair])], preset)
    before = recipe.validate()["held_out_expression"]
    for index in range(75):
        recipe.step(index, 0.1)
    assert recipe.validate()["held_out_expression"] < 0.7 * before


def test_mirrored_pairs_mirror_their_motion(pairs):
    crop = flowmag_lite._Crop.centre(pairs[0][0])
    twice = crop.mirrored().mirrored()
    for name, values in crop.fields.items():
        assert np.array_equal(values, twice.fields[name])
    assert np.array_equal(crop.mirrored().fields["flow"][:, ::-1, 0], -crop.fields["flow"][..., 0])


def random_flow() -> PwcLite:
    torch.manual_seed(3)
    return PwcLite()


def test_flowmag_trains_through_a_frozen_flow_network(pairs, tmp_path):
    network = random_flow()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    path = flowmag.train_flowmag(PAINTER, pwclite_flow(network), tmp_path, say=quiet)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    frames = torch.rand(2, 3, 48, 48)
    assert load(path, align=False).magnify(frames, 4.0, 0).shape == frames.shape
    content = torch.load(path, weights_only=True)
    assert all(name.startswith("module.generator.") for name in content["state_dict"])


def test_flowmag_learns_to_paint(pairs):
    """The colour term falls on pairs that are seen again and again."""
    preset = flowmag.FlowMagPreset(people=2, held_out=1, batch=2, size=64, ndf=8, rate=2e-3)
    recipe = flowmag.FlowMagRecipe(pairs, lambda first, second: 0.0 * first[:, :2], preset)
    seen = flowmag._stacked([flowmag.augmented(pair, np.random.default_rng(0), 64) for pair in pairs[0]])

    def colour() -> float:
        # Batch statistics: the running ones lag behind in so short a run.
        recipe.network.train()
        with torch.no_grad():
            return float(recipe._losses(*seen, torch.full((len(seen[0]),), 4.0))["colour"])

    before = colour()
    for index in range(60):
        recipe.step(index, 0.0)
    assert colour() < 0.85 * before


def test_augmentation_treats_both_frames_alike(pairs):
    pair = pairs[0][0].copy()
    pair["frame"] = pair["reference"]
    reference, frame = flowmag.augmented(pair, np.random.default_rng(0), 64)
    assert torch.equal(reference, frame) and reference.shape == (3, 64, 64)
    assert float(reference.min()) >= 0 and float(reference.max()) <= 1


def test_a_training_size_that_does_not_fit_is_refused(pairs):
    with pytest.raises(ConfigError, match="multiple of 64"):
        flowmag.FlowMagRecipe(pairs, pwclite_flow(random_flow()), flowmag.FlowMagPreset(size=100))


def test_flow_network_checkpoints(tmp_path):
    network = random_flow()
    torch.save({"epoch": 1, "state_dict": network.state_dict()}, tmp_path / "pwclite_ar.tar")
    read = read_pwclite(tmp_path / "pwclite_ar.tar")
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), read.parameters(), strict=True))
    assert not any(parameter.requires_grad for parameter in read.parameters())
