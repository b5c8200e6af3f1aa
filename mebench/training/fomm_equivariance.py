"""The random smooth warp under which key points must be equivariant (section 3.1 of the FOMM paper, eq. 8 to 11)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mebench.backbones.fomm.sampling import coordinate_grid, sample

_LOG_GUARD = 1e-6
"""Keeps the logarithm finite at distance 0; the published value."""


@dataclass(frozen=True)
class RandomWarp:
    """``W(z) = A z + b + sum_i c_i phi(r_i)``, phi(r) = r^2 log(r + 1e-6), r_i the L1 distance to control point i.

    theta: ``[B,2,3]``, (A|b). control: ``[B,1,P*P]``, the c_i on a P x P coordinate grid; the scalar sum is added to
    both coordinates.
    """

    theta: torch.Tensor
    control: torch.Tensor

    @classmethod
    def draw(
        cls,
        batch: int,
        generator: torch.Generator,
        *,
        sigma_affine: float = 0.05,
        sigma_tps: float = 0.005,
        points_tps: int = 5,
    ) -> RandomWarp:
        """(A|b) = (I|0) + N(0, sigma_affine^2), c_i ~ N(0, sigma_tps^2)."""
        noise = sigma_affine * torch.randn(batch, 2, 3, generator=generator)
        control = sigma_tps * torch.randn(batch, 1, points_tps**2, generator=generator)
        return cls(torch.eye(2, 3) + noise, control)

    def __call__(self, points: torch.Tensor) -> torch.Tensor:
        """W at ``[B,N,2]``."""
        affine = points @ self.theta[:, :, :2].mT + self.theta[:, None, :, 2]
        distance = (points[:, :, None] - self._control_points(points)).abs().sum(-1)
        bend = self.control * distance.square() * torch.log(distance + _LOG_GUARD)
        return affine + bend.sum(-1, keepdim=True)

    def jacobian(self, points: torch.Tensor) -> torch.Tensor:
        """dW/dz at ``[B,N,2]``: ``[B,N,2,2]``, rows are the outputs x, y. Exact and differentiable."""
        offset = points[:, :, None] - self._control_points(points)
        distance = offset.abs().sum(-1)
        slope = 2 * distance * torch.log(distance + _LOG_GUARD) + distance.square() / (distance + _LOG_GUARD)
        bend = ((self.control * slope)[..., None] * offset.sign()).sum(2)
        return self.theta[:, None, :, :2] + bend[:, :, None, :]

    def frame(self, image: torch.Tensor, *, align_corners: bool) -> torch.Tensor:
        """The image ``[B,C,H,W]`` sampled at W(grid), mirrored beyond its border."""
        batch, _, height, width = image.shape
        grid = coordinate_grid(height, width, image).reshape(1, -1, 2).expand(batch, -1, -1)
        where = self(grid).reshape(batch, height, width, 2)
        return sample(image, where, align_corners=align_corners, padding="reflection")

    def _control_points(self, like: torch.Tensor) -> torch.Tensor:
        side = round(self.control.shape[-1] ** 0.5)
        return coordinate_grid(side, side, like).reshape(1, 1, -1, 2)
