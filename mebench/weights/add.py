"""A published checkpoint becomes a file that mebench loads: read without running its code, checked, converted once."""

from __future__ import annotations

import hashlib
import importlib
import pickle
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mebench.bounded_archive import check_archive
from mebench.errors import CheckpointError, ConfigError, InputError
from mebench.files import write_json, write_whole
from mebench.weights.catalogue import FILES, WeightFile
from mebench.weights.locate import added_folder, place, record, sha256

_OVERHEAD = 16 << 20
"""Bytes that a checkpoint may unpack to beyond its own size: PyTorch stores tensors as they are and packs at most names."""

_DEEPEST = 50

Converter = Callable[[Any, Path], dict[str, Any]]
"""Content of a published file and its path to named tensors; ``CheckpointError`` names the keys that do not fit."""


@dataclass(frozen=True)
class Added:
    """What was added. path: the kept file. official_sha256: of the file that was given. tensors, values: their counts.
    remarks: sentences worth showing to people."""

    name: str
    path: Path
    sha256: str
    official_sha256: str
    tensors: int
    values: int
    remarks: tuple[str, ...]


def addable() -> tuple[str, ...]:
    """Names that :func:`add` takes: families and single checkpoints."""
    rows = [row for row in FILES.values() if row.kind == "added"]
    return tuple(sorted({row.family for row in rows if row.family} | {row.name for row in rows}))


def resolve(name: str, file_name: str) -> WeightFile:
    """The row that ``name`` means; a family (``fomm``) is decided by the name of the published file.

    Raises :class:`ConfigError` when the name is unknown, ships with mebench, or leaves a choice open.
    """
    rows = [row for row in FILES.values() if row.kind == "added" and name in (row.name, row.family)]
    if not rows:
        if name in FILES and FILES[name].kind == "placed":
            files = " and ".join(FILES[name].official)
            raise ConfigError(f"the weights '{name}' are used as published: put {files} into {place(name).parent}.")
        if name in FILES:
            raise ConfigError(f"the weights '{name}' are part of the installation; there is nothing to add.")
        raise ConfigError(f"there are no weights '{name}' to add; known: {', '.join(addable())}.")
    if len(rows) == 1:
        return rows[0]
    named = [row for row in rows if file_name in row.official]
    if len(named) != 1:
        choices = " or ".join(f"'{row.name}' ({row.what})" for row in rows)
        unclear = (
            f"the file name '{file_name}' does not tell which of them it holds" if file_name else "name one of them"
        )
        raise ConfigError(f"'{name}' stands for several checkpoints, {unclear}; say {choices} instead.")
    return named[0]


