"""How well a recogniser tells people apart on the open set: the curve that gives its numbers a meaning.

Every person of a split is seen twice: the portrait, and the onset frame of a clip (another pose, other noise). Pairs of
one person are *genuine*; pairs of two people **of one domain**, in the same light and camera, are *impostors*: the hard
ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Portrait
from mebench.datasets.contract import Split
from mebench.metrics.identity.faces import Embedding, Recogniser

Distances = NDArray[np.float64]


@dataclass(frozen=True)
class Verification:
    """Distances of genuine and impostor pairs, float64, in any order. missed: pictures in which no face was found."""

    genuine: Distances
    impostor: Distances
    missed: int

    def threshold(self, false_accepts: float) -> float:
        """The largest distance at which a pair still counts as one person, if at most this share of impostors may."""
        allowed = int(np.floor(false_accepts * len(self.impostor)))
        return float(np.sort(self.impostor)[allowed])

    def verified(self, false_accepts: float) -> float:
        """Share of genuine pairs that are accepted at that rate of false accepts."""
        return float((self.genuine < self.threshold(false_accepts)).mean())

    @property
    def auc(self) -> float:
        """Chance that a genuine pair is closer than an impostor pair."""
        order = np.sort(self.impostor)
        return float((1.0 - np.searchsorted(order, self.genuine, side="right") / len(order)).mean())

    def curve(self, rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share of genuine pairs accepted at each rate of false accepts."""
        return np.array([self.verified(float(rate)) for rate in rates])


def verify_open_set(
    recogniser: Recogniser,
    split: Split = "train",
    people: int | None = None,
    remembered: Callable[[str, Callable[[], list[Embedding | None]]], list[Embedding | None]] | None = None,
) -> Verification:
    """Embed every person of a split of ``synme`` twice and compare. people: the first so many of each domain.

    remembered: called with the name of a person and a function that gives the two embeddings; it may give kept ones
    instead.
    """
    from mebench.datasets.synme.dataset import Synme

    dataset = Synme()
    seen: dict[str, list[list[Embedding]]] = {}
    missed = 0
    for portrait in dataset.portraits(split):
        if people is not None and int(portrait.subject.rpartition("-")[2]) >= people:
            continue

        def look(portrait: Portrait = portrait) -> list[Embedding | None]:
            pictures = (portrait.read(), dataset.portrait(f"onset:{portrait.subject}-0").read())
            return [recogniser(picture) for picture in pictures]

        pair = look() if remembered is None else remembered(portrait.subject, look)
        found = [embedding for embedding in pair if embedding is not None]
        missed += len(pair) - len(found)
        seen.setdefault(portrait.domain, []).append(found)
    return compared(list(seen.values()), missed)


def compared(domains: list[list[list[Embedding]]], missed: int = 0) -> Verification:
    """All pairs of the embeddings of people (inner lists) of each domain."""
    genuine, impostor = [], []
    for people in domains:
        for person in people:
            genuine += [_distance(a, b) for a, b in combinations(person, 2)]
        for one, other in combinations(people, 2):
            impostor += [_distance(a, b) for a in one for b in other]
    return Verification(np.array(genuine), np.array(impostor), missed)


def _distance(a: Embedding, b: Embedding) -> float:
    return float(np.linalg.norm(a - b))
