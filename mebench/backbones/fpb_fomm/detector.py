"""The detector: local affine frames at given points, from the image and the facial prior."""

from __future__ import annotations

import torch

from mebench.backbones.fomm.blocks import Hourglass
from mebench.backbones.fomm.config import FommConfig
from mebench.backbones.fomm.keypoints import KeyPointDetector, KeyPoints
from mebench.backbones.fpb_fomm.points import normalised, prior_map


class PriorDetector(KeyPointDetector):
    """FOMM's detector with a fourth input channel. Its heatmaps weight the jacobian maps and place nothing."""

    def __init__(self, config: FommConfig) -> None:
        super().__init__(config)
        params = config.kp_detector_params
        # The heads keep their widths: the hourglass passes its input on, so they read one channel more.
        self.predictor = Hourglass(
            config.num_channels + 1, params.block_expansion, params.num_blocks, params.max_features
        )
        self.kp = torch.nn.Conv2d(self.predictor.out_channels, config.num_kp, 7)
        if config.estimate_jacobian:
            self.jacobian = torch.nn.Conv2d(self.predictor.out_channels, 4 * self.jacobian_maps, 7)
            self._start_at_identity(self.jacobian)

    def prior(self, image: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """The prior map at the detector's resolution: ``[B,1,h,w]``. points: ``[B,K,2]``, pixels of ``image``."""
        size = image.shape[-1]
        return prior_map(points, size, size if self.down is None else -(-size // self.down.step))

    def forward(self, image: torch.Tensor, points: torch.Tensor | None = None) -> KeyPoints:
        """image: ``[B,3,S,S]`` in [0,1]. points: ``[B,K,2]`` (x, y) in pixels of the image; they come back in [-1,1]."""
        if points is None:
            raise TypeError("FPB-FOMM's detector needs the facial points of the image")
        small = image if self.down is None else self.down(image)
        features = self.predictor(torch.cat((small, self.prior(image, points).to(small)), dim=1))
        value = normalised(points, image.shape[-1])
        if self.jacobian is None:
            return KeyPoints(value)
        heatmap = torch.softmax(self.kp(features).flatten(2) / self.temperature, dim=2)
        batch, count = heatmap.shape[:2]
        maps = self.jacobian(features).reshape(batch, self.jacobian_maps, 4, -1)
        return KeyPoints(value, (heatmap[:, :, None] * maps).sum(-1).reshape(batch, count, 2, 2))
