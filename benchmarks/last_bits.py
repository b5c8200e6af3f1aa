"""By how much metrics move when the last bits of an output do: ``python benchmarks/last_bits.py [--tasks 12] [--draws 4]``.

Another processor sums in another order, so some pixels of an output fall on the next of the 256 levels. Here one in a
hundred values of each output moves by one level, at random, and every metric of the protocol is computed again. For each
metric: the median and the largest change, and the largest in units of what ``mebench verify --rerun`` allows. A metric that
looks for a maximum, or for a face, jumps; its ``step`` (``mebench.metrics.contract.MetricFacts``) is read from this table.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mebench import registry
from mebench.leaderboard.rerun import gap
from mebench.methods.build import load_method
from mebench.protocol import load_protocol
from mebench.runs.inputs import TaskInputs, pixels
from mebench.runs.plan import load_datasets, metric_info
from mebench.runs.scoring import load_metrics, score
from mebench.runs.worker import one_thread

SHARE = 0.01
SEED = 0

Change = tuple[float, float]
"""Of one metric by one draw: in its unit, and in units of the tolerance."""


def nudged(frames: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """``frames`` with :data:`SHARE` of the values one level up or down."""
    steps = (rng.random(frames.shape) < SHARE) * rng.choice(np.array([-1, 1]), frames.shape)
    return np.clip(frames + steps, 0, 255).astype(np.uint8)


def changes(arguments: argparse.Namespace) -> Iterator[tuple[str, Change]]:
    """Metric and change, for every task, draw and metric that has a number."""
    protocol = load_protocol(arguments.protocol)
    datasets = load_datasets(protocol)
    infos = {name: metric_info(registry.load("metrics", name)) for name in protocol.metrics}
    names = [name for name, info in infos.items() if info["per"] == "clip"]
    metrics = load_metrics(names)
    method = load_method(arguments.method, arguments.backbone)
    rng = np.random.default_rng(SEED)
    tasks = protocol.tasks(datasets)
    for task in tasks[:: max(1, len(tasks) // arguments.tasks)][: arguments.tasks]:
        inputs = TaskInputs(task, datasets[task.dataset])
        output = pixels(method.generate(inputs.source(), inputs.driving()).frames)
        given, _ = score(inputs.sample(output), metrics, names)
        for _ in range(arguments.draws):
            again, _ = score(inputs.sample(nudged(output, rng)), metrics, names)
            for name in names:
                if given[name]["value"] is not None:
                    yield name, gap(again[name], given[name], infos[name])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocol", default="open-cross-identity")
    parser.add_argument("--method", default="direct")
    parser.add_argument("--backbone", default="fomm")
    parser.add_argument("--tasks", type=int, default=12)
    parser.add_argument("--draws", type=int, default=4)
    found: dict[str, list[Change]] = defaultdict(list)
    with one_thread():
        for name, change in changes(parser.parse_args()):
            found[name].append(change)
    print("| metric | median | largest | of the tolerance | beyond it |")  # noqa: T201
    print("|---|---|---|---|---|")  # noqa: T201
    for name, each in found.items():
        moved, share = np.array(each).T
        beyond = f"{np.count_nonzero(share > 1.0)} of {len(share)}"
        print(f"| {name} | {np.median(moved):.2g} | {moved.max():.2g} | {share.max():.2g} | {beyond} |")  # noqa: T201


if __name__ == "__main__":
    main()
