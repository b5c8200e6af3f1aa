"""Frames per second of the backbones: ``python benchmarks/backbones.py [--frames 16] [NAME ...]``.

Each backbone with its default weights animates one rendered portrait with one rendered clip: as mebench does it (the source
enrolled once, frames in batches) and as the demonstrations of the papers do it (a loop in which the source is enrolled again
for every frame). Both run in one process on one thread, one after the other; the ratio is what to look at. Times are of the
processor; networks run on the CPU. The result is also kept for ``mebench list backbones``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch

from mebench import registry
from mebench.backbones.contract import Backbone
from mebench.backbones.speeds import Speed, keep_speeds
from mebench.datasets.synme.dataset import Synme, read_portrait
from mebench.errors import MebenchError

SOURCE, DRIVING = "d-validation-00", "d-validation-01-0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=registry.names("backbones"))
    parser.add_argument("--frames", type=int, default=16)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    source = _tensor(read_portrait(SOURCE)[None])[0]
    driving = _tensor(Synme().clip_frames(DRIVING, range(arguments.frames)))
    speeds = {}
    for name in arguments.names:
        try:
            backbone = registry.load("backbones", name)()
        except MebenchError as error:
            print(f"{name:14s} not measured: {error}")  # noqa: T201
            continue
        speed = measured(backbone, source, driving)
        speeds[name] = speed
        ratio = speed["frames_per_second"] / speed["loop_frames_per_second"]
        print(  # noqa: T201
            f"{name:14s} {speed['frames_per_second']:6.2f} frames/s, loop {speed['loop_frames_per_second']:6.2f}: "
            f"{ratio:.2f} times as fast ({speed['weights']}, {speed['resolution']} px)"
        )
    keep_speeds(speeds)


def measured(backbone: Backbone, source: torch.Tensor, driving: torch.Tensor) -> Speed:
    """Both ways on the same pictures, each after a first frame that is not timed."""

    def together() -> None:
        backbone.drive(backbone.enroll(source), driving, driving[0])

    def one_by_one() -> None:
        for frame in driving:
            backbone.drive(backbone.enroll(source), frame[None], driving[0])

    backbone.drive(backbone.enroll(source), driving[:1], driving[0])
    return {
        "weights": backbone.facts.weights,
        "resolution": backbone.facts.resolution,
        "frames_per_second": round(len(driving) / _seconds(together), 3),
        "loop_frames_per_second": round(len(driving) / _seconds(one_by_one), 3),
    }


def _seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _tensor(frames) -> torch.Tensor:  # type: ignore[no-untyped-def]
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255.0


if __name__ == "__main__":
    main()
