"""What a kept answer of a metric depends on: its code, the code that it calls, and the network files that it reads."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import mebench
from mebench.metrics.contract import Metric
from mebench.metrics.set_metric import SetMetric
from mebench.weights import state

ROOMS = ("clip", "metrics", "motion", "detectors", "statistics", "runs/validate")
"""Parts of the package in which the code of an answer lies. The renderer has a digest of its own, and catalogues, stores
and words decide no number."""


def dependencies(metric: Metric | SetMetric) -> str:
    """Changes when the metric's code or a network file does: version and twelve hexadecimal digits."""
    makes = metric.encoder if isinstance(metric, SetMetric) else metric  # vectors are kept, and distances made anew
    files = [state(name).sha256 or "absent" for name in metric.facts.networks]
    digest = hashlib.sha256(" ".join((code(type(makes).__module__), *files)).encode())
    return f"{metric.facts.version}-{digest.hexdigest()[:12]}"


@cache
def code(module: str) -> str:
    """SHA-256 of the code of a module and of all modules of :data:`ROOMS` that it reaches by imports, without comments,
    docstrings and the words of facts; with the data file of the same name that lies beside a module."""
    reached: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if name not in reached and path is not None:
            reached[name] = path
            waiting += _read(path)[1]
    digest = hashlib.sha256()
    for name, path in sorted(reached.items()):
        digest.update(f"{name} {_read(path)[0]} ".encode())
    return digest.hexdigest()


@cache
def _read(path: Path) -> tuple[str, list[str]]:
    """SHA-256 of a module's code and data file, and the names that it imports."""
    tree = ast.parse(path.read_text("utf-8"))
    digest = hashlib.sha256(ast.dump(_bare(tree)).encode())
    data = path.with_suffix(".json")
    digest.update(data.read_bytes() if data.is_file() else b"")
    return digest.hexdigest(), list(_imported(tree))


def _file(module: str) -> Path | None:
    """The file of a module of :data:`ROOMS`, or of a loaded one that is not of mebench; else None."""
    if not module.startswith("mebench."):
        file = getattr(sys.modules.get(module), "__file__", None)
        return Path(file) if file and module != "mebench" else None
    inside = module.split(".")[1:]
    if not any("/".join((*inside, "")).startswith(f"{room}/") for room in ROOMS):
        return None
    root = Path(mebench.__file__).parent.joinpath(*inside)
    return next((path for path in (root.with_suffix(".py"), root / "__init__.py") if path.is_file()), None)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Names that may be modules of mebench."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("mebench."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mebench"):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _bare(tree: ast.Module) -> ast.Module:
    """The tree without docstrings and without the words of a metric's facts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "MetricFacts":
            node.keywords = [word for word in node.keywords if word.arg not in ("summary", "source", "traps")]
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [
                line
                for line in node.body
                if not (
                    isinstance(line, ast.Expr)
                    and isinstance(line.value, ast.Constant)
                    and isinstance(line.value.value, str)
                )
            ]
    return tree
