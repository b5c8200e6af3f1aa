"""What fuzzing with coverage found: refused in one short sentence."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest

from mebench.errors import InputError
from mebench.leaderboard.features import unpack
from mebench.video import read_video, write_browser


def test_a_file_name_that_runs_on_is_not_quoted_whole():
    stored = io.BytesIO()
    np.savez(stored, tasks=np.zeros(3000, dtype=np.float32))
    data = bytearray(stored.getvalue())
    data[26:28] = struct.pack("<H", 9000)  # length of the name in the first local header
    with pytest.raises(InputError) as refused:
        unpack(bytes(data), "features.npz")
    assert "features.npz holds no vectors" in str(refused.value) and len(str(refused.value)) < 500


def test_a_video_of_no_known_format_is_refused(tmp_path):
    path = tmp_path / "clip.mp4"
    write_browser(path, np.zeros((4, 32, 32, 3), dtype=np.uint8), 25.0)
    data = path.read_bytes()
    (known,) = (name for name in (b"avc1", b"vp09") if data.count(name) > 0)
    start = data.rindex(known)  # in the table of formats; the file's own brand stands before
    path.write_bytes(data[:start] + b"zzzz" + data[start + 4 :])
    with pytest.raises(InputError, match="cannot be decoded"):
        read_video(path)


def test_a_path_of_two_lines_is_quoted_on_one():
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("/tasks\nlater.npy", b"")
    with pytest.raises(InputError, match="leads out") as refused:
        unpack(stored.getvalue(), "features.npz")
    assert "\n" not in str(refused.value)
