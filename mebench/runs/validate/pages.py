"""A page for each metric, made of its facts, its docstring, its golden value and its answers to known degradations."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mebench import registry, weights
from mebench.errors import InputError
from mebench.files import write_json, write_text
from mebench.metrics.contract import MetricFacts
from mebench.metrics.set_metric import SetMetric
from mebench.runs.validate import agreement
from mebench.runs.validate.degradations import DEGRADATIONS
from mebench.runs.validate.identities import NETWORKS, no_curve, picture, section
from mebench.runs.validate.plot import plot
from mebench.runs.validate.set_answers import SetAnswers, set_answers
from mebench.runs.validate.sweep import WITHOUT_TRUTH, Response, Scores, responses, set_responses

VALIDATION, SETS, GOLDEN = "validation.json", "validation_sets.json", "golden.json"
"""Scores of the sweep by clip; those of set metrics, of all clips together; and the values that tests compute again."""

VERIFICATION = "verification.json"
"""Distances of people by identity network."""

_DIRECTIONS = {"higher": "higher is better", "lower": "lower is better", "target": "best at the perfect value"}


def slug(name: str) -> str:
    """``lpips[alexnet]`` as a file name: ``lpips-alexnet``."""
    return re.sub(r"[^a-z0-9_.]+", "-", name.lower()).strip("-")


def write_pages(folder: Path, scores: Mapping[str, Scores] | None = None) -> list[Path]:
    """Write a page and a picture for every registered metric, and ``README.md`` over all of them.

    scores: of a sweep, kept as ``validation.json``; left out, the kept ones are used. Metrics that the sweep left out keep
    what they have.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if scores is not None:
        swept = next(iter(scores.values()), {})
        single: dict[str, Scores] = {
            key: {name: kept for name, kept in clip.items() if name not in swept}
            for key, clip in _kept(folder / VALIDATION).items()
        }
        answers = _kept(folder / SETS)
        for name in swept:
            metric = registry.load("metrics", name)
            if metric.facts.per == "set":
                answers[name] = set_answers(metric, {key: clip[name] for key, clip in scores.items()})
            else:
                for key, clip in scores.items():
                    single.setdefault(key, {})[name] = clip[name]
        write_json(folder / VALIDATION, {key: dict(sorted(clip.items())) for key, clip in single.items() if clip})
        write_json(folder / SETS, dict(sorted(answers.items())))
    files = pages(folder)
    for name, text in files.items():
        write_text(folder / name, text)
    return [folder / name for name in files]


def pages(folder: Path) -> dict[str, str]:
    """Text by file name, made of the facts and of what ``folder`` keeps."""
    scores: dict[str, Scores] = _kept(folder / VALIDATION)
    sets: dict[str, SetAnswers] = _kept(folder / SETS)
    golden: dict[str, Any] = _kept(folder / GOLDEN)
    verification: dict[str, Any] = _kept(folder / VERIFICATION)
    files: dict[str, str] = {}
    rows = []
    for name in registry.names("metrics"):
        metric = registry.load("metrics", name)
        facts: MetricFacts = metric.facts
        answers = kept_answers(facts, scores, sets)
        if answers:
            files[f"{slug(name)}.svg"] = plot(facts, answers)
        clips = sum(name in clip for clip in scores.values()) if facts.per == "clip" else len(scores)
        files[f"{slug(name)}.md"] = _page(metric, facts, answers, golden.get("values", {}).get(name), clips)
        more = agreement.section(name, WITHOUT_TRUTH[name], scores) if name in WITHOUT_TRUTH else []
        for network in NETWORKS:
            if verification and name in NETWORKS[network].metrics:
                more += section(network, verification[network]) if network in verification else no_curve(network)
        files[f"{slug(name)}.md"] += "\n".join(["", *more]) if more else ""
        rows.append((facts, answers))
    files |= {f"verification-{name}.svg": picture(name, record) for name, record in verification.items()}
    files["README.md"] = _overview(rows, len(scores))
    return files


