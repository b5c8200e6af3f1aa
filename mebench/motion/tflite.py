"""Small networks in the TFLite format, run on one thread by LiteRT."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.errors import CheckpointError
from mebench.weights.locate import find


class Network:
    """A loaded network. The same input gives the same output on one machine."""

    def __init__(self, weights: str) -> None:
        """weights: a name of the weights table. Raises ``MissingWeights``, or ``CheckpointError`` for a broken file."""
        from ai_edge_litert.interpreter import Interpreter

        path = find(weights)
        try:
            with _quiet_start():
                self._interpreter: Any = Interpreter(model_path=str(path), num_threads=1)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise CheckpointError(
                f"{path} is not a network that LiteRT can load ({error}); install mebench again."
            ) from error
        self._input: dict[str, Any] = self._interpreter.get_input_details()[0]
        self._outputs: list[dict[str, Any]] = self._interpreter.get_output_details()

    @property
    def side(self) -> int:
        """Side of the square input in pixels."""
        return int(self._input["shape"][1])

    def __call__(self, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """image: float32 ``[side,side,3]``, RGB, in the range that the network wants. Gives its outputs in order."""
        self._interpreter.set_tensor(self._input["index"], image[None].astype(np.float32, copy=False))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output["index"]) for output in self._outputs]


@cache
def network(weights: str) -> Network:
    """The network called ``weights``, loaded once a process."""
    return Network(weights)


@contextmanager
def _quiet_start() -> Iterator[None]:
    """LiteRT reports to stderr, past Python, that it uses the CPU; there is no switch for it. The rest is passed on."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught.read().decode("utf-8", "replace").splitlines():
                if not line.startswith("INFO:"):
                    print(line, file=sys.stderr)  # noqa: T201
