"""What the brightness of two frames says of motion, before any flow is estimated."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

CONTRAST = 0.01
"""Grey levels per pixel (of a range of 1) below which a gradient says nothing about motion: about the sensor's noise."""

MOTION_SCALE = 4.0
"""A displacement of a quarter of a pixel at 112, half a pixel at 256, becomes 1."""


class MotionStem(nn.Module):
    """Pair ``[N,2,S,S]`` in [0,1] to ``[N,6,S/4,S/4]``: what brightness change says of motion, averaged over 8 x 8 pixels.

    Brightness constancy, ``I_t + <grad I, u> = 0`` (Horn and Schunck, Artificial Intelligence 17, 1981), in the averages
    of Lucas and Kanade (IJCAI 1981), not solved: ``-I_t I_x`` and ``-I_t I_y`` over the gradient energy, orientation of
    the gradients, the energy itself, and the change that is left. There is nothing to train.
    """

    CHANNELS = 6

    def forward(self, pair: torch.Tensor) -> torch.Tensor:
        smooth = functional.avg_pool2d(functional.pad(pair, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
        mean = smooth.mean(dim=1, keepdim=True)
        change = smooth[:, 1:] - smooth[:, :1]
        padded = functional.pad(mean, (1, 1, 1, 1), mode="replicate")
        across = 0.5 * (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2])
        down = 0.5 * (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1])
        moments = torch.cat((-change * across, -change * down, across**2, down**2, across * down, change), dim=1)
        pooled = functional.avg_pool2d(moments, 8, stride=4, padding=2)
        energy = pooled[:, 2:3] + pooled[:, 3:4] + CONTRAST**2
        return torch.cat(
            (
                MOTION_SCALE * pooled[:, :2] / energy,
                (pooled[:, 2:3] - pooled[:, 3:4]) / energy,
                2.0 * pooled[:, 4:5] / energy,
                pooled[:, 5:6] / energy.sqrt(),
                torch.log(energy / CONTRAST**2) / 5.0,
            ),
            dim=1,
        )
