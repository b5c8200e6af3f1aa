"""How long the site takes to build, how large it is, and how soon a board can be used, with many submissions.

The submissions are made up: methods of random quality on the tasks of open-mini, with the failures and missing numbers that
real ones have. Everything is built by `mebench.leaderboard.site` and opened in Chromium from a local server, cold, at
1280 x 900. On a busy machine the times on the clock say little: the processor time of the page's own thread is printed too. A board can be used when its first rows stand in order and a click sorts them.

    python benchmarks/site.py --submissions 500
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from mebench.leaderboard.aggregate import aggregate
from mebench.leaderboard.cell_table import summary_text
from mebench.leaderboard.schema import SCHEMA_VERSION
from mebench.leaderboard.site import build_site
from mebench.leaderboard.site.build import all_facts
from mebench.leaderboard.site.serve import serve
from mebench.leaderboard.submit import sha256_of
from mebench.leaderboard.tables import bounds_csv, clips_csv
from mebench.protocol import load_protocol

PROTOCOL = "open-mini"
BACKBONES = ("fomm", "fsrt", "metaportrait", "emoportraits", None)
UNITS = ("1", "2", "4", "6", "7", "9", "10", "12", "14", "15", "17", "L12", "R14")


def write_submissions(root: Path, count: int, facts: dict[str, Any], seed: int = 0) -> Path:
    """``count`` submissions below ``root``, each with one result of 24 tasks; the same for the same seed."""
    rng = np.random.default_rng(seed)
    protocol = load_protocol(PROTOCOL)
    clipwise = {name: facts[name] for name in protocol.metrics if facts[name]["per"] == "clip"}
    tasks = [_task(index, rng) for index in range(24)]
    hard = rng.normal(0.0, 0.12, (len(tasks), len(clipwise)))
    bounds: Any = {
        "schema_version": SCHEMA_VERSION,
        **{
            name: {
                task["key"]: {"status": "ok", "scores": _scores(np.full(len(clipwise), q), clipwise)} for task in tasks
            }
            for name, q in (("floor", 0.0), ("ceiling", 1.0))
        },
    }
    for index in range(count):
        quality = rng.uniform(0.1, 0.9) + rng.normal(0.0, 0.08, len(clipwise))
        rows = [_row(task, quality + hard[k], index, clipwise, rng) for k, task in enumerate(tasks)]
        backbone = BACKBONES[index % len(BACKBONES)]
        _write(root, index, backbone, rows, bounds, clipwise, facts)
    return root


def _task(index: int, rng: np.random.Generator) -> dict[str, Any]:
    kind, number = ("self", index) if index < 12 else ("cross", index - 12)
    domain = "abcdef"[number % 6]
    source = f"{'bcdefa'[number % 6]}-benchmark-{number % 4:02d}"
    driver = f"{domain}-benchmark-{number // 2:02d}"
    task: dict[str, Any] = {
        "key": f"{kind}--{driver}-{number % 3}",
        "kind": kind,
        "dataset": "synme",
        "driving": f"{driver}-{number % 3}",
        "source": f"onset:{driver}" if kind == "self" else source,
        "driving_subject": driver,
        "source_subject": driver if kind == "self" else source,
        "driving_domain": domain,
        "source_domain": domain if kind == "self" else source[0],
        "fold": domain,
        "action_units": sorted(rng.choice(UNITS, size=int(rng.integers(1, 3)), replace=False).tolist()),
        "peak": float(rng.uniform(0.3, 2.4)),
    }
    task["hash"] = hashlib.sha256(task["key"].encode()).hexdigest()
    return task


def _scores(quality: np.ndarray, facts: dict[str, Any]) -> dict[str, Any]:
    """Values from the worst (0) to the perfect one (1); half of the way is where a still source would be."""
    found = {}
    for q, (name, info) in zip(quality, facts.items(), strict=True):
        span = info["ceiling"] - info["worst"]
        share = 0.5 + 0.5 * float(np.clip(q, 0.0, 1.0)) if abs(span) > 10 else float(np.clip(q, 0.0, 1.0))
        found[name] = {"version": info["version"], "value": info["worst"] + share * span, "reason": None}
    return found


def _row(task: dict[str, Any], quality: np.ndarray, index: int, facts: dict[str, Any], rng: Any) -> dict[str, Any]:
    failed = bool(rng.random() < 0.01)
    given = _scores(quality + rng.normal(0.0, 0.05, len(quality)), facts)
    for name in given:
        if rng.random() < 0.01:
            given[name].update(value=None, reason="no face was found on the output.")
    digest = hashlib.sha256(f"{index}/{task['key']}".encode()).hexdigest()
    return {
        "task": task,
        "status": "failed" if failed else "ok",
        "error": "the method gave NaN in frame 4." if failed else None,
        "clip": None if failed else {"pixels_sha256": digest},
        "scores": {} if failed else given,
        "curves": None if failed else {"peak_px": task["peak"]},
    }


def _write(
    root: Path, index: int, backbone: str | None, rows: Any, bounds: Any, clipwise: dict[str, Any], facts: Any
) -> None:
    # Longer than usual: one made-up submission, file by file.
    protocol, method = load_protocol(PROTOCOL), f"method-{index:03d}"
    digest = hashlib.sha256(method.encode()).hexdigest()
    folder, name = root / method / "1", f"{backbone or 'none'}--{PROTOCOL}--{digest[:8]}"
    result = folder / "results" / name
    result.mkdir(parents=True)
    (result / "clips.csv").write_text(clips_csv(rows, list(clipwise)))
    (result / "bounds.csv").write_text(bounds_csv(bounds, list(clipwise)))
    cells = aggregate(protocol, clipwise, rows, bounds).values()
    (result / "summary.json").write_text(summary_text(cells, []), encoding="utf-8")
    versions = {m: {"version": facts[m]["version"], "per": facts[m]["per"]} for m in protocol.metrics}
    identity = {"name": protocol.name, "version": protocol.version}
    run = {
        "schema_version": SCHEMA_VERSION,
        "hash": digest,
        "command": f"mebench run --method {method} --protocol {PROTOCOL}",
        "method": {"name": method, "backbone": backbone, "config": {}, "facts": {}, "oracle": False},
        "protocol": {**identity, "hash": protocol.hash, "tasks_hash": protocol.tasks_hash},
        "datasets": {"synme": {"fingerprint": "made-up", "licence": "CC0-1.0"}},
        "metrics": versions,
        "seed": 0,
        "planned": len(rows),
        "checks": [],
        "code": {"mebench": "0"},
        "hardware": {},
        "packages": {},
        "seconds": 1.0,
    }
    _json(result / "run.json", run)
    card = {
        "schema_version": SCHEMA_VERSION,
        "name": method,
        "title": f"Made-up method {index}",
        "summary": "Numbers from a random generator.",
        "authors": ["Nobody"],
        "licence": "Apache-2.0",
        "backbones": [backbone] if backbone else [],
        "seen_datasets": [],
        "open_weights": index % 3 > 0,
        "parameters": 1_000_000 * (index % 70 + 1),
    }
    _json(folder / "card.yaml", card)  # JSON is YAML
    files = {
        str(path.relative_to(folder)): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.rglob("*.*"))
        if path.is_file()
    }
    created = datetime.date(2026, 1, 1) + datetime.timedelta(days=index % 300)
    _json(
        folder / "manifest.json",
        {
            "schema_version": SCHEMA_VERSION,
            "method": method,
            "version": "1",
            "created": created.isoformat(),
            "supersedes": None,
            "results": [name],
            "aggregates": [],
            "files": files,
        },
    )


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


INTERACTIVE = """() => new Promise((resolve) => {
  const look = () => {
    const button = document.querySelector('#board-self thead th[data-sort="rank"] button');
    if (!button || !document.querySelector('#board-self tbody.rows .bar')) return requestAnimationFrame(look);
    const table = document.querySelector('#board-self'), ready = performance.now();
    const first = () => table.querySelector('tbody.rows tr').dataset.key, before = first();
    button.click();
    const answer = () => performance.now() - ready;
    const answered = () => (first() === before ? requestAnimationFrame(answered) : resolve({ ready, answer: answer() }));
    requestAnimationFrame(answered);
  };
  look();
})"""


DRAWN = "() => new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())))"

BLANK = "blank.html"


def measure(folder: Path, repeats: int = 5) -> list[dict[str, float]]:
    """Milliseconds from the start of the navigation until the board of ``folder`` can be used, and until a click on a
    heading has sorted it, in a fresh context each time; and until a page of one word is drawn, the same browser under the same
    load."""
    from playwright.sync_api import sync_playwright

    found = []
    (folder / BLANK).write_text("<!doctype html><title>Blank</title><p>Blank.")
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with serve(folder, 0) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for _ in range(repeats):
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/{BLANK}", wait_until="domcontentloaded")
            blank = page.evaluate(DRAWN)
            page.close()
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            inspector = page.context.new_cdp_session(page)
            inspector.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.goto(
                f"http://127.0.0.1:{server.server_address[1]}/board/{PROTOCOL}.html", wait_until="domcontentloaded"
            )
            times = page.evaluate(INTERACTIVE)
            spent = {each["name"]: each["value"] for each in inspector.send("Performance.getMetrics")["metrics"]}
            found.append({"blank": blank, **times, "work": 1000 * spent["TaskDuration"]})
            page.close()
        browser.close()
        server.shutdown()
    return found


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=500)
    parser.add_argument("--keep", type=Path, help="write tree and site here and leave them")
    given = parser.parse_args()
    root = given.keep or Path(tempfile.mkdtemp(prefix="mebench-site-"))
    facts = all_facts()
    write_submissions(root / "submissions", given.submissions, facts)
    started = time.perf_counter()
    built = build_site(root / "site", root / "submissions", facts=facts)
    seconds = time.perf_counter() - started
    files = [path for path in (root / "site").rglob("*") if path.is_file()]
    page = (root / "site/board" / f"{PROTOCOL}.html").stat().st_size
    print(f"{given.submissions} submissions, {built.pages} pages built in {seconds:.1f} s")  # noqa: T201
    print(  # noqa: T201
        f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB; the board {page / 1e6:.2f} MB"
    )
    times = measure(root / "site")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")  # noqa: T201
    for name, key in (
        ("until a blank page is drawn", "blank"),
        ("until the board can be used", "ready"),
        ("until a click has sorted it", "answer"),
        ("processor time of the page's thread for all of it", "work"),
    ):
        values = sorted(each[key] for each in times)
        print(f"{name}: median {values[len(values) // 2]:.0f} ms, largest {values[-1]:.0f} ms of {len(values)}")  # noqa: T201
    if not given.keep:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
