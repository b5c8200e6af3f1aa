"""What pyproject.toml asks for is what the code imports, in versions in which it works."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

tomllib = pytest.importorskip("tomllib", reason="Python 3.10 reads no TOML")
ROOT = Path(__file__).parents[1]

PACKAGES = {"dlib": "dlib-bin", "insightface": "insightface", "pydantic_core": "pydantic"}
"""Of modules that may be missing here, or whose package comes with another in one version."""
FEATURES = {"arcface", "slurm", "ray", "parquet", "notebook"}
"""Extras that add a feature, not tools of those who change mebench."""


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return found


def plain(requirement: str) -> str:
    """Name of the package of a requirement, as package indexes compare names."""
    return re.sub("[-_.]+", "-", re.split(r"[\[<>=~! ;]", requirement)[0]).lower()


def modules() -> set[str]:
    """What mebench imports, outside Python itself."""
    found = set()
    for path in (ROOT / "mebench").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"mebench"}


def test_every_import_is_asked_for(project: dict[str, Any]) -> None:
    known = packages_distributions()
    asked = [
        *project["dependencies"],
        *(each for extra in FEATURES for each in project["optional-dependencies"][extra]),
    ]
    given = {plain(each) for each in asked}
    packages = {module: plain(PACKAGES.get(module) or known.get(module, [module])[0]) for module in modules()}
    missing = {module: package for module, package in packages.items() if package not in given}
    assert missing == {}


def test_all_holds_every_feature(project: dict[str, Any]) -> None:
    (everything,) = project["optional-dependencies"]["all"]
    assert set(re.findall(r"\w+", everything)[1:]) == FEATURES
    assert set(project["optional-dependencies"]) > FEATURES


def test_pyav_is_new_enough(project: dict[str, Any]) -> None:
    """Before 14.0.1 it refuses the flags of the colour conversion, before 14.2 it tells no rotation, and 14.2 stores clips one
    pixel wide or high wrongly."""
    (asked,) = (each for each in project["dependencies"] if plain(each) == "av")
    least = re.fullmatch(r"av>=(\d+).*", asked)
    assert least is not None and int(least[1]) >= 15
