"""Single frames of synme's clips, rendered without the rest: the very bytes that the whole clip has there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from mebench.clip import Pixels
from mebench.datasets.synme.dataset import plan_of
from mebench.datasets.synme.identity import Identity
from mebench.datasets.synme.keys import parse_clip
from mebench.datasets.synme.studio import Studio, recording


def rendered_frames(key: str, indices: Sequence[int]) -> Pixels:
    """uint8 ``[K,256,256,3]``: frames ``indices`` of the clip ``key`` as delivered, with sensor noise."""
    name = parse_clip(key)
    plan, studio = plan_of(name), _studio(name.person)
    frames = [studio.frame(studio.state(plan, index), plan.noise_key + index) for index in indices]
    return np.stack(frames)


@lru_cache(maxsize=1)
def _studio(person: Identity) -> Studio:
    return Studio(person, recording(person))
