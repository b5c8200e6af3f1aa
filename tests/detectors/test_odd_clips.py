"""Clips that are not as one wishes: grey, tiny, unreadable, apex at the onset or estimated, no action unit, no apex near."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from bump_clips import bump_clips
from typer.testing import CliRunner

import mebench.runs.detection as detection
from mebench.cli.app import app
from mebench.datasets.synme.dataset import Synme
from mebench.detectors.contract import ACTION_UNITS
from mebench.detectors.floors import StaticGate
from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.frame_inputs import ColourTriple, GreyFrames, GreyPair, StemFeatures
from mebench.detectors.lbp_top import LbpTop
from mebench.detectors.observation import observe
from mebench.detectors.trial import Trial, oddities, usable
from mebench.errors import InputError
from mebench.protocol import Fold, load_protocol, protocol_names


def film(height: int, width: int, frames: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (frames, height, width, 3), dtype=np.uint8)


@pytest.fixture
def odd_trial():
    first, second, third, fourth, fifth, *rest = bump_clips("x", 8, 1000)

    def unreadable():
        raise InputError("the frame 7 of the clip is missing.")

    grey = second.read_pair()
    grey = dataclasses.replace(grey, frames=np.repeat(grey.frames[..., :1], 3, axis=-1))
    odd = (
        dataclasses.replace(first, read_pair=unreadable),
        dataclasses.replace(second, read_pair=lambda: grey),
        dataclasses.replace(third, apex=third.onset),
        dataclasses.replace(fourth, flags=("apex estimated",)),
        dataclasses.replace(fifth, present=np.zeros(12, dtype=bool)),
        *(dataclasses.replace(clip, present=np.ones(12, dtype=bool)) for clip in rest),
    )
    return Trial("x", bump_clips("y", 12, 2000), (), odd)


def test_odd_clips_are_handled_and_counted(odd_trial):
    kept, lines = usable([odd_trial])
    assert [clip.key for clip in kept[0].test] == [clip.key for clip in odd_trial.test[1:]]
    assert kept[0].train == odd_trial.train
    said = (*lines, *oddities(kept))
    for expected in (
        f"left out {odd_trial.test[0].key} of bumps: the frame 7 of the clip is missing.",
        "fold x: 1 of 7 clips are grey",
        "fold x: 1 of 7 clips show none of the twelve action units",
        "fold x: 1 of 7 clips have their apex at the onset, so that their flow is zero",
        "fold x: 1 of 7 clips are marked 'apex estimated'",
    ):
        assert expected in said
    with pytest.raises(InputError, match="the fold x has no usable clip left"):
        usable([dataclasses.replace(odd_trial, test=odd_trial.test[:1])])


def test_an_evaluation_goes_on_without_an_unreadable_clip(monkeypatch, odd_trial):
    monkeypatch.setattr(detection, "read_trials", lambda protocol: (odd_trial,))
    printed = CliRunner().invoke(app, ["au", "eval", "linear-svm-flow"])
    assert printed.exit_code == 0, printed.output
    assert "the frame 7 of the clip is missing." in printed.output
    assert "| linear-svm-flow |" in printed.output


@pytest.mark.parametrize("shape", [(17, 40), (64, 48), (256, 256)], ids=["tiny", "small", "usual"])
def test_every_input_can_be_made_of_small_and_grey_frames(shape):
    for frames in (film(*shape), np.repeat(film(*shape)[..., :1], 3, axis=-1)):
        clip = observe(frames, 2, 6, 9)
        recipes = (FlowStack(28), GreyPair(112), GreyFrames(6, 64), ColourTriple(64), StemFeatures(), LbpTop())
        for recipe in recipes:
            made = clip.once(recipe)
            for array in made if isinstance(made, tuple) else (made,):
                assert np.isfinite(array).all()
    with pytest.raises(InputError, match="at least 16 pixels"):
        observe(film(12, 40), 2, 6, 9).read_pair()


def test_apex_at_the_onset_is_no_motion():
    clip = observe(film(64, 64), 4, 4, 4)
    assert not clip.once(FlowStack(28))[0].any()
    assert clip.once(GreyFrames(6, 64))[0].shape == (1, 6, 64, 64)
    assert np.isfinite(ColourTriple(32).drawn(clip, 0, 0)[3]).all()
    assert not StaticGate().predict([clip]).any()


def test_labels_are_those_of_the_twelve_with_sides_left_out():
    clip = Synme().clip("a-benchmark-00-0")
    clips = [dataclasses.replace(clip, action_units=units) for units in (("43", "L12"), ("R4", "L4"), ("45",), ())]
    labels = Fold("a", (), (), tuple(clips), ACTION_UNITS, "strict").labels(clips)
    assert [np.array(ACTION_UNITS)[row].tolist() for row in labels] == [[12], [4], [], []]


def test_agreement_is_never_without_gain():
    for name in protocol_names():
        metrics = load_protocol(name).metrics
        if any(metric.startswith(("au_f1", "au_agreement")) for metric in metrics):
            assert "gain" in metrics, name
