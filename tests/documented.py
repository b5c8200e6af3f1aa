"""The ``mebench`` commands of the README and the docs, for the tests that look at them and that run them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("baselines/*/README.md")]
)


def commands(text: str) -> list[str]:
    """The ``mebench`` commands of all shell blocks, and of all inline code that names a whole command with an option.

    Comments and repeated blanks are taken out; what is cut short with dots or leaves a choice open is no command.
    """
    blocks = re.findall(r"```(?:bash|sh|shell|console)[^\n]*\n(.*?)```", text, flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines += [code for code in re.findall(r"`(mebench [^`]+)`", text.replace("\n", " ")) if re.search(r" --\w+ ", code)]
    parts = [part for line in lines for part in re.split(r"&&|;|\|\s", line.removeprefix("$ "))]
    bare = [" ".join(re.sub(r"\s#.*", "", part).split()) for part in parts]
    return [part for part in bare if part.startswith("mebench ") and not re.search(r"\.\.\.|…|\[|\{", part)]


FOUND = {command: page for page in PAGES for command in commands(page.read_text(encoding="utf-8"))}
"""Every command, and a page that names it."""


def arguments(command: str) -> list[str]:
    """The words after ``mebench``, a single K or N (any number) taken as 3."""
    return [re.sub(r"^[KN]$", "3", word) for word in shlex.split(command)[1:]]
