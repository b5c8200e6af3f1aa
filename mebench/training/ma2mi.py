"""MA2MI: MIACNet's encoders learn from ordinary expressions, without labels, before they read micro-expressions.

A later frame is rebuilt from an earlier one and the action code of the pair. The decoder only moves pixels, and the code
is a bottleneck of 128 numbers, so it must hold motion; a pair of equal frames should have the code 0. Published are the
task, the two branches and that the time between the frames is drawn from a range; losses, weights and sizes are ours. Our
clips give six frames between onset and offset, so any two frames of a clip make a pair. Perceptual losses are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from mebench.datasets.synme.cache import fingerprint
from mebench.detectors.frame_inputs import grey_pair
from mebench.detectors.miacnet import SIZE, ActionEncoder, MiacNetwork, PositionEncoder, Reconstructor
from mebench.errors import CheckpointError, ConfigError, InputError
from mebench.files import write_whole
from mebench.home import home
from mebench.training.face_frames import FrameSet, frame_store
from mebench.training.loop import Run, learning_rate, train

CHANGE = 10.0
"""Pixels count ``1 + 10 |I_t+delta - I_t|`` times: most of a face does not move."""

GRADIENT, REST = 0.1, 0.01
"""Weights of the error of image gradients, and of the squared code of a pair of equal frames."""


@dataclass(frozen=True)
class Ma2miPreset:
    """Everything that decides the result."""

    steps: int = 3000
    batch: int = 16
    rate: float = 1e-3
    held_out: int = 4
    """People, the last ones, for validation."""
    seed: int = 0


class MacroPairs:
    """Pairs of frames of one clip. frames: uint8 ``[N,S,S,3]``. labels: int ``[N,2+]``, person and clip of each."""

    def __init__(self, frames: NDArray[np.uint8], labels: NDArray[np.int32]) -> None:
        groups: dict[int, list[int]] = {}
        for number, clip in enumerate(labels[:, 1].tolist()):
            groups.setdefault(clip, []).append(number)
        self._frames = frames
        self._clips = [group for group in groups.values() if len(group) > 1]
        if not self._clips:
            raise InputError("there is no clip of two frames to learn from.")

    def draw(self, count: int, rng: np.random.Generator) -> torch.Tensor:
        """Earlier and later frame, grey in [0,1], half of them mirrored: float32 ``[count,2,112,112]``."""
        pairs = []
        for clip in rng.integers(len(self._clips), size=count):
            chosen = rng.choice(self._clips[clip], size=2, replace=False)
            pair = grey_pair(self._frames[chosen], SIZE)
            pairs.append(pair[..., ::-1] if rng.random() < 0.5 else pair)
        return torch.from_numpy(np.stack(pairs))


class Ma2miNetwork(nn.Module):
    """Both encoders and the decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.position = PositionEncoder()
        self.action = ActionEncoder()
        self.decoder = Reconstructor()

    def forward(self, pair: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pair ``[N,2,112,112]`` to the rebuilt later frame ``[N,1,112,112]`` and the code ``[N,128]``."""
        position = self.position(pair[:, :1])
        code = self.action(pair, position)
        return self.decoder(pair[:, :1], position, code), code


class Ma2miRecipe:
    """One network, its optimiser and its data (see :class:`mebench.training.loop.Recipe`)."""

    def __init__(self, training: MacroPairs, validation: MacroPairs, preset: Ma2miPreset) -> None:
        torch.manual_seed(preset.seed)
        self.preset = preset
        self.network: nn.Module = Ma2miNetwork()
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(self.network.parameters(), lr=preset.rate)
        self._training, self._validation = training, validation

    def step(self, index: int, progress: float) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress, self.preset.rate)
        self.network.train()
        pair = self._training.draw(self.preset.batch, np.random.default_rng([self.preset.seed, index]))
        rebuilt, _ = self.network(pair)
        _, rest = self.network(pair[:, :1].repeat(1, 2, 1, 1))
        image, gradient = reconstruction_losses(rebuilt, pair)
        loss = image + GRADIENT * gradient + REST * rest.square().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"loss": float(loss.detach()), "image": float(image.detach())}

    def validate(self) -> dict[str, float]:
        """``rebuilt``: error over that of copying the earlier frame. ``swapped``: the same with the code of another pair,
        which must be no better than copying if the code holds motion and not the picture."""
        self.network.eval()
        pair = self._validation.draw(64, np.random.default_rng(self.preset.seed))
        network = self.network
        assert isinstance(network, Ma2miNetwork)
        with torch.no_grad():
            rebuilt, code = network(pair)
            other = network.decoder(pair[:, :1], network.position(pair[:, :1]), code.roll(1, dims=0))
            copied = float(reconstruction_losses(pair[:, :1], pair)[0])
            return {
                "rebuilt": float(reconstruction_losses(rebuilt, pair)[0]) / copied,
                "swapped": float(reconstruction_losses(other, pair)[0]) / copied,
            }


def reconstruction_losses(rebuilt: torch.Tensor, pair: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted absolute error of the later frame, and of its gradients. rebuilt: ``[N,1,H,W]``. pair: ``[N,2,H,W]``."""
    target = pair[:, 1:]
    weight = 1.0 + CHANGE * (target - pair[:, :1]).abs()
    image = (weight * (rebuilt - target).abs()).mean()
    across = functional.l1_loss(rebuilt.diff(dim=-1), target.diff(dim=-1))
    return image, across + functional.l1_loss(rebuilt.diff(dim=-2), target.diff(dim=-2))


def pretrain(
    frames: NDArray[np.uint8],
    labels: NDArray[np.int32],
    preset: Ma2miPreset,
    out: Path,
    *,
    say: Callable[[str], None],
    stop_at: int | None = None,
) -> Path:
    """Train on one thread and give ``out/ma2mi.safetensors``; the same call continues an interrupted run."""
    torch.set_num_threads(1)
    people = np.unique(labels[:, 0])
    if len(people) <= preset.held_out:
        raise InputError(f"{len(people)} people are too few: {preset.held_out} of them are for validation.")
    kept = np.isin(labels[:, 0], people[: -preset.held_out])
    recipe = Ma2miRecipe(MacroPairs(frames[kept], labels[kept]), MacroPairs(frames[~kept], labels[~kept]), preset)
    weights = out / "ma2mi.safetensors"

    def publish(step: int) -> None:
        tensors = {name: tensor.contiguous() for name, tensor in recipe.network.state_dict().items()}
        write_whole(weights, lambda temporary: save_file(tensors, temporary, metadata={"step": str(step)}))

    train(recipe, Run(preset.steps, out, identity=asdict(preset)), say=say, published=publish, stop_at=stop_at)
    return weights


def macro_frames(processes: int, *, say: Callable[[str], None]) -> Path:
    """The folder of the frames that the small backbones are trained on, rendered once: ``frames.npy``, ``labels.npy``."""
    wanted = FrameSet(identities=70, clips=9, frames=6)
    name = f"faces-{fingerprint()[:8]}-{wanted.first_identity}-{wanted.identities}x{wanted.clips}x{wanted.frames}"
    return frame_store(wanted, home() / "training" / name, processes=processes, say=say)


def start_from(path: Path) -> Callable[[nn.Module], None]:
    """A start for MIACNet's detector: its encoders take the weights that :func:`pretrain` wrote."""
    tensors = load_file(path)
    encoders = {name: tensor for name, tensor in tensors.items() if not name.startswith("decoder.")}

    def start(network: nn.Module) -> None:
        if not isinstance(network, MiacNetwork):
            raise ConfigError(f"{path} is a start for the detector miacnet alone.")
        own = {name for name in network.state_dict() if not name.startswith("fc.")}
        if wrong := sorted(own ^ encoders.keys()):
            raise CheckpointError(f"{path} does not fit MIACNet: missing or unexpected {', '.join(wrong[:5])}.")
        network.load_state_dict(encoders, strict=False)

    return start
