"""What makes sense after a command, for those that do not say it themselves."""

from __future__ import annotations

from collections.abc import Sequence

NEXT = {
    "list methods": "mebench run --method NAME",
    "list backbones": "mebench run --method direct --backbone NAME",
    "list magnifiers": "mebench run --protocol open-magnification --method NAME",
    "list protocols": "mebench protocol show NAME",
    "list datasets": "mebench data terms NAME",
    "list detectors": "mebench au eval NAME",
    "list metrics": "mebench protocol show open-mini, which lists some of them",
    "generate": "mebench run --method NAME, the same method over a protocol",
    "compare": "mebench power RUN RUN --difference D, what it would take to see a smaller difference",
    "power": "mebench protocol show open-cross-identity, a plan of eight drivers and eight sources",
    "verify": "mebench site serve, the board with this row",
    "site build": "mebench site serve, or copy the folder to any web server",
    "protocol show": "mebench run --method still --protocol NAME",
    "protocol validate": "mebench run --method still --protocol NAME",
    "protocol tasks": "mebench run --method still --protocol NAME --limit 2",
    "data terms": "mebench data add NAME PATH",
    "data check": "mebench protocol validate, which protocols can be run with it",
    "weights where": "mebench weights add NAME FILE",
    "weights check": "mebench doctor",
    "au list": "mebench au eval NAME",
    "au eval": "mebench au judges, the panel that ships",
    "au judges": "mebench run --method magplus --backbone fomm, whose au_f1 asks them",
    "au judge": "mebench compare RUN RUN",
    "train backbone": "mebench train evaluate NAME --file FILE",
    "validate metrics": "look at README.md in the folder",
}


def following(args: Sequence[str]) -> str | None:
    """The line to show after the command ``args`` (without ``mebench``); None where it speaks for itself or for a program.

    >>> following(["compare", "runs/a", "runs/b"])
    'next: mebench power RUN RUN --difference D, what it would take to see a smaller difference'
    >>> following(["compare", "runs/a", "runs/b", "--json"]) is None
    True
    """
    if {"--json", "-h", "--help", "--version"} & set(args):
        return None
    words = [word for word in args if not word.startswith("-")]
    hint = NEXT.get(" ".join(words[:2])) or NEXT.get(" ".join(words[:1]))
    return f"next: {hint}" if hint else None
