"""The learned magnifier of Oh et al. (ECCV 2018): each frame painted from a code of its shape, moved on."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn import functional

from mebench.errors import ConfigError
from mebench.magnification.aligned import FLOW, lay, unaligned
from mebench.magnification.contract import Factor, check_request
from mebench.magnification.oh2018_checkpoint import convert, read_oh2018
from mebench.magnification.oh2018_network import Codes, ShapeOnly, TextureShape
from mebench.motion.region import FaceRegion
from mebench.weights.locate import find, sha256_unless_shipped

__all__ = ["Oh2018", "convert", "load"]

LITE = "oh2018-lite"

_BATCH = 8


class Oh2018:
    """Encoder, manipulator and decoder applied to a clip, in the static mode (every frame against the reference).

    The factor is the nominal one of the network; on smooth facial motion the published weights reach about half of it,
    so the gain should be measured (:func:`mebench.magnification.factor.measured_gain`).

    detail: add to the frame what the factor changes in the painted picture (painted for the factor minus painted for 1),
    so that the painter's blur stays out; False gives the painted picture itself, as published. align: lay the frames on
    the reference by their affine head motion and change the face alone; False magnifies all motion, as published.
    weights, weights_sha256: name and hash of the file, for the record; no hash for weights that ship.
    """

    name = "oh2018"
    factors = (1.0, 64.0)

    def __init__(
        self,
        network: ShapeOnly | TextureShape,
        weights: str = "",
        *,
        detail: bool = True,
        align: bool = True,
        weights_sha256: str | None = None,
    ) -> None:
        self.weights = weights
        self.weights_sha256 = weights_sha256
        self._network = network.eval().requires_grad_(False)
        self._detail = detail
        self._align = align
        self.flow = FLOW if align else None

    def magnify(
        self, frames: torch.Tensor, factor: Factor, reference: int, face: FaceRegion | None = None
    ) -> torch.Tensor:
        """See :class:`~mebench.magnification.contract.Magnifier`."""
        check_request(self, frames, factor, reference)
        laid = lay(frames, reference, face) if self._align else unaligned(frames)
        with torch.no_grad():
            change = self._change(laid.frames, laid.inside(factor), reference)
        return laid.applied(frames, reference, change * laid.face)

    def _change(self, frames: torch.Tensor, factor: torch.Tensor, reference: int) -> torch.Tensor:
        """What is added to the frames, ``[T,3,H,W]``. factor: ``[H,W]``."""
        height, width = frames.shape[-2:]
        # The decoder doubles the size of the code: an odd side is made even and cut again.
        even = functional.pad(frames, (0, width % 2, 0, height % 2), mode="replicate") * 2.0 - 1.0
        size = (even.shape[-2] // 2, even.shape[-1] // 2)
        wanted = functional.interpolate(factor[None, None], size=size, mode="bilinear", align_corners=False)
        first = self._network.encode(even[reference : reference + 1])
        changes = []
        for start in range(0, len(even), _BATCH):
            codes = self._network.encode(even[start : start + _BATCH])
            painted = self._painted(first, codes, wanted)
            kept = (
                self._painted(first, codes, torch.ones_like(wanted)) if self._detail else even[start : start + _BATCH]
            )
            changes.append((painted - kept) / 2.0)
        return torch.cat(changes)[..., :height, :width]

    def _painted(self, first: Codes, codes: Codes, factor: torch.Tensor) -> torch.Tensor:
        # Both layouts change nothing at their `neutral` factor; ours is the total one, neutral at 1.
        own = factor - 1.0 + self._network.neutral
        shape = self._network.manipulate(first.shape.expand_as(codes.shape), codes.shape, own).shape
        return self._network.decode(shape, codes.texture).clamp(-1.0, 1.0)


def load(weights: str | Path = "lite", detail: bool = True, align: bool = True) -> Oh2018:
    """The magnifier with frozen weights.

    weights: ``lite`` (ships), a name that ``mebench weights list`` shows (``oh2018-infusenet``), or the path of a file
    in a public layout. detail, align: see :class:`Oh2018`.
    Raises :class:`~mebench.errors.MissingWeights` and :class:`~mebench.errors.CheckpointError`.
    """
    if isinstance(weights, str) and not weights:
        raise ConfigError("oh2018: give the name or path of weights.")
    name = LITE if weights == "lite" else weights
    path = Path(name) if Path(name).suffix else find(str(name))
    network = read_oh2018(path)
    digest = sha256_unless_shipped(path)
    return Oh2018(network, weights=Path(name).name, detail=detail, align=align, weights_sha256=digest)
