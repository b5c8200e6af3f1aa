"""Flow for the metrics of one clip: ``python benchmarks/flow.py``.

A rendered validation clip, 24 frames at 256 px, one thread, times of the processor. Prints flows per second of the estimator
that scores (dense inverse search, fine), and how the flows of one task with its floor and ceiling are paid: by a plain loop in
which each of the three outputs and its reference are measured frame by frame for every metric that looks at flow, and by
mebench, where metrics share them, the reference is measured once a task, frames that equal the onset are not measured, and the
ceiling, which is the reference, costs nothing. Accelerated estimators (``raft``, ``pwclite``) run on a graphics card by their own
option; this measures the processor.
"""

from __future__ import annotations

import os

os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")})

import time
from collections.abc import Callable

import cv2
import numpy as np

from mebench import registry
from mebench.datasets.synme.dataset import Synme
from mebench.metrics.sample import Sample
from mebench.motion.flow import DisFine
from mebench.protocol import load_protocol

CLIP = "d-validation-01-0"
FRAMES = 24


def main() -> None:
    cv2.setNumThreads(1)
    data = Synme()
    whole = data.clip(CLIP)
    frames = data.clip_frames(CLIP, range(whole.onset, whole.onset + FRAMES))
    apex, offset = min(whole.apex - whole.onset, FRAMES - 2), FRAMES - 1
    estimate = DisFine()
    estimate(frames[0], frames[1])
    each = spent(lambda: [estimate(frames[0], frame) for frame in frames[1:]]) / (FRAMES - 1)
    print(f"dis-fine: {1 / each:.1f} flows/s")  # noqa: T201
    readers = [
        name for name in load_protocol("open-mini").metrics if registry.load("metrics", name).facts.family == "motion"
    ]
    noisy = np.clip(frames.astype(np.int16) + 1, 0, 255).astype(np.uint8)
    outputs = {"method": noisy, "floor": np.repeat(frames[:1], FRAMES, axis=0), "ceiling": frames}

    def shared() -> None:
        known = None
        for output in outputs.values():
            sample = Sample(
                frames[0], frames, output, 30.0, 0, apex, offset, same_identity=True, known_reference_flows=known
            )
            for _ in readers:
                assert len(sample.output_flows) == FRAMES
                known = sample.reference_flows

    ours = spent(shared)
    plain = 2 * len(outputs) * len(readers) * (FRAMES - 1) * each
    once = 2 * len(outputs) * (FRAMES - 1) * each
    print(f"a task with its bounds, {len(readers)} metrics of motion: {ours:.2f} s")  # noqa: T201
    print(f"  against a loop for every metric, {plain:.1f} s: {plain / ours:.1f} times as fast")  # noqa: T201
    print(f"  against measuring each output and reference once, {once:.2f} s: {once / ours:.2f} times as fast")  # noqa: T201


def spent(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
