"""mebench: the benchmark of facial micro-expression generation.

The public names are imported when they are first used, so that ``import mebench`` is instant::

    import mebench
    result = mebench.run(method="magplus", backbone="fomm", protocol="open-mini")
    result.summary["cells"], result.folder, result.page
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mebench.methods.build import load_method as load_method
    from mebench.protocol import load_protocol as load_protocol
    from mebench.runs.start import run as run

__version__ = "0.1.0"

_HOMES = {
    "load_method": "mebench.methods.build",
    "load_protocol": "mebench.protocol",
    "run": "mebench.runs.start",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'mebench' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
