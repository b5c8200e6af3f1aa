"""Finished runs and submissions made of arithmetic: 16 tasks of open-mini's shape, numbers between floor and ceiling."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from mebench.leaderboard.film import GRID, fields, film
from mebench.leaderboard.submit import submit
from mebench.protocol import Task, load_protocol
from mebench.runs.schema import SCHEMA_VERSION

PROTOCOL = "open-mini"

_KNOWN: dict[str, Any] = {
    name: {
        "name": name,
        "version": 1,
        "family": family,
        "unit": unit,
        "direction": direction,
        "ceiling": ceiling,
        "floor": None,
        "worst": worst,
        "networks": ["dlib"] if "dlib" in name else [],
        "summary": f"What {name} measures.",
        "source": "A. Author, A Paper, eq. 3",
        "decimals": decimals,
        "per": "clip",
        "ranked": name != "gain",
        "traps": ["It sees no sound."],
    }
    for name, family, unit, direction, ceiling, worst, decimals in (
        ("gain", "motion", "times", "target", 1.0, 0.0, 3),
        ("gain_error", "motion", "octaves", "lower", 0.0, 4.0, 2),
        ("profile", "motion", "1", "higher", 1.0, -1.0, 3),
        ("spill", "motion", "1", "lower", 0.0, 1.0, 3),
        ("apex_error", "motion", "ms", "lower", 0.0, 500.0, 0),
        ("flow_epe", "truth", "milli-IOD", "lower", 0.0, 100.0, 2),
        ("psnr", "realism", "dB", "higher", 100.0, 0.0, 2),
        ("ssim", "realism", "1", "higher", 1.0, -1.0, 4),
        ("lpips[alexnet]", "realism", "1", "lower", 0.0, 1.0, 4),
        ("csim[dlib]", "identity", "1", "higher", 1.0, -1.0, 3),
    )
}


FACTS: dict[str, Any] = {
    name: _KNOWN.get(name, {**_KNOWN["spill"], "name": name}) for name in load_protocol(PROTOCOL).metrics
}
"""Facts of the protocol's metrics, without the networks behind them; those that are not named above are like spill."""


def tasks() -> list[Task]:
    """Eight tasks of each kind: eight drivers of four domains, in ``cross`` on four sources."""
    made = []
    for number in range(16):
        kind, index = ("self", number) if number < 8 else ("cross", number - 8)
        driver, domain = f"s{index}", "abcd"[index % 4]
        source = f"onset:c{index}" if kind == "self" else f"p{index % 4}"
        made.append(
            Task(
                key=f"{kind}--c{index}",
                kind=kind,  # type: ignore[arg-type]
                dataset="synme",
                source=source,
                driving=f"c{index}",
                source_subject=driver if kind == "self" else f"q{index % 4}",
                driving_subject=driver,
                source_domain=domain,
                driving_domain=domain,
                fold=domain,
                fps=30.0,
                frames=tuple(range(10)),
                onset=1,
                apex=4,
                offset=8,
                action_units=("L1", "12"),
                size=256,
                hash=hashlib.sha256(f"{kind}{index}".encode()).hexdigest(),
            )
        )
    return made


def scores(index: int, quality: float) -> dict[str, Any]:
    """Numbers between still (0) and truth (1), a little different from task to task."""
    q = (
        quality
        if quality in (0.0, 1.0)
        else float(np.clip(quality + 0.05 * np.sin(7.0 * index + 40.0 * quality), 0.01, 0.99))
    )
    values = {
        "gain": q,
        "gain_error": 4.0 * (1 - q),
        "profile": 2 * q - 1,
        "spill": 1 - q,
        "apex_error": 300 * (1 - q),
        "flow_epe": 5 * (1 - q) + 0.1,
        "psnr": 30 + 9 * q,
        "ssim": 0.9 + 0.09 * q,
        "lpips[alexnet]": 0.05 * (1 - q),
        "csim[dlib]": 1.0 - 0.08 * q,
    }
    return {name: {"version": 1, "value": values.get(name, 1 - q), "reason": None} for name in FACTS}


def row(task: Task, index: int, quality: float, method: str) -> dict[str, Any]:
    """One record of ``tasks/``; the sixth clip of a real method failed, its third has no identity number."""
    failed = index == 5 and 0.0 < quality < 1.0
    given = {} if failed else scores(index, quality)
    if index == 2 and 0.0 < quality < 1.0:
        given["csim[dlib]"] = {"version": 1, "value": None, "reason": "no face was found on the output."}
    digest = hashlib.sha256(f"{method}{task.key}".encode()).hexdigest()
    clip = {"file": "clips/x.mkv", "sha256": digest, "pixels_sha256": digest, "frames": 10, "size": 256}
    return {
        "schema_version": SCHEMA_VERSION,
        "task": task.record(),
        "status": "failed" if failed else "ok",
        "error": "the method gave NaN in frame 4." if failed else None,
        "clip": None if failed else {**clip, "native_height": 256, "native_width": 256},
        "info": {},
        "scores": given,
        "curves": None,
        "features": None,
    }


