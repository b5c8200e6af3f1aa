"""Where the time of a run goes: ``python benchmarks/harness.py [BACKBONE ...] [--tasks 3] [--size lite]``.

Runs ``magplus`` with each backbone on the first tasks of ``open-mini`` in this process, on one thread, and prints how the
processor's time is spent, each moment under the innermost of these stages:

    networks   inside a network: magnifier, backbone (from the call to its frames), face mesh, judges of realism, identity
               and action units
    flow       inside a flow estimator
    method     the rest of a method: warping, fitting head motion, batching
    scoring    the rest of the metrics
    decode     reading or rendering what goes in, and the exact flow
    encode     compressing clips and pictures
    store      hashing, writing and reading the files of the run
    page       the pictures of the page, of at most twelve clips a run, reading them included
    harness    everything else that is done for each task

What is paid once a run, however many tasks it has, stands apart in seconds: *once* is planning, provenance, loading, statistics,
tables and the text of the page; *counting* generates one clip again to count operations. ``--size official`` takes backbones of
the published size with random weights in the place of those that ship, and leaves *counting* out.

The share outside networks and flow is that of the tasks that were run; *whole* reckons it for all tasks of ``open-mini``, of which
no more than twelve have pictures on the page.

Data is rendered and a run with the small backbone is done before the clock starts, so that only what every run pays is counted;
floor and ceiling are scored once a protocol and machine and are left out. ``--bounds`` counts them, ``--fresh``
counts rendering too. With ``--device cuda`` the backbone works on a graphics card, and the clock is counted in the place of the
processor's time, the card waited for at every change of stage; a warm-up with the same backbone comes first.
"""

from __future__ import annotations

import os

os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")})
os.environ["MEBENCH_MAGNIFIED_GB"] = (
    "0"  # every run magnifies anew, or the second would look cheaper than a first one is
)

import argparse
import functools
import importlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

STAGES = ("networks", "flow", "method", "scoring", "decode", "encode", "store", "page", "harness")
INHERENT = ("networks", "flow")
ONCE = ("once", "counting")
WHOLE = ("networks", "counting")
"""Stages within which no other one is told apart."""

WITH_ITS_FLOW = "page with its flow"


