"""Agreement of action units: the gate, what is compared with what, and the numbers of a set. The judges are stand-ins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from moving_face import jpeg, sensor

from mebench.detectors.contract import ACTION_UNITS
from mebench.detectors.panel import Panel, Verdict
from mebench.errors import Unavailable
from mebench.metrics.micro_au import verdicts
from mebench.metrics.micro_au.au_agreement import METRIC as AGREEMENT
from mebench.metrics.micro_au.au_disagreement import METRIC as DISAGREEMENT
from mebench.metrics.micro_au.au_f1 import METRIC as F1
from mebench.metrics.micro_au.report import compare, report
from mebench.metrics.micro_au.verdicts import Judged, agreement, judge


def flags(*units: int) -> np.ndarray:
    return np.isin(ACTION_UNITS, units)


class StandIns:
    """Three judges that say what they are told, and remember whose domain they were kept from."""

    def __init__(self, output, driving):
        self.said = {"output": output, "driving": driving}
        self.held_out = []

    def __call__(self, held_out):
        self.held_out.append(held_out)
        return self

    def verdict(self, clips):
        rows = [[self.said[clip.key][judge] for clip in clips] for judge in range(3)]
        return Verdict(np.array(rows, dtype=np.float32))


@pytest.fixture
def stand_ins(monkeypatch):
    def install(output, driving=None):
        panel = StandIns(output, output if driving is None else driving)
        monkeypatch.setattr(verdicts, "panel_for", panel)
        return panel

    return install


def test_the_majority_is_compared_with_the_annotation(laboratory, stand_ins):
    sample = replace(laboratory.moving(), action_units=("L4", "12"), held_out="c")
    panel = stand_ins([flags(4, 12, 6), flags(4, 6), flags(4, 12)], [flags(4)] * 3)
    # The majority sees 4, 12 and 6; annotated are 4 and 12.
    assert F1.score(sample) == pytest.approx(2 * 2 / (3 + 2))
    assert AGREEMENT.score(sample) == pytest.approx(2 * 1 / (3 + 1))
    assert DISAGREEMENT.score(sample) == pytest.approx(2 / 12)
    assert set(panel.held_out) == {"c"}


def test_without_annotation_the_true_answer_is_asked(laboratory, stand_ins):
    sample = replace(laboratory.moving())
    shown = verdicts.annotation(sample)
    stand_ins([shown.copy()] * 3)
    assert shown.any()
    assert F1.score(sample) == 1.0


def test_no_annotation_no_number(laboratory, stand_ins):
    stand_ins([flags(4)] * 3)
    sample = replace(laboratory.moving(), action_units=("45",))
    with pytest.raises(Unavailable, match="none of the twelve"):
        F1.score(sample)
    assert AGREEMENT.score(sample) == 1.0


@pytest.mark.parametrize(
    "still",
    [
        lambda lab: lab.still(),
        lambda lab: sensor(lab.still(), lab.noise, seed=10),
        lambda lab: jpeg(sensor(lab.still(), lab.noise, seed=14), 70),
    ],
    ids=["still", "noise", "jpeg"],
)
def test_a_still_clip_has_no_action_unit_whatever_judges_say(laboratory, stand_ins, still):
    stand_ins([flags(*ACTION_UNITS)] * 3)
    sample = replace(laboratory.sample(still(laboratory)))
    assert sample.once(judge).still
    assert not sample.once(judge).seen.any()
    assert F1.score(sample) == AGREEMENT.score(sample) == 0.0
    assert not replace(laboratory.moving()).once(judge).still


def test_agreement_of_one_clip():
    assert agreement(flags(1, 2), flags(1, 2)) == 1.0
    assert agreement(flags(1), flags(2)) == 0.0
    assert agreement(flags(), flags()) == 1.0
    assert agreement(flags(1, 2, 4), flags(1)) == pytest.approx(0.5)


def test_comparison_of_sets():
    wanted = np.stack([flags(1), flags(1), flags(4), flags(4)])
    seen = np.stack([flags(1), flags(), flags(4), flags(4, 1)])
    found = compare(wanted, seen)
    assert found.f1[0] == pytest.approx(0.5)
    assert found.f1[2] == 1.0
    assert found.f1_macro == pytest.approx(0.75)  # ten units occur nowhere and say nothing
    assert found.kappa[0] == pytest.approx(0.0)
    assert found.kappa_macro == pytest.approx(0.5)
    assert found.support.tolist() == [2, 0, 2] + [0] * 9
    assert compare(wanted, wanted).f1_macro == 1.0


def test_report_stands_beside_gain():
    def one(wanted, seen, driving, still=False):
        verdict = [Verdict(np.repeat(said[None, None].astype(np.float32), 3, axis=0)) for said in (seen, driving)]
        return Judged(verdict[0], verdict[1], still, wanted)

    judged = [
        one(flags(1), flags(1), flags(1)),
        one(flags(4), flags(4), flags(), still=True),
        one(None, flags(), flags()),
    ]
    found = report(judged, [0.5, None, 1.0])
    assert (found["clips"], found["still"], found["gain"]) == (2, 1, 0.5)
    assert found["annotation"]["f1"]["AU1"] == 1.0
    assert found["annotation"]["f1"]["AU4"] == 0.0  # judges saw it, but in a still clip
    assert found["ceiling"]["f1_macro"] == 0.5
    assert found["annotation"]["support"]["AU4"] == 1
    assert report([one(None, flags(), flags())], [1.0]) == {"clips": 0}


def test_a_panel_needs_a_majority():
    verdict = Verdict(np.array([[[0.9, 0.9]], [[0.8, 0.1]], [[0.2, 0.3]]], dtype=np.float32))
    assert verdict.present.tolist() == [[True, False]]
    assert verdict.disagreement.tolist() == [1.0]
    assert Panel("a", ()).fold == "a"
