"""Evaluations that go on where they stopped, shortened trainings, rare action units, published starts, the table."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from bump_clips import bump_clip, bump_clips
from safetensors.torch import save_file
from torch.nn import functional
from typer.testing import CliRunner

import mebench.runs.detection as detection
from mebench.cli.app import app
from mebench.detectors.evaluate import evaluate
from mebench.detectors.frame_inputs import ColourTriple, NearApex
from mebench.detectors.infusenet import InfuseNetwork
from mebench.detectors.kept import KeptLogits
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.resnet import load_resnet10t, residual_network
from mebench.detectors.schedule import Loss, Schedule, asymmetric_loss, order
from mebench.detectors.settings import Settings
from mebench.detectors.table import comparison, markdown, trained
from mebench.detectors.trial import Trial, validation_trials
from mebench.errors import CheckpointError, ConfigError, InputError
from mebench.training.ma2mi import Ma2miNetwork, start_from

SHORT = Settings(epochs=2, rate=1e-3)


@pytest.fixture(scope="module")
def trials():
    """Two folds of few clips."""
    clips = {domain: bump_clips(domain, 10, 1000 * (1 + place)) for place, domain in enumerate("xy")}
    return tuple(Trial(fold, clips["y" if fold == "x" else "x"], (), clips[fold]) for fold in clips)


def short(name="off-apexnet", settings=SHORT):
    return settings.applied(detection.make_detector(name))


def test_an_interrupted_evaluation_goes_on(tmp_path, trials):
    about = SHORT.training(detection.make_detector("off-apexnet"))
    kept = KeptLogits(tmp_path, "off-apexnet", about)
    whole = evaluate(short, trials, [45, 46])
    evaluate(short, trials[:1], [45], kept=kept)
    lines: list[str] = []
    again = evaluate(short, trials, [45, 46], kept=kept, say=lines.append)
    assert len(lines) == 3  # of four folds and seeds
    assert all(np.array_equal(a.logits, b.logits) for a, b in zip(whole.runs, again.runs, strict=True))
    lines.clear()
    evaluate(
        short, trials[:1], [45], kept=KeptLogits(tmp_path, "off-apexnet", {**about, "rate": 1.0}), say=lines.append
    )
    fewer = dataclasses.replace(trials[0], train=trials[0].train[1:])
    evaluate(short, [fewer], [45], kept=kept, say=lines.append)
    assert len(lines) == 2  # another training, other clips: nothing old is read


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_what_is_kept_is_of_the_same_labels_and_databases(tmp_path, trials, part):
    """Two counting rules for action units, or two databases whose clips are called alike, train two detectors."""
    trial = dataclasses.replace(trials[0], validation=trials[0].train[:1])
    kept = KeptLogits(tmp_path, "off-apexnet")
    kept.write(trial, 45, np.zeros((10, 12), np.float32), 1.0)
    assert kept.read(trial, 45) is not None
    first, *others = getattr(trial, part)
    for change in ({"present": ~first.present}, {"present": None}, {"dataset": "other"}):
        changed = dataclasses.replace(first, **change)
        assert kept.read(dataclasses.replace(trial, **{part: (changed, *others)}), 45) is None


def test_a_shortened_training_is_said_in_the_table(trials):
    training = SHORT.training(detection.make_detector("sssnet"))
    assert training == {"epochs": 2, "full_epochs": 200, "rate": 1e-3, "imbalance": "none", "start": "random"}
    assert trained(training) == "2 of 200 epochs, rate 0.001"
    smaller = Settings(epochs=2, rate=1e-3, batch=8)
    assert trained(smaller.training(detection.make_detector("sssnet"))) == "2 of 200 epochs, rate 0.001, batches of 8"
    assert smaller.applied(detection.make_detector("sssnet")).schedule.batch == 8
    other = {**training, "epochs": 200, "imbalance": "asymmetric", "start": "ma2mi"}
    assert trained(other) == "200 epochs, rate 0.001, asymmetric, from ma2mi"
    assert SHORT.training(detection.make_detector("svm-flow")) == {}
    schedule = short("infusenet").schedule
    assert (schedule.epochs, schedule.decay, schedule.cosine) == (2, 1.0, True)
    with pytest.raises(ConfigError, match="both its number of epochs and its first rate"):
        Settings(epochs=3)
    with pytest.raises(ConfigError, match="no treatment of imbalance 'other'"):
        Settings(imbalance="other")


def test_rare_action_units():
    logits, target = torch.tensor([[2.0, -1.0]]), torch.tensor([[1.0, 0.0]])
    p, q = torch.sigmoid(torch.tensor(2.0)), torch.sigmoid(torch.tensor(-1.0)) - 0.05
    by_hand = (-torch.log(p) - q**4 * torch.log(1 - q)) / 2
    torch.testing.assert_close(asymmetric_loss(logits, target), by_hand)
    certain = asymmetric_loss(torch.tensor([[-30.0]]), torch.tensor([[0.0]]))
    assert float(certain) == 0.0
    present = np.zeros((200, 12), dtype=bool)
    present[:100, 0] = True
    present[0, 5] = True
    drawn = np.bincount(order(present, "balanced-sampling", np.random.default_rng(0)), minlength=200)
    assert drawn[0] > 20
    assert drawn[1:100].mean() < 2.0
    assert sorted(order(present, "none", np.random.default_rng(0))) == list(range(200))
    truth = torch.from_numpy(present[:4].astype(np.float32))
    weighted = Loss("positive-weight", truth, torch.device("cpu"))(torch.zeros(4, 12), truth)
    assert float(weighted) != float(functional.binary_cross_entropy_with_logits(torch.zeros(4, 12), truth))


def test_the_pseudo_apex_is_drawn_near_the_apex():
    clip = bump_clip("k", "x", np.zeros(12, dtype=bool), 0)  # onset 0, apex 5, offset 9
    numbers = NearApex().indices(clip)
    assert numbers == list(range(1, 10))
    assert NearApex(2).indices(clip) == [3, 4, 5, 6, 7]
    assert NearApex().indices(dataclasses.replace(clip, onset=5, offset=5)) == [5]
    shades = np.arange(10, dtype=np.uint8)[:, None, None, None] * 20
    clip = dataclasses.replace(
        clip, read_frames=lambda chosen: np.broadcast_to(shades[list(chosen)], (len(chosen), 256, 256, 3))
    )
    recipe = ColourTriple(32)
    said = [float(recipe.drawn(clip, epoch, 45)[3].mean()) for epoch in range(60)]
    allowed = {round((20 * number) / 127.5 - 1.0, 4) for number in numbers}
    assert {round(value, 4) for value in said} == allowed
    assert said == [float(recipe.drawn(clip, epoch, 45)[3].mean()) for epoch in range(60)]
    assert said != [float(recipe.drawn(clip, epoch, 46)[3].mean()) for epoch in range(60)]
    assert np.array_equal(recipe(clip)[2], recipe(clip)[3])


def test_infusenet_trains_on_pseudo_apexes_and_predicts_on_the_apex():
    seen: list[tuple[bool, bool]] = []

    class Watching(InfuseNetwork):
        def forward(self, flow, onset, apex, pseudo_apex):
            seen.append((self.training, bool((apex == pseudo_apex).all())))
            return super().forward(flow, onset, apex, pseudo_apex)

    rng = np.random.default_rng(0)
    film = rng.integers(0, 255, (10, 256, 256, 3), dtype=np.uint8)
    clips = [
        dataclasses.replace(bump_clip(f"k{n}", "x", rng.random(12) < 0.5, n), read_frames=lambda chosen: film[chosen])
        for n in range(2)
    ]
    detector = NetworkDetector("watching", Watching, ColourTriple(32), Schedule(epochs=3, rate=1e-3))
    detector.fit(clips)
    detector.predict(clips)
    assert [same for training, same in seen if training] == [False] * 3
    assert [same for training, same in seen if not training] == [True]


def test_published_starts_are_taken_where_they_are(tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    assert load_resnet10t().start is None
    folder = tmp_path / "weights" / "starts"
    folder.mkdir(parents=True)
    torch.manual_seed(7)
    given = residual_network("resnet10t", num_classes=1000)
    torch.save(given.state_dict(), folder / "resnet10t.pth")
    detector = load_resnet10t()
    network = detector.build()
    head = network.fc.weight.clone()
    detector.start(network)
    assert torch.equal(network.layer3[0].conv1.weight, given.layer3[0].conv1.weight)
    assert torch.equal(network.fc.weight, head)
    assert Settings().training(detector)["start"] == "resnet10t"
    (folder / "resnet10t.pth").unlink()
    save_file({"conv1.weight": torch.zeros(1)}, folder / "resnet10t.safetensors")
    with pytest.raises(CheckpointError, match="is no start for this network"):
        load_resnet10t().start(network)


def test_a_pretrained_start_is_for_miacnet_alone(tmp_path):
    torch.manual_seed(3)
    pretrained = Ma2miNetwork()
    save_file(pretrained.state_dict(), tmp_path / "ma2mi.safetensors")
    start = start_from(tmp_path / "ma2mi.safetensors")
    network = detection.make_detector("miacnet").build()
    start(network)
    assert torch.equal(network.action.code.weight, pretrained.action.code.weight)
    settings = Settings(start=start, started="ma2mi", start_file=tmp_path / "ma2mi.safetensors")
    first = settings.training(detection.make_detector("miacnet"))
    assert first["start"] == "ma2mi"
    save_file(Ma2miNetwork().state_dict(), tmp_path / "ma2mi.safetensors")
    second = settings.training(detection.make_detector("miacnet"))
    assert first["start_sha256"] != second["start_sha256"]  # so that no kept fold of another start is read
    with pytest.raises(ConfigError, match="for the detector miacnet alone"):
        start(residual_network("resnet18"))


def test_the_table_on_the_command_line(tmp_path, monkeypatch, trials):
    monkeypatch.setattr(detection, "read_trials", lambda protocol: trials)
    words = ["au", "eval", "off-apexnet", "linear-svm-flow", "--seeds", "2", "--epochs", "2", "--rate", "0.001"]
    places = ["--keep", str(tmp_path / "kept"), "--out", str(tmp_path / "table.json")]
    first = CliRunner().invoke(app, [*words, *places])
    assert first.exit_code == 0, first.output
    rows = [line for line in first.output.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0] for row in rows[1:]] == [
        f"| {name}" for name in ("always-present", "static-gate", "off-apexnet", "linear-svm-flow")
    ]
    assert "2 of 300 epochs, rate 0.001 | 2 |" in rows[3]
    assert "f1_fold: per fold" in first.output
    assert "without x:" in first.output
    second = CliRunner().invoke(app, [*words, *places])
    assert "without x:" not in second.output
    stored = json.loads((tmp_path / "table.json").read_text())
    assert [len(entry["seeds"]) for entry in stored["detectors"]] == [1, 1, 2, 1]
    assert markdown(stored["detectors"]) in second.output
    assert "| off-apexnet | " in comparison(stored["detectors"], {"off-apexnet": 0.395})
    other = {**stored, "detectors": [stored["detectors"][0], {**stored["detectors"][2], "detector": "sssnet"}]}
    (tmp_path / "other.json").write_text(json.dumps(other))
    both = CliRunner().invoke(app, ["au", "table", str(tmp_path / "table.json"), str(tmp_path / "other.json")])
    assert [line.split(" | ")[0] for line in both.output.splitlines() if line.startswith("| ")][1:] == [
        f"| {name}" for name in ("always-present", "static-gate", "off-apexnet", "linear-svm-flow", "sssnet")
    ]
    (tmp_path / "other.json").write_text(json.dumps({**other, "protocol": "cd6me"}))
    both = CliRunner().invoke(app, ["au", "table", str(tmp_path / "table.json"), str(tmp_path / "other.json")])
    assert both.exit_code == 2
    assert "not of one kind" in both.output
    refused = CliRunner().invoke(app, [*words, "--imbalance", "other"])
    assert refused.exit_code == 2
    assert "no treatment of imbalance" in refused.output


def test_a_rate_is_chosen_on_validation_clips(tmp_path, monkeypatch, trials):
    with pytest.raises(InputError, match="fold x has no validation clips"):
        validation_trials(trials)
    parted = [dataclasses.replace(trial, train=trial.train[2:], validation=trial.train[:2]) for trial in trials]
    assert [[clip.key for clip in trial.test] for trial in validation_trials(parted)] == [
        [clip.key for clip in trial.validation] for trial in parted
    ]
    monkeypatch.setattr(detection, "read_trials", lambda protocol: parted)
    words = ["au", "eval", "static-gate", "--out", str(tmp_path / "validation.json")]
    assert CliRunner().invoke(app, [*words, "--validation"]).exit_code == 0
    stored = json.loads((tmp_path / "validation.json").read_text())
    assert (stored["tested_on"], stored["detectors"][0]["test_clips"]) == ("validation", 4)
    (tmp_path / "test.json").write_text(json.dumps({**stored, "tested_on": "test"}))
    both = CliRunner().invoke(app, ["au", "table", str(tmp_path / "validation.json"), str(tmp_path / "test.json")])
    assert both.exit_code == 2
    refused = CliRunner().invoke(app, [*words, "--validation", "--calibrated"])
    assert refused.exit_code == 2
    assert "cannot be tested on them" in refused.output
