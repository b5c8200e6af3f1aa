"""The file of the small FOMM, see :mod:`mebench.backbones.lite_file`."""

from __future__ import annotations

from pathlib import Path

import torch

from mebench.backbones.fomm.lite import LiteConfig, LiteFomm
from mebench.backbones.lite_file import load_network, save_network

NAME = "fomm-lite"


def save_lite(network: LiteFomm, path: Path, *, half: bool, about: dict[str, str]) -> None:
    """See :func:`~mebench.backbones.lite_file.save_network`."""
    save_network(network, path, name=NAME, half=half, about=about)


def load_lite(path: Path) -> LiteFomm:
    """See :func:`~mebench.backbones.lite_file.load_network`."""
    network = load_network(path, name=NAME, config=LiteConfig, build=LiteFomm)
    return network.to(memory_format=torch.channels_last)
