"""Networks on magnified input whose magnifier is not trained: what it says of a clip is computed once and kept on disk.

The published detectors go on training encoder and manipulator, so their latent features change with every step and must be
computed anew each time; at 112 pixels that is four fifths of the cost of ``resnet18-magnified``. With the magnifier fixed
they depend on the clip alone.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from copy import deepcopy
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.frame_inputs import ColourTriple, colour
from mebench.detectors.infusion import latent_difference
from mebench.detectors.inputs import Arrays, Tensors
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.observation import Observation, square
from mebench.errors import ConfigError
from mebench.files import write_whole

Increment = NDArray[np.float16]
"""Magnified difference of two frames' shape codes, ``[32,S/2,S/2]``."""


class MagnifierParts(Protocol):
    """What a network reads magnified latents with. encoder: frames to shape codes. manipulator: enlarges differences."""

    encoder: nn.Module
    manipulator: nn.Module
    amplification: float


class ReadsLatents(Protocol):
    """A network that may be given magnified latents in place of frames."""

    def magnifier(self) -> MagnifierParts:
        """Its magnifier."""
        ...

    def recognise(self, flow: torch.Tensor, latent: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """Flow stack ``[N,3,S,S]`` and the two increments side by side ``[N,64,S/2,S/2]`` to logits."""
        ...


class FixedMagnifier:
    """Encoder and manipulator as they are; equal where their weights and their factor are."""

    def __init__(self, parts: MagnifierParts) -> None:
        self.encoder = deepcopy(parts.encoder).eval().cpu()
        self.manipulator = deepcopy(parts.manipulator).eval().cpu()
        self.amplification = parts.amplification
        digest = hashlib.sha256(repr(self.amplification).encode("ascii"))
        for part in (self.encoder, self.manipulator):
            for name, tensor in sorted(part.state_dict().items()):
                digest.update(name.encode("utf-8") + tensor.float().numpy().tobytes())
        self.digest = digest.hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FixedMagnifier) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @torch.no_grad()
    def increment(self, onset: NDArray[np.float32], end: NDArray[np.float32]) -> Increment:
        """Of two frames, float32 ``[3,S,S]`` in [-1,1]."""
        codes = self.encoder(torch.from_numpy(np.stack((onset, end))))
        found = latent_difference(self.manipulator, codes[:1], codes[1:], self.amplification)
        return np.asarray(found[0].numpy(), dtype=np.float16)


@dataclass(frozen=True)
class LatentTo:
    """The increment from the onset frame to frame ``index``, for frames resized to ``size`` pixels; kept beside the clip's
    pair where that is on disk."""

    magnifier: FixedMagnifier
    size: int
    index: int

    def __call__(self, clip: Observation) -> Increment:
        if clip.place is None:
            return self._computed(clip)
        path = clip.place / f"latent-{self.magnifier.digest}-{self.size}-{self.index}.npz"
        if path.is_file():
            try:
                with np.load(path) as stored:
                    return np.asarray(stored["increment"], dtype=np.float16)
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
                path.unlink(missing_ok=True)  # damaged on the disk (members carry a checksum): computed again
        found = self._computed(clip)

        def save(temporary: object) -> None:
            with open(str(temporary), "wb") as handle:
                np.savez(handle, increment=found)

        write_whole(path, save)
        return found

    def _computed(self, clip: Observation) -> Increment:
        onset, apex = clip.read_pair().frames
        end = apex if self.index == clip.apex else square(clip.read_frames([self.index]))[0]
        return self.magnifier.increment(colour(onset, self.size), colour(end, self.size))


@dataclass(frozen=True)
class LatentMaps:
    """The flow stack, and the increments to the apex and to the pseudo-apex frame, as in
    :class:`~mebench.detectors.frame_inputs.ColourTriple`, whose draws it repeats."""

    magnifier: FixedMagnifier
    size: int

    def __call__(self, clip: Observation) -> Arrays:
        apex = self._to(clip, clip.apex)
        return FlowStack(self.size, strain="reference").of(clip.read_pair().flow), apex, apex

    def drawn(self, clip: Observation, epoch: int, seed: int) -> Arrays:
        """The inputs of a training clip in one epoch."""
        *inputs, _ = clip.once(self)
        return (*inputs, self._to(clip, ColourTriple(self.size).pseudo_apex(clip, epoch, seed)))

    def mirrored(self, inputs: Tensors) -> Tensors:
        raise ConfigError("latents of a fixed magnifier cannot be mirrored: a mirrored frame has other ones.")

    def _to(self, clip: Observation, index: int) -> NDArray[np.float32]:
        return clip.once(LatentTo(self.magnifier, self.size, index)).astype(np.float32)


class FixedMagnifierDetector(NetworkDetector):
    """A detector on magnified input that trains everything but its magnifier.

    Its weight files are those of the plain detector, which reads them and gives the same answers from frames.
    """

    def __init__(self, plain: NetworkDetector) -> None:
        assert isinstance(plain.recipe, ColourTriple)
        super().__init__(plain.name, plain.build, plain.recipe, plain.schedule, start=plain.start)
        self.size = plain.recipe.size

    def _prepared(self, network: nn.Module) -> None:
        parts = cast(ReadsLatents, network).magnifier()
        for part in (parts.encoder, parts.manipulator):
            part.requires_grad_(False)
        self.recipe = LatentMaps(FixedMagnifier(parts), self.size)

    def _answer(self, network: nn.Module, inputs: Tensors) -> torch.Tensor | tuple[torch.Tensor, ...]:
        flow, *increments = inputs
        return cast(ReadsLatents, network).recognise(flow, torch.cat(increments, dim=1))


def has_magnifier(detector: object) -> bool:
    """Whether a detector reads magnified latents of a magnifier that it trains."""
    return isinstance(detector, NetworkDetector) and isinstance(detector.recipe, ColourTriple)
