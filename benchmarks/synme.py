"""How fast the open set is rendered: ``python benchmarks/synme.py [PEOPLE] [FRAMES]``.

One core, frames of 256 x 256 pixels as delivered (sensor noise, JPEG), apex of a micro-expression, the first people of
each domain's benchmark split (2 by default), the same frame again and again (24 times by default). Prints frames per
second of processor time, of the fastest of them (other work on the machine takes caches and half of a core away) and in the
mean, and of the clock; and what painting a person costs in frames, because a person is painted once in the life of a process.
"""

from __future__ import annotations

import sys
import time

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.domains import BENCHMARK_DOMAINS
from mebench.datasets.synme.plan import draw_plan
from mebench.datasets.synme.studio import Studio, person, recording


def main(people: int, frames: int) -> None:
    cv2.setNumThreads(1)
    timed("a", 0, 1)  # compile
    every = []
    print(f"{'':9s} fastest    mean   clock   painting a person   triangles of hair")  # noqa: T201
    for domain in BENCHMARK_DOMAINS:
        row = np.mean([timed(domain, index, frames) for index in range(people)], axis=0)
        every.append(row)
        show(f"domain {domain}", row)
    show("mean", np.mean(every, axis=0))


def show(name: str, row: NDArray[np.float64]) -> None:
    """A line of the table."""
    rates = "".join(f"{1 / seconds:8.1f}" for seconds in row[1:4])
    print(f"{name:9s}{rates}{row[0] / row[2]:13.1f} frames{row[4]:20.0f}")  # noqa: T201


def timed(domain: str, index: int, frames: int) -> tuple[float, float, float, float, int]:
    """Seconds: of the processor to paint a person, for the fastest frame, for a frame in the mean; of the clock for a
    frame. Triangles of hair."""
    start = time.process_time()
    someone = person(domain, "benchmark", index)
    capture = recording(someone)
    studio = Studio(someone, capture)
    plan = draw_plan(("speed", index), capture, domain)
    studio.frame(studio.state(plan, plan.apex), 0)
    painted = time.process_time() - start
    clock, spent = time.perf_counter(), []
    for number in range(frames):
        begun = time.process_time()
        studio.frame(studio.state(plan, plan.apex), number)
        spent.append(time.process_time() - begun)
    mean = sum(spent) / frames
    head = studio.renderer.head
    return painted - mean, min(spent), mean, (time.perf_counter() - clock) / frames, head.hair_end - head.solid


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:3] + ["2", "24"][len(sys.argv) - 1 :])))
