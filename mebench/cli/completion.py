"""Names for the completion of the shell. Only plain listings: a key press must be answered at once."""

from __future__ import annotations

from pathlib import Path


def methods(begun: str) -> list[str]:
    """Baselines. A path is completed by the shell itself."""
    return _beginning(begun, [path.parent.name for path in _shipped("baselines", "*/method.yaml")])


def protocols(begun: str) -> list[str]:
    """Protocols that ship."""
    return _beginning(begun, [path.stem for path in _shipped("protocols", "*.yaml")])


def backbones(begun: str) -> list[str]:
    """Registered backbones."""
    return _registered("backbones", begun)


def datasets(begun: str) -> list[str]:
    """Registered datasets."""
    return _registered("datasets", begun)


def weights(begun: str) -> list[str]:
    """Checkpoints."""
    from mebench.weights.catalogue import FILES

    return _beginning(begun, list(FILES))


def _registered(kind: str, begun: str) -> list[str]:
    from mebench import registry

    return _beginning(begun, list(registry.names(kind)))


def _shipped(folder: str, pattern: str) -> list[Path]:
    from mebench.home import packaged

    return list(packaged(folder).glob(pattern))


def _beginning(begun: str, names: list[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(begun))
