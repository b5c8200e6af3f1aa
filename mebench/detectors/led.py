"""LED: learnable Eulerian dynamics, a trained mixing of frames that magnifies motion, before a 3-D SSSNet.

Varanka, Peng, Zhao, "Learnable Eulerian Dynamics for Micro-Expression Action Unit Detection", SCIA 2023; tensor names of
the MEB library.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from mebench.detectors.frame_inputs import GreyFrames
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.schedule import Schedule

SIZE = 64
FRAMES = 6


class EulerianDynamics(nn.Module):
    """Mixes each frame with those before it by the difference of two exponential low-pass filters.

    float ``[N,1,T,H,W]`` to the same shape. alpha: magnification, r1, r2: rates of the filters; their logarithms are the
    parameters. The first frame passes unchanged.
    """

    def __init__(self, alpha: float = 10.0, r1: float = 0.4, r2: float = 0.05) -> None:
        super().__init__()
        self.alpha, self.r1, self.r2 = (
            nn.Parameter(torch.tensor(math.log(value), dtype=torch.float32)) for value in (alpha, r1, r2)
        )

    def mixing(self, frames: int) -> torch.Tensor:
        """``W [T,T]``: entry (i, j) is the weight of frame i in output frame j; 0 below the diagonal.

        ``alpha ((1-r1)^(j-i) r1^b - (1-r2)^(j-i) r2^b)`` with ``b = min(1, i)`` above the diagonal and
        ``alpha (r1 - r2)`` on it.
        """
        alpha, r1, r2 = self.alpha.exp(), self.r1.exp(), self.r2.exp()
        index = torch.arange(frames, device=alpha.device, dtype=alpha.dtype)
        later = (index[None, :] - index[:, None]).clamp(min=0)
        past = index.clamp(max=1)[:, None]
        above = (1 - r1) ** later * r1**past - (1 - r2) ** later * r2**past
        diagonal = torch.diag((r1 - r2).expand(frames))
        return torch.as_tensor(alpha * (torch.triu(above, diagonal=1) + diagonal))

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        weights = self.mixing(clip.shape[2])
        mixed = torch.einsum("ncfhw,fx->ncxhw", clip, weights)
        mixed = mixed / (torch.einsum("ncfhw,fx->ncxhw", clip, weights.abs()) + 1.0)
        return torch.cat((clip[:, :, :1], mixed[:, :, 1:]), dim=2)


class LedNetwork(nn.Module):
    """float ``[N,1,frames,size,size]``, grey levels 0 to 255, to logits ``[N,class_num]``."""

    def __init__(
        self,
        class_num: int = 12,
        frames: int = FRAMES,
        size: int = SIZE,
        alpha: float = 10.0,
        r1: float = 0.4,
        r2: float = 0.05,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.led = EulerianDynamics(alpha, r1, r2)
        self.conv1 = nn.Conv3d(1, 32, (1, 5, 5))
        self.bn1 = nn.BatchNorm3d(32)
        self.conv2 = nn.Conv3d(32, 64, (2, 3, 3))
        self.bn2 = nn.BatchNorm3d(64)
        side = ((size - 4) // 3 - 2) // 2
        self.fc1 = nn.Linear(64 * ((frames - 2) // 2) * side * side, 256)
        self.fc = nn.Linear(256, class_num)
        self.dropout = dropout

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        x = self.led(clip)[:, :, 1:]
        x = self.bn1(functional.max_pool3d(functional.relu(self.conv1(x)), (1, 3, 3)))
        x = functional.dropout3d(x, self.dropout, self.training)
        x = self.bn2(functional.max_pool3d(functional.relu(self.conv2(x)), 2))
        x = functional.dropout3d(x, self.dropout, self.training).flatten(1)
        x = functional.dropout(functional.relu(self.fc1(x)), self.dropout, self.training)
        return torch.as_tensor(self.fc(x))


def load() -> NetworkDetector:
    """As published: batches of 64, 400 epochs; the three dynamics parameters learn at 0.1, tenfold less from epoch 50."""
    schedule = Schedule(epochs=400, rate=1e-4, batch=64, special_rates=(("led.", 0.1, 50),))
    return NetworkDetector("led", LedNetwork, GreyFrames(FRAMES, SIZE), schedule)
