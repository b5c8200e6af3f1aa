"""One frame as the demonstrations of the papers make it: the source goes through its networks again, then the frame.

The onset frame of the driver is read once, before the loop, as in those demonstrations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from mebench.backbones.contract import Backbone
from mebench.backbones.emoportraits.backbone import LITE_RESOLUTION, EmoPortraitsLite
from mebench.backbones.emoportraits.lite import relative_motion
from mebench.backbones.fomm.backbone import Fomm, FommLite
from mebench.backbones.fsrt.backbone import Fsrt, FsrtLite
from mebench.backbones.fsrt.lite import Pose
from mebench.backbones.metaportrait.backbone import EYES, LiteBackbone
from mebench.backbones.metaportrait.mesh_landmarks import MeshReference
from mebench.backbones.metaportrait.transfer import turned
from mebench.motion.warp import resize

Frame = Callable[[torch.Tensor], torch.Tensor]
"""From a driving frame ``[1,3,H,W]`` to the frame ``[1,3,h,w]`` that is made of it."""


def loop_of(backbone: Backbone, source: torch.Tensor, reference: torch.Tensor) -> Frame:
    """What is done for every frame; what is done once is done here. source, reference: ``[3,H,W]``."""
    for kinds, make in _LOOPS:
        if isinstance(backbone, kinds):
            return make(backbone, source, reference)
    # Nothing of the published MetaPortrait and EMOPortraits reads the onset frame with a network.
    return lambda frame: backbone.drive(backbone.enroll(source), frame, reference)


def _fomm(backbone: Any, source: torch.Tensor, reference: torch.Tensor) -> Frame:
    initial = backbone._detect(resize(reference[None], 256))

    def frame(driving: torch.Tensor) -> torch.Tensor:
        identity = backbone.enroll(source)
        found = backbone._detect(resize(driving, 256))
        made: torch.Tensor = backbone._render(identity, backbone.transfer(identity.points, found, initial))
        return made

    return frame


def _fsrt(backbone: Any, source: torch.Tensor, reference: torch.Tensor) -> Frame:
    initial, transfer = backbone._read(reference[None]), backbone.transfer

    def frame(driving: torch.Tensor) -> torch.Tensor:
        identity, found = backbone.enroll(source), backbone._read(driving)
        points = transfer.points(identity.pose.points, found.points, initial.points)
        expression = transfer.expression(identity.pose.expression, found.expression, initial.expression)
        made: torch.Tensor = backbone._render(identity, Pose(points, expression))
        return made

    return frame


def _emoportraits(backbone: Any, source: torch.Tensor, reference: torch.Tensor) -> Frame:
    network = backbone.network
    initial = network.read(resize(reference[None], LITE_RESOLUTION))

    def frame(driving: torch.Tensor) -> torch.Tensor:
        identity = backbone.enroll(source)
        moved = relative_motion(identity, network.read(resize(driving, LITE_RESOLUTION)), initial)
        made: torch.Tensor = network.render(identity, *moved).prediction.clamp(0.0, 1.0)
        return made

    return frame


def _metaportrait(backbone: Any, source: torch.Tensor, reference: torch.Tensor) -> Frame:
    first = MeshReference.find(backbone._small(reference[None])[0], "the onset frame")

    def frame(driving: torch.Tensor) -> torch.Tensor:
        identity = backbone.enroll(source)
        moved = torch.from_numpy(first.displacement(backbone._small(driving), backbone.tracker))
        steady = backbone.network.steadied(moved, backbone.tracker).numpy()
        points = identity.points + turned(steady, identity.points, first.points, EYES)
        made: torch.Tensor = backbone._render(identity.encoded, points.astype("float32"))
        return made

    return frame


_LOOPS: tuple[tuple[tuple[type, ...], Callable[[Any, torch.Tensor, torch.Tensor], Frame]], ...] = (
    ((Fomm, FommLite), _fomm),
    ((Fsrt, FsrtLite), _fsrt),
    ((EmoPortraitsLite,), _emoportraits),
    ((LiteBackbone,), _metaportrait),
)
