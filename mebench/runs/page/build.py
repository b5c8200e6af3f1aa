"""Writes the page of a run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from mebench import registry
from mebench.datasets.contract import Dataset
from mebench.datasets.preparation import Preparation, prepared
from mebench.errors import MebenchError, StorageError
from mebench.files import storage_errors, write_bytes, write_text
from mebench.protocol import Task
from mebench.runs.page.choice import Choice, choose, ranking_metric
from mebench.runs.page.clips import clip_rows, player_entry
from mebench.runs.page.header import costs, header, provenance
from mebench.runs.page.licence import parties
from mebench.runs.page.notes import Notes
from mebench.runs.page.pictures import Pictures, pictures
from mebench.runs.page.records import Records, read_records
from mebench.runs.page.scores import score_table
from mebench.runs.schema import MetricInfo
from mebench.runs.store import RunStore

MEDIA = "page"
"""Folder of the pictures, beside ``index.html``."""

_STYLES = ("base.css", "scores.css", "player.css", "clips.css")
_SCRIPTS = ("chart.js", "player.js", "table.js")


def build(run_dir: Path, load_dataset: Callable[[str], Dataset] | None = None) -> Path:
    """Write ``index.html`` and its pictures (``page/*.jpg``) into the folder of a run; gives the path of the page.

    run_dir: holds ``run.json``, ``summary.json``, ``tasks/`` and ``clips/``. load_dataset: gives a dataset by name;
    the registered one by default. The page is a function of the folder and the datasets.

    A clip whose pictures cannot be shown stands on the page with the reason. Raises
    :class:`~mebench.errors.InputError` when the folder is not that of a run and
    :class:`~mebench.errors.StorageError` when it cannot be written; an existing page is left as it was then.
    """
    run_dir = Path(run_dir)
    records = read_records(run_dir)
    metrics = _of_clips(records)
    chosen = choose(records.tasks, metrics)
    entries = _entries(records, chosen, load_dataset or partial(_dataset, records))
    notes = Notes()
    text = _render(
        head=header(records),
        scores=score_table(records.summary, records.tasks),
        metrics=metrics,
        confidence=f"{100 * records.summary['confidence']:g} %",
        entries=entries,
        ranking=ranking_metric(metrics),
        clips=clip_rows(records.tasks, metrics, {entry["key"] for entry in entries}, notes),
        notes=notes,
        costs=costs(records),
        provenance=provenance(records),
        datasets=records.run["datasets"],
        tasks=records.summary["tasks"],
        lens=False,
    )
    page = run_dir / "index.html"
    write_text(page, text)
    _remove_others(run_dir / MEDIA, {entry["sheet"] for entry in entries})
    return page


def _of_clips(records: Records) -> dict[str, MetricInfo]:
    """The metrics that have a number for each clip."""
    return {name: facts for name, facts in records.summary["metrics"].items() if facts.get("per") != "set"}


def _dataset(records: Records, name: str) -> Dataset:
    """A dataset of the run, prepared as it was then."""
    given = records.run["protocol"]["content"].get("preparation")
    return prepared(registry.load("datasets", name)(), Preparation.model_validate(given) if given else None)


def _entries(records: Records, chosen: list[Choice], load_dataset: Callable[[str], Dataset]) -> list[dict[str, Any]]:
    """What the player shows, with the sheets written."""
    store = RunStore(records.folder)
    dataset = cache(load_dataset)
    entries = []
    for choice in chosen:
        task = choice.row["task"]
        file, note, made = None, None, None
        try:
            made = _pictures(store, records, choice, dataset)
            note = made.stand_in_note
        except StorageError:
            raise
        except MebenchError as error:
            note = str(error)
        except Exception as error:  # a third-party dataset may raise anything; one clip must not cost the page
            note = f"The pictures of this clip could not be made: {type(error).__name__}: {error}."
        if made is not None and made.sheet is not None:
            file = f"{MEDIA}/{task['key']}.jpg"
            write_bytes(records.folder / file, made.sheet.data)
        entries.append(player_entry(choice, _of_clips(records), made, file, note))
    return entries


def _pictures(store: RunStore, records: Records, choice: Choice, dataset: Callable[[str], Dataset]) -> Pictures:
    clip = choice.row["clip"]
    assert clip is not None  # choose() takes finished clips alone
    task = Task.from_record(dict(choice.row["task"]))
    seen = parties(task, records.run["datasets"], dataset)
    return pictures(task, dataset(task.dataset), store.read_clip(clip), seen, dataset(task.from_dataset))


def _render(**content: Any) -> str:
    """The page. Every text is escaped by the template engine; scripts and styles are allowed by their hash alone."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mebench.runs.page", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _joined("style", _STYLES), _joined("script", _SCRIPTS)
    return environment.get_template("page.html").render(
        style=Markup(style),
        style_hash=_hash(style),
        script=Markup(script),
        script_hash=_hash(script),
        **content,
    )


def _joined(folder: str, names: tuple[str, ...]) -> str:
    root = resources.files("mebench.runs.page") / folder
    return "\n".join((root / name).read_text(encoding="utf-8") for name in names)


def _hash(text: str) -> str:
    """As a content security policy names an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _remove_others(folder: Path, kept: set[str | None]) -> None:
    """Remove sheets of an earlier page."""
    with storage_errors(folder):
        for path in folder.glob("*.jpg"):
            if f"{MEDIA}/{path.name}" not in kept:
                path.unlink(missing_ok=True)
