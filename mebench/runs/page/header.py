"""What stands above and below the scores: who ran what, when, with what, and how to run it again."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from mebench.runs.cost_summary import machine_words, millions, summarise_costs
from mebench.runs.page.numerals import date, seconds, size
from mebench.runs.page.records import Records


@dataclass(frozen=True)
class Header:
    """title, summary: the method in words. facts: (term, text, whole value for the tooltip or None). warnings: what a
    reader must know before the numbers. command: what gives this run again."""

    title: str
    backbone: str | None
    summary: str
    facts: list[tuple[str, str, str | None]]
    warnings: list[str]
    command: str


def header(records: Records) -> Header:
    """The head of the page."""
    run = records.run
    method, protocol, sessions = run["method"], run["protocol"], run["sessions"]
    card = method["card"] or {}
    latest = sessions[-1] if sessions else None
    facts: list[tuple[str, str, str | None]] = [("Method", method["name"], None)]
    facts.append(("Backbone", method["backbone"] or "none", None))
    facts.append(("Protocol", f"{protocol['name']} v{protocol['version']}", None))
    facts.append(("Protocol hash", protocol["hash"][:12], protocol["hash"]))
    if latest:
        facts.append(("Date", date(latest["finished"] or latest["started"]), None))
        facts.append(("mebench", _version(latest["code"]), latest["code"].get("commit")))
    return Header(
        title=str(card.get("title") or method["name"]),
        backbone=method["backbone"],
        summary=str(card.get("summary") or ""),
        facts=facts,
        warnings=_warnings(records),
        command=run["command"],
    )


def _warnings(records: Records) -> list[str]:
    tasks = records.summary["tasks"]
    done = tasks["ok"] + tasks["failed"]
    warnings = []
    if tasks["failed"]:
        clips = "1 clip" if tasks["failed"] == 1 else f"{tasks['failed']} clips"
        warnings.append(
            f"{clips} of {tasks['planned']} failed and {'counts' if tasks['failed'] == 1 else 'count'} at the worst value "
            "of every metric; the reasons stand in the table of clips."
        )
    if done < tasks["planned"]:
        warnings.append(
            f"The run is not finished: {done} of {tasks['planned']} clips are done. The command below goes on with it."
        )
    if records.run["method"]["oracle"]:
        warnings.append("This method is shown the true answer: it is a bound of the scale, not a competitor.")
    for check in records.run.get("checks", []):
        if check["state"] == "leak":
            warnings.append(f"Leak ({check['name']}): {check['text']}.")
        elif check["name"] == "datasets":
            warnings.append(check["text"][0].upper() + check["text"][1:])
    return warnings


def _version(code: dict[str, Any]) -> str:
    version = str(code.get("mebench", "unknown"))
    if code.get("commit"):
        version += f" at {str(code['commit'])[:10]}"
    return version + (" with local changes" if code.get("dirty") else "")


def costs(records: Records) -> list[tuple[str, str]]:
    """(term, text) of what the run took; empty when nothing was measured."""
    if not records.costs:
        return []
    made = list(records.costs.values())
    total = summarise_costs(made, records.run["sessions"])
    frame, memory = total["seconds_a_frame"], total["peak_memory_mb"]
    parameters, operations = total["parameters"], total["gflops_a_frame"]
    rows = [
        ("Generating a clip, median", seconds(statistics.median(cost["generate_seconds"] for cost in made))),
        ("Generating a frame, mean", "no frames" if frame is None else seconds(frame)),
        ("Scoring a clip, median", seconds(statistics.median(cost["score_seconds"] for cost in made))),
        ("Largest memory of a process", size(1e6 * memory) if memory else "not told by the system"),
        ("Parameters of the networks", "not known" if parameters is None else millions(parameters)),
        ("Operations a frame", "not counted" if operations is None else f"{operations:.3g} GFLOPs"),
    ]
    return rows + [("Machine", machine_words(machine)) for machine in total["hardware"]]


def calibration(records: Records) -> dict[str, str]:
    """What the flow estimator reads at each known gain, in words: mean, smallest and largest over the tasks."""
    curves = [curve for row in records.tasks if (curve := row.get("calibration"))]
    if not curves:
        return {}
    told = {"estimator": ", ".join(sorted({curve["estimator"] for curve in curves})), "clips": str(len(curves))}
    for index, gain in enumerate(curves[0]["gains"]):
        read = [curve["readings"][index] for curve in curves]
        told[f"gain {gain:g} reads"] = f"{statistics.mean(read):.2f} ({min(read):.2f} to {max(read):.2f})"
    return told


def networks(records: Records) -> dict[str, Any]:
    """By network file its hash, every one where sessions differ, and the metrics that read it; in words."""
    told: dict[str, Any] = {}
    for session in records.run["sessions"]:
        for name, files in session.get("networks", {}).items():
            readers = [
                metric for metric, info in records.run["metrics"].items() if _reads(info["networks"], name, files)
            ]
            row = told.setdefault(name, {"read by": readers or ["where there is no true answer"]})
            for file, digest in files.items():
                hashes = row.setdefault(file, [])
                hashes += [text for text in [digest or "not on this machine"] if text not in hashes]
    return told


def _reads(weights: list[str], name: str, files: dict[str, str | None]) -> bool:
    """Whether the networks of a metric, named as weights or as a file, include these weights."""
    return any(known in (name, *files) for known in weights)


def provenance(records: Records) -> list[tuple[str, Any]]:
    """(title, nested JSON) of each collapsible block."""
    run = records.run
    blocks: list[tuple[str, Any]] = [
        ("Method card", run["method"]["card"] or {}),
        ("Method as it was run", {"config": run["method"]["config"], "facts": run["method"]["facts"]}),
        ("Protocol", {"hash": run["protocol"]["hash"], **run["protocol"]["content"]}),
        ("Data", {name: dict(facts) for name, facts in run["datasets"].items()}),
        ("Leak checks", [dict(check) for check in run.get("checks", [])]),
        ("Flow estimator at known gains", calibration(records)),
        ("Networks of the metrics, SHA-256", networks(records)),
        ("Run", {"name": run["name"], "hash": run["hash"], "seed": run["seed"]}),
    ]
    for index, session in enumerate(run["sessions"], start=1):
        title = "Session" if len(run["sessions"]) == 1 else f"Session {index} of {len(run['sessions'])}"
        kept = {key: value for key, value in session.items() if key not in ("started", "networks")}
        blocks.append((f"{title}, {date(session['started'])}", kept))
    return [(title, content) for title, content in blocks if content]
