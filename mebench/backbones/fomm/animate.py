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
        motion_scale: multiplies relative motion, ``v_t - v_0`` and ``J_t J_0^-1 - I``; not part of the published code.
        """
        if not self.use_relative_movement:
            return driving
        scale = movement_scale(source, reference) if self.adapt_movement_scale else 1.0
        value = source.value + motion_scale * scale * (driving.value - reference.value)
        jacobian = driving.jacobian
        if self.use_relative_jacobian and None not in (jacobian, reference.jacobian, source.jacobian):
            assert jacobian is not None and reference.jacobian is not None and source.jacobian is not None
            change = jacobian @ torch.linalg.inv(reference.jacobian)
            if motion_scale != 1.0:
                identity = torch.eye(2, dtype=change.dtype, device=change.device)
                change = identity + motion_scale * (change - identity)
            jacobian = change @ source.jacobian
        return KeyPoints(value, jacobian)


def movement_scale(source: KeyPoints, reference: KeyPoints) -> float:
    """``sqrt(A(source) / A(reference))``, A the area of the convex hull of the key points of the first item."""
    return float((_hull_area(source.value) / _hull_area(reference.value)) ** 0.5)


def _hull_area(points: torch.Tensor) -> float:
    # In two dimensions SciPy calls the area "volume" (its "area" is the perimeter).
    return float(ConvexHull(points[0].detach().cpu().numpy()).volume)
