"""MIACNet: an encoder of facial action that learns from ordinary expressions before it reads micro-expressions (MA2MI).

Published of it: two branches, one for facial position from a frame, one for facial action from the pair (I_t, I_t+delta);
pretraining on ordinary ("macro") videos reconstructs I_t+delta from I_t and the action code, with delta drawn from a
range; then both are fine-tuned on onset-apex pairs. **Everything else here is ours**: layers, sizes, losses, the stem that
measures brightness change along gradients, and a decoder that moves the pixels of I_t, so that the code must hold motion.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mebench.detectors.frame_inputs import GreyPair
from mebench.detectors.motion_stem import MotionStem
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.schedule import Schedule
from mebench.motion.warp import warp

SIZE = 112
CODE = 128
WIDTH = 32


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class PositionEncoder(nn.Module):
    """Where things are: a frame ``[N,1,112,112]`` to ``[N,32,14,14]``."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _convolution(1, width // 4, 2), _convolution(width // 4, width // 2, 2), _convolution(width // 2, width, 2)
        )

    def forward(self, frame: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.layers(frame))


class ActionEncoder(nn.Module):
    """What changes: a pair ``[N,2,112,112]`` and the position map to a code ``[N,128]``.

    The position map weighs places (spatial attention). Normalisation is of the maps alone, so a code of zero motion is
    learnt, not built in; pretraining pushes it to 0.
    """

    def __init__(self, width: int = WIDTH, code: int = CODE) -> None:
        super().__init__()
        self.stem = MotionStem()
        self.first = _convolution(MotionStem.CHANNELS, width)
        self.second = _convolution(width, width)
        self.attention = nn.Conv2d(width, width, 1)
        self.third = _convolution(width, width)
        self.code = nn.Linear(width * 7 * 7, code)

    def forward(self, pair: torch.Tensor, position: torch.Tensor, dropout: float = 0.0) -> torch.Tensor:
        x = self.second(functional.avg_pool2d(self.first(self.stem(pair)), 2))
        x = self.third(functional.avg_pool2d(x * torch.sigmoid(self.attention(position)), 2)).flatten(1)
        return torch.as_tensor(self.code(functional.dropout(x, dropout, self.training)))


class MiacNetwork(nn.Module):
    """Grey onset and apex frame, float ``[N,2,112,112]`` in [0,1], to logits ``[N,num_classes]``."""

    def __init__(self, num_classes: int = 12, dropout: float = 0.3) -> None:
        super().__init__()
        self.position = PositionEncoder()
        self.action = ActionEncoder()
        self.fc = nn.Linear(CODE, num_classes)
        self.dropout = dropout

    def forward(self, pair: torch.Tensor) -> torch.Tensor:
        code = self.action(pair, self.position(pair[:, :1]), self.dropout)
        return torch.as_tensor(self.fc(functional.dropout(functional.relu(code), self.dropout, self.training)))


class Reconstructor(nn.Module):
    """I_t+delta from I_t and the action code: a displacement field from position map and code moves the pixels of I_t."""

    def __init__(self, width: int = WIDTH, code: int = CODE) -> None:
        super().__init__()
        self.spread = nn.Linear(code, width * 7 * 7)
        self.mixed = nn.Sequential(_convolution(2 * width, width), _convolution(width, width))
        self.field = nn.Conv2d(width, 2, 3, padding=1)
        for parameter in self.field.parameters():
            nn.init.zeros_(parameter)  # training starts from "nothing moves"

    def forward(self, frame: torch.Tensor, position: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        """frame: ``[N,1,112,112]``. Gives ``[N,1,112,112]``."""
        small = functional.relu(self.spread(code)).view(len(code), -1, 7, 7)
        small = functional.interpolate(small, size=position.shape[-2:], mode="bilinear", align_corners=False)
        field = self.field(self.mixed(torch.cat((small, position), dim=1)))
        large = functional.interpolate(field, size=frame.shape[-2:], mode="bicubic", align_corners=False)
        return warp(frame, large)


SCHEDULE = Schedule(epochs=40, rate=1e-3, weight_decay=1e-4, cosine=True, mirror=True, shift=3)


def load() -> NetworkDetector:
    """From random weights; see :mod:`mebench.training.ma2mi` for the pretrained start."""
    return NetworkDetector("miacnet", MiacNetwork, GreyPair(SIZE), SCHEDULE)