class Split:
    """Time by stage, read off ``now``; at every moment the innermost stage counts."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.seconds: Counter[str] = Counter()
        self._stack = ["outside"]
        self._now = now
        self._last = now()

    def enter(self, stage: str) -> None:
        """Begin ``stage`` within the present one."""
        self._tick()
        self._stack.append(stage)

    def leave(self) -> None:
        """Go back to the stage around."""
        self._tick()
        self._stack.pop()

    def _tick(self) -> None:
        now = self._now()
        self.seconds[self._stack[-1]] += now - self._last
        if "page" in self._stack:
            self.seconds[WITH_ITS_FLOW] += now - self._last
        self._last = now

    def timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """``function``, its time counted under ``stage``."""

        @functools.wraps(function)
        def counted(*arguments: Any, **options: Any) -> Any:
            if self._stack[-1] in WHOLE or ("page" in self._stack and stage not in INHERENT):
                return function(*arguments, **options)
            self.enter(stage)
            try:
                return function(*arguments, **options)
            finally:
                self.leave()

        return counted

    def watch(self, owner: Any, name: str, stage: str) -> None:
        """Replace a function of a module or class by a timed one."""
        setattr(owner, name, self.timed(getattr(owner, name), stage))


def reading(device: str) -> Callable[[], float]:
    """Time of the processor, or of the clock once the card has done what it was given."""
    import torch

    def waited() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return time.process_time if device == "cpu" else waited


def watched(device: str) -> Split:
    """A split whose stages are those of the modules of mebench, from now on."""
    import torch

    from mebench import files, video
    from mebench.datasets.synme import truth
    from mebench.metrics.identity import faces
    from mebench.motion.flow import DisFine, DisSteady
    from mebench.motion.tflite import Network
    from mebench.runs import start, unit
    from mebench.runs.inputs import TaskInputs
    from mebench.runs.page import pictures, sheet
    from mebench.runs.page.magnified import DisQuick
    from mebench.runs.store import RunStore
    from mebench.runs.worker import Service

    split = Split(reading(device))
    split.watch(torch.nn.Module, "__call__", "networks")
    split.watch(Network, "__call__", "networks")
    split.watch(faces, "embed", "networks")
    for estimator in (DisFine, DisSteady, DisQuick):
        split.watch(estimator, "__call__", "flow")
    split.watch(unit, "generate", "method")
    split.watch(unit, "complexity", "counting")
    for name in ("score", "curves", "calibration"):
        split.watch(unit, name, "scoring")
    split.watch(TaskInputs, "prepare", "decode")
    split.watch(truth.PlannedFlow, "__call__", "decode")
    split.watch(truth, "unit_motion", "decode")
    split.watch(video, "read_video", "decode")
    split.watch(video, "_encode", "encode")
    split.watch(pictures, "sheet", "encode")
    split.watch(sheet, "encode", "encode")
    for name in ("row", "cost", "write_row", "write_cost", "write_clip", "write_vectors", "read_clip", "is_whole"):
        split.watch(RunStore, name, "store")
    split.watch(files, "write_whole", "store")
    split.watch(importlib.import_module("mebench.runs.page.build"), "_pictures", "page")
    split.watch(Service, "do", "harness")
    split.watch(start, "run_spec", "once")
    return split


def watch_backbones(split: Split, *, published: bool) -> None:
    """Time what backbones do, from the call to the frames; ``published``: those of the published size with random weights."""
    from official_backbones import official

    from mebench import registry
    from mebench.runs import unit
    from mebench.runs.complexity import Complexity

    load = registry.load

    def timed(kind: str, name: str) -> Any:
        found = load(kind, name)
        if kind != "backbones":
            return found

        def build(**options: Any) -> Any:
            backbone = official(name) if published else found(**options)
            for method in ("enroll", "drive"):
                split.watch(backbone, method, "networks")
            return backbone

        return build

    registry.load = timed
    if published:
        unit.complexity = lambda *_: Complexity(None, None)


def run(backbone: str, folder: str, tasks: int, arguments: argparse.Namespace) -> None:
    """The first tasks of ``open-mini`` in this process."""
    import mebench

    chosen = {"device": arguments.device, "bounds": arguments.bounds}
    mebench.run("magplus", backbone, "open-mini", jobs=0, limit=tasks, out=folder, **chosen)


def measure(split: Split, backbone: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds by stage of so many tasks, in a run folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        before = split.seconds.copy()
        run(backbone, folder, arguments.tasks, arguments)
        return {stage: split.seconds[stage] - before[stage] for stage in (*STAGES, *ONCE, WITH_ITS_FLOW)}


def outside(seconds: dict[str, float], page: float = 1.0) -> float:
    """The share outside networks and flow when so large a part of the page is paid."""
    spared = (1.0 - page) * seconds[WITH_ITS_FLOW]
    of_flow = spared - (1.0 - page) * seconds["page"]
    inherent = sum(seconds[stage] for stage in INHERENT) - of_flow
    return 1.0 - inherent / (sum(seconds[stage] for stage in STAGES) - spared)


def page_of_the_whole(tasks: int) -> float:
    """What a task pays for the page when all of ``open-mini`` is run, against a run of so many tasks."""
    from mebench import registry
    from mebench.protocol import load_protocol
    from mebench.runs.page.choice import MOST_CLIPS

    count = len(load_protocol("open-mini").tasks({"synme": registry.load("datasets", "synme")()}))
    return min(1.0, MOST_CLIPS / count) / min(1.0, MOST_CLIPS / tasks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backbones", nargs="*", default=["fomm", "fsrt", "metaportrait", "emoportraits"])
    parser.add_argument("--tasks", type=int, default=3)
    parser.add_argument("--size", choices=("lite", "official"), default="lite")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--bounds", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    arguments = parser.parse_args()
    home = tempfile.TemporaryDirectory() if arguments.fresh or arguments.bounds else None
    if home is not None:
        os.environ["MEBENCH_HOME"] = str(Path(home.name))
    split = watched(arguments.device)
    with tempfile.TemporaryDirectory() as once:
        run("fomm", once, 1 if arguments.fresh else arguments.tasks, arguments)
    watch_backbones(split, published=arguments.size == "official")
    clock = "processor time" if arguments.device == "cpu" else f"the clock on {arguments.device}"
    print(f"share of {clock} in %, {arguments.tasks} tasks of open-mini, {arguments.size} weights")  # noqa: T201
    columns = "".join(f"{stage:>9s}" for stage in STAGES)
    print(f"{'':13s}{columns}   s/task  outside networks and flow      whole    once  counting")  # noqa: T201
    page = page_of_the_whole(arguments.tasks)
    for name in arguments.backbones:
        if arguments.size == "lite" or arguments.device != "cpu":
            with tempfile.TemporaryDirectory() as warm:
                run(name, warm, 1, arguments)
        seconds = measure(split, name, arguments)
        total = sum(seconds[stage] for stage in STAGES)
        shares = "".join(f"{100 * seconds[stage] / total:9.1f}" for stage in STAGES)
        run_share, whole_share = 100 * outside(seconds), 100 * outside(seconds, page)
        apart = f"{run_share:25.1f} %{whole_share:9.1f} %{seconds['once']:6.1f} s{seconds['counting']:8.1f} s"
        print(f"{name:13s}{shares}{total / arguments.tasks:9.2f}{apart}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
