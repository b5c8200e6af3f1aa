"""What is run: a protocol (YAML, pure data) that turns datasets into tasks. Its hash stands in every result."""

from __future__ import annotations

from mebench.protocol.folds import Fold
from mebench.protocol.model import Protocol, load_protocol, protocol_names
from mebench.protocol.task import Task

__all__ = ["Fold", "Protocol", "Task", "load_protocol", "protocol_names"]
