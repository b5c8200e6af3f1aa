"""FPB-FOMM as a backbone of the benchmark: the published networks, or the small one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from mebench.backbones.contract import Backbone, BackboneFacts
from mebench.backbones.fomm.animate import Transfer
from mebench.backbones.fomm.backbone import BATCH, RESOLUTION
from mebench.backbones.fomm.frozen import require_finite, require_frames
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fpb_fomm.checkpoint import load_official
from mebench.backbones.fpb_fomm.lite import LiteFpb
from mebench.backbones.fpb_fomm.lite_checkpoint import load_lite
from mebench.backbones.fpb_fomm.points import points_of
from mebench.errors import ConfigError
from mebench.motion.warp import resize
from mebench.weights import facts, find, sha256

PAPER = (
    "Zhang et al., Facial Prior Based First Order Motion Model for Micro-expression Generation, ACM MM 2021 "
    "(arXiv 2308.04536)"
)
LITE = "fpb-fomm-lite"
OFFICIAL = "fpb-fomm"

TRANSFER = Transfer(use_relative_movement=True, use_relative_jacobian=True, adapt_movement_scale=False)
"""The published settings. The points of the driving clip are those of its onset frame throughout, so that relative
movement is exactly zero and the affine frames carry everything: no head motion."""


def load(weights: str = "lite", grid_align_corners: bool = True) -> Backbone:
    """The backbone with frozen weights.

    weights: ``lite``, ``fpb-fomm`` (added with ``mebench weights add``), or the path of a ``.safetensors`` file of the
    small network. The published checkpoint was trained on CASME II, SAMM and SMIC-HS together; it is not admissible
    where one of them is held out. grid_align_corners: as for :func:`mebench.backbones.fomm.backbone.load`.
    """
    own_file = Path(weights).suffix == ".safetensors"
    name = LITE if weights == "lite" else weights
    if not own_file and name not in (LITE, OFFICIAL):
        raise ConfigError(f"fpb-fomm: there are no weights '{weights}'; known: lite, {OFFICIAL}.")
    if name != OFFICIAL and not grid_align_corners:
        raise ConfigError(
            "fpb-fomm: the lite weights are corner-aligned by construction; leave grid_align_corners out."
        )
    path = Path(weights) if own_file else find(name)
    known = BackboneFacts(
        name="fpb-fomm",
        weights=path.stem if own_file else name,
        weights_sha256=sha256(path),
        resolution=RESOLUTION,
        mode="relative",
        trained_on=_LITE_DATA if own_file else facts(name).trained_on,
        paper=PAPER,
        options={**asdict(TRANSFER), "grid_align_corners": grid_align_corners},
    )
    if name == OFFICIAL:
        return FpbFomm(_Published(load_official(path, grid_align_corners=grid_align_corners)), known)
    return FpbFomm(_Lite(load_lite(path)), known)


_LITE_DATA = "synme, training domain t (rendered faces)"


@dataclass(frozen=True)
class Enrolled:
    """A source: what the networks need of it, and its key points."""

    encoded: Any
    points: KeyPoints


class FpbFomm:
    """Finds the facial points of a face once, and drives it frame by frame."""

    scales_motion = True

    def __init__(self, networks: _Published | _Lite, facts: BackboneFacts) -> None:
        self.facts = facts
        self._networks = networks

    def to(self, device: torch.device) -> None:
        """Move the networks; frames must come on the same device."""
        for value in vars(self._networks).values():
            value.to(device)

    @torch.no_grad()
    def enroll(self, source: torch.Tensor) -> Enrolled:
        """source: float32 ``[3,H,W]`` in [0,1], a face cropped like the training data; any size, made 256 x 256."""
        image = resize(require_frames(source, "source image", dimensions=3)[None], RESOLUTION)
        points = self._networks.detect(image, _facial_points(image))
        return Enrolled(self._networks.encode(image, points), points)

    @torch.no_grad()
    def drive(
        self, identity: Enrolled, driving: torch.Tensor, reference: torch.Tensor, motion_scale: float = 1.0
    ) -> torch.Tensor:
        """driving: ``[T,3,H,W]``; reference: ``[3,H,W]``, the onset frame, whose points serve all frames.
        motion_scale: multiplies the change of the affine frames. Gives ``[T,3,256,256]`` in [0,1]. Raises :class:`InputError` for frames that are not finite RGB in [0,1]."""
        frames = require_frames(driving, "driving clip", dimensions=4)
        onset = resize(require_frames(reference, "reference frame", dimensions=3)[None], RESOLUTION)
        places = _facial_points(onset)
        initial = self._networks.detect(onset, places)
        made = []
        for part in torch.split(frames, BATCH):
            found = self._networks.detect(resize(part, RESOLUTION), places.expand(len(part), -1, -1))
            moved = TRANSFER(identity.points, found, initial, motion_scale)
            made.append(self._networks.render(identity, moved))
        return require_finite(torch.cat(made), self.facts.weights)


class _Published:
    """The published networks at 256 px."""

    def __init__(self, networks: Any) -> None:
        self._detector, self._generator = networks["kp_detector"], networks["generator"]

    def detect(self, images: torch.Tensor, points: torch.Tensor) -> KeyPoints:
        found: KeyPoints = self._detector(images, points)
        return found

    def encode(self, image: torch.Tensor, points: KeyPoints) -> Any:
        return self._generator.encode(image)

    def render(self, identity: Enrolled, driving: KeyPoints) -> torch.Tensor:
        batch = len(driving.value)
        rendering = self._generator.render(identity.encoded.expand(batch), driving, identity.points.expand(batch))
        prediction: torch.Tensor = rendering.prediction
        return prediction


class _Lite:
    """The small network: motion at 128 px, output at 256 px from the source's own pixels."""

    def __init__(self, network: LiteFpb) -> None:
        self._network = network

    def detect(self, images: torch.Tensor, points: torch.Tensor) -> KeyPoints:
        found: KeyPoints = self._network.detector(resize(images, self._network.config.size), points)
        return found

    def encode(self, image: torch.Tensor, points: KeyPoints) -> Any:
        return self._network.encode(image, points)

    def render(self, identity: Enrolled, driving: KeyPoints) -> torch.Tensor:
        return self._network.render(identity.encoded.expand(len(driving.value)), driving).prediction


def _facial_points(image: torch.Tensor) -> torch.Tensor:
    """``[1,18,2]`` of an image ``[1,3,256,256]``."""
    pixels = (image[0] * 255.0).round().clamp(0.0, 255.0).to(torch.uint8).permute(1, 2, 0).contiguous().cpu().numpy()
    return torch.from_numpy(points_of(pixels))[None].to(image.device)
