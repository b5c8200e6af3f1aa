"""The judges that ship: one file, kept apart by fold, right about rendered clips of the domain that they did not see."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bump_clips import bump_trials
from safetensors.torch import save_file

from mebench.datasets.synme.dataset import Synme
from mebench.detectors.contract import ACTION_UNITS
from mebench.detectors.floors import is_still
from mebench.detectors.observation import observe
from mebench.detectors.panel import JUDGES, Panel, load_panels, panel_for, save_panels, shipped_panels
from mebench.errors import CheckpointError
from mebench.training.judges import train_judges
from mebench.weights import find


def test_the_shipped_panel_is_complete_and_small():
    panels = shipped_panels()
    assert list(panels) == list(Synme.domains)
    for fold, panel in panels.items():
        assert panel.fold == fold
        assert [judge.name for judge in panel.judges] == list(JUDGES)
    assert find("judges").stat().st_size <= 12_000_000
    assert panel_for("e").fold == "e"
    assert panel_for("casme2").fold == "a"


@pytest.mark.parametrize("key", ["c-benchmark-00-0", "f-benchmark-01-0"])
def test_judges_see_what_an_unseen_domain_shows(key):
    dataset = Synme()
    clip = dataset.clip(key)
    frames = dataset.clip_frames(key, [clip.onset, clip.apex])
    annotated = {int(name.lstrip("LR")) for name in clip.action_units}
    moving, still = observe(frames, 0, 1, 1), observe(frames[[0, 0]], 0, 1, 1)
    verdict = panel_for(clip.domain).verdict([moving, still])
    seen = {unit for unit, present in zip(ACTION_UNITS, verdict.present[0], strict=True) if present}
    assert seen & annotated
    assert len(seen - annotated) <= 2
    assert is_still(still)
    assert not is_still(moving)


def test_panels_are_written_and_read(tmp_path):
    panels = list(shipped_panels().values())[:2]
    save_panels(tmp_path / "judges.safetensors", panels, {"note": "two folds"})
    loaded = load_panels(tmp_path / "judges.safetensors")
    assert list(loaded) == [panel.fold for panel in panels]
    clips = bump_trials()[0].test[:3]
    for panel in panels:
        flow_judges = Panel(panel.fold, panel.judges[:2]), Panel(panel.fold, loaded[panel.fold].judges[:2])
        first, second = (part.verdict(clips).probabilities for part in flow_judges)
        np.testing.assert_allclose(first, second, atol=2e-3)

    save_file({"a/other/weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="the judge 'other'"):
        load_panels(tmp_path / "other.safetensors")
    save_file({"a/flow-linear/weight": torch.zeros(12, 4)}, tmp_path / "part.safetensors")
    with pytest.raises(CheckpointError, match="does not fit flow-linear"):
        load_panels(tmp_path / "part.safetensors")


def test_training_goes_on_where_it_stopped(tmp_path):
    trials = bump_trials()[:2]
    lines: list[str] = []
    train_judges(tmp_path, only=["flow-linear"], say=lines.append, trials=trials)
    table = (tmp_path / "judges.json").read_text()
    assert len([line for line in lines if "without" in line]) == 2
    lines.clear()
    (tmp_path / "judges.safetensors").unlink()
    train_judges(tmp_path, only=["flow-linear"], say=lines.append, trials=trials)
    assert not lines
    assert (tmp_path / "judges.json").read_text() == table
