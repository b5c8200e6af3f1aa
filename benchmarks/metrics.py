"""What a metric costs: ``python benchmarks/metrics.py``.

One self-reenactment clip of the open set's validation people, the delivered frames as output, one thread. Prints
milliseconds a frame, each metric with a sample of its own whose flows are known, and the same as a share of one flow.
"""

from __future__ import annotations

import time
from dataclasses import replace

import cv2
import torch

from mebench import registry
from mebench.datasets.synme.dataset import Synme
from mebench.metrics.motion.projection import project
from mebench.metrics.sample import Sample

CLIP = "d-validation-03-2"


def main() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    data = Synme()
    clip, truth = data.clip(CLIP), data.truth(f"onset:{CLIP}", CLIP)
    frames = clip.frames.array()
    times = (clip.fps, clip.onset, clip.apex, clip.offset)
    sample = Sample(frames[clip.onset], frames, frames, *times, truth=truth)
    costs = {
        "flow of the reference": spent(lambda: sample.reference_flows),
        "flow of the output": spent(lambda: sample.output_flows),
    }
    known = {name: getattr(sample, name) for name in ("output_flows", "reference_flows")}
    for name in registry.names("metrics"):
        metric = registry.load("metrics", name)
        metric.score(sample)  # load its network
        fresh = replace(sample)
        vars(fresh).update(known)
        if metric.facts.family == "motion" and "projection (shared)" not in costs:
            costs["projection (shared)"] = spent(lambda fresh=fresh: fresh.once(project))
        vars(fresh)["_memory"].update(vars(sample)["_memory"])
        costs[name] = spent(lambda metric=metric, fresh=fresh: metric.score(fresh))
    flow = costs["flow of the output"]
    for name, seconds in costs.items():
        print(f"{name:24s} {1000.0 * seconds / len(frames):7.1f} ms/frame {seconds / flow:6.2f} flows")  # noqa: T201
    print(f"{'together':24s} {1000.0 * sum(costs.values()) / len(frames):7.1f} ms/frame")  # noqa: T201


def spent(work) -> float:  # type: ignore[no-untyped-def]
    """Seconds of processor time of ``work()``."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
