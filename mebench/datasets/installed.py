"""Where the databases lie on this machine: ``datasets.json`` in the home folder, written by ``mebench data add``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mebench.errors import ConfigError, InputError
from mebench.files import write_json
from mebench.home import home


@dataclass(frozen=True)
class Installation:
    """One database. root: its folder. publishable: subjects whom the owner allows to be shown. corrections: whether the
    published label corrections are applied. exclude: keys of clips that are left out. exclude_problems: leave out the clips
    that the owners' own lists of problems name, too. links: follow links that lead out of the folder."""

    root: Path
    publishable: tuple[str, ...] = ()
    corrections: bool = True
    exclude: tuple[str, ...] = ()
    exclude_problems: bool = False
    links: bool = False


def installations() -> dict[str, Installation]:
    """All that were added, by name; :class:`ConfigError` when the file is damaged."""
    path = _file()
    if not path.is_file():
        return {}
    try:
        content: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: Installation(
                Path(entry["root"]),
                tuple(entry["publishable"]),
                bool(entry["corrections"]),
                tuple(entry["exclude"]),
                bool(entry.get("exclude_problems", False)),
                bool(entry.get("links", False)),
            )
            for name, entry in content.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is damaged ({error}); delete it and add the datasets again.") from error


def add(name: str, installation: Installation) -> None:
    """Remember where ``name`` lies. :class:`InputError` when there is no such folder."""
    if not installation.root.is_dir():
        raise InputError(f"{installation.root} is no folder; give the folder of the dataset '{name}'.")
    _write({**installations(), name: _absolute(installation)})


def remove(name: str) -> None:
    """Forget ``name``; its files stay. :class:`ConfigError` when it was not added."""
    known = installations()
    if name not in known:
        raise ConfigError(f"the dataset '{name}' was not added; added: {', '.join(sorted(known)) or 'none'}.")
    _write({other: entry for other, entry in known.items() if other != name})


def owner_of(path: Path) -> str | None:
    """The database in whose folder ``path`` lies, or None."""
    resolved = Path(path).resolve()
    for name, entry in sorted(installations().items()):
        if resolved.is_relative_to(entry.root.resolve()):
            return name
    return None


def _absolute(entry: Installation) -> Installation:
    return replace(entry, root=entry.root.absolute())


def _write(entries: dict[str, Installation]) -> None:
    write_json(_file(), {name: {**asdict(entry), "root": str(entry.root)} for name, entry in sorted(entries.items())})


def _file() -> Path:
    return home() / "datasets.json"
