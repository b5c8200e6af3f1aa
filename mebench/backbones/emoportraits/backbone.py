"""EMOPortraits as a backbone of the benchmark: the published networks, or the small one that ships."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch

from mebench.backbones.contract import Backbone, BackboneFacts
from mebench.backbones.emoportraits.checkpoint import load_official
from mebench.backbones.emoportraits.geometry import mix_poses
from mebench.backbones.emoportraits.lite import EncodedLite, LiteEmoPortraits, Reading, relative_motion
from mebench.backbones.emoportraits.lite_checkpoint import load_lite
from mebench.backbones.emoportraits.networks import EmoPortraits, EncodedSource
from mebench.backbones.emoportraits.preprocessing import (
    Square,
    enlarge,
    masks_sha256,
    mesh_mask,
    read_mask,
    square_of,
    to_pixels,
)
from mebench.backbones.extra_inputs import mask_folder
from mebench.backbones.fomm.frozen import require_finite, require_frames
from mebench.errors import ConfigError
from mebench.motion.warp import resize
from mebench.weights import facts, find, sha256

PAPER = (
    "Drobyshev et al., EMOPortraits: Emotion-enhanced Multimodal One-shot Head Avatars, CVPR 2024 (arXiv 2404.19110)"
)

LITE = "emoportraits-lite"
OFFICIAL = "emoportraits-328"
POSE = "emoportraits-pose"

_LITE_DATA = "synme, training domain t (rendered faces)"

LITE_RESOLUTION = 256
"""Side of the frames that the small network gives."""

LITE_BATCH = 8
OFFICIAL_BATCH = 1
"""Frames that go through the networks together. The published volumes amplify the rounding of batched convolutions, and
at 512 px one frame already fills the processor, so the published networks take one at a time."""

_FEATHER = 0.02
"""Width of the soft edge of the source's background in sides of the picture."""


def load(
    weights: str = "lite",
    pose: Literal["mixed", "driver", "source"] | None = None,
    mask: Literal["mesh", "files", "none"] | None = None,
    crop: Literal["none", "steady", "published"] | None = None,
    background: Literal["source", "green"] | None = None,
) -> Backbone:
    """The backbone with frozen weights.

    weights: ``lite`` (ships; motion relative to the onset frame) or ``emoportraits-328`` (added with
    ``mebench weights add``, with ``emoportraits-pose``; absolute motion, as published). The rest is for the published
    networks. pose: the driver's pose on the source's proportions (``mixed``, default, as in the authors' demo), the
    driver's own, or the source's (the head stands still, the expression moves). mask: drawn from the mesh (``mesh``,
    default, an approximation), the user's (``files``, see :mod:`mebench.backbones.extra_inputs`), or all of the picture (``none``).
    crop: none (default: pictures are face crops already), one square for a clip (``steady``), or the published rule.
    background: put the source's background back (default), or leave the ``green`` that the networks paint.
    """
    chosen = {"pose": pose, "mask": mask, "crop": crop, "background": background}
    if weights == "lite":
        given = [name for name, value in chosen.items() if value is not None]
        if given:
            raise ConfigError(f"emoportraits: the lite weights take no {', '.join(given)}; leave it out.")
        return _lite(find(LITE), LITE)
    if weights != OFFICIAL:
        raise ConfigError(f"emoportraits: there are no weights '{weights}'; known: lite, {OFFICIAL}.")
    options = {name: value or _CHOICES[name][0] for name, value in chosen.items()}
    for name, value in options.items():
        if value not in _CHOICES[name]:
            known = ", ".join(f"'{choice}'" for choice in _CHOICES[name])
            raise ConfigError(f"emoportraits: {name} is one of {known}, not '{value}'.")
    model, head = find(OFFICIAL), find(POSE)
    networks = load_official(model, head)
    known_facts = BackboneFacts(
        name="emoportraits",
        weights=OFFICIAL,
        weights_sha256=sha256(model),
        resolution=networks.model.options.image_size,
        mode="absolute",
        trained_on=facts(OFFICIAL).trained_on,
        paper=PAPER,
        options={
            **options,
            "pose_weights_sha256": sha256(head),
            **({"masks_sha256": masks_sha256(mask_folder())} if options["mask"] == "files" else {}),
        },
    )
    return EmoPortraitsOfficial(networks, known_facts)


_CHOICES = {
    "pose": ("mixed", "driver", "source"),
    "mask": ("mesh", "files", "none"),
    "crop": ("none", "steady", "published"),
    "background": ("source", "green"),
}
"""The options of the published networks, the default first."""


def load_file(path: Path) -> Backbone:
    """The small network from a file of its own, such as one that was just trained; relative motion."""
    return _lite(Path(path), Path(path).stem)


def _lite(path: Path, name: str) -> Backbone:
    known = BackboneFacts(
        name="emoportraits",
        weights=name,
        weights_sha256=sha256(path),
        resolution=LITE_RESOLUTION,
        mode="relative",
        trained_on=_LITE_DATA,
        paper=PAPER,
        options={
            "variant": "slim volumetric variant with a blended output, see mebench/backbones/emoportraits/lite.py"
        },
    )
    return EmoPortraitsLite(load_lite(path), known)


