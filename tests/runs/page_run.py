"""Run folders for the tests of the page: written by the schema, with pictures in which the frame number can be read.

Each picture is a grey face of ellipses that moves a little; along its lower edge five blocks show the frame index in
binary, and a sixth tells which panel it belongs to, so that a test can read from a screenshot what is really shown.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mebench.clip import Clip, ExactFlow, Frames, Portrait, Truth
from mebench.datasets.contract import CheckReport, Terms
from mebench.protocol import load_protocol
from mebench.runs.schema import SCHEMA_VERSION
from mebench.runs.summary import cell, groups
from mebench.video import lossless_bytes

SIDE, FRAMES, FPS, ONSET, APEX, OFFSET = 96, 20, 30.0, 3, 9, 16
BITS = 5
BLOCK = 16
DARK, LIGHT = 24, 232

METRICS = {
    # name: (family, unit, direction, ceiling, floor, worst, decimals)
    "gain": ("motion", "", "target", 1.0, 0.0, 0.0, 2),
    "gain_error": ("motion", "octaves", "lower", 0.0, 4.0, 4.0, 2),
    "profile": ("motion", "", "higher", 1.0, -1.0, -1.0, 3),
    "apex_error": ("motion", "ms", "lower", 0.0, None, 500.0, 1),
    "flow_epe": ("truth", "milli-IOD", "lower", 0.0, None, 100.0, 2),
    "psnr": ("realism", "dB", "higher", 100.0, None, 0.0, 2),
    "csim[dlib]": ("identity", "", "higher", 1.0, None, -1.0, 3),
}


def intensity() -> np.ndarray:
    """Raised cosine from onset over apex to offset: float64 [T], peak 1."""
    time = np.arange(FRAMES)
    up, down = (time - ONSET) / (APEX - ONSET), (OFFSET - time) / (OFFSET - APEX)
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(np.minimum(up, down), 0.0, 1.0))


def face(tone: int, lift: float) -> np.ndarray:
    """uint8 [S,S,3]: an oval of brightness ``tone`` whose brows are ``lift`` pixels higher. No frame number yet."""
    scale = 8  # drawn large, so that parts of a pixel count
    picture = np.full((SIDE * scale, SIDE * scale), 110, np.uint8)

    def oval(x: float, y: float, a: float, b: float, value: int) -> None:
        centre, axes = (round(x * scale), round(y * scale)), (round(a * scale), round(b * scale))
        cv2.ellipse(picture, centre, axes, 0, 0, 360, value, -1)

    oval(48, 38, 26, 34, tone)
    for x in (38, 58):
        oval(x, 26 - lift, 7, 1.6, tone // 3)
        oval(x, 34, 4, 2.2, 245)
        oval(x, 34, 1.8, 1.8, 20)
    oval(48, 56 - lift / 2, 9, 2.4, tone // 2)
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.repeat(small[..., None], 3, axis=2)


def numbered(frames: np.ndarray, panel: int) -> np.ndarray:
    """``frames`` with their index in binary along the lower edge, and the bit ``panel`` at its right end."""
    marked = frames.copy()
    for index, frame in enumerate(marked):
        for bit in range(BITS):
            value = LIGHT if index >> bit & 1 else DARK
            frame[-BLOCK:, bit * BLOCK : (bit + 1) * BLOCK] = value
        frame[-BLOCK:, BITS * BLOCK :] = LIGHT if panel else DARK
    return marked


@cache
def clip_frames(tone: int, gain: float, panel: int) -> np.ndarray:
    """uint8 [T,S,S,3]: the face with its brows up to ``2 gain`` pixels higher."""
    return numbered(np.stack([face(tone, 2.0 * gain * value) for value in intensity()]), panel)


@dataclass
class FakeDataset:
    """Without a true answer. Keys are made up by :func:`write_run`."""

    terms: Terms
    name: str = "fake"
    domains: tuple[str, ...] = ("a", "b", "c")

    def clips(self, split: str = "benchmark") -> list[Clip]:
        return []

    def portraits(self, split: str = "benchmark") -> list[Portrait]:
        return []

    def clip(self, key: str) -> Clip:
        frames = Frames(FRAMES, SIDE, SIDE, lambda: clip_frames(150, 1.0, 0))
        return Clip(key, self.name, "a", key, FPS, ONSET, APEX, OFFSET, ("1", "2"), self.terms.licence, frames)

    def portrait(self, key: str) -> Portrait:
        return Portrait(key, self.name, "a", key, self.terms.licence, lambda: clip_frames(190, 1.0, 0)[ONSET])

    def check(self) -> CheckReport:
        return CheckReport(True, ())

    def fingerprint(self) -> str:
        return "fake-1"


class FakeOpenDataset(FakeDataset):
    """With a true answer."""

    def truth(self, source: str, driving: str, gain: float = 1.0) -> Truth:
        y, x = np.mgrid[:SIDE, :SIDE]
        skin = ((x - 48) / 26.0) ** 2 + ((y - 38) / 34.0) ** 2 <= 1.0
        nowhere = ExactFlow(np.zeros((SIDE, SIDE, 2), np.float32), skin)
        return Truth(
            frames=clip_frames(190, gain, 1),
            fps=FPS,
            onset=ONSET,
            apex=APEX,
            offset=OFFSET,
            action_units=np.zeros((FRAMES, 26), np.float32),
            landmarks=np.zeros((FRAMES, 68, 2), np.float32),
            pose=np.zeros((FRAMES, 6), np.float32),
            face=skin,
            flow=lambda t, part: nowhere,
        )


def metric_infos() -> dict[str, dict[str, Any]]:
    """Facts of :data:`METRICS` as a run stores them."""
    keys = ("family", "unit", "direction", "ceiling", "floor", "worst", "decimals")
    return {
        name: {
            "name": name,
            "version": 1,
            **dict(zip(keys, values, strict=True)),
            "networks": ["dlib"] if "dlib" in name else [],
            "summary": f"What {name} measures in one sentence.",
            "source": "A. Author, A Paper, eq. 3",
        }
        for name, values in METRICS.items()
    }


def task_info(index: int, kind: str, key: str | None = None) -> dict[str, Any]:
    """One task. Even ones of a kind come from domain a, odd ones from b; the last from c."""
    domain = "c" if index == 5 else "ab"[index % 2]
    driving = f"{domain}{index:02d}"
    return {
        "key": key or f"{kind}--{driving}",
        "kind": kind,
        "dataset": "fake",
        "source": f"onset:{driving}" if kind == "self" else f"c{index:02d}",
        "driving": driving,
        "source_subject": driving if kind == "self" else f"other-{index}",
        "driving_subject": driving,
        "source_domain": domain if kind == "self" else "c",
        "driving_domain": domain,
        "fold": domain,
        "fps": FPS,
        "frames": list(range(FRAMES)),
        "onset": ONSET,
        "apex": APEX,
        "offset": OFFSET,
        "action_units": ["1", "L2"],
        "size": SIDE,
        "hash": hashlib.sha256(f"{kind}{index}".encode()).hexdigest(),
    }


def scores_of(index: int, quality: float) -> dict[str, dict[str, Any]]:
    """Numbers between the still source (quality 0) and the true answer (quality 1), a little different by ``index``."""
    wobble = 0.04 * ((index * 7) % 5 - 2)
    q = quality + wobble
    values = {
        "gain": q,
        "gain_error": 4.0 * (1 - q),
        "profile": 2 * q - 1,
        "apex_error": 200 * (1 - q),
        "flow_epe": 12 * (1 - q),
        "psnr": 30 + 12 * q,
        "csim[dlib]": 0.99 - 0.05 * q,
    }
    return {name: {"version": 1, "value": value, "reason": None} for name, value in values.items()}


def write_run(folder: Path, *, gain: float = 0.6, licence: tuple[bool, bool] = (True, True), **texts: str) -> Path:
    """A run of 12 tasks: one failed, one missing number, the rest scored. licence: may_show_frames, may_show_generated.

    texts: ``method``, ``title``, ``error``, ``reason``, ``key`` replace the words that a stranger could have written.
    """
    infos = metric_infos()
    rows = []
    (folder / "tasks").mkdir(parents=True)
    (folder / "clips").mkdir()
    (folder / "costs").mkdir()
    for number in range(12):
        kind = "self" if number < 6 else "cross"
        index = number % 6
        task = task_info(index, kind, texts.get("key") if number == 0 else None)
        rows.append(_row(folder, task, number, gain, texts))
    for row in rows:
        _json(folder / "tasks" / f"{row['task']['key']}.json", row)
        _json(
            folder / "costs" / f"{row['task']['key']}.json",
            {
                "task": row["task"]["key"],
                "frames": FRAMES,
                "generate_seconds": 0.8,
                "score_seconds": 2.5,
                "peak_memory_mb": 900.0,
            },
        )
    protocol = load_protocol("open-mini")
    count = {"planned": 12, "ok": 11, "failed": 1}
    bounds = {
        bound: {r["task"]["key"]: {"status": "ok", "scores": scores_of(i, q)} for i, r in enumerate(rows)}
        for bound, q in (("floor", 0.0), ("ceiling", 1.0))
    }
    summary = {
        "schema_version": SCHEMA_VERSION,
        "run": folder.name,
        "method": texts.get("method", "fake-method"),
        "backbone": "fomm",
        "protocol": protocol.name,
        "protocol_hash": protocol.hash,
        "confidence": 0.95,
        "tasks": count,
        "complete": True,
        "failures": {},
        "metrics": infos,
        "cells": [
            cell(protocol, infos[name], group, domain, bounds)
            for kind in ("self", "cross")
            for domain, group in groups([row for row in rows if row["task"]["kind"] == kind])
            for name in infos
        ],
    }
    _json(folder / "summary.json", summary)
    _json(folder / "run.json", _run_record(folder, protocol, infos, count, licence, texts))
    return folder


def _row(folder: Path, task: dict[str, Any], number: int, gain: float, texts: dict[str, str]) -> dict[str, Any]:
    base = {"schema_version": SCHEMA_VERSION, "task": task, "info": {"factor": 4}}
    if number == 7:
        error = texts.get("error", "the method gave NaN in frame 4.")
        return {**base, "status": "failed", "error": error, "clip": None, "scores": {}, "curves": None}
    frames = clip_frames(190, gain, 1)
    data = lossless_bytes(frames, FPS)
    (folder / "clips" / f"{task['key']}.mkv").write_bytes(data)
    scores = scores_of(number, gain)
    if number == 2:
        reason = texts.get("reason", "no face was found on the output.")
        scores["csim[dlib]"] = {"version": 1, "value": None, "reason": reason}
    for kind_missing in ("apex_error",):
        if task["kind"] == "cross":
            scores[kind_missing] = {"version": 1, "value": None, "reason": "no motion was detected in the output."}
    curve = [round(float(v), 6) for v in intensity()]
    return {
        **base,
        "status": "ok",
        "error": None,
        "clip": {
            "file": f"clips/{task['key']}.mkv",
            "sha256": hashlib.sha256(data).hexdigest(),
            "pixels_sha256": hashlib.sha256(frames.tobytes()).hexdigest(),
            "frames": FRAMES,
            "size": SIDE,
            "native_height": SIDE,
            "native_width": SIDE,
        },
        "scores": scores,
        "curves": {
            "fps": FPS,
            "onset": ONSET,
            "apex": APEX,
            "offset": OFFSET,
            "unit": "intensity of the reference at its apex",
            "peak_px": 1.25,
            "reference": curve,
            "output": [round(gain * v, 6) for v in curve],
        },
    }


def _run_record(
    folder: Path,
    protocol: Any,
    infos: dict[str, Any],
    count: dict[str, int],
    licence: tuple[bool, bool],
    texts: dict[str, str],
) -> dict[str, Any]:
    name = texts.get("method", "fake-method")
    return {
        "schema_version": SCHEMA_VERSION,
        "name": folder.name,
        "hash": "ab" * 32,
        "command": f"mebench run --method {name} --backbone fomm --protocol open-mini",
        "method": {
            "name": name,
            "backbone": "fomm",
            "config": {"pipeline": {"magnifier": {"name": "flowmag-lite", "factor": "auto"}}},
            "card": {
                "title": texts.get("title", "A fake method"),
                "summary": "Moves the brows less than it should.",
                "authors": ["A. Author", "B. Author"],
                "paper": None,
                "licence": "Apache-2.0",
                "role": "method",
            },
            "facts": {"learned": True, "checkpoints": [{"file": "fomm-lite.safetensors", "sha256": "cd" * 32}]},
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
            "fake": {
                "fingerprint": "fake-1",
                "licence": "CC0-1.0" if licence[0] else "agreement",
                "may_show_frames": licence[0],
                "may_show_generated": licence[1],
            }
        },
        "metrics": infos,
        "seed": 0,
        "tasks": count,
        "sessions": [
            {
                "started": "2026-03-02T10:04:05+00:00",
                "finished": "2026-03-02T10:06:47+00:00",
                "seconds": 162.0,
                "jobs": 2,
                "generated": 11,
                "scored": 11,
                "notes": [],
                "code": {"mebench": "0.1.0", "commit": "0123456789abcdef", "dirty": False},
                "hardware": {"machine": "x86_64", "processor": "a processor", "cores": 2, "memory_gb": 8.0},
                "packages": {"numpy": "2.1.0", "torch": "2.5.0"},
            }
        ],
    }


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
