"""``mebench study build``: a page that needs nothing but a browser, a sheet for coders, and the key."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import cycle
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from mebench.clip import Pixels
from mebench.errors import ConfigError, InputError
from mebench.files import write_json, write_text, write_whole
from mebench.leaderboard.study.design import SCHEMA_VERSION, Key, MetricKey, Trial, choose_trials, shuffle_key
from mebench.leaderboard.study.material import Shown, read_material
from mebench.runs.film import side_by_side
from mebench.runs.page.sheet import sheet
from mebench.runs.progress import Progress, Silent
from mebench.video import write_browser

TRIALS = 45
"""Pairs that a rater sees: at ten seconds each, a quarter of an hour with the checks."""

CHECKS = 8
"""Attention checks: seven of eight are got right by guessing with a chance of 3.5 %."""

CODED = 9
"""Driving clips a method on the coder sheet, as many as in the generation track of MEGC 2021."""

CLIP_BUDGET = 600_000
"""Bytes of a clip on the page, so that fifty of them stay near 30 MB."""

COLUMNS = ("clip", "movement (1-5)", "naturalness (1-5)", "action units seen", "remarks")
"""Of the coder sheet."""


@dataclass(frozen=True)
class Built:
    """page: for raters. coder: folder for coders. key: for the organiser alone. left_out: what could not be shown."""

    page: Path
    coder: Path
    key: Path
    trials: int
    left_out: tuple[str, ...]


def build_study(
    runs: Sequence[Path | str],
    out: Path | str,
    *,
    trials: int = TRIALS,
    checks: int = CHECKS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Built:
    """Write ``study.html``, ``coder/`` and ``key.json`` into the new folder ``out`` from runs of two methods or more.

    trials: pairs that each rater sees. checks: pairs of which one side is upside down. seed: chooses tasks and orders.
    :class:`ConfigError` for runs that cannot be compared, :class:`InputError` where a licence forbids frames to be shown.
    """
    progress, out = progress or Silent(), Path(out)
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty; give a new folder for the study.")
    if checks < 5:
        raise ConfigError(f"{checks} attention checks cannot tell a guesser from a rater; give 5 or more.")
    progress.stage("reading the runs")
    material = read_material(runs)
    chosen = choose_trials(material.tasks, material.methods, trials, seed)
    coded = sorted(material.tasks, key=lambda key: shuffle_key(seed, "coder", key))[:CODED]
    wanted = list(dict.fromkeys([*(trial.task for trial in chosen), *coded]))
    progress.begin(len(wanted), 0)
    shown = {}
    for key in wanted:
        shown[key] = material.shown(key)
        progress.advance(key, "ok")
    pairs = {f"p{number:03d}": trial for number, trial in enumerate(chosen, 1)}
    page, rights = _page(pairs, shown, checks, seed)
    coder = _coder(out / "coder", coded, shown, material.methods, seed)
    run = next(iter(material.records.values())).run
    metrics = {
        name: MetricKey(family=info["family"], badness=material.badness(name))
        for name, info in run["metrics"].items()
        if info.get("per", "clip") == "clip" and info.get("ranked", True)
    }
    kept = Key(
        schema_version=SCHEMA_VERSION,
        study=page["study"],
        protocol=run["protocol"]["name"],
        protocol_hash=run["protocol"]["hash"],
        methods=material.methods,
        trials=pairs,
        checks=rights,
        coder=coder,
        metrics=metrics,
    )
    write_text(out / "study.html", _html(page))
    write_json(out / "key.json", kept.model_dump(mode="json"))
    return Built(out / "study.html", out / "coder", out / "key.json", len(pairs), tuple(material.left_out))


def _page(
    pairs: Mapping[str, Trial], shown: Mapping[str, Shown], checks: int, seed: int
) -> tuple[dict[str, Any], dict[str, str]]:
    """What the page is told, and the right sides of its checks. Clips stand there in an order that tells nothing."""
    clips: dict[tuple[str, str], Pixels] = {}
    entries: list[dict[str, Any]] = []
    for number, trial in pairs.items():
        seen = shown[trial.task]
        clips[trial.task, "driving"] = seen.driving.frames
        for method in (trial.first, trial.second):
            clips[trial.task, f"output of {method}"] = seen.outputs[method].frames
        entries.append(
            {"id": number, "driver": (trial.task, "driving"), "a": (trial.task, f"output of {trial.first}"),
             "b": (trial.task, f"output of {trial.second}")}
        )  # fmt: skip
    rights: dict[str, str] = {}
    for count, trial in zip(range(checks), cycle(pairs.values()), strict=False):
        name, right = f"p{len(pairs) + count + 1:03d}", "ab"[count % 2]
        upright, turned = (trial.task, f"output of {trial.first}"), (trial.task, f"turned {trial.first}")
        clips[turned] = np.ascontiguousarray(clips[upright][:, ::-1])
        sides = {"a": upright, "b": turned} if right == "a" else {"a": turned, "b": upright}
        entries.append({"id": name, "driver": (trial.task, "driving"), **sides})
        rights[name] = right
    order = sorted(clips, key=lambda name: shuffle_key(seed, *name))
    place = {name: index for index, name in enumerate(order)}
    for entry in entries:
        for side in ("driver", "a", "b"):
            entry[side] = place[entry[side]]
    entries.sort(key=lambda entry: shuffle_key(seed, "trial", str(entry["id"])))
    made = [_clip(clips[name], shown[name[0]]) for name in order]
    digest = hashlib.sha256(json.dumps([entries, made], sort_keys=True).encode()).hexdigest()
    return {"schema_version": SCHEMA_VERSION, "study": digest[:16], "clips": made, "trials": entries}, rights


def _clip(frames: Pixels, seen: Shown) -> dict[str, Any]:
    made = sheet(frames, CLIP_BUDGET)
    data = base64.b64encode(made.data).decode()
    task = seen.task
    return {"image": f"data:image/jpeg;base64,{data}", "side": made.side, "columns": made.columns, "frames": len(frames),
            "fps": round(task.fps, 4)}  # fmt: skip


def _html(page: Mapping[str, Any]) -> str:
    folder = resources.files("mebench.leaderboard.study") / "page"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    data = json.dumps(page, sort_keys=True).replace("<", "\\u003c")
    base = (resources.files("mebench.runs.page") / "style" / "base.css").read_text("utf-8")
    return environment.from_string((folder / "study.html").read_text("utf-8")).render(
        data=data,
        style=base + (folder / "study.css").read_text("utf-8"),
        script=(folder / "study.js").read_text("utf-8"),
    )


def _coder(
    folder: Path, tasks: Sequence[str], shown: Mapping[str, Shown], methods: Sequence[str], seed: int
) -> dict[str, tuple[str, str]]:
    """Clips and the sheet for certified coders, who see one output at a time beside its driver and no name."""
    clips = sorted(((t, m) for t in tasks for m in methods), key=lambda pair: shuffle_key(seed, "clip", *pair))
    found = {f"c{number:03d}": pair for number, pair in enumerate(clips, 1)}
    for name, (task, method) in found.items():
        seen = shown[task]
        film, fps = side_by_side({"driver": seen.driving.frames, "output": seen.outputs[method].frames}, seen.task.fps)
        write_browser(folder / "clips" / f"{name}.mp4", film, fps)
    text = io.StringIO()
    rows = [list(COLUMNS), *([f"{name}", "", "", "", ""] for name in found)]
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(folder / "sheet.csv", text.getvalue())
    write_whole(folder / "sheet.xlsx", lambda path: _workbook(path, rows))
    write_text(
        folder / "README.md", (resources.files("mebench.leaderboard.study") / "page" / "coder.md").read_text("utf-8")
    )
    return found


def _workbook(path: Path, rows: Sequence[Sequence[str]]) -> None:
    from openpyxl import Workbook
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    page = book.active
    page.title = "coder"
    for row in rows:
        page.append(list(row))
    rule = DataValidation(type="whole", operator="between", formula1="1", formula2="5", allow_blank=True)
    rule.error, rule.errorTitle = "Give a whole number from 1 to 5, or leave the cell empty.", "1 to 5"
    page.add_data_validation(rule)
    rule.add(f"B2:C{len(rows)}")
    page.freeze_panes = "B2"
    for letter, width in zip("ABCDE", (8, 16, 18, 24, 40), strict=True):
        page.column_dimensions[letter].width = width
    book.save(path)
