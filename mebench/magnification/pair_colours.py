"""The colour change that FlowMag's training and its test-time adaptation lay on a pair of frames."""

from __future__ import annotations

import numpy as np
import torch
from torchvision.transforms import functional as colour

JITTER = 0.5
"""Brightness, contrast and saturation are multiplied by 1 - JITTER to 1 + JITTER: as published."""

HUE = 0.3


def recoloured(pair: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """The same random brightness, contrast, saturation and hue for both frames of ``[2,3,H,W]`` in [0,1]."""
    both = pair.clamp(0.0, 1.0)
    brightness, contrast, saturation = rng.uniform(1.0 - JITTER, 1.0 + JITTER, size=3)
    both = (both * brightness).clamp(0.0, 1.0)
    # One mean for both frames: a mean each would add a flicker that is not in the clip.
    mean = both[0].mean()
    both = (mean + contrast * (both - mean)).clamp(0.0, 1.0)
    both = colour.adjust_saturation(both, saturation)
    turned: torch.Tensor = colour.adjust_hue(both, rng.uniform(-HUE, HUE))
    return turned
