"""Names of clips and portraits: ``a-benchmark-03-2`` is the third clip of a person, ``a-benchmark-03`` the person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from mebench.datasets.synme.domains import DOMAINS
from mebench.datasets.synme.identity import ROUND_SPLIT, SPLIT_SIZES, Identity, identity
from mebench.datasets.synme.plan import AMPLITUDE_PX, Strength
from mebench.errors import InputError

ONSET_PREFIX = "onset:"
"""``onset:<clip key>``: the onset frame of a clip as a portrait."""

_PERSON = rf"({'|'.join(DOMAINS)})-({'|'.join(SPLIT_SIZES)}|{ROUND_SPLIT})-([0-9]{{2,}})"
_CLIP = re.compile(rf"{_PERSON}-([0-9]+)(?:-({'|'.join(s for s in AMPLITUDE_PX if s != 'micro')}))?")
_PORTRAIT = re.compile(_PERSON)


@dataclass(frozen=True)
class ClipName:
    """A clip: its person, its number from 0 and its strength."""

    domain: str
    split: str
    index: int
    number: int
    strength: Strength = "micro"

    @property
    def person(self) -> Identity:
        return identity(self.domain, self.split, self.index)

    @property
    def subject(self) -> str:
        return f"{self.domain}-{self.split}-{self.index:02d}"

    @property
    def key(self) -> str:
        """``a-benchmark-03-2``, ``a-benchmark-03-2-ordinary``."""
        return f"{self.subject}-{self.number}" + ("" if self.strength == "micro" else f"-{self.strength}")


def parse_clip(key: str) -> ClipName:
    """The clip of this name; :class:`~mebench.errors.InputError` when the name is none."""
    match = _CLIP.fullmatch(key)
    if match:
        domain, split, index, number, strength = match.groups()
        name = ClipName(domain, split, int(index), int(number), cast(Strength, strength or "micro"))
        if name.key == key and name.person:
            return name
    raise InputError(
        f"synme has no clip '{key}'; clips are called like a-benchmark-03-2 or a-benchmark-03-2-ordinary "
        f"(domains {', '.join(DOMAINS)}; splits {', '.join(SPLIT_SIZES)})."
    )


def parse_portrait(key: str) -> Identity:
    """The person of this name; :class:`~mebench.errors.InputError` when the name is none."""
    match = _PORTRAIT.fullmatch(key)
    if match:
        person = identity(match[1], match[2], int(match[3]))
        if person.key == key:
            return person
    raise InputError(
        f"synme has no portrait '{key}'; portraits are called like a-benchmark-03 or onset:a-benchmark-03-2."
    )