def write_run(folder: Path, method: str, backbone: str | None, quality: float, **card: Any) -> Path:
    """A finished run folder of ``method``. card: keys that replace those of its card."""
    protocol = load_protocol(PROTOCOL)
    rows = [row(task, index, quality, f"{method}{backbone}") for index, task in enumerate(tasks())]
    count = {"planned": len(rows), "ok": sum(r["status"] == "ok" for r in rows)}
    count["failed"] = len(rows) - count["ok"]
    bounds = {
        name: {r["task"]["key"]: {"status": "ok", "scores": scores(i, q)} for i, r in enumerate(rows)}
        for name, q in (("floor", 0.0), ("ceiling", 1.0))
    }
    digest = hashlib.sha256(f"{method}/{backbone}".encode()).hexdigest()
    given = {
        "title": method.capitalize(),
        "summary": "Moves the brows.",
        "authors": ["A. Author"],
        "licence": "Apache-2.0",
    }
    record = {
        "schema_version": SCHEMA_VERSION,
        "name": folder.name,
        "hash": digest,
        "command": f"mebench run --method {method} --protocol {PROTOCOL}",
        "method": {
            "name": method,
            "backbone": backbone,
            "config": {"name": method, "version": 1},
            "card": {**given, "role": "method", "paper": None, "seen_datasets": [], "training_data": [], **card},
            "facts": {},
            "oracle": False,
        },
        "protocol": {
            "name": protocol.name,
            "version": protocol.version,
            "hash": protocol.hash,
            "tasks_hash": protocol.tasks_hash,
            "content": protocol.content(),
        },
        "datasets": {
            "synme": {"fingerprint": "f", "licence": "CC0-1.0", "may_show_frames": True, "may_show_generated": True}
        },
        "metrics": FACTS,
        "seed": 0,
        "tasks": count,
        "sessions": [
            {
                "code": {"mebench": "0.1.0", "commit": None, "dirty": None},
                "hardware": {"processor": "a processor", "cores": 2},
                "packages": {"numpy": "2.1.0"},
            }
        ],
    }
    summary = {
        "schema_version": SCHEMA_VERSION,
        "run": folder.name,
        "method": method,
        "backbone": backbone,
        "protocol": protocol.name,
        "protocol_hash": protocol.hash,
        "confidence": 0.95,
        "tasks": count,
        "complete": True,
        "failures": {},
        "metrics": FACTS,
        "cells": [],
        "sets": [],
    }
    for name, value in (
        ("run", record),
        ("summary", summary),
        ("bounds", {"schema_version": SCHEMA_VERSION, **bounds}),
    ):
        _json(folder / f"{name}.json", value)
    for each in rows:
        _json(folder / "tasks" / f"{each['task']['key']}.json", each)
    return folder


def film_of_a_moving_disc(submission: Path, task: str) -> None:
    """Add a preview of ``task`` to the only or first result: a bright disc, at rest at x = 48, that moves to the right by 2 px
    at the apex in the true answer and by 1 px in the output."""
    frames, size = 10, 96
    y, x = np.mgrid[:size, :size].astype(np.float64)
    shape = np.array([0, 0, 0.3, 0.7, 1, 0.8, 0.5, 0.2, 0, 0])

    def clip(reach: float) -> Any:
        discs = [60 + 150 / (1 + np.exp(np.hypot(x - 48 - reach * s, y - 48) - 14)) for s in shape]
        return np.rint(np.repeat(np.stack(discs)[..., None], 3, axis=3)).astype(np.uint8)

    def motion(reach: float) -> Any:
        field = np.zeros((frames, size // 2, size // 2, 2), dtype=np.float32)
        inside = np.exp(-((np.hypot(x - 48, y - 48)[::2, ::2] / 30) ** 4))
        field[..., 0] = reach * shape[:, None, None] * inside
        return field

    clips, motions = [clip(0.0)[:1], clip(2.0), clip(1.0), clip(2.0)], [motion(2.0), motion(1.0), motion(2.0)]
    made, moved = film(clips, 1, side=size), fields(motions)
    names = (("Source", "source"), ("Driving clip", "driving"), ("Output", "output"), ("True answer", "reference"))
    panels = [
        {
            "name": name,
            "role": role,
            "start": made.starts[k],
            "still": k == 0,
            "motion": moved.starts[k - 1] if k else None,
            "note": None,
        }
        for k, (name, role) in enumerate(names)
    ]
    described = {
        "task": task,
        "file": "a.jpg",
        "side": size,
        "columns": made.columns,
        "size": size,
        "fps": 30.0,
        "frames": frames,
        "onset": 1,
        "apex": 4,
        "offset": 8,
        "panels": panels,
        "motion": {"file": "a.motion.jpg", "grid": GRID, "columns": moved.columns, "reach": moved.reach},
        "curves": {"unit": "of the peak", "peak_px": 2.0, "reference": shape.tolist(), "output": (shape / 2).tolist()},
    }
    folder = min((submission / "results").iterdir()) / "previews"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(made.data)
    (folder / "a.motion.jpg").write_bytes(moved.data)
    _json(folder / "clips.json", {"schema_version": 1, "clips": [described]})


def write_tree(root: Path) -> Path:
    """``root/submissions`` with a floor, a ceiling and four methods, one of them on two backbones and in two versions."""
    tree = root / "submissions"
    for method, backbones, quality, role in (
        ("still", [None], 0.0, "floor"),
        ("truth", [None], 1.0, "ceiling"),
        ("direct", ["fomm", "fsrt"], 0.45, "baseline"),
        ("magplus", ["fomm", "fsrt"], 0.7, "method"),
        ("warp-demag", ["fomm"], 0.62, "baseline"),
        ("flow-transfer", [None], 0.66, "baseline"),
    ):
        runs = [
            write_run(root / "runs" / f"{method}-{backbone}", method, backbone, quality + 0.03 * index, role=role)
            for index, backbone in enumerate(backbones)
        ]
        submit(runs, method, out=tree, films=0)
        if method == "warp-demag":
            submit(runs, method, out=tree, films=0)
    return tree


def _json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