def summary_lines(folder: Path) -> list[str]:
    """For each metric one line: what it sees, from which level on, and what it is blind to."""
    scores, sets = _kept(folder / VALIDATION), _kept(folder / SETS)
    lines = []
    for name in registry.names("metrics"):
        answers = kept_answers(registry.load("metrics", name).facts, scores, sets)
        seen = ", ".join(f"{a.degradation.name} {seen_from(a)}" for a in answers if a.seen is not None)
        blind = ", ".join(a.degradation.name for a in answers if a.seen is None)
        says = f"sees {seen or 'nothing'}; blind to {blind or 'nothing'}" if answers else "no number"
        lines.append(f"{name}: {says}")
    for name, exact in WITHOUT_TRUTH.items():
        found = agreement.agreement(name, exact, scores)
        lines += [f"{name} against {exact}: {found.sentence()}"] if found else []
    return lines


def kept_answers(facts: MetricFacts, scores: Mapping[str, Scores], sets: Mapping[str, SetAnswers]) -> list[Response]:
    """What a metric answers to all degradations, from a kept sweep; empty where it has no number there."""
    if facts.per == "set":
        return set_responses(sets[facts.name]) if facts.name in sets else []
    known = [clip for clip in scores.values() if facts.name in clip]
    return responses(facts.name, facts, known) if known else []


def _kept(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); run: mebench validate metrics.") from error
    return value if isinstance(value, dict) else {}


def _page(metric: Any, facts: MetricFacts, answers: Sequence[Response], golden: float | None, clips: int) -> str:
    floor = "depends on the clip" if facts.floor is None else f"{facts.floor:g}"
    unit = facts.unit or "none"
    lines = [
        f"# {facts.name}",
        "",
        facts.summary,
        "",
        "| | |",
        "|---|---|",
        f"| family | {facts.family}{'' if facts.ranked else ' (shown, never ranked on)'} |",
        f"| one number for | {'each clip' if facts.per == 'clip' else 'a set of clips'} |",
        f"| unit | {unit} |",
        f"| direction | {_DIRECTIONS[facts.direction]} |",
        f"| perfect | {facts.ceiling:g} |",
        f"| still source | {floor} |",
        f"| failed clip | {facts.worst:g} |",
        f"| version | {facts.version} |",
        f"| source | {facts.source} |",
        "",
        "## How it is computed",
        "",
        _described(metric),
        "",
        "Pictures are uint8, RGB, whole frames at the scoring size (256 x 256) unless said otherwise. A grey reference is "
        "compared in luma (BT.601, repeated to three channels).",
        "",
    ]
    lines += _networks(facts)
    if facts.traps:
        lines += ["## Known traps", "", *(f"* {trap}" for trap in facts.traps), ""]
    lines += _answers(facts, answers, clips) if answers else _not_swept(facts)
    if golden is None:
        lines += [
            "## Golden value",
            "",
            "None: the network is a file of the user. A test checks the rest with a network in its place.",
            "",
        ]
    else:
        lines += [
            "## Golden value",
            "",
            f"`{golden!r}` on the test suite's laboratory face (a photograph moved by known fields) at half strength, one "
            "frame late, with fresh noise of 2 grey levels; a test computes it again.",
            "",
        ]
    return "\n".join(lines)


def _described(metric: Any) -> str:
    """The docstring of the metric; of its encoder and its distance where it is a set metric."""
    if isinstance(metric, SetMetric):
        encoder, distance = inspect.getdoc(type(metric.encoder)), inspect.getdoc(metric.distance)
        return _plain(f"Vectors: {encoder}\n\nDistance: {distance}")
    return _plain(inspect.getdoc(type(metric)) or "")


def _plain(text: str) -> str:
    """Docstring markup as Markdown."""
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?([\w.]+)`", r"`\1`", text)
    return text.replace("``", "`")


