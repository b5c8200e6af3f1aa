"""Frames per second of the backbones: ``python benchmarks/backbones.py [NAME ...] [--size official]``.

Each backbone animates one rendered portrait with one rendered clip in two ways: as mebench does it (the source enrolled
once, frames in batches) and as the demonstrations of the papers do it (a plain loop in which the source goes through its
networks again for every frame). Both run in one process, one after the other; the ratio is what to look at. ``--size lite``
takes the weights that ship, ``--size official`` the published sizes with random weights. On the processor one thread is
used, and its time is counted; on a graphics card (``--device cuda``) it is the time of the clock.

``--autocast``, ``--channels-last``, ``--compile`` and ``--graphs`` (compiled, and replayed as CUDA graphs) speed the first
way up, and ``--frames`` is how many frames go through at once; what they change in the frames is printed, and a result that
differs from plain float32 by more than one grey level is marked as too coarse for a run that is scored. On a card the memory
and the operations a second are printed too, with ``--peak-tflops`` as a share of what the card can do.
The results of plain float32 are kept for ``mebench list backbones``.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from backbone_loops import loop_of
from numpy.typing import NDArray
from official_backbones import NAMES, official
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mebench import registry
from mebench.backbones.contract import Backbone
from mebench.backbones.speeds import CLIP, Speed, keep_speeds
from mebench.datasets.synme.dataset import Synme, read_portrait
from mebench.errors import MebenchError

SOURCE, DRIVING = "d-validation-00", "d-validation-01-0"

FASTER = ("autocast", "channels_last", "compile", "graphs")
"""Ways to speed a backbone up."""

LARGEST = 1.0
"""Grey levels of 255 that a faster way may differ from plain float32: what rounding to 8 bits may change anyway."""


def main() -> None:
    arguments = _arguments()
    torch.set_num_threads(1)
    device = torch.device(arguments.device)
    source = _tensor(read_portrait(SOURCE)[None])[0].to(device)
    driving = _tensor(Synme().clip_frames(DRIVING, range(arguments.frames))).to(device)
    names = arguments.names or (NAMES if arguments.size == "official" else registry.names("backbones"))
    speeds = {}
    for name in names:
        try:
            backbone = official(name) if arguments.size == "official" else registry.load("backbones", name)()
        except MebenchError as error:
            print(f"{name:14s} not measured: {error}")  # noqa: T201
            continue
        for network in _networks(backbone):
            network.to(device)
        speed = measured(backbone, source, driving, arguments.loop_frames)
        speeds[name] = speed
        print(_line(name, speed), flush=True)  # noqa: T201
        if device.type == "cuda":
            print(_use(backbone, source, driving, speed, arguments.peak_tflops), flush=True)  # noqa: T201
        if any(getattr(arguments, name) for name in FASTER):
            print(_faster(backbone, source, driving, arguments, speed), flush=True)  # noqa: T201
    keep_speeds(speeds, arguments.size, arguments.keep)


@torch.no_grad()
def measured(backbone: Backbone, source: torch.Tensor, driving: torch.Tensor, loop_frames: int) -> Speed:
    """Both ways on the same pictures, each after a first frame that is not timed."""
    onset = driving[0]
    frame = loop_of(backbone, source, onset)
    frame(driving[:1])
    device = driving.device
    enrolling, identity = _seconds(lambda: backbone.enroll(source), device)
    one, _ = _seconds(lambda: backbone.drive(identity, driving, onset), device)
    looped = _seconds(lambda: [frame(driving[t : t + 1]) for t in range(loop_frames)], device)[0] / loop_frames
    # What is done once a clip (the onset frame) is within the time of the clip, and so counted against mebench.
    each = one / len(driving)
    return {
        "weights": backbone.facts.weights,
        "resolution": backbone.facts.resolution,
        "device": _device(device),
        "enroll_seconds": _rounded(enrolling),
        "frame_seconds": _rounded(each),
        "loop_frame_seconds": _rounded(looped),
        "frames_per_second": _rounded(CLIP / (enrolling + CLIP * each)),
        "loop_frames_per_second": _rounded(1 / looped),
    }


@torch.no_grad()
def _faster(
    backbone: Backbone, source: torch.Tensor, driving: torch.Tensor, wanted: argparse.Namespace, plain: Speed
) -> str:
    """The first way with the wanted means: its speed, and how far its frames are from those of plain float32."""

    def run() -> torch.Tensor:
        with _autocast(wanted):
            return backbone.drive(backbone.enroll(source), driving, driving[0]).float()

    before = run_plain(backbone, source, driving)
    for network in _networks(backbone):
        if wanted.channels_last:
            network.to(memory_format=torch.channels_last)
        if wanted.compile or wanted.graphs:
            _compile(network, "reduce-overhead" if wanted.graphs else None)
    run()
    seconds, made = _seconds(run, driving.device)
    apart = float((made - before).abs().max()) * 255
    times = plain["frame_seconds"] * len(driving) + plain["enroll_seconds"]
    verdict = "within" if apart <= LARGEST else "too coarse: beyond"
    names = [name for name in FASTER if getattr(wanted, name)]
    return (
        f"{'':14s} with {', '.join(names)}: {times / seconds:.2f} times as fast as plain float32; largest difference "
        f"{apart:.3f} grey levels, {verdict} {LARGEST:g}"
    )


@torch.no_grad()
def _use(backbone: Backbone, source: torch.Tensor, driving: torch.Tensor, plain: Speed, peak: float | None) -> str:
    """Memory that one clip needs on the card at most, and how many operations a second its frames make."""
    torch.cuda.reset_peak_memory_stats(driving.device)
    run_plain(backbone, source, driving)
    memory = torch.cuda.max_memory_allocated(driving.device) / 1e9
    with FlopCounterMode(display=False) as counter:
        run_plain(backbone, source, driving)
    seconds = plain["frame_seconds"] * len(driving) + plain["enroll_seconds"]
    tera = counter.get_total_flops() / seconds / 1e12
    share = "" if peak is None else f", {100 * tera / peak:.1f} % of the {peak:g} that were given as its peak"
    return f"{'':14s} {memory:.2f} GB at most for {len(driving)} frames at once; {tera:.3g} TFLOP/s{share}"


def run_plain(backbone: Backbone, source: torch.Tensor, driving: torch.Tensor) -> torch.Tensor:
    return backbone.drive(backbone.enroll(source), driving, driving[0]).float()


def _autocast(wanted: argparse.Namespace) -> AbstractContextManager[Any]:
    if not wanted.autocast:
        return nullcontext()
    return torch.autocast(wanted.device, dtype=getattr(torch, wanted.autocast))


def _compile(network: nn.Module, mode: str | None) -> None:
    """The blocks of a network, which are what is called; of the network itself only methods are. mode: of ``torch.compile``."""
    for child in network.children():
        if isinstance(child, (nn.ModuleList, nn.ModuleDict)):
            _compile(child, mode)
        else:
            child.compile(mode=mode)


def _networks(backbone: Backbone) -> list[nn.Module]:
    return [value for value in vars(backbone).values() if isinstance(value, nn.Module)]


def _seconds(work: Callable[[], Any], device: torch.device) -> tuple[float, Any]:
    """Seconds of the processor, or of the clock on a graphics card; and what ``work`` gave."""
    if device.type == "cpu":
        start = time.process_time()
        result = work()
        return time.process_time() - start, result
    torch.cuda.synchronize(device)
    start = time.perf_counter()
    result = work()
    torch.cuda.synchronize(device)
    return time.perf_counter() - start, result


def _device(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"one thread of {model}"


def _line(name: str, speed: Speed) -> str:
    ratio = speed["frames_per_second"] / speed["loop_frames_per_second"]
    return (
        f"{name:14s} {speed['frames_per_second']:.3g} frames/s, loop {speed['loop_frames_per_second']:.3g}: {ratio:.2f} "
        f"times as fast over {CLIP} frames (source {speed['enroll_seconds']:.3g} s, frame {speed['frame_seconds']:.3g} s, "
        f"frame of the loop {speed['loop_frame_seconds']:.3g} s; {speed['weights']}, {speed['resolution']} px)"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="backbones (default: all)")
    parser.add_argument("--size", choices=("lite", "official"), default="lite")
    parser.add_argument("--frames", type=int, default=16, help="frames that are driven in batches")
    parser.add_argument("--loop-frames", type=int, default=4, help="frames of the loop")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--autocast", nargs="?", const="bfloat16", choices=("bfloat16", "float16"))
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--graphs", action="store_true", help="compiled, and replayed as CUDA graphs")
    parser.add_argument("--peak-tflops", type=float, help="of the card in float32, by its data sheet")
    parser.add_argument("--keep", type=Path, help="file of the results (default: the one of this machine)")
    return parser.parse_args()


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _tensor(frames: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255.0


if __name__ == "__main__":
    main()
