"""The study of demagnifiers: what is measured on a case that is known, and how it is told."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from bumps import clip, face, field, image, warped

from mebench.magnification.flow_blend import FlowBlend
from mebench.motion.region import face_region
from mebench.training.bars import draw_bars
from mebench.training.demagnification_report import against
from mebench.training.demagnification_study import Case, Row, means, measure, table


@pytest.fixture(scope="module")
def case() -> Case:
    """One pixel of motion, shown four times as large; exact warps of a photograph."""
    motion = field(0, 1.0)
    frames = clip(face(), warped(face(), 4.0 * motion))
    inside = np.hypot(motion[..., 0], motion[..., 1]) > 0.02
    answer = image(clip(warped(face(), motion))[0])
    return Case("someone", 12, 4.0, 1.0, frames, answer, motion, inside, face_region(image(frames[0])))


def test_a_known_case_is_read(case):
    """What is left as it is moves four times as much: an error of three times the answer's motion."""
    untouched, blended = measure(case, "as it is", None), measure(case, "flow-blend", FlowBlend(keep_head=False))
    assert untouched.error == pytest.approx(3.0, rel=0.1)
    assert blended.error < 0.1 and blended.psnr > untouched.psnr + 10
    perfect = Case(**{**vars(case), "frames": torch.stack((case.frames[0], clip(case.answer / np.float32(255))[0]))})
    assert measure(perfect, "as it is", None).error < 0.01 and measure(perfect, "as it is", None).psnr > 70


def test_tables_and_plot(tmp_path):
    rows = [Row("a", "x", unit, factor, 1.0, 0.1 * factor, 40.0, 0.5) for unit in (1, 12) for factor in (2.0, 4.0)]
    rows += [Row("b", "x", 1, 2.0, 1.0, 1.5, 30.0, 0.5)]
    told = table(rows, "factor").splitlines()
    assert told[0] == "| demagnifier | factor 2 | factor 4 | all |"
    assert told[2] == "| a | 20 % / 40.0 | 40 % / 40.0 | 30 % / 40.0 |"
    assert told[3] == "| b | 150 % / 30.0 | - | 150 % / 30.0 |"
    assert "AU1 | AU12" in table(rows, "unit")
    assert means(rows, "factor")["a"] == pytest.approx({2.0: 0.2, 4.0: 0.4})
    draw_bars({"By factor": {"a": {"x 2": 20.0}, "b": {"x 2": 150.0}}}, tmp_path / "bars.png", "percent", most=100.0)
    plot = cv2.imread(str(tmp_path / "bars.png"))
    # The second series is twice the axis: its bar fills the panel in its colour.
    assert (plot == (14, 127, 255)).all(axis=-1).sum() > 4 * (plot == (178, 87, 31)).all(axis=-1).sum() > 0


def test_paired_differences():
    """Two people, three cases: 4 points less in the mean; people are what varies, so the interval is that of two means."""
    cases = (("x", 2.0, 0.30), ("x", 4.0, 0.40), ("y", 2.0, 0.20))
    rows = [Row("old", who, 1, factor, 1.0, error, 40.0, 0.5) for who, factor, error in cases]
    rows += [
        Row("new", *key, error - less, 41.0, 0.75)
        for (*key, error), less in zip(
            ((who, 1, factor, 1.0, error) for who, factor, error in cases), (0.03, 0.03, 0.06), strict=True
        )
    ]
    told = against(rows, "old").splitlines()
    assert told[2] == "| old | 0 | 0 | 0.50 |"
    assert told[3].startswith("| new | -4.0 [") and told[3].endswith("| +1.00 [+1.00, +1.00] | 0.75 |")
    assert "+" in told[3].split("|")[2]
