"""The four backbones at their published sizes with random weights, for timing alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.backbones.contract import Backbone, BackboneFacts
from mebench.backbones.emoportraits.backbone import EmoPortraitsOfficial
from mebench.backbones.emoportraits.layers import fold
from mebench.backbones.emoportraits.networks import EmoPortraits
from mebench.backbones.fomm import animate as fomm_animate
from mebench.backbones.fomm import checkpoint as fomm_checkpoint
from mebench.backbones.fomm.backbone import Fomm
from mebench.backbones.fomm.config import VOX_256
from mebench.backbones.fsrt import checkpoint as fsrt_checkpoint
from mebench.backbones.fsrt.animate import Transfer
from mebench.backbones.fsrt.backbone import Fsrt
from mebench.backbones.fsrt.config import VOX_256 as FSRT_VOX_256
from mebench.backbones.fsrt.detector import FrozenDetector
from mebench.backbones.metaportrait.backbone import NativeMetaPortrait
from mebench.backbones.metaportrait.config import BASE_256
from mebench.backbones.metaportrait.generator import MetaPortrait
from mebench.backbones.metaportrait.landmarks import COUNT
from mebench.backbones.metaportrait.native import NativeInputs
from mebench.backbones.metaportrait.refinement import CODE
from mebench.clip import Pixels

NAMES = ("fomm", "fsrt", "metaportrait", "emoportraits")

RANDOM = "random weights"


class RandomInputs(NativeInputs):
    """Landmarks and a code of no face, drawn once: MetaPortrait's networks take the same time for any."""

    def __init__(self) -> None:
        draws = np.random.default_rng(0)
        self._face = draws.uniform(0.2, 0.8, (COUNT, 2)).astype(np.float32)
        self._code = torch.from_numpy(draws.normal(size=(1, CODE)).astype(np.float32))

    def landmarks(self, images: Sequence[Pixels], what: str) -> NDArray[np.float32]:
        return np.repeat(self._face[None], len(images), axis=0)

    def code(self, image: Pixels) -> torch.Tensor:
        return self._code


def official(name: str) -> Backbone:
    """The backbone ``name`` with the published sizes and options, its weights drawn as the framework draws them."""
    torch.manual_seed(0)
    if name == "fomm":
        networks = fomm_checkpoint.networks(VOX_256, grid_align_corners=True).eval()
        return Fomm(networks, fomm_animate.Transfer(), _facts(name, 256, "relative"))
    if name == "fsrt":
        parts = fsrt_checkpoint.networks(FSRT_VOX_256)
        parts["kp_detector"] = FrozenDetector(FSRT_VOX_256)
        return Fsrt(parts.eval(), FSRT_VOX_256, Transfer(), _facts(name, 256, "relative"))
    if name == "metaportrait":
        network = MetaPortrait(BASE_256, spectral=False).eval()
        return NativeMetaPortrait(network, RandomInputs(), _facts(name, 256, "relative"), subpixel=False)
    if name == "emoportraits":
        both = EmoPortraits().eval()
        fold(both)
        options = {"pose": "mixed", "mask": "none", "crop": "none", "background": "source"}
        return EmoPortraitsOfficial(both, _facts(name, both.model.options.image_size, "absolute", options))
    raise ValueError(f"there is no published size of '{name}'; known: {', '.join(NAMES)}.")


def _facts(name: str, resolution: int, mode: str, options: dict[str, str] | None = None) -> BackboneFacts:
    return BackboneFacts(name, RANDOM, "", resolution, mode, "nothing", "", dict(options or {}))
