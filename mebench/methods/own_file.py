"""A method whose class lies in a Python file beside its ``method.yaml``: no package, no installation.

The file is executed, as the user asked by naming it in ``mebench run --method``. Submissions never get here: what is
generated again for the leaderboard is a method of this tree or an installed entry point.
"""

from __future__ import annotations

import hashlib
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from mebench.errors import ConfigError
from mebench.methods.own_modules import modules_of


def sha256_of(path: Path) -> str:
    """Hash of the method's file, or of it and the modules beside it that it imports, by name; it is part of the run's
    identity, so that changed code starts a new run."""
    digests = [(file.relative_to(path.parent).as_posix(), _sha256(file)) for file in modules_of(path)]
    if len(digests) == 1:
        return digests[0][1]
    return hashlib.sha256("\n".join(f"{name} {digest}" for name, digest in digests).encode()).hexdigest()


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"the method's file {path} cannot be read: {error.strerror}.") from error


def load_class(path: Path, name: str) -> Any:
    """What is called ``name`` in the Python file ``path``; modules beside the file can be imported by it.

    :class:`ConfigError` when the file does not run, or holds no such name.
    """
    module_name = f"mebench_own_{path.stem}"
    spec = spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is not a Python file; 'plugin: file' takes one that ends in .py.")
    module = module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses and pickling look their module up
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(f"{path} fails to load: {type(error).__name__}: {error}.") from error
    if not hasattr(module, name):
        classes = [
            key for key, value in vars(module).items() if isinstance(value, type) and value.__module__ == module_name
        ]
        raise ConfigError(f"{path} has nothing called '{name}'; classes in it: {', '.join(classes) or 'none'}.")
    return getattr(module, name)
