"""Going through a finished run again: ``python benchmarks/rescoring.py [--clips 1000]``.

A run folder of so many clips of 13 frames at 256 px (FFV1, half a megabyte each) with rows and vectors. Prints milliseconds
a clip of: reading the bytes alone (what the disk and the system's cache give), what a second start does (row, checksum, hash
of the clip and of the vectors), reading the vectors of set metrics, and, for a hundredth of the clips, decoding them and
scoring PSNR anew, which is bound by the decoder. One thread.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import store as simulated

from mebench.metrics.encoders.clip_vector import ClipVector, PairVectors
from mebench.metrics.realism.psnr import METRIC
from mebench.metrics.sample import Sample
from mebench.runs.store import RunStore
from mebench.runs.unit import up_to_date
from mebench.runs.vectors import vector_bytes
from mebench.video import lossless_bytes

FRAMES, SIDE = 13, 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=1000)
    count = parser.parse_args().clips
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        plan = simulated._plan(Path(name) / "run", count)
        frames = clip()
        rows = written(plan, frames)
        store = RunStore(plan.folder)
        files = [plan.folder / store.path("clips", task.key) for task in plan.tasks]
        report("bytes read", count, lambda: [path.read_bytes() for path in files])
        versions = dict.fromkeys(simulated.METRICS, 1)
        checked = report(
            "found finished", count,
            lambda: sum(up_to_date(store, task, versions, keep_clips=True, redo_failed=False) for task in plan.tasks),
        )  # fmt: skip
        if checked != count:
            raise SystemExit(f"only {checked} of {count} clips were found finished")
        report("vectors read", count, lambda: [store.vectors(task.key) for task in plan.tasks])
        some = rows[:: max(1, len(rows) // max(1, count // 100))]
        report("decoded and scored", len(some), lambda: [rescore(store, row, frames) for row in some])


def clip() -> np.ndarray:
    """A face-like clip: smooth, with sensor noise of a grey level, uint8 ``[13,256,256,3]``."""
    random = np.random.default_rng(0)
    face = cv2.resize(
        random.uniform(20, 230, (12, 12, 3)).astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC
    )
    return np.clip(np.rint(face + random.normal(0.0, 0.7, (FRAMES, SIDE, SIDE, 3))), 0, 255).astype(np.uint8)


def written(plan, frames):  # type: ignore[no-untyped-def]
    """The files of the run; gives its rows."""
    simulated._write(plan)
    store = RunStore(plan.folder)
    data = lossless_bytes(frames, 30.0)
    vector = ClipVector(np.ones(256, np.float32), np.ones(256, np.float32))
    vectors = vector_bytes({"alexnet": PairVectors(vector, vector, False)})
    rows = []
    for task in plan.tasks:
        row = store.row(task.key)
        assert row is not None and row["clip"] is not None
        (plan.folder / row["clip"]["file"]).write_bytes(data)
        (plan.folder / store.path("features", task.key)).write_bytes(vectors)
        row["clip"]["sha256"] = hashlib.sha256(data).hexdigest()
        row["clip"]["pixels_sha256"] = hashlib.sha256(frames.tobytes()).hexdigest()
        row["features"] = hashlib.sha256(vectors).hexdigest()
        store.write_row(row)
        rows.append(row)
    print(f"{len(rows)} clips of {len(data) / 1e6:.2f} MB")  # noqa: T201
    return rows


def rescore(store, row, frames) -> float:  # type: ignore[no-untyped-def]
    """PSNR of a stored clip against ``frames``."""
    sample = Sample(frames[2], frames, store.read_clip(row["clip"]), 30.0, 2, 6, 10)
    return METRIC.score(replace(sample, same_identity=True))


def report(what: str, count: int, work: Callable[[], object]) -> object:
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(  # noqa: T201
        f"{what:20s} {1e3 * processor / count:7.2f} ms a clip of the processor, {1e3 * wall / count:7.2f} ms of the clock",
        flush=True,
    )
    return result


if __name__ == "__main__":
    main()
