"""Which checkpoint, from whom, under which licence, its hash, where it is looked for, and how to add it."""

from mebench.weights.catalogue import FILES, WeightFile, facts
from mebench.weights.locate import Found, find, place, sha256, state

__all__ = ["FILES", "Found", "WeightFile", "facts", "find", "place", "sha256", "state"]
