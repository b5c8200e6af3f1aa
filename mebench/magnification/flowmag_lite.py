"""The small learned magnifier that ships: expression alone, trained on rendered faces of the training domain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch.nn import functional

from mebench.errors import ConfigError
from mebench.magnification.adaptation import adapted
from mebench.magnification.compose import scaled_expression
from mebench.magnification.contract import Factor, check_request, nothing_to_do, per_pixel
from mebench.magnification.flowmag_lite_checkpoint import read_lite
from mebench.magnification.flowmag_lite_network import MULTIPLE, LiteNetwork, Separation, planes
from mebench.magnification.measured import field, measure, pixels
from mebench.motion.flow import DisFine, grey
from mebench.motion.region import FaceRegion, face_region
from mebench.motion.warp import resize
from mebench.weights.locate import find, sha256_unless_shipped

_BATCH = 8

_ADAPTED_TO = 16
"""Frames of a clip that test-time adaptation looks at."""

_TRAINED_SIZE = 256
"""The network looks at frames of this size, whatever the clip's; motion is scaled accordingly."""


class FlowMagLite:
    """Measured flow, separated by a small network into expression and head motion; the frame is moved by the former.

    weights, weights_sha256: name and hash of the weight file, for the record; no hash for weights that ship.
    adapt: steps of test-time adaptation on the clip itself, 0 for none
    (see :mod:`mebench.magnification.adaptation`; scores with it belong to a track of their own).
    """

    name = "flowmag-lite"
    factors = (0.0, 64.0)
    flow = DisFine.name

    def __init__(
        self, network: LiteNetwork, weights: str = "flowmag-lite", adapt: int = 0, weights_sha256: str | None = None
    ) -> None:
        if adapt < 0:
            raise ConfigError(f"flowmag-lite: adapt is a number of steps, not {adapt}.")
        self.weights = weights
        self.weights_sha256 = weights_sha256
        self.adapt = adapt
        self._network = network.eval().requires_grad_(False)

    def magnify(
        self, frames: torch.Tensor, factor: Factor, reference: int, face: FaceRegion | None = None
    ) -> torch.Tensor:
        """See :class:`~mebench.magnification.contract.Magnifier`."""
        check_request(self, frames, factor, reference)
        magnified = frames.clone()
        if nothing_to_do(factor):
            return magnified
        others = [index for index in range(frames.shape[0]) if index != reference]
        with torch.no_grad():
            for some, separation in self._separations(frames, others, reference, face):
                moved = scaled_expression(
                    frames[some],
                    separation.expression + separation.head,
                    separation.expression,
                    per_pixel(factor),
                    shade=separation.shade,
                    mode="bicubic",
                )
                magnified[some] = moved.clamp(0.0, 1.0)
        return magnified

    def _separations(
        self, frames: torch.Tensor, others: list[int], reference: int, face: FaceRegion | None
    ) -> Iterator[tuple[list[int], Separation]]:
        """Batches of frame numbers and their motion at the frames' own size."""
        size = (frames.shape[-2], frames.shape[-1])
        working = working_size(*size)
        first = resize(frames[reference][None], working)
        region = _region(frames[reference], face, working)
        network = self._network
        if self.adapt:
            some = _spread(others)
            seen = resize(frames[some], working)
            network = adapted(network, _planes(first, seen, region), first, seen, self.adapt)
        for start in range(0, len(others), _BATCH):
            some = others[start : start + _BATCH]
            found: Separation = network(_planes(first, resize(frames[some], working), region))
            yield some, found if working == size else _at(found, size)


def _planes(first: torch.Tensor, seen: torch.Tensor, region: FaceRegion) -> torch.Tensor:
    """The network's input for the reference ``[1,3,H,W]`` and frames ``[N,3,H,W]``, their flow measured."""
    first_grey, estimator = grey(pixels(first[0])), DisFine()
    motions = [measure(first_grey, grey(pixels(frame)), region, estimator) for frame in seen]
    flow = torch.cat([field(motion.flow) for motion in motions])
    head = torch.cat([field(motion.head) for motion in motions])
    return planes(first.expand_as(seen), seen, flow, head)


def _spread(numbers: list[int]) -> list[int]:
    """At most :data:`_ADAPTED_TO` of the frame numbers, evenly spaced."""
    count = min(len(numbers), _ADAPTED_TO)
    return [numbers[round(index * (len(numbers) - 1) / max(count - 1, 1))] for index in range(count)]


def working_size(height: int, width: int) -> tuple[int, int]:
    """Height and width at which the network looks at a frame: the longer side 256, both multiples of 64."""
    scale = _TRAINED_SIZE / max(height, width)
    rows, columns = (max(round(side * scale / MULTIPLE), 1) * MULTIPLE for side in (height, width))
    return rows, columns


def _region(reference: torch.Tensor, face: FaceRegion | None, size: tuple[int, int]) -> FaceRegion:
    if face is None:
        return face_region(pixels(resize(reference[None], size)[0]))
    if face.mask.shape == size:
        return face
    mask = torch.from_numpy(face.mask)[None, None].float()
    small = functional.interpolate(mask, size=size, mode="bilinear", align_corners=False)[0, 0] > 0.5
    return FaceRegion(small.numpy(), face.inter_ocular * size[1] / face.mask.shape[1])


def _at(separation: Separation, size: tuple[int, int]) -> Separation:
    """Enlarged to ``size`` (height, width), displacements with it."""
    rows, columns = separation.head.shape[-2:]
    ratio = torch.tensor([size[1] / columns, size[0] / rows]).view(1, 2, 1, 1)

    def enlarged(x: torch.Tensor) -> torch.Tensor:
        return functional.interpolate(x, size=size, mode="bilinear", align_corners=False)

    return Separation(
        enlarged(separation.expression) * ratio, enlarged(separation.head) * ratio, enlarged(separation.shade)
    )


def load(weights: str | Path = "flowmag-lite", adapt: int = 0) -> FlowMagLite:
    """The magnifier with the weights that ship, or those of a file that ``mebench train magnifier flowmag-lite`` wrote.

    weights: a name that ``mebench weights list`` shows, or the path of a ``.safetensors`` file. adapt: see
    :class:`FlowMagLite`.
    """
    path = Path(weights) if Path(weights).suffix else find(str(weights))
    return FlowMagLite(read_lite(path), Path(weights).name, adapt, sha256_unless_shipped(path))
