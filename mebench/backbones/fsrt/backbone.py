"""FSRT as a backbone of the benchmark: the published networks, or the small variant that ships."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from skimage.transform import resize as skimage_resize
from torch import nn

from mebench.backbones.contract import Backbone, BackboneFacts
from mebench.backbones.fomm.frozen import require_finite, require_frames
from mebench.backbones.fsrt.animate import Transfer, render
from mebench.backbones.fsrt.checkpoint import load_official
from mebench.backbones.fsrt.config import FsrtConfig
from mebench.backbones.fsrt.lite import EncodedLite, LiteFsrt, Pose
from mebench.backbones.fsrt.lite_checkpoint import load_lite
from mebench.errors import ConfigError, InputError
from mebench.motion.warp import resize
from mebench.weights import facts, find, sha256

PAPER = (
    "Rochow, Schwarz, Behnke, FSRT: Facial Scene Representation Transformer for Face Reenactment from Factorized "
    "Appearance, Head-pose, and Facial Expression Features, CVPR 2024 (arXiv 2404.09736)"
)

RESOLUTION = 256
"""Side of the frames that every FSRT of this folder gives. The published weights know no finer grid of pixels."""

BATCH = 8
"""Frames that go through the networks together: bounds the memory, and changes no output."""

LITE = "fsrt-lite"
DETECTOR = "fsrt-kp-detector"
OFFICIAL = ("fsrt-vox256", "fsrt-vox256-2source")

_VARIANT = {"variant": "FSRT-lite: answers are motion weights, blended with the warped source"}


def load(
    weights: str = "lite",
    mode: Literal["relative", "absolute"] = "relative",
    adapt_scale: bool | None = None,
    relative_expression: bool | None = None,
) -> Backbone:
    """The backbone with frozen weights.

    weights: ``lite`` (ships), ``fsrt-vox256`` (trained with one source image) or ``fsrt-vox256-2source`` (with two,
    the right one for two or more); these are added with ``mebench weights add`` and need ``fsrt-kp-detector`` too.
    mode: key points relative to the onset frame, or absolute. adapt_scale: scale the motion by the ratio of the two
    faces' sizes; by default with the published weights in relative mode. relative_expression: see
    :class:`~mebench.backbones.fsrt.animate.Transfer`; by default with the lite weights alone, which were made for it.
    All of it stands in ``facts.options``.
    """
    if mode not in ("relative", "absolute"):
        raise ConfigError(f"fsrt: mode is 'relative' or 'absolute', not '{mode}'.")
    name = LITE if weights == "lite" else weights
    if name not in (LITE, *OFFICIAL):
        raise ConfigError(f"fsrt: there are no weights '{weights}'; known: lite, {', '.join(OFFICIAL)}.")
    if name == LITE and mode == "relative" and relative_expression is False:
        raise ConfigError("fsrt: the lite weights carry the expression relatively too; leave relative_expression out.")
    relative, lite = mode == "relative", name == LITE
    transfer = Transfer(
        relative=relative,
        adapt_scale=relative and (not lite if adapt_scale is None else adapt_scale),
        relative_expression=relative and (lite if relative_expression is None else relative_expression),
    )
    path = find(name)
    if lite:
        return FsrtLite(load_lite(path), transfer, _facts(name, path, transfer, _VARIANT))
    detector = find(DETECTOR)
    networks, config = load_official(path, detector)
    found = {"kp_detector_sha256": sha256(detector), "small_decoder": config.decoder.heads == 6}
    return Fsrt(networks, config, transfer, _facts(name, path, transfer, found))


def load_file(path: Path) -> Backbone:
    """The small FSRT from a file of its own, such as one that was just trained; relative motion."""
    transfer = Transfer(adapt_scale=False, relative_expression=True)
    return FsrtLite(load_lite(path), transfer, _facts(LITE, Path(path), transfer, _VARIANT))


def _facts(name: str, path: Path, transfer: Transfer, options: dict[str, Any]) -> BackboneFacts:
    return BackboneFacts(
        name="fsrt",
        weights=path.stem if name == LITE else name,
        weights_sha256=sha256(path),
        resolution=RESOLUTION,
        mode="relative" if transfer.relative else "absolute",
        trained_on=facts(name).trained_on,
        paper=PAPER,
        options={**asdict(transfer), **options},
    )


@dataclass(frozen=True)
class Enrolled:
    """A source: what the networks need of it (of its tokens, the keys and values), and the pose of its first image."""

    encoded: Any
    pose: Pose


class _Animator:
    """Enrols a source once, and drives it frame by frame; the networks differ in three functions."""

    def __init__(self, transfer: Transfer, facts: BackboneFacts) -> None:
        self.transfer = transfer
        self.facts = facts

    @torch.no_grad()
    def drive(self, identity: Enrolled, driving: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """driving: ``[T,3,H,W]``; reference: ``[3,H,W]``, the onset frame. Gives ``[T,3,256,256]`` in [0,1].

        Raises :class:`InputError` for frames that are not finite RGB in [0,1].
        """
        frames = require_frames(driving, "driving clip", dimensions=4)
        initial = self._read(require_frames(reference, "reference frame", dimensions=3)[None])
        made = []
        for part in torch.split(frames, BATCH):
            found = self._read(part)
            points = self.transfer.points(identity.pose.points, found.points, initial.points)
            expression = self.transfer.expression(identity.pose.expression, found.expression, initial.expression)
            made.append(self._render(identity, Pose(points, expression)))
        return require_finite(torch.cat(made), self.facts.weights)

    def _read(self, frames: torch.Tensor) -> Pose:
        raise NotImplementedError

    def _render(self, identity: Enrolled, target: Pose) -> torch.Tensor:
        raise NotImplementedError


class Fsrt(_Animator):
    """The published networks at 256 px. Inputs must be VoxCeleb-like crops of head and shoulders: nothing is detected
    or aligned, and an input that is not 256 x 256 is resized to it, squeezed where it is not square."""

    def __init__(self, networks: nn.ModuleDict, config: FsrtConfig, transfer: Transfer, facts: BackboneFacts) -> None:
        super().__init__(transfer, facts)
        self.config = config
        self.detector: Any = networks["kp_detector"]
        self.expression: Any = networks["expression_encoder"]
        self.encoder: Any = networks["encoder"]
        self.decoder: Any = networks["decoder"]

    @torch.no_grad()
    def enroll(self, source: torch.Tensor) -> Enrolled:
        """source: float32 ``[3,H,W]`` in [0,1], or several images of the person ``[S,3,H,W]``; any size.

        Key points of the motion are those of the first image.
        """
        several = source if source.ndim == 4 else source[None]
        images = _published_resize(require_frames(several, "source image", dimensions=4), self.config.image_size)
        pose = self._read(images)
        tokens = self.encoder(images[None], pose.points[None], pose.expression[None])
        return Enrolled(self.decoder.key_values(tokens), Pose(pose.points[:1], pose.expression[:1]))

    def _read(self, frames: torch.Tensor) -> Pose:
        detected = self.detector.detect(_published_resize(frames, self.config.image_size))
        return Pose(detected.points, self.expression(detected))

    def _render(self, identity: Enrolled, target: Pose) -> torch.Tensor:
        size = self.config.image_size
        return render(self.decoder, target.points, target.expression, identity.encoded, size).clamp(0.0, 1.0)


class FsrtLite(_Animator):
    """The small network: motion at 128 px, output at 256 px from the source's own pixels."""

    def __init__(self, network: LiteFsrt, transfer: Transfer, facts: BackboneFacts) -> None:
        super().__init__(transfer, facts)
        self.network = network

    @torch.no_grad()
    def enroll(self, source: torch.Tensor) -> Enrolled:
        """source: float32 ``[3,H,W]`` in [0,1], a face cropped like the training data; any size, made 256 x 256."""
        if source.ndim == 4:
            raise InputError(f"the weights {self.facts.weights} take one source image, not {len(source)}.")
        image = resize(require_frames(source, "source image", dimensions=3)[None], RESOLUTION)
        encoded = self.network.encode(image)
        return Enrolled(encoded, encoded.pose)

    def _read(self, frames: torch.Tensor) -> Pose:
        pose: Pose = self.network.reader(resize(frames, self.network.config.size))
        return pose

    def _render(self, identity: Enrolled, target: Pose) -> torch.Tensor:
        encoded: EncodedLite = identity.encoded
        return self.network.render(encoded.expand(len(target.points)), target).prediction


def _published_resize(frames: torch.Tensor, size: int) -> torch.Tensor:
    """``[N,3,H,W]`` to a square by scikit-image's bilinear resize, as the published code reads its images."""
    if frames.shape[-2:] == (size, size):
        return frames
    images = [skimage_resize(frame.movedim(0, -1).cpu().numpy(), (size, size)) for frame in frames]
    return torch.from_numpy(np.stack(images).astype(np.float32)).movedim(-1, 1).to(frames.device)
