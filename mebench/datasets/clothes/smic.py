"""In the clothes of SMIC: no annotation file, the folders say everything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mebench.datasets.clothes.recording import Recording, write_frames

_EMOTIONS = {"happiness": "positive", "surprise": "surprise"}
_SHORT = {"negative": "ne", "positive": "po", "surprise": "sur"}


def write_hs(recordings: Sequence[Recording], folder: Path) -> None:
    """``SMIC_all_cropped/HS/s3/micro/surprise/s3_sur_01/image000012.jpg``."""
    _write(recordings, folder, "HS", ".jpg")


def write_vis(recordings: Sequence[Recording], folder: Path) -> None:
    """As :func:`write_hs`, below ``VIS``."""
    _write(recordings, folder, "VIS", ".jpg")


def write_nir(recordings: Sequence[Recording], folder: Path) -> None:
    """As :func:`write_hs`, below ``NIR`` and as BMP files with the prefix of registered frames."""
    _write(recordings, folder, "NIR", ".bmp")


def _write(recordings: Sequence[Recording], folder: Path, part: str, suffix: str) -> None:
    prefix = "reg_" if suffix == ".bmp" else ""
    for clip in recordings:
        emotion = _EMOTIONS.get(clip.emotion, "negative")
        name = f"s{clip.person}_{_SHORT[emotion]}_{clip.number:02d}"
        place = folder / "SMIC_all_cropped" / part / f"s{clip.person}" / "micro" / emotion / name
        outside = frozenset(range(clip.onset)) | frozenset(range(clip.offset + 1, len(clip.frames)))
        write_frames(place, clip, lambda number: f"{prefix}image{number:06d}{suffix}", clip.first(1, 400), outside)
