"""Methods: a magnifier, a backbone and a demagnifier put together, or anything else that moves a source face."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mebench.methods.build import load_method as load_method

__all__ = ["load_method"]


def __getattr__(name: str) -> object:
    if name == "load_method":
        from mebench.methods.build import load_method

        return load_method
    raise AttributeError(name)
