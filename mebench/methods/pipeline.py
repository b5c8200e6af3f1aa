"""MagPlus-DeMagPlus and its parts: magnify the driving motion, animate a frozen backbone, bring the motion back.

S. Jammal, A. Sharf, "MagPlus: Bridging Micro-to-Regular Facial Expressions through Learnable Magnification",
arXiv 2606.13312. The paper's body gives no equations in public; the stages below are this project's definition.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import asdict
from typing import Any, Literal

import torch

from mebench.backbones.contract import Backbone
from mebench.backbones.placed import place
from mebench.clip import Driving, Generated, Source
from mebench.magnification.contract import Magnifier, hashes, magnify
from mebench.magnification.factor import automatic_factor, measured_gain
from mebench.methods.magnified_drivers import Magnified, kept, reused
from mebench.methods.transferred_gain import transferred_gain
from mebench.motion.flow import DisFine

_KEPT_DRIVERS = 4
_BATCH = 16


class Pipeline:
    """Magnifier, backbone and demagnifier put together; without the first and last the backbone is driven directly.

    scaling: instead of magnifying the driver, the backbone multiplies its own motion by the factor. The reference of every motion is the onset frame. Demagnification is relative to the *generated* onset frame.
    Magnified drivers and enrolled sources are kept for the next call with the same key. recipe: all that the magnifier's
    frames depend on beside the clip; with it they are also kept on disk (:mod:`mebench.methods.magnified_drivers`).
    """

    def __init__(
        self,
        name: str,
        backbone: Backbone,
        *,
        magnifier: Magnifier | None = None,
        scaling: bool = False,
        factor: float | Literal["auto"] = "auto",
        demagnifier: Magnifier | None = None,
        demagnify_by: Literal["output", "magnified", "nominal"] = "output",
        recipe: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self._backbone = backbone
        self._magnifier = magnifier
        self._scaling = scaling
        self._factor = factor
        self._demagnifier = demagnifier
        self._by = demagnify_by
        self._recipe = recipe
        self._drivers: OrderedDict[str, Magnified] = OrderedDict()
        self._enrolled: tuple[str, Any] | None = None

    def to(self, device: str) -> None:
        """Put the backbone on ``device``; magnifier and demagnifier stay on the processor."""
        self._backbone = place(self._backbone, device)
        self._enrolled = None

    def generate(self, source: Source, driving: Driving) -> Generated:
        driver = self._magnified(driving)
        if self._enrolled is None or self._enrolled[0] != source.key:
            self._enrolled = (source.key, self._backbone.enroll(source.image))
        reference = driver.frames[driving.onset]
        batches = torch.split(driver.frames, _BATCH)
        frames = torch.cat([self._driven(batch, reference, driver.factor) for batch in batches])
        info: dict[str, Any] = {"factor": driver.factor, "measured_gain": driver.gain}
        if self._demagnifier is not None:
            frames = self._demagnified(frames, driver, driving, info)
        return Generated(frames, info)

    def _driven(self, frames: torch.Tensor, reference: torch.Tensor, factor: float) -> torch.Tensor:
        assert self._enrolled is not None
        if self._scaling:
            scaled: Any = self._backbone  # the builder has made sure that it is a ScalingBackbone
            moved: torch.Tensor = scaled.drive(self._enrolled[1], frames, reference, motion_scale=factor)
            return moved
        return self._backbone.drive(self._enrolled[1], frames, reference)

    def _demagnified(
        self, frames: torch.Tensor, driver: Magnified, driving: Driving, info: dict[str, Any]
    ) -> torch.Tensor:
        """Divide the motion of the generated clip; what was measured and used goes into ``info``."""
        assert self._demagnifier is not None
        shrink = driver.factor if self._by == "nominal" else driver.gain
        if self._by == "output":
            carried = transferred_gain(frames, driver.frames, driving.onset, driving.apex)
            info["backbone_gain"] = None if carried is None else carried.gain
            if carried is not None:
                info["backbone_gain_snr"] = carried.snr
                shrink *= carried.gain
        if shrink <= 1.0:
            return frames
        info["demagnified_by"] = shrink
        low = self._demagnifier.factors[0]
        return self._demagnifier.magnify(frames, max(1.0 / shrink, low), driving.onset)

    def facts(self) -> dict[str, Any]:
        return {
            "learned": True,
            "backbone": asdict(self._backbone.facts),
            "magnifier": _facts(self._magnifier),
            "factor": self._factor,
            **({"scaling": True} if self._scaling else {}),
            "demagnifier": _facts(self._demagnifier),
            "demagnify_by": self._by,
            **({"gains_measured_by": DisFine.name} if self._demagnifier is not None else {}),
        }

    def _magnified(self, driving: Driving) -> Magnified:
        if self._magnifier is None and not self._scaling:
            return Magnified(driving.frames, 1.0, 1.0)
        if driving.key in self._drivers:
            self._drivers.move_to_end(driving.key)
            return reused(self._drivers[driving.key])
        wanted = self._factor
        if wanted == "auto":
            wanted = automatic_factor(driving.frames, driving.onset, driving.apex)
        if self._magnifier is None:
            # Scaled inside the backbone: what is measured on its output is the whole gain.
            return self._kept(driving.key, Magnified(driving.frames, float(wanted), 1.0))
        low, high = self._magnifier.factors
        factor = min(max(float(wanted), low), high)
        magnifier = self._magnifier

        def make() -> Magnified:
            began = time.perf_counter(), time.process_time()
            # Laid out as a file gives them: convolutions sum frames of another memory layout in another order.
            frames = magnify(magnifier, driving.frames, factor, driving.onset, fps=driving.fps).contiguous()
            gain = measured_gain(driving.frames, frames, driving.onset, driving.apex, expected=factor)
            return Magnified(frames, factor, gain, time.perf_counter() - began[0], time.process_time() - began[1])

        recipe = self._recipe
        return self._kept(driving.key, make() if recipe is None else kept(driving, {**recipe, "factor": factor}, make))

    def _kept(self, key: str, driver: Magnified) -> Magnified:
        self._drivers[key] = driver
        while len(self._drivers) > _KEPT_DRIVERS:
            self._drivers.popitem(last=False)
        return driver


def _facts(magnifier: Magnifier | None) -> dict[str, Any] | None:
    if magnifier is None:
        return None
    facts = {"name": magnifier.name, "factors": list(magnifier.factors), "weights": getattr(magnifier, "weights", None)}
    if flow := getattr(magnifier, "flow", None):
        facts["flow"] = flow
    if adapt := getattr(magnifier, "adapt", 0):
        facts["adapted_to_the_test_clip"] = adapt
    if judge := getattr(magnifier, "adapt_flow", ""):
        facts["adapted_through_flow"] = judge
    return {**facts, **hashes(magnifier)}
