"""Measures how large an ordinary expression is: the target of the automatic magnification factor.

Ordinary-strength clips (3 to 7 px peak at 256 px) of people of the training domain who are not trained on, with their
sensor noise and head motion, measured with the very function that measures a driving clip.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.identity import identity
from mebench.datasets.synme.plan import Plan, Strength, draw_plan
from mebench.datasets.synme.studio import Studio, recording
from mebench.magnification.factor import expression_size

FIRST_PERSON = 2000
"""People with these numbers and above are used by no training."""


def sizes(people: int, clips: int = 2, strength: Strength = "ordinary") -> NDArray[np.float64]:
    """:func:`~mebench.magnification.factor.expression_size` of ``clips`` clips of each person, float64 ``[N]``."""
    found = []
    for index in range(FIRST_PERSON, FIRST_PERSON + people):
        someone = identity("t", "train", index)
        studio = Studio(someone, recording(someone))
        for number in range(clips):
            plan = draw_plan(("target", index, number), studio.capture, "t", strength)
            found.append(expression_size(_ends(studio, plan), plan.onset, plan.apex))
    return np.array(found)


def _ends(studio: Studio, plan: Plan) -> torch.Tensor:
    """The clip with only those frames rendered that the measurement looks at; the others are black."""
    frames = torch.zeros(plan.count, 3, studio.size, studio.size)
    wanted = {*range(plan.onset - 2, plan.onset + 1), *range(plan.apex - 1, plan.apex + 2)}
    noise = Draws("target noise", studio.person.key)
    for number in sorted(wanted & set(range(plan.count))):
        image = studio.frame(studio.state(plan, number), noise.child(number).word())
        frames[number] = torch.from_numpy(image).movedim(-1, 0).float() / 255.0
    return frames
