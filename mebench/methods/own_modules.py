"""Which Python files a method's file stands on: itself, and the modules beside it that it imports, as their source says.

Nothing is executed, and files that are not imported are not looked at, however many lie in the folder. A module that is
named only while the code runs is not found; an import of it by its plain name, anywhere in a file, makes it known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def modules_of(path: Path) -> list[Path]:
    """The file ``path`` and the files in or below its folder that it imports, directly or through each other; sorted."""
    folder = path.parent
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += [each for parts in _imports(file, folder) for each in _files(folder, parts)]
    return sorted(found)


def _imports(file: Path, folder: Path) -> Iterator[tuple[str, ...]]:
    """Dotted names that ``file`` imports, taken apart and counted from ``folder``; none where it is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(file.read_bytes())))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # whoever loads it says what is wrong
    here = file.parent.relative_to(folder).parts
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level <= len(here):
            above = here[: len(here) - node.level + 1] if node.level else ()
            base = (*above, *(node.module.split(".") if node.module else ()))
            yield from ((*base, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and _name(node.func) in ("import_module", "__import__"):
            named = node.args[0]
            if isinstance(named, ast.Constant) and isinstance(named.value, str) and named.value[:1] != ".":
                yield tuple(named.value.split("."))


def _name(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _files(folder: Path, parts: tuple[str, ...]) -> Iterator[Path]:
    """The files that are executed for the module ``parts``: of the packages on the way to it, and its own."""
    for depth in range(1, len(parts) + 1):
        place = folder.joinpath(*parts[:depth])
        for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if file.is_file():
                yield file
