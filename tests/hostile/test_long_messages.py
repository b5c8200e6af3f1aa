"""A damaged archive is refused in one short sentence, however much of it the library underneath quotes."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from mebench.errors import InputError
from mebench.leaderboard.features import unpack


def test_a_file_name_that_runs_on_is_not_quoted_whole():
    stored = io.BytesIO()
    np.savez(stored, tasks=np.zeros(3000, dtype=np.float32))
    data = bytearray(stored.getvalue())
    data[26:28] = struct.pack("<H", 9000)  # length of the name in the first local header
    with pytest.raises(InputError) as refused:
        unpack(bytes(data), "features.npz")
    assert "features.npz holds no vectors" in str(refused.value) and len(str(refused.value)) < 500
