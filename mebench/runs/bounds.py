"""Floor and ceiling: what the still source and the true answer score on the very same tasks.

They are ordinary runs of the methods ``still`` and ``truth``, kept without clips below the cache folder and shared by
all methods; a task that a bound lacks is done in passing, while its pictures and flows are at hand.
"""

from __future__ import annotations

from dataclasses import replace

from mebench.datasets.contract import Dataset, OpenDataset
from mebench.home import home
from mebench.runs.plan import Plan, make_plan
from mebench.runs.schema import SCHEMA_VERSION, BoundRow, BoundsRecord
from mebench.runs.spec import MethodSpec
from mebench.runs.store import RunStore

FLOOR = "still"
MAGNIFIER_FLOOR = "driving-copy"
"""Where magnifiers are measured: the clip as it is, not magnified at all."""
CEILING = "truth"


def bound_plans(plan: Plan, datasets: dict[str, Dataset]) -> dict[str, Plan]:
    """The runs that bound ``plan``: ``floor``, and ``ceiling`` where every dataset can render the true answer.

    A plan that is itself one of the bounds is not made a second time.
    """
    magnified = any(task.gain is not None for task in plan.tasks)
    names = {"floor": MAGNIFIER_FLOOR if magnified else FLOOR}
    if all(isinstance(dataset, OpenDataset) for dataset in datasets.values()):
        names["ceiling"] = CEILING
    plans = {}
    for role, name in names.items():
        bound = make_plan(MethodSpec.named(name), plan.protocol, datasets, home() / "bounds", tasks=plan.tasks)
        plans[role] = plan if bound.hash == plan.hash else replace(bound, part_of=plan.whole)
    return plans


def bounds_record(plan: Plan, plans: dict[str, Plan], keys: list[str]) -> BoundsRecord:
    """``bounds.json`` for the tasks ``keys``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "floor": _rows(plan, plans.get("floor"), keys),
        "ceiling": _rows(plan, plans.get("ceiling"), keys),
    }


def _rows(plan: Plan, bound: Plan | None, keys: list[str]) -> dict[str, BoundRow] | None:
    if bound is None:
        return None
    store = RunStore(bound.folder)
    rows: dict[str, BoundRow] = {}
    for key in keys:
        row = store.row(key)
        if row is not None:
            scores = {name: row["scores"][name] for name in plan.metrics if name in row["scores"]}
            rows[key] = {"status": row["status"], "scores": scores}
    return rows
