"""A detector that is a network: training, prediction, weight file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from mebench.detectors.contract import ACTION_UNITS, Probabilities, labels
from mebench.detectors.inputs import Arrays, DrawnRecipe, Recipe, Tensors
from mebench.detectors.observation import Observation
from mebench.detectors.schedule import Loss, Schedule, order
from mebench.detectors.thresholds import best_offsets
from mebench.errors import CheckpointError, InputError, MissingWeights
from mebench.files import write_whole

PREDICTED_AT_ONCE = 64

OFFSETS = "offsets"
"""Name under which the thresholds lie among the tensors of the network."""


class NetworkDetector:
    """See :class:`mebench.detectors.contract.Detector`.

    build: makes the network with random weights; it gives logits ``[N,12]``, or several of them, which then share the
    loss equally, the last being the prediction. recipe: its inputs. schedule: its training.
    start: called with the fresh network before training, such as to load pretrained weights.
    """

    def __init__(
        self,
        name: str,
        build: Callable[[], nn.Module],
        recipe: Recipe,
        schedule: Schedule,
        *,
        start: Callable[[nn.Module], None] | None = None,
    ) -> None:
        self.name = name
        self.build = build
        self.recipe = recipe
        self.schedule = schedule
        self.start = start
        self.network: nn.Module | None = None
        self.offsets: NDArray[np.float32] = np.zeros(len(ACTION_UNITS), dtype=np.float32)

    def fit(self, clips: Sequence[Observation], *, seed: int = 0) -> None:
        """Train from scratch on labelled clips; the last epoch counts, nothing is selected."""
        if not clips:
            raise InputError(f"the detector {self.name} cannot be trained without clips.")
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        device = _device()
        self.offsets = np.zeros(len(ACTION_UNITS), dtype=np.float32)
        network = self.build().to(device)
        if self.start is not None:
            self.start(network)
        self._prepared(network)
        network.train()
        self._train(network, clips, seed, device)
        self.network = network.eval().cpu()

    def _train(self, network: nn.Module, clips: Sequence[Observation], seed: int, device: torch.device) -> None:
        rng = np.random.default_rng(seed)
        inputs = self._inputs(clips)
        truth = labels(clips)
        present = torch.from_numpy(truth.astype(np.float32))
        loss = Loss(self.schedule.imbalance, present, device)
        optimizer = self.schedule.optimizer(network)
        for epoch in range(self.schedule.epochs):
            self.schedule.set_rates(optimizer, epoch)
            chosen_clips = order(truth, self.schedule.imbalance, rng)
            for begin in range(0, len(chosen_clips), self.schedule.batch):
                chosen = torch.from_numpy(chosen_clips[begin : begin + self.schedule.batch])
                if len(chosen) == 1 and len(chosen_clips) > 1:
                    continue  # batch normalisation has no variance to take from a single clip
                batch = tuple(tensor[chosen] for tensor in inputs)
                if isinstance(self.recipe, DrawnRecipe):
                    batch = _stacked([self.recipe.drawn(clips[number], epoch, seed) for number in chosen.tolist()])
                outputs = _several(
                    self._answer(network, tuple(tensor.to(device) for tensor in self._augmented(batch, rng)))
                )
                target = present[chosen].to(device)
                optimizer.zero_grad()
                torch.stack([loss(logits, target) for logits in outputs]).sum().backward()  # type: ignore[no-untyped-call]
                optimizer.step()

    def logits(self, clips: Sequence[Observation]) -> NDArray[np.float32]:
        """float32 ``[N,12]``, the thresholds' offsets included: present above 0."""
        if self.network is None:
            raise MissingWeights(f"the detector {self.name} is not trained; fit it or load a weight file.")
        if not clips:
            return np.zeros((0, len(ACTION_UNITS)), dtype=np.float32)
        found = []
        with torch.no_grad():
            for begin in range(0, len(clips), PREDICTED_AT_ONCE):
                inputs = self._inputs(clips[begin : begin + PREDICTED_AT_ONCE])
                found.append(_several(self._answer(self.network, inputs))[-1].numpy())
        return np.asarray(np.concatenate(found) + self.offsets, dtype=np.float32)

    def predict(self, clips: Sequence[Observation]) -> Probabilities:
        """float32 ``[N,12]`` in [0,1]."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.logits(clips).astype(np.float64))), dtype=np.float32)

    def calibrate(self, clips: Sequence[Observation]) -> None:
        """Choose one threshold for each action unit, the best for F1 on clips that were not learnt from."""
        self.offsets = np.zeros(len(ACTION_UNITS), dtype=np.float32)
        self.offsets = best_offsets(self.logits(clips), labels(clips))

    def save(self, path: Path, *, half: bool = False) -> None:
        """Write a safetensors file; half: floating-point tensors in 16 bits."""
        tensors = self.tensors()
        if half:
            tensors = {name: tensor.half() for name, tensor in tensors.items()}
        write_whole(path, lambda temporary: save_file(tensors, temporary, metadata={"detector": self.name}))

    def tensors(self) -> dict[str, torch.Tensor]:
        """The network's floating-point tensors by name, and the thresholds as ``offsets``."""
        if self.network is None:
            raise MissingWeights(f"the detector {self.name} is not trained; there is nothing to save.")
        state = self.network.state_dict().items()
        tensors = {name: tensor.detach().contiguous().clone() for name, tensor in state if tensor.is_floating_point()}
        return {**tensors, OFFSETS: torch.from_numpy(self.offsets.copy())}

    def load(self, path: Path) -> None:
        """Read a file that :meth:`save` wrote."""
        try:
            with safe_open(path, framework="pt") as stored:
                about = stored.metadata() or {}
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        except OSError as error:
            raise MissingWeights(f"cannot read {path}: {error}.") from error
        except Exception as error:
            raise CheckpointError(f"{path} is no safetensors file: {error}.") from error
        if about.get("detector") != self.name:
            raise CheckpointError(f"{path} holds the detector {about.get('detector')}, not {self.name}.")
        self.load_tensors(tensors, str(path))

    def load_tensors(self, tensors: dict[str, torch.Tensor], name: str) -> None:
        """Take what :meth:`tensors` gave, in any precision; name: what errors call it."""
        network = self.build()
        state = network.state_dict()
        wanted = {key for key, tensor in state.items() if tensor.is_floating_point()} | {OFFSETS}
        if wrong := sorted(wanted ^ tensors.keys()):
            raise CheckpointError(f"{name} does not fit {self.name}: missing or unexpected {', '.join(wrong[:5])}.")
        found = {key: tensors[key].to(tensor.dtype) if key in wanted else tensor for key, tensor in state.items()}
        try:
            network.load_state_dict(found)
        except RuntimeError as error:
            raise CheckpointError(f"{name} does not fit {self.name}: {error}.") from error
        self._prepared(network)
        self.network = network.eval()
        self.offsets = tensors[OFFSETS].float().numpy()

    def _prepared(self, network: nn.Module) -> None:
        """Called with a network that has its weights and is about to be trained or asked."""

    def _answer(self, network: nn.Module, inputs: Tensors) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """The outputs of the network for a batch."""
        found: torch.Tensor | tuple[torch.Tensor, ...] = network(*inputs)
        return found

    def _inputs(self, clips: Sequence[Observation]) -> Tensors:
        return _stacked([clip.once(self.recipe) for clip in clips])

    def _augmented(self, inputs: Tensors, rng: np.random.Generator) -> Tensors:
        schedule = self.schedule
        if schedule.mirror:
            turned = self.recipe.mirrored(inputs)
            which = torch.from_numpy(rng.random(len(inputs[0])) < 0.5)
            inputs = tuple(_chosen(which, mirror, plain) for plain, mirror in zip(inputs, turned, strict=True))
        if schedule.shift:
            moves = rng.integers(-schedule.shift, schedule.shift + 1, size=(len(inputs[0]), 2)).tolist()
            inputs = tuple(
                torch.stack([torch.roll(image, move, dims=(-2, -1)) for image, move in zip(tensor, moves, strict=True)])
                for tensor in inputs
            )
        if schedule.amplitude:
            factors = torch.from_numpy(np.exp(rng.normal(0.0, schedule.amplitude, len(inputs[0])))).float()
            inputs = tuple(tensor * factors.view(-1, *[1] * (tensor.ndim - 1)) for tensor in inputs)
        return inputs


def _stacked(arrays: Sequence[Arrays]) -> Tensors:
    return tuple(torch.from_numpy(np.stack(column)) for column in zip(*arrays, strict=True))


def _several(outputs: torch.Tensor | tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    return (outputs,) if isinstance(outputs, torch.Tensor) else outputs


def _chosen(which: torch.Tensor, mirror: torch.Tensor, plain: torch.Tensor) -> torch.Tensor:
    return torch.where(which.view(-1, *[1] * (plain.ndim - 1)), mirror, plain)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
