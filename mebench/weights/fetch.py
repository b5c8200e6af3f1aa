"""Downloads a published checkpoint when a user asks for it. Nothing else in mebench opens a connection.

A broken download goes on where it stopped. What arrives is checked and converted like a file that was added by hand.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mebench.errors import CheckpointError, ConfigError, InputError
from mebench.files import storage_errors, write_json
from mebench.weights.add import Added, add, resolve
from mebench.weights.catalogue import WeightFile
from mebench.weights.locate import added_folder, sha256

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes that are there and the bytes in all (None when the server does not tell)."""

_TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""

_BLOCK = 1 << 18

_MOST = 16 << 30
"""Bytes of a download; the largest published checkpoint has about 1 GB."""


def row_to_fetch(name: str, url: str | None) -> tuple[WeightFile, str]:
    """The row and the address to load from; :class:`ConfigError` says in words where to look when none is known."""
    row = resolve(name, _file_name(url) if url else "")
    address = url or row.url
    if address is None:
        raise ConfigError(
            f"no direct address of {' or '.join(row.official)} is known: it is published {row.published}. Load it with "
            f"a browser and run: mebench weights add {row.name} PATH; or give an address with --url."
        )
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc:
        raise ConfigError(f"'{address}' is no http or https address.")
    return row, address


def fetch(name: str, url: str | None = None, digest: str | None = None, progress: Progress | None = None) -> Added:
    """Download the weights ``name``, check, convert and keep them; the downloaded file itself is then removed.

    url: address to use instead of the known one. digest: SHA-256 that the downloaded file must have.
    Raises :class:`InputError` when the connection fails (the same call goes on), :class:`CheckpointError` when what
    arrived does not fit.
    """
    row, address = row_to_fetch(name, url)
    folder = added_folder(row.name) / "download"
    target = folder / (_file_name(address) or row.official[0])
    with storage_errors(target):
        folder.mkdir(parents=True, exist_ok=True)
        _download(address, target, progress or (lambda have, total: None))
    if digest is not None and sha256(target) != digest.lower():
        found = sha256(target)
        _clear(folder)
        raise CheckpointError(f"{address} gave a file with the SHA-256 {found}, not {digest}; it was removed.")
    try:
        added = add(row.name, target)
    except CheckpointError:
        _clear(folder)  # any other failure (a full disk) keeps what was loaded
        raise
    _clear(folder)
    return added


def _download(address: str, target: Path, progress: Progress) -> None:
    """Load ``address`` into ``target``; a partial file of the same address and version is continued."""
    partial, note = target.with_name(target.name + ".partial"), target.with_name(target.name + ".json")
    version = _noted(note, address) if partial.is_file() else None
    have = partial.stat().st_size if version is not None else 0
    headers = {"User-Agent": "mebench", "Accept-Encoding": "identity"}
    if have and version:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=_TIMEOUT) as response:
            _refuse_pages(response, address)
            total = _receive(response, partial, note, address, progress, have)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise InputError(
                f"{address} answers with the error {error.code} ({error.reason}); check the address."
            ) from error
        if error.headers.get("Content-Range") != f"bytes */{have}":  # else all of it is there already
            partial.unlink()
            raise InputError(f"{address} has changed since the download began; run the same command again.") from error
        total = have
    except (_BrokenError, urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        kept = partial.stat().st_size if partial.is_file() else 0
        reason = getattr(error, "reason", None) or error
        raise InputError(
            f"the download from {address} broke off after {kept} bytes ({reason}); run the same command again to go on."
        ) from error
    size = partial.stat().st_size
    if total is not None and size != total:
        raise InputError(
            f"the download from {address} broke off after {size} of {total} bytes; run the same command again to go on."
        )
    partial.replace(target)
    note.unlink(missing_ok=True)


def _receive(
    response: HTTPResponse, partial: Path, note: Path, address: str, progress: Progress, have: int
) -> int | None:
    """Write the body behind what is there (answer 206) or from the start (200); gives the size of the whole file."""
    continued = response.status == 206 and have > 0
    have = have if continued else 0
    length = response.headers.get("Content-Length")
    total = have + int(length) if length and length.isdecimal() else None
    version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    if not version.startswith("W/"):  # weak validators cannot be continued
        write_json(note, {"address": address, "version": version})
    with partial.open("ab" if continued else "wb") as out:
        progress(have, total)
        while block := _read(response):
            out.write(block)
            have += len(block)
            if have > _MOST:
                raise InputError(f"{address} sends more than {_MOST >> 30} GB; no checkpoint of the table is so large.")
            progress(have, total)
    return total


class _BrokenError(Exception):
    """The connection failed while the body was read (an error of the disk is another matter)."""


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read(_BLOCK)
    except (OSError, HTTPException) as error:
        raise _BrokenError(str(error)) from error


def _refuse_pages(response: HTTPResponse, address: str) -> None:
    if response.headers.get_content_type() == "text/html":
        raise InputError(
            f"{address} gives a web page, not a file; open it in a browser, save the file, run: mebench weights add."
        )


def _noted(note: Path, address: str) -> str | None:
    """The version of a partial file, if it came from ``address`` and can be continued."""
    try:
        noted: Any = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(noted, dict) or noted.get("address") != address:
        return None
    return str(noted.get("version") or "") or None


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def _file_name(address: str) -> str:
    """The last part of the address's path, without anything that could leave the folder."""
    name = unquote(urlsplit(address).path).replace("\\", "/").rpartition("/")[2]
    return "" if name in (".", "..") or name.startswith(".") else name
