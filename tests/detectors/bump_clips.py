"""Observations whose flow is made of bumps, one place and direction for each action unit."""

from __future__ import annotations

import numpy as np

from mebench.detectors.observation import Observation, Pair
from mebench.detectors.trial import Trial

SIDE = 256
PLACES = [(100, 90), (100, 166), (115, 128), (125, 95), (150, 85), (130, 160), (150, 128), (165, 128), (185, 100)]
PLACES += [(185, 156), (200, 110), (215, 128)]
ROWS, COLUMNS = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)


def bumps(present: np.ndarray, amplitude: float, rng: np.random.Generator, noise: float = 0.02) -> np.ndarray:
    """float32 ``[256,256,2]``: a bump of ``amplitude`` pixels for each present unit, shifted head, noise."""
    flow = np.empty((SIDE, SIDE, 2), dtype=np.float32)
    flow[:] = rng.normal(0.0, 0.3, 2)
    for unit in np.flatnonzero(present):
        y, x = PLACES[unit]
        bump = np.exp(-((ROWS - y) ** 2 + (COLUMNS - x) ** 2) / (2.0 * 12.0**2))
        angle = unit * 0.9
        flow += (amplitude * bump)[..., None] * np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
    return flow + rng.normal(0.0, noise, flow.shape).astype(np.float32)


def bump_clip(key: str, domain: str, present: np.ndarray, seed: int, amplitude: float = 1.0) -> Observation:
    rng = np.random.default_rng(seed)
    flow = bumps(present, amplitude, rng)
    frames = rng.integers(0, 255, (2, SIDE, SIDE, 3), dtype=np.uint8)
    read = lambda chosen: frames[[0 if index == 0 else 1 for index in chosen]]  # noqa: E731
    return Observation(key, "bumps", domain, f"{domain}-{key}", present, 0, 5, 9, lambda: Pair(frames, flow), read)


def bump_clips(domain: str, count: int, first_seed: int) -> tuple[Observation, ...]:
    rng = np.random.default_rng(first_seed)
    return tuple(
        bump_clip(f"{domain}{number}", domain, rng.random(12) < 0.25, first_seed + 1 + number)
        for number in range(count)
    )


def bump_trials() -> tuple[Trial, ...]:
    clips = {domain: bump_clips(domain, 30, 1000 * (1 + place)) for place, domain in enumerate("xyz")}
    return tuple(
        Trial(
            fold=domain,
            train=tuple(clip for name, part in clips.items() if name != domain for clip in part[:20]),
            validation=tuple(clip for name, part in clips.items() if name != domain for clip in part[20:]),
            test=clips[domain],
        )
        for domain in clips
    )
