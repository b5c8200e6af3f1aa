"""Rendered clips of these tests are kept in a temporary folder; people that are painted are shared by a module."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from mebench.datasets.synme.studio import Studio, person, recording


@pytest.fixture(scope="session")
def studio_of() -> Callable[[str, str, int], Studio]:
    """A studio for a person, painted once a session."""

    @cache
    def build(domain: str, split: str, index: int) -> Studio:
        someone = person(domain, split, index)
        return Studio(someone, recording(someone))

    return build


@pytest.fixture(scope="module")
def rendered_home(tmp_path_factory: pytest.TempPathFactory):
    """``MEBENCH_HOME`` in a temporary folder, for a module."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("MEBENCH_HOME", str(folder))
        yield folder
