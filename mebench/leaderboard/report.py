"""The comment on a pull request: what was found, and paired differences from the baselines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mebench.leaderboard.folder import Result, Submission, read_all
from mebench.leaderboard.verify import Facts, Report, metric_facts
from mebench.protocol import load_protocol
from mebench.runs.badness import badness
from mebench.runs.people import driving_person, source_person
from mebench.runs.schema import MetricInfo
from mebench.runs.summary import KINDS, number_of
from mebench.statistics.interval import Interval
from mebench.statistics.paired import paired_difference


def markdown(report: Report, tree: Path, facts: Facts | None = None) -> str:
    """The comment. Words of the submission stand in code spans without backticks, so that they cannot format or mention."""
    name = report.submission.key if report.submission else "/".join(report.folder.parts[-2:])
    lines = [f"### {code_span(name)}: {'accepted by the verifier' if report.ok else 'refused'}", ""]
    lines += [f"* {f.level}, {f.check}: {code_span(f'{f.where}: {f.text}')}" for f in report.findings[:40]]
    if report.submission is not None and report.ok:
        for result in report.submission.results:
            lines += ["", *_differences(report.submission, result, tree, facts)]
    return "\n".join(lines)


def _differences(submission: Submission, result: Result, tree: Path, facts: Facts | None) -> Iterator[str]:
    known = facts or metric_facts(load_protocol(result.protocol))
    others = [
        (each, theirs)
        for each in read_all(tree)[0]
        if each.card.role == "baseline" and each.manifest.method != submission.manifest.method
        for theirs in each.results
        if theirs.run.protocol.hash == result.run.protocol.hash and theirs.backbone in (result.backbone, None)
    ]
    yield f"{code_span(result.name)} against baselines; a negative difference is better, 95 % interval:"
    if not others:
        yield "no baseline has results on this protocol and backbone yet."
        return
    yield "\n| baseline | kind | metric | difference |\n|---|---|---|---|"
    for each, theirs in others[:12]:
        for kind in KINDS:
            for metric, info in known.items():
                if info["per"] == "clip" and info["ranked"] and (found := difference(result, theirs, info, kind)):
                    yield f"| {code_span(each.key)} | {kind} | {code_span(metric)} | {_interval(found, info['decimals'])} |"


def difference(first: Result, second: Result, info: MetricInfo, kind: str) -> Interval | None:
    """Mean difference of the badness of two results on the clips that both have, clustered as the protocol says."""
    values = [
        {
            row["task"]["key"]: (row, number_of(row, info, result.bounds))
            for row in result.rows
            if row["task"]["kind"] == kind
        }
        for result in (first, second)
    ]
    keys = [key for key in values[0] if key in values[1] and None not in (values[0][key][1], values[1][key][1])]
    if not keys:
        return None
    worse = [np.array([badness(info, float(side[key][1] or 0.0)) for key in keys]) for side in values]
    tasks = [values[0][key][0]["task"] for key in keys]
    drivers, sources = [driving_person(task) for task in tasks], [source_person(task) for task in tasks]
    two_way = kind == "cross" and load_protocol(first.protocol).statistics.cross == "two-way"
    return paired_difference(worse[0], worse[1], drivers, sources if two_way else None)


def _interval(found: Interval, decimals: int) -> str:
    mean = f"{found.mean:+.{decimals}f}"
    if found.low is None or found.high is None:
        return f"{mean} (no interval)"
    return f"{mean} ({found.low:+.{decimals}f} to {found.high:+.{decimals}f})"


def code_span(text: str) -> str:
    """Words of a stranger as Markdown that formats, mentions and links nothing, cut after 300 characters."""
    return "`" + re.sub(r"[^\x20-\x7e]|[`|]", "?", text)[:300] + "`"
