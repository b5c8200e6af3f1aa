"""How fast the open set is rendered: ``python benchmarks/synme.py [PEOPLE]``.

One core, frames of 256 x 256 pixels as delivered (sensor noise, JPEG), apex of a micro-expression, the first people of
each domain's benchmark split (2 by default). Prints frames per second of processor time, and what painting a person
costs in frames, because a person is painted once in the life of a process.
"""

from __future__ import annotations

import sys
import time

import cv2

from mebench.datasets.synme.domains import BENCHMARK_DOMAINS
from mebench.datasets.synme.plan import draw_plan
from mebench.datasets.synme.studio import Studio, person, recording

FRAMES = 12


def main(people: int) -> None:
    cv2.setNumThreads(1)
    timed("a", 0)  # compile
    every = []
    for domain in BENCHMARK_DOMAINS:
        rows = [timed(domain, index) for index in range(people)]
        frame = sum(row[1] for row in rows) / people
        paint = sum(row[0] for row in rows) / people
        every.append(frame)
        print(f"domain {domain}  {1 / frame:5.1f} frames/s  painting a person: {paint / frame:4.1f} frames")  # noqa: T201
    print(f"mean      {len(every) / sum(every):5.1f} frames/s")  # noqa: T201


def timed(domain: str, index: int) -> tuple[float, float]:
    """Seconds of processor time to paint a person and to render one frame of it."""
    start = time.process_time()
    someone = person(domain, "benchmark", index)
    capture = recording(someone)
    studio = Studio(someone, capture)
    plan = draw_plan(("speed", index), capture, domain)
    studio.frame(studio.state(plan, plan.apex), 0)
    painted = time.process_time()
    for number in range(FRAMES):
        studio.frame(studio.state(plan, plan.apex), number)
    frame = (time.process_time() - painted) / FRAMES
    return painted - start - frame, frame


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
