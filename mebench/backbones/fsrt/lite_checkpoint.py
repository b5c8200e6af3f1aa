"""The file of the small FSRT, see :mod:`mebench.backbones.lite_file`."""

from __future__ import annotations

from pathlib import Path

from mebench.backbones.fsrt.lite import LiteConfig, LiteFsrt
from mebench.backbones.lite_file import load_network, save_network

NAME = "fsrt-lite"


def save_lite(network: LiteFsrt, path: Path, *, half: bool, about: dict[str, str]) -> None:
    """See :func:`~mebench.backbones.lite_file.save_network`."""
    save_network(network, path, name=NAME, half=half, about=about)


def load_lite(path: Path) -> LiteFsrt:
    """See :func:`~mebench.backbones.lite_file.load_network`."""
    return load_network(path, name=NAME, config=LiteConfig, build=LiteFsrt)
