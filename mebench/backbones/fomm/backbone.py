"""FOMM as a backbone of the benchmark: the published networks, or the small one that ships."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from mebench.backbones.contract import Backbone, BackboneFacts
from mebench.backbones.fomm.animate import Transfer
from mebench.backbones.fomm.checkpoint import load_official
from mebench.backbones.fomm.frozen import require_finite, require_frames
from mebench.backbones.fomm.generator import EncodedSource
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fomm.lite import EncodedLite, LiteFomm
from mebench.backbones.fomm.lite_checkpoint import load_lite
from mebench.errors import ConfigError
from mebench.motion.warp import resize
from mebench.weights import facts, find, sha256

PAPER = "Siarohin et al., First Order Motion Model for Image Animation, NeurIPS 2019 (arXiv 2003.00196)"

RESOLUTION = 256
"""Side of the frames that every FOMM of this folder gives."""

BATCH = 8
"""Frames that go through the networks together: bounds the memory, and changes no output."""

LITE = "fomm-lite"
OFFICIAL = ("vox-cpk", "vox-adv-cpk")


def load(
    weights: str = "lite",
    mode: Literal["relative", "absolute"] = "relative",
    adapt_movement_scale: bool = False,
    relative_jacobian: bool = True,
    grid_align_corners: bool = True,
) -> Backbone:
    """The backbone with frozen weights.

    weights: ``lite`` (ships), ``vox-cpk`` or ``vox-adv-cpk`` (added with ``mebench weights add``). mode: motion
    relative to the onset frame, or absolute. adapt_movement_scale, relative_jacobian: see
    :class:`~mebench.backbones.fomm.animate.Transfer`. grid_align_corners: convention of all grid sampling, see
    :func:`~mebench.backbones.fomm.sampling.sample`; True is that of the training of the published weights, False that
    of the published code on current frameworks. All of it stands in ``facts.options``.
    """
    if mode not in ("relative", "absolute"):
        raise ConfigError(f"fomm: mode is 'relative' or 'absolute', not '{mode}'.")
    transfer = Transfer(
        use_relative_movement=mode == "relative",
        use_relative_jacobian=mode == "relative" and relative_jacobian,
        adapt_movement_scale=mode == "relative" and adapt_movement_scale,
    )
    name = LITE if weights == "lite" else weights
    if name == LITE and not grid_align_corners:
        raise ConfigError("fomm: the lite weights are corner-aligned by construction; leave grid_align_corners out.")
    if name not in (LITE, *OFFICIAL):
        raise ConfigError(f"fomm: there are no weights '{weights}'; known: lite, {', '.join(OFFICIAL)}.")
    path = find(name)
    known = BackboneFacts(
        name="fomm",
        weights=name,
        weights_sha256=sha256(path),
        resolution=RESOLUTION,
        mode=mode,
        trained_on=facts(name).trained_on,
        paper=PAPER,
        options={**asdict(transfer), "grid_align_corners": grid_align_corners},
    )
    if name == LITE:
        return FommLite(load_lite(path), transfer, known)
    return Fomm(load_official(path, grid_align_corners=grid_align_corners), transfer, known)


def load_file(path: Path) -> Backbone:
    """The small FOMM from a file of its own, such as one that was just trained; relative motion."""
    known = BackboneFacts(
        name="fomm",
        weights=Path(path).stem,
        weights_sha256=sha256(path),
        resolution=RESOLUTION,
        mode="relative",
        trained_on=facts(LITE).trained_on,
        paper=PAPER,
        options={**asdict(Transfer()), "grid_align_corners": True},
    )
    return FommLite(load_lite(path), Transfer(), known)


@dataclass(frozen=True)
class Enrolled:
    """A source: what the networks need of it, and its key points."""

    encoded: Any
    points: KeyPoints


class _Animator:
    """Enrols a source once, and drives it frame by frame; the networks differ in two functions."""

    def __init__(self, transfer: Transfer, facts: BackboneFacts) -> None:
        self.transfer = transfer
        self.facts = facts
        self.scales_motion = transfer.use_relative_movement

    @torch.no_grad()
    def enroll(self, source: torch.Tensor) -> Enrolled:
        """source: float32 ``[3,H,W]`` in [0,1], a face cropped like the training data; any size, made 256 x 256."""
        image = resize(require_frames(source, "source image", dimensions=3)[None], RESOLUTION)
        points = self._detect(image)
        return Enrolled(self._encode(image, points), points)

    @torch.no_grad()
    def drive(
        self, identity: Enrolled, driving: torch.Tensor, reference: torch.Tensor, motion_scale: float = 1.0
    ) -> torch.Tensor:
        """driving: ``[T,3,H,W]``; reference: ``[3,H,W]``, the onset frame. Gives ``[T,3,256,256]`` in [0,1].

        motion_scale: multiplies the motion of the key points (relative mode alone).
        Raises :class:`InputError` for frames that are not finite RGB in [0,1].
        """
        frames = require_frames(driving, "driving clip", dimensions=4)
        onset = require_frames(reference, "reference frame", dimensions=3)[None]
        initial = self._detect(resize(onset, RESOLUTION))
        made = []
        for part in torch.split(frames, BATCH):
            found = self._detect(resize(part, RESOLUTION))
            made.append(self._render(identity, self.transfer(identity.points, found, initial, motion_scale)))
        return require_finite(torch.cat(made), self.facts.weights)

    def _detect(self, images: torch.Tensor) -> KeyPoints:
        raise NotImplementedError

    def _encode(self, image: torch.Tensor, points: KeyPoints) -> Any:
        raise NotImplementedError

    def _render(self, identity: Enrolled, driving: KeyPoints) -> torch.Tensor:
        raise NotImplementedError


class Fomm(_Animator):
    """The published networks at 256 px."""

    def __init__(self, networks: nn.ModuleDict, transfer: Transfer, facts: BackboneFacts) -> None:
        super().__init__(transfer, facts)
        self.detector: Any = networks["kp_detector"]
        self.generator: Any = networks["generator"]

    def _detect(self, images: torch.Tensor) -> KeyPoints:
        points: KeyPoints = self.detector(images)
        return points

    def _encode(self, image: torch.Tensor, points: KeyPoints) -> EncodedSource:
        encoded: EncodedSource = self.generator.encode(image)
        return encoded

    def _render(self, identity: Enrolled, driving: KeyPoints) -> torch.Tensor:
        batch = len(driving.value)
        rendering = self.generator.render(identity.encoded.expand(batch), driving, identity.points.expand(batch))
        prediction: torch.Tensor = rendering.prediction
        return prediction


class FommLite(_Animator):
    """The small network: motion at 128 px, output at 256 px from the source's own pixels."""

    def __init__(self, network: LiteFomm, transfer: Transfer, facts: BackboneFacts) -> None:
        super().__init__(transfer, facts)
        self.network = network

    def _detect(self, images: torch.Tensor) -> KeyPoints:
        points: KeyPoints = self.network.detector(resize(images, self.network.config.size))
        return points

    def _encode(self, image: torch.Tensor, points: KeyPoints) -> EncodedLite:
        return self.network.encode(image, points)

    def _render(self, identity: Enrolled, driving: KeyPoints) -> torch.Tensor:
        return self.network.render(identity.encoded.expand(len(driving.value)), driving).prediction
