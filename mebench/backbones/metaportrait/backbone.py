"""MetaPortrait as a backbone of the benchmark: the published networks, or the small variant that ships."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.backbones.contract import Backbone, BackboneFacts
from mebench.backbones.fomm.frozen import require_finite, require_frames
from mebench.backbones.metaportrait.checkpoint import load_official
from mebench.backbones.metaportrait.drawing import Layout, draw, layout
from mebench.backbones.metaportrait.generator import Driving, EncodedSource, MetaPortrait
from mebench.backbones.metaportrait.landmarks import EYE_CORNERS, boxes, selected
from mebench.backbones.metaportrait.lite import TRACKERS, EncodedLite, LiteMetaPortrait
from mebench.backbones.metaportrait.lite_checkpoint import load_lite
from mebench.backbones.metaportrait.mesh_landmarks import EYES, MeshReference, pixels
from mebench.backbones.metaportrait.native import NativeInputs
from mebench.backbones.metaportrait.transfer import relative, turned
from mebench.errors import ConfigError
from mebench.motion.warp import resize
from mebench.weights import facts, find, sha256

PAPER = (
    "Zhang et al., MetaPortrait: Identity-Preserving Talking Head Generation with Fast Personalized Adaptation, "
    "CVPR 2023 (arXiv 2212.08062)"
)

RESOLUTION = 256
"""Side of the frames that every MetaPortrait of this folder gives."""

BATCH = 8
"""Frames that go through the networks together: bounds the memory, and changes no output."""

NATIVE_BATCH = {"cpu": 1}
"""The same for the published networks, by kind of device (:data:`BATCH` on others): one frame fills a processor, and three
at once took a quarter longer each."""

LITE = "metaportrait-lite"
OFFICIAL = "metaportrait-base"

Points = NDArray[np.float32]


def load(
    weights: str = "lite",
    mode: Literal["relative", "absolute"] = "relative",
    tracker: Literal["follow", "mesh"] = "follow",
    native: str | None = None,
    subpixel_lines: bool | None = None,
) -> Backbone:
    """The backbone with frozen weights.

    weights: ``lite`` (ships: the variant on the 468-point face mesh) or ``metaportrait-base`` (the published model,
    added with ``mebench weights add``, which needs ``native``). mode: landmark motion relative to the onset frame, or
    absolute as in the published code. tracker: how the lite variant finds the driver's landmarks, see
    :class:`~mebench.backbones.metaportrait.mesh_landmarks.MeshReference`. native: folder of landmarks and identity
    codes for the published model, see :mod:`mebench.backbones.metaportrait.native`. subpixel_lines: draw its lines at a
    sixteenth of a pixel; published is False, the lite variant always does. All of it stands in ``facts.options``.
    """
    if mode not in ("relative", "absolute"):
        raise ConfigError(f"metaportrait: mode is 'relative' or 'absolute', not '{mode}'.")
    name = LITE if weights == "lite" else weights
    if name == LITE:
        return _lite(None, mode, tracker, native, subpixel_lines)
    if name != OFFICIAL:
        raise ConfigError(f"metaportrait: there are no weights '{weights}'; known: lite, {OFFICIAL}.")
    if native is None:
        raise ConfigError(
            f"metaportrait: the weights {OFFICIAL} need 669 landmarks an image and a 256-number identity code a source, "
            "whose networks were never published; give the folder that holds them with the option 'native' (format: "
            "docs/metaportrait.md), or use the weights 'lite'."
        )
    path = find(name)
    subpixel = bool(subpixel_lines)
    inputs = NativeInputs(native)
    options = {
        "layout": "dense-669",
        "subpixel_lines": subpixel,
        "inputs": "native: landmarks and codes of the user",
        "inputs_sha256": inputs.sha256(),
    }
    known = _facts(name, path, mode, options)
    return NativeMetaPortrait(load_official(path), inputs, known, subpixel=subpixel)


def load_file(path: Path) -> Backbone:
    """The small variant from a file of its own, such as one that was just trained; relative motion, followed."""
    return _lite(Path(path), "relative", "follow", None, None)


def _lite(file: Path | None, mode: str, tracker: str, native: str | None, subpixel_lines: bool | None) -> LiteBackbone:
    """file: None for the weights that ship."""
    if tracker not in TRACKERS:
        raise ConfigError(f"metaportrait: tracker is {' or '.join(map(repr, TRACKERS))}, not '{tracker}'.")
    if native is not None:
        raise ConfigError(
            "metaportrait: the lite variant has a layout of its own and finds its landmarks; drop 'native'."
        )
    if subpixel_lines is False:
        raise ConfigError("metaportrait: the lite weights were trained on sub-pixel lines; leave subpixel_lines out.")
    options = {"variant": "MetaPortrait-mesh468-lite", "layout": "mesh-468", "subpixel_lines": True, "tracker": tracker}
    path = file or find(LITE)
    return LiteBackbone(load_lite(path), tracker, _facts(LITE, path, mode, options))


def _facts(name: str, path: Path, mode: str, options: dict[str, Any]) -> BackboneFacts:
    return BackboneFacts(
        name="metaportrait",
        weights=name if name == OFFICIAL else path.stem,
        weights_sha256=sha256(path),
        resolution=RESOLUTION,
        mode=mode,
        trained_on=facts(name).trained_on,
        paper=PAPER,
        options=options,
    )


@dataclass(frozen=True)
class Enrolled:
    """A source: what the networks need of it, and its landmarks ``[N,2]`` in the units of its layout."""

    encoded: Any
    points: Points


class NativeMetaPortrait:
    """The published networks on landmarks and identity codes that the user supplies."""

    def __init__(self, network: MetaPortrait, inputs: NativeInputs, facts: BackboneFacts, *, subpixel: bool) -> None:
        self.network = network
        self.inputs = inputs
        self.facts = facts
        self.subpixel = subpixel
        self._layout: Layout = layout("dense-669")

    @torch.no_grad()
    def enroll(self, source: torch.Tensor) -> Enrolled:
        """source: float32 ``[3,H,W]`` in [0,1], cropped like the published data; any size, made 256 x 256."""
        frame = require_frames(source, "source image", dimensions=3)
        image = pixels(frame)
        points = self.inputs.landmarks([image], "source")[0]
        code = self.inputs.code(image).to(frame.device)
        lines = self._lines(points[None], frame.device)
        return Enrolled(self.network.encode(resize(frame[None], RESOLUTION), lines, code), points)

    @torch.no_grad()
    def drive(self, identity: Enrolled, driving: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """driving: ``[T,3,H,W]``; reference: ``[3,H,W]``, the onset frame. Gives ``[T,3,256,256]`` in [0,1].

        Raises :class:`InputError` for frames that are not finite RGB in [0,1], or that have no landmarks.
        """
        frames = require_frames(driving, "driving clip", dimensions=4)
        onset = require_frames(reference, "reference frame", dimensions=3)
        points = self.inputs.landmarks(list(pixels(frames)), "driving clip")
        if self.facts.mode == "relative":
            initial = self.inputs.landmarks([pixels(onset)], "reference frame")[0]
            points = relative(identity.points, points, initial, EYE_CORNERS)
        step = NATIVE_BATCH.get(identity.encoded.image.device.type, BATCH)
        made = [self._render(identity.encoded, points[i : i + step]) for i in range(0, len(points), step)]
        return require_finite(torch.cat(made), self.facts.weights)

    def _render(self, encoded: EncodedSource, points: Points) -> torch.Tensor:
        chosen = selected(points)
        mouth = np.stack([boxes(each, RESOLUTION, RESOLUTION).mouth for each in chosen])[:, None]
        here = encoded.image.device
        inside = torch.from_numpy(mouth.astype(np.float32)).to(here)
        drawn = Driving(self._lines(points, here), torch.from_numpy(chosen).to(here), inside)
        return self.network.render(encoded.expand(len(points)), drawn).prediction.clamp(0.0, 1.0)

    def _lines(self, points: Points, device: torch.device) -> torch.Tensor:
        return _drawings(points, self._layout, RESOLUTION, subpixel=self.subpixel).to(device)


class LiteBackbone:
    """The small variant: landmarks of the face mesh, motion at 128 px, output at 256 px from the source's own pixels."""

    def __init__(self, network: LiteMetaPortrait, tracker: str, facts: BackboneFacts) -> None:
        self.network = network
        self.tracker = tracker
        self.facts = facts
        self._layout = layout("mesh-468")

    @torch.no_grad()
    def enroll(self, source: torch.Tensor) -> Enrolled:
        """source: float32 ``[3,H,W]`` in [0,1], a face cropped like the training data; any size, made 256 x 256.

        Raises :class:`InputError` when no face is found in it.
        """
        image = resize(require_frames(source, "source image", dimensions=3)[None], RESOLUTION)
        points = MeshReference.find(self._small(image)[0], "the source image").points
        encoded = self.network.encode(image, *self._seen(points[None], image.device))
        return Enrolled(encoded, points)

    @torch.no_grad()
    def drive(self, identity: Enrolled, driving: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """driving: ``[T,3,H,W]``; reference: ``[3,H,W]``, the onset frame. Gives ``[T,3,256,256]`` in [0,1].

        Raises :class:`InputError` for frames that are not finite RGB in [0,1], or when no face is found in the
        reference (and, with the tracker ``mesh``, in any frame).
        """
        frames = require_frames(driving, "driving clip", dimensions=4)
        onset = require_frames(reference, "reference frame", dimensions=3)
        first = MeshReference.find(self._small(onset[None])[0], "the onset frame of the driving clip")
        made = []
        for part in torch.split(frames, BATCH):
            moved = torch.from_numpy(first.displacement(self._small(part), self.tracker)).to(frames.device)
            steady = self.network.steadied(moved, self.tracker).cpu().numpy()
            if self.facts.mode == "relative":
                points = identity.points + turned(steady, identity.points, first.points, EYES)
            else:
                points = first.points + steady
            made.append(self._render(identity.encoded, points.astype(np.float32)))
        return require_finite(torch.cat(made), self.facts.weights)

    def _render(self, encoded: EncodedLite, points: Points) -> torch.Tensor:
        rendering = self.network.render(encoded.expand(len(points)), *self._seen(points, encoded.image.device))
        return rendering.prediction.clamp(0.0, 1.0)

    def _small(self, frames: torch.Tensor) -> NDArray[np.uint8]:
        """What the trackers see: uint8 ``[T,S,S,3]``, reduced like the training frames."""
        return pixels(resize(frames, self.network.config.size))

    def _seen(self, points: Points, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """What the network sees of landmarks: their drawing, and where they are."""
        size = self.network.config.size
        places = np.asarray((points + 0.5) / size, np.float32)
        return _drawings(places, self._layout, size, subpixel=True).to(device), torch.from_numpy(points).to(device)


def _drawings(points: Points, of: Layout, size: int, *, subpixel: bool) -> torch.Tensor:
    """Drawings ``[T,3,S,S]`` in [0,1] of landmarks ``[T,N,2]`` in [0,1]."""
    drawn = np.stack([draw(each, of, size, subpixel=subpixel) for each in points])
    return torch.from_numpy(drawn.astype(np.float32) / np.float32(255))
