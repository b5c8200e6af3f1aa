"""Where the networks of a method work: the processor, or a device that the user names."""

from __future__ import annotations

import re
from typing import TypeVar

from mebench.errors import ConfigError
from mebench.methods.contract import Method, Oracle

CPU = "cpu"

AnyMethod = TypeVar("AnyMethod", Method, Oracle, Method | Oracle)

_KNOWN = re.compile(r"cpu|cuda(:\d+)?|mps")


def checked(method: Method | Oracle, device: str) -> str:
    """The device, when the method can be put there; :class:`ConfigError` otherwise. Looks for no card: the tasks may be done
    on another machine."""
    if not _KNOWN.fullmatch(device):
        raise ConfigError(f"there is no device '{device}'; give cpu, cuda, cuda:N or mps.")
    if device != CPU and not callable(getattr(method, "to", None)):
        raise ConfigError(
            f"the method '{method.name}' has no 'to(device)', so it works on the processor; leave --device out."
        )
    return device


def put(method: AnyMethod, device: str) -> AnyMethod:
    """The method with its networks on ``device``. Raises :class:`ConfigError` when it cannot be moved, or the device is not here."""
    if checked(method, device) != CPU:
        getattr(method, "to")(device)  # noqa: B009 (checked above; a method need not have it)
    return method