def add(name: str, path: Path | str) -> Added:
    """Check the published file at ``path`` with the network's own checker, convert it and keep it under ``home()``.

    name: a checkpoint or a family. The pickle is read with the restricted unpickler, so it cannot run code. Raises
    :class:`InputError` for a missing file and :class:`CheckpointError`, naming the keys, for one that does not fit.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder; the published files must not be unpacked" if path.is_dir() else "does not exist"
        raise InputError(f"{path} {what}; give the path of the published file.")
    row = resolve(name, path.name)
    digests = _digests(path)
    content = _content(path)
    _refuse_claims(content, path)
    tensors = _converter(row)(content, path)
    target = place(row.name)
    before = record(row.name)
    _keep(tensors, target, row.name)
    kept = sha256(target)
    if row.sha256 is not None and kept != row.sha256:
        target.unlink()
        raise CheckpointError(f"{path} fits {row.name} but has other values than the published file; get it again.")
    noted = {
        "name": row.name,
        "file": row.file,
        "sha256": kept,
        "official_file": path.name,
        "official_sha256": digests["sha256"],
        "official_bytes": path.stat().st_size,
        "licence": row.licence,
    }
    write_json(added_folder(row.name) / "record.json", noted)
    values = sum(int(tensor.numel()) for tensor in tensors.values())
    return Added(row.name, target, kept, digests["sha256"], len(tensors), values, _remarks(row, digests, before, kept))


def _remarks(row: WeightFile, digests: dict[str, str], before: dict[str, Any], kept: str) -> tuple[str, ...]:
    remarks = []
    for algorithm_and_digest, remark in row.known_files.items():
        algorithm, _, digest = algorithm_and_digest.partition(":")
        if digests.get(algorithm) == digest:
            remarks.append(f"The file is known: {remark}.")
    if before and before.get("sha256") != kept:
        remarks.append(f"It replaces a file with other values that was added before ({before.get('official_file')}).")
    if row.commercial != "yes":
        remarks.append(f"Licence: {row.licence}. Commercial use: {row.commercial}.")
    return tuple(remarks)


def _converter(row: WeightFile) -> Converter:
    assert row.converter is not None
    module, _, function = row.converter.partition(":")
    converter: Converter = getattr(importlib.import_module(module), function)
    return converter


def _content(path: Path) -> Any:
    """What the file holds, by torch's restricted unpickler: tensors, numbers, strings and containers only."""
    import torch

    with path.open("rb") as handle:
        check_archive(handle, str(path), path.stat().st_size + _OVERHEAD, most_files=200_000)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # torch puts paragraphs of advice around the reason; the advice, to read the file without care, is not ours
        reason = re.search(r"WeightsUnpickler error:\s*(.{1,160})", str(error))
        what = f" ({reason[1].strip('. ')})" if reason else ""
        raise CheckpointError(
            f"{path} is no checkpoint, or holds more than tensors{what}; it is "
            "not read further, because such a file can run code. Give the file that the authors publish."
        ) from error
    except (
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
        OSError,
        IndexError,
        MemoryError,
        OverflowError,
        AssertionError,
        struct.error,
    ) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({first[:160]}); it is damaged, incomplete or of another kind: get "
            "it again."
        ) from error


def _refuse_claims(content: Any, path: Path) -> None:
    """:class:`CheckpointError` for tensors that claim more values than the file holds, as a view that repeats one value a
    million times does, for values that are no numbers, and for a nest without end."""
    import torch

    claimed, room = 0, 2 * path.stat().st_size + _OVERHEAD
    waiting: list[tuple[str, Any, int]] = [("", content, 0)]
    seen: set[int] = set()
    while waiting:
        name, value, depth = waiting.pop()
        if isinstance(value, torch.Tensor):
            claimed += value.numel() * value.element_size()
            if claimed > room or (value.layout is not torch.strided and not value.is_quantized):
                raise CheckpointError(
                    f"{path} claims tensors of more than {claimed} bytes, more than the file holds; it is not read further."
                )
            if value.is_floating_point() and not bool(torch.isfinite(value).all()):
                raise CheckpointError(
                    f"'{name}' in {path} holds values that are no numbers (NaN or infinite); get it again."
                )
        elif isinstance(value, (dict, list, tuple, set)) and id(value) not in seen:
            if depth > _DEEPEST:
                raise CheckpointError(f"{path} is nested more than {_DEEPEST} deep; it is no checkpoint.")
            seen.add(id(value))
            items = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(f"{name}.{key}".lstrip(".")[:200], item, depth + 1) for key, item in items]


def _keep(tensors: dict[str, Any], target: Path, name: str) -> None:
    """One entry of metadata only: safetensors writes several in an order that changes from call to call."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    def write(temporary: Path) -> None:
        try:
            save_file(tensors, temporary, metadata={"mebench": name})
        except SafetensorError as error:  # it wraps the operating system's refusals
            raise OSError(_errno(error), str(error)) from error

    write_whole(target, write)


def _errno(error: Exception) -> int:
    """The number in safetensors' text ``... (os error 28)``; 5 (input/output error) when there is none."""
    _, _, rest = str(error).partition("os error ")
    digits = rest.partition(")")[0].partition(",")[0].strip()
    return int(digits) if digits.isdecimal() else 5


def _digests(path: Path) -> dict[str, str]:
    """SHA-256, and MD5 because some published files are known by it alone."""
    md5 = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            md5.update(block)
    return {"sha256": sha256(path), "md5": md5.hexdigest()}
