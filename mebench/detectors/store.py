"""Observations of dataset clips, computed once a clip and kept on disk.

A file holds the onset and the apex frame and the flow between them (16-bit floats: steps of 0.001 px at 1-2 px). Its folder
is named after the dataset's fingerprint and the flow estimator, and the file after the state of the clip's frame files, so
that another version of any of them reads no old file.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Clip, Pixels
from mebench.datasets.contract import Dataset
from mebench.datasets.frame_files import frames_state
from mebench.detectors.observation import Observation, Pair, measure
from mebench.files import write_whole
from mebench.home import home
from mebench.motion.flow import DisFine


@runtime_checkable
class GivesFrames(Protocol):
    """A dataset that can give chosen frames without making the others."""

    def clip_frames(self, key: str, frames: Sequence[int]) -> Pixels:
        """The frames ``frames`` of the clip ``key``."""
        ...


def stored_observation(dataset: Dataset, clip: Clip, present: NDArray[np.bool_] | None) -> Observation:
    """``clip`` with its labels (bool ``[12]``) as detectors see it; its pair is read from disk, else measured and written."""
    read = partial(chosen_frames, dataset, clip)
    path = _path(dataset, clip)
    return Observation(
        key=clip.key,
        dataset=clip.dataset,
        domain=clip.domain,
        subject=clip.subject,
        present=present,
        onset=clip.onset,
        apex=clip.apex,
        offset=clip.offset,
        read_pair=partial(_stored_pair, path, clip, read),
        read_frames=read,
        flags=clip.flags,
        place=path.with_suffix(""),
    )


def chosen_frames(dataset: Dataset, clip: Clip, indices: Sequence[int]) -> Pixels:
    """Some frames of a clip, uint8 ``[K,H,W,3]``, without making the others where the dataset can do that."""
    if isinstance(dataset, GivesFrames):
        return dataset.clip_frames(clip.key, list(indices))
    return np.ascontiguousarray(clip.frames.array()[list(indices)])


def _path(dataset: Dataset, clip: Clip) -> Path:
    folder = home() / "cache" / "detectors" / f"{dataset.name}-{dataset.fingerprint()[:16]}-{DisFine.name}"
    state = frames_state(dataset, clip.key)
    return folder / (re.sub(r"[^A-Za-z0-9._-]+", "-", clip.key) + (f"-{state}.npz" if state else ".npz"))


def _stored_pair(path: Path, clip: Clip, read: partial[Pixels]) -> Pair:
    if path.is_file():
        try:
            with np.load(path) as stored:
                return Pair(stored["frames"], stored["flow"].astype(np.float32))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            path.unlink(missing_ok=True)  # damaged on the disk (members carry a checksum): measured again
    pair = measure(read([clip.onset, clip.apex]))
    kept = Pair(pair.frames, pair.flow.astype(np.float16).astype(np.float32))
    write_whole(
        path,
        lambda temporary: np.savez_compressed(temporary, frames=kept.frames, flow=kept.flow.astype(np.float16)),
    )
    return kept