@dataclass(frozen=True)
class Enrolled:
    """A source of the published networks. picture: as it was given, ``[3,H,W]``. keep: ``[1,n,n]``, 1 where the
    painted head is shown and 0 where the source's background is."""

    source: EncodedSource
    picture: torch.Tensor
    face: torch.Tensor
    keep: torch.Tensor
    square: Square | None


class EmoPortraitsOfficial:
    """The published networks at 512 px: the source's canonical volume is made once, a frame costs warp and decoder."""

    def __init__(self, networks: EmoPortraits, facts: BackboneFacts) -> None:
        self.networks = networks
        self.facts = facts
        self.size = networks.model.options.image_size

    @torch.no_grad()
    def enroll(self, source: torch.Tensor, mask: torch.Tensor | None = None) -> Enrolled:
        """source: float32 ``[3,H,W]`` in [0,1]. mask: ``[H,W]``, 1 on the head, in place of the one of ``options``.

        Raises :class:`InputError` when a face is needed and none is found, or the user's mask is missing.
        """
        picture = require_frames(source, "source image", dimensions=3)
        head = (self._mask(picture) if mask is None else mask.float()).to(picture.device)
        rule = self.facts.options["crop"]
        square = None if rule == "none" else square_of(picture, rule, "the source image")
        both = torch.cat((picture, head[None].expand(3, -1, -1)))[None]
        both = enlarge(both, self.size) if square is None else square.cut(both, self.size)
        # A hard mask, as a face parser gives.
        kept = (both[:, 3:4] > 0.5).float()
        face = both[:, :3]
        masked = face * kept
        encoded = self.networks.model.encode(masked, masked, self.networks.transform(masked))
        return Enrolled(encoded, picture, face[0], _feathered(kept[0]), square)

    @torch.no_grad()
    def drive(self, identity: Enrolled, driving: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """driving: ``[T,3,H,W]``; reference: ``[3,H,W]``, from which alone the crop of the clip is taken.

        Gives ``[T,3,512,512]``, or the size of the source when it was cropped.
        """
        frames = require_frames(driving, "driving clip", dimensions=4)
        onset = require_frames(reference, "reference frame", dimensions=3)
        rule = self.facts.options["crop"]
        square = None if rule == "none" else square_of(onset, rule, "the reference frame")
        made = []
        for part in torch.split(frames, OFFICIAL_BATCH):
            seen = enlarge(part, self.size) if square is None else square.cut(part, self.size)
            made.append(self._finished(identity, self._render(identity.source, seen)))
        return require_finite(torch.cat(made), self.facts.weights)

    def _render(self, source: EncodedSource, frames: torch.Tensor) -> torch.Tensor:
        transform = self.networks.transform(frames)
        mode = self.facts.options["pose"]
        if mode == "mixed":
            transform = mix_poses(source.transform, transform)
        expression = self.networks.model.express(frames, transform)
        if mode == "source":
            transform = source.transform.expand(len(frames), 4, 4)
        return self.networks.model.render(source, transform, expression).clamp(0.0, 1.0)

    def _finished(self, identity: Enrolled, made: torch.Tensor) -> torch.Tensor:
        if self.facts.options["background"] == "source":
            made = identity.keep * made + (1 - identity.keep) * identity.face
        return made if identity.square is None else identity.square.paste(made, identity.picture)

    def _mask(self, picture: torch.Tensor) -> torch.Tensor:
        rule = self.facts.options["mask"]
        if rule == "none":
            return torch.ones(picture.shape[-2:])
        pixels = to_pixels(picture)
        mask = mesh_mask(pixels) if rule == "mesh" else read_mask(mask_folder(), pixels)
        return torch.from_numpy(mask.astype(np.float32))


class EmoPortraitsLite:
    """The small network: motion at 128 px, output at 256 px from the source's own pixels."""

    def __init__(self, network: LiteEmoPortraits, facts: BackboneFacts) -> None:
        self.network = network
        self.facts = facts

    @torch.no_grad()
    def enroll(self, source: torch.Tensor) -> EncodedLite:
        """source: float32 ``[3,H,W]`` in [0,1], a face cropped like the training data; any size, made 256 x 256."""
        image = resize(require_frames(source, "source image", dimensions=3)[None], LITE_RESOLUTION)
        return self.network.encode(image, self.network.read(image))

    @torch.no_grad()
    def drive(self, identity: EncodedLite, driving: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """driving: ``[T,3,H,W]``; reference: ``[3,H,W]``, the onset frame. Gives ``[T,3,256,256]`` in [0,1]."""
        frames = require_frames(driving, "driving clip", dimensions=4)
        onset = require_frames(reference, "reference frame", dimensions=3)[None]
        initial: Reading = self.network.read(resize(onset, LITE_RESOLUTION))
        made = []
        for part in torch.split(frames, LITE_BATCH):
            moved = relative_motion(identity, self.network.read(resize(part, LITE_RESOLUTION)), initial)
            made.append(self.network.render(identity.expand(len(part)), *moved).prediction.clamp(0.0, 1.0))
        return require_finite(torch.cat(made), self.facts.weights)


def _feathered(mask: torch.Tensor) -> torch.Tensor:
    """A hard mask ``[1,n,n]`` with a soft edge outside it."""
    width = max(_FEATHER * mask.shape[-1], 1.0)
    away = cv2.distanceTransform((mask[0].cpu().numpy() < 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return torch.from_numpy(np.clip(1.0 - away / width, 0.0, 1.0).astype(np.float32))[None].to(mask.device)
