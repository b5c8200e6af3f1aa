"""What training a detector costs: ``python benchmarks/detectors.py [NAME ...] [--device cuda] [--frames]``.

One step (forward, backward, optimiser) on a batch of 32 random inputs of the published size, after a smaller one that warms
up; on the processor one thread is used and its time is counted. An epoch of a fold of open-cd6 is ten such steps, an
evaluation six folds. Detectors on magnified input have a second row, with ``--fixed-magnifier``. Reading clips, drawing
pseudo-apexes and the latents of a fixed magnifier, all computed once, come on top. ``--frames`` counts instead which frames
of open-cd6's train and test clips the detectors read that read more than onset and apex.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import nn

from mebench import registry
from mebench.detectors.fixed_magnifier import FixedMagnifierDetector, has_magnifier
from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.frame_inputs import ColourTriple, GreyFrames, GreyPair, NearApex
from mebench.detectors.inputs import Tensors
from mebench.detectors.network_detector import NetworkDetector
from mebench.motion.sampling import uniform_frames
from mebench.runs.detection import make_detector, read_trials

BATCH, STEPS, FOLDS = 32, 10, 6


def shapes(detector: NetworkDetector) -> list[tuple[int, ...]]:
    """Shapes of what its network reads of one clip."""
    recipe = detector.recipe
    if isinstance(recipe, FlowStack):
        return [(2 if recipe.strain is None else 3, recipe.size, recipe.size)]
    if isinstance(recipe, GreyPair):
        return [(2, recipe.size, recipe.size)]
    if isinstance(recipe, GreyFrames):
        return [(1, recipe.count, recipe.size, recipe.size)]
    assert isinstance(recipe, ColourTriple)
    if isinstance(detector, FixedMagnifierDetector):
        return [(3, recipe.size, recipe.size), *[(32, recipe.size // 2, recipe.size // 2)] * 2]
    return [(3, recipe.size, recipe.size)] * 4


def step_seconds(detector: NetworkDetector, device: str) -> float:
    """Of one training step."""
    wanted = shapes(detector)
    network = detector.build().to(device).train()
    detector._prepared(network)
    optimizer = detector.schedule.optimizer(network)
    seconds = 0.0
    for count in (2, BATCH):
        inputs = tuple(torch.randn(count, *shape, device=device) for shape in wanted)
        seconds = _clock(device)
        _step(detector, network, optimizer, inputs)
        seconds = _clock(device) - seconds
    return seconds


def _step(detector: NetworkDetector, network: nn.Module, optimizer: torch.optim.Optimizer, inputs: Tensors) -> None:
    outputs = detector._answer(network, inputs)
    outputs = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
    target = torch.zeros_like(outputs[0])
    optimizer.zero_grad()
    losses = [nn.functional.binary_cross_entropy_with_logits(logits, target) for logits in outputs]
    torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _clock(device: str) -> float:
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.monotonic()


def count_frames() -> None:
    """Print how many different frames each kind of reading needs, and all together."""
    trials = read_trials("open-cd6")
    trained = {clip.key for trial in trials for clip in trial.train}
    clips = {clip.key: clip for trial in trials for clip in (*trial.train, *trial.test)}
    counts = dict.fromkeys(("six of the clip", "ten of the clip", "the first ten", "near the apex", "all of these"), 0)
    for key, clip in clips.items():
        length = clip.offset - clip.onset + 1
        found = [set((clip.onset + uniform_frames(length, count)).tolist()) for count in (6, 10)]
        found.append({min(clip.onset + number, clip.offset) for number in range(10)})
        found.append(set(NearApex().indices(clip)) if key in trained else set())
        for name, numbers in zip(counts, (*found, set().union(*found)), strict=True):
            counts[name] += len(numbers)
    for name, count in counts.items():
        print(f"{name}: {count} frames of {len(clips)} clips")  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="detectors; every network without one")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--frames", action="store_true", help="count frames instead")
    chosen = parser.parse_args()
    if chosen.frames:
        count_frames()
        return
    torch.set_num_threads(1)
    print("| detector | parameters, M | s a step of 32 clips | min an epoch of six folds | published epochs |")  # noqa: T201
    print("|---|---|---|---|---|")  # noqa: T201
    for name in chosen.names or registry.names("detectors"):
        plain = make_detector(name)
        if not isinstance(plain, NetworkDetector):
            continue
        kinds = [(name, plain)]
        if has_magnifier(plain):
            kinds.append((f"{name}, fixed magnifier", FixedMagnifierDetector(plain)))
        for said, detector in kinds:
            millions = sum(parameter.numel() for parameter in detector.build().parameters()) / 1e6
            seconds = step_seconds(detector, chosen.device)
            minutes = seconds * STEPS * FOLDS / 60.0
            epochs = detector.schedule.epochs
            print(f"| {said} | {millions:.2f} | {seconds:.2f} | {minutes:.2f} | {epochs} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
