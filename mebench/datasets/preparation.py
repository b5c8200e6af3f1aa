"""From recorded frames to faces: one transform a clip, taken from its onset frame, as the protocol states it.

Aligning every frame for itself moves the face by more than a micro-expression does, so the crop is made once, and head
motion is at most removed as one rigid motion a frame, found by points that expressions hardly move.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Preparation(BaseModel):
    """What a protocol says under ``preparation``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    crop: Literal["eyes"] = "eyes"
    """The framing of the open set: eyes level, at one place and distance, found on the onset frame."""
    align: Literal["onset", "rigid"] = "onset"
    """``onset``: the transform of the onset frame for every frame; head motion stays. ``rigid``: also a similarity for
    every frame, fitted on eye corners and nose and smoothed over time, so that slow head motion is taken out."""
    size: int = Field(default=256, ge=64, le=1024)
    """Side of the prepared frames in pixels."""
