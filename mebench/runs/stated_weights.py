"""The networks that the facts of a method name, and whether they are those of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mebench.motion.flow_networks import PWCLITE
from mebench.weights.catalogue import FILES
from mebench.weights.locate import known_sha256

_FLOWS = {**PWCLITE, "raft": "raft-large"}
"""Flow estimator: its weights."""

_NONE = ("", "none")
"""What a part without weights may say."""


def weights_of(facts: Any) -> list[str]:
    """Names of the weights, sorted; of flow networks those whose file does not ship."""
    return sorted({name for name, _ in _stated(facts)})


def unknown_weights(facts: Any) -> list[str]:
    """Those of :func:`weights_of` that are not in the catalogue, or whose file has another hash than the one of this name."""
    return sorted({name for name, digest in _stated(facts) if not _is_known(name, digest)})


def _stated(value: Any) -> Iterator[tuple[str, str | None]]:
    """Names with their hashes, where these are stated, at any depth."""
    if not isinstance(value, Mapping):
        return
    if isinstance(name := value.get("weights"), str) and name not in _NONE:
        yield name, value.get("weights_sha256")
    for key, digest in (("flow", "flow_sha256"), ("adapted_through_flow", "adapt_flow_sha256")):
        if isinstance(name := value.get(key), str) and value.get(digest):
            yield _FLOWS.get(name, name), value[digest]
    for inner in value.values():
        yield from _stated(inner)


def _is_known(name: str, digest: str | None) -> bool:
    if name not in FILES:
        return False
    expected = known_sha256(name)
    return not digest or expected is None or digest == expected
