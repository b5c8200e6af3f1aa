"""``mebench new method``: a folder with a complete method to change."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from mebench.errors import ConfigError
from mebench.files import write_text
from mebench.methods.card import method_names
from mebench.names import meant

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def new_method(name: str, folder: Path, like: str | None = None) -> list[Path]:
    """Write a method called ``name`` into ``folder``, which must be new or empty; the files written.

    like: a baseline whose ``method.yaml`` is copied under the new name, its card for the new authors to fill in;
    without it, a class of 20 lines that runs.
    :class:`ConfigError` for a name that cannot be one, an unknown baseline, or a folder that holds something.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"'{name}' is no name for a method; take lower-case letters, digits and '-', a letter first.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is there already; choose another place with --out.")
    texts = _of_parts(name, like) if like is not None else _of_code(name)
    for file, text in texts.items():
        write_text(folder / file, text)
    return [folder / file for file in texts]


def _of_code(name: str) -> dict[str, str]:
    module = name.replace("-", "_")
    words = {
        "name": name,
        "module": module,
        "title": _title(name),
        "class_name": "".join(part.capitalize() for part in name.split("-")),
    }
    template = files("mebench.methods") / "template"
    return {
        target: (template / source).read_text(encoding="utf-8").format(**words)
        for source, target in (("method.py.txt", f"{module}.py"), ("method.yaml.txt", "method.yaml"))
    }


def _of_parts(name: str, like: str) -> dict[str, str]:
    from mebench.home import packaged

    known = method_names()
    if like not in known:
        raise ConfigError(
            f"there is no baseline called '{like}'{meant(like, known)}; --like takes one of {', '.join(known)}."
        )
    text = (packaged("baselines") / like / "method.yaml").read_text(encoding="utf-8")
    own = {
        "name": name,
        "version": "1",
        "  title": _title(name),
        "  summary": f"Parts of {like}, changed.      # say what you changed",
        "  authors": "[Your Name]",
        "  role": "method",
    }
    for key, value in own.items():
        text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, count=1, flags=re.MULTILINE)
    return {"method.yaml": text}


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()