def _networks(facts: MetricFacts) -> list[str]:
    if not facts.networks:
        return []
    lines = ["## Networks", "", "| weights | SHA-256 | licence | commercial use |", "|---|---|---|---|"]
    for network in facts.networks:
        row = weights.facts(network)
        digest = weights.locate.known_sha256(row.name) if row.kind in ("shipped", "package") else row.sha256
        lines.append(
            f"| {row.name}: {row.what} | {digest or 'recorded when it is added'} | {row.licence} | {row.commercial} |"
        )
    return [*lines, ""]


def _answers(facts: MetricFacts, answers: Sequence[Response], clips: int) -> list[str]:
    told = f"a paired test over the {clips} clips" if facts.per == "clip" else "the permutation test of subjects"
    lines = [
        "## What it answers to known degradations",
        "",
        f"![Answers]({slug(facts.name)}.svg)",
        "",
        f"Perfect outputs of {clips} clips of the open set's validation people, spoiled by known amounts. *Seen from*: the "
        f"level nearest to the perfect one that {told} tells from it (5 %). *Order*: Spearman correlation of the amount "
        "with how bad the mean is.",
        "",
        "| degradation | levels | mean values | seen from | order |",
        "|---|---|---|---|---|",
    ]
    for answer in answers:
        with np.errstate(invalid="ignore"):
            means = np.nanmean(answer.values, axis=0)
        d = answer.degradation
        values = ", ".join("-" if not np.isfinite(v) else f"{v:.{min(facts.decimals, 3)}f}" for v in means)
        order = "no answer" if answer.monotone is None else f"{answer.monotone:+.1f}"
        levels = ", ".join(f"**{v:g}**" if v == d.perfect else f"{v:g}" for v in d.levels)
        lines.append(f"| {d.title} | {levels} {d.unit} | {values} | {seen_from(answer)} | {order} |")
    blind = [a.degradation.title for a in answers if a.seen is None]
    return [*lines, "", f"Blind, at these levels and clips, to: {', '.join(blind) or 'none of them'}.", ""]


def _not_swept(facts: MetricFacts) -> list[str]:
    absent = " and ".join(weights.facts(network).name for network in facts.networks)
    return [
        "## What it answers to known degradations",
        "",
        f"Not known: the weights {absent} may be had from their authors alone, and were not on the machine that made this "
        f"page. With them there, `mebench validate metrics --metric '{facts.name}'` adds table and picture.",
        "",
    ]


def seen_from(answer: Response) -> str:
    """The level from which a degradation is seen, in words."""
    return "-" if answer.seen is None else f"{answer.seen:g} {answer.degradation.unit}"


def _overview(rows: Sequence[tuple[MetricFacts, Sequence[Response]]], clips: int) -> str:
    lines = [
        "# Metrics, one page each",
        "",
        "Made by `mebench validate metrics` of the frozen facts of every registered metric and of a sweep over the open set. "
        "[What all metrics share](../metrics.md): the reference clip, the flow, the gate of the motion family, intervals.",
        "",
        "| metric | family | unit | perfect | what it is |",
        "|---|---|---|---|---|",
    ]
    ordered = sorted(rows, key=lambda row: (row[0].family, row[0].name))
    for facts, _ in ordered:
        link = f"[{facts.name}]({slug(facts.name)}.md)"
        lines.append(f"| {link} | {facts.family} | {facts.unit} | {facts.ceiling:g} | {facts.summary} |")
    known = [(facts, answers) for facts, answers in ordered if answers]
    if known:
        titles = " | ".join(d.title for d in DEGRADATIONS)
        lines += [
            "",
            f"## Smallest degradation seen with {clips} clips",
            "",
            "A dash: blind to it at these levels. What a metric is blind to is as important as what it sees: no single column "
            "is a judge. Where a metric was swept over fewer clips, its page says so.",
            "",
            f"| metric | {titles} |",
            "|---" * (len(DEGRADATIONS) + 1) + "|",
        ]
        for facts, answers in known:
            lines.append(f"| {facts.name} | " + " | ".join(seen_from(answer) for answer in answers) + " |")
    return "\n".join([*lines, ""])
