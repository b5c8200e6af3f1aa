"""The file of the small FPB-FOMM, see :mod:`mebench.backbones.lite_file`."""

from __future__ import annotations

from pathlib import Path

import torch

from mebench.backbones.fpb_fomm.lite import LiteFpb, LiteFpbConfig
from mebench.backbones.lite_file import load_network, save_network

NAME = "fpb-fomm-lite"


def save_lite(network: LiteFpb, path: Path, *, half: bool, about: dict[str, str]) -> None:
    """See :func:`~mebench.backbones.lite_file.save_network`."""
    save_network(network, path, name=NAME, half=half, about=about)


def load_lite(path: Path) -> LiteFpb:
    """See :func:`~mebench.backbones.lite_file.load_network`."""
    network = load_network(path, name=NAME, config=LiteFpbConfig, build=LiteFpb)
    return network.to(memory_format=torch.channels_last)
