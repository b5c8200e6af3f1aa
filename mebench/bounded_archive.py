"""Archives from strangers, bounded before anything in them is unpacked: a few kB must not become many GB."""

from __future__ import annotations

import zipfile
from itertools import pairwise
from typing import BinaryIO

from mebench.errors import InputError


def check_archive(
    source: BinaryIO, name: str, most_bytes: int, most_files: int = 10_000, most_ratio: int = 200
) -> None:
    """:class:`InputError` for a zip archive that unpacks to more than ``most_bytes``, to more than ``most_ratio`` times its
    own size (beyond 1 MB), holds more than ``most_files`` files, entries on top of each other, or a path that leads out.

    Sizes are those that the directory states; readers stop there, and a file that holds more fails its checksum. The place
    in ``source`` is left as it was. What is no zip archive at all is the affair of its reader.
    """
    start = source.tell()
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError, OSError):
        return
    finally:
        source.seek(start)
    if len(entries) > most_files:
        raise InputError(f"the archive {name} holds {len(entries)} files, more than {most_files}; it is not read.")
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if unpacked > most_bytes or (unpacked > 1 << 20 and unpacked > most_ratio * packed):
        raise InputError(
            f"the archive {name} unpacks from {packed} to {unpacked} bytes, more than such a file can need; it is not read."
        )
    places = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    if any(at + size > following for (at, size), (following, _) in pairwise(places)):
        raise InputError(f"the archive {name} holds entries that overlap; it is not read.")
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if entry.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise InputError(
                f"the archive {name} holds the path {entry.filename[:80]!a}, which leads out; it is not read."
            )
