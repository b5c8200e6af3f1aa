"""How the driving motion is carried to the source: absolute, or relative to a reference frame (paper, section 3.4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.spatial import ConvexHull

from mebench.backbones.fomm.keypoints import KeyPoints


@dataclass(frozen=True)
class Transfer:
    """The options of the published animation code, with its defaults of batch animation.

    use_relative_movement: add the driver's displacement from the reference to the source's key points.
    use_relative_jacobian: likewise for the jacobians. adapt_movement_scale: scale displacements by the ratio of the
    side lengths of the two faces.
    """

    use_relative_movement: bool = True
    use_relative_jacobian: bool = True
    adapt_movement_scale: bool = False

    def __call__(
        self, source: KeyPoints, driving: KeyPoints, reference: KeyPoints, motion_scale: float = 1.0
    ) -> KeyPoints:
        """Key points that the source takes at each driving frame.

        source, reference: one item; driving: B items. Relative (with the reference at the onset):
        ``v' = v_S + a (v_t - v_0)`` and ``J' = J_t J_0^-1 J_S``; without the relative jacobian ``J' = J_t``.
        motion_scale: multiplies what is left of relative motion, ``v_t - v_0`` and ``J_t J_0^-1 - I``, beside
        :func:`shared_motion`, the head's; not part of the published code.
        """
        if not self.use_relative_movement:
            return driving
        scale = movement_scale(source, reference) if self.adapt_movement_scale else 1.0
        moved = driving.value - reference.value
        common, linear = shared_motion(moved, reference.value) if motion_scale != 1.0 else (0.0, 0.0)
        value = source.value + scale * (common + motion_scale * (moved - common))
        jacobian = driving.jacobian
        if self.use_relative_jacobian and None not in (jacobian, reference.jacobian, source.jacobian):
            assert jacobian is not None and reference.jacobian is not None and source.jacobian is not None
            change = jacobian @ torch.linalg.inv(reference.jacobian)
            if motion_scale != 1.0:
                still = torch.eye(2, dtype=change.dtype, device=change.device) + linear
                change = still + motion_scale * (change - still)
            jacobian = change @ source.jacobian
        return KeyPoints(value, jacobian)


def shared_motion(moved: torch.Tensor, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The affine motion that the key points have in common, by least squares: at the points ``[B,K,2]``, and its linear
    part ``[B,1,2,2]``, which is its share of every jacobian's change. With points that never move it is 0.

    moved: displacement of the points ``[B,K,2]``. points: where they were, ``[1,K,2]``.
    """
    places = torch.cat((points[0], torch.ones_like(points[0][:, :1])), dim=1)
    found = torch.linalg.pinv(places) @ moved
    return places @ found, found[:, None, :2].mT


def movement_scale(source: KeyPoints, reference: KeyPoints) -> float:
    """``sqrt(A(source) / A(reference))``, A the area of the convex hull of the key points of the first item."""
    return float((_hull_area(source.value) / _hull_area(reference.value)) ** 0.5)


def _hull_area(points: torch.Tensor) -> float:
    # In two dimensions SciPy calls the area "volume" (its "area" is the perimeter).
    return float(ConvexHull(points[0].detach().cpu().numpy()).volume)
