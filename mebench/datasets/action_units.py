"""Action-unit strings as annotators wrote them, read by one grammar that knows each database's habits.

::

    string := token (separator token)*        separator: "+", ",", a full-width comma, "or"; blanks are ignored
    token  := ["AU"] [mark] number [grade ["/" grade]] [side] ["(k)"]  |  "ref(" token ")"  |  "?"  |  text
    mark   := side | lip | asymmetry | grade, as far as the database uses them
    side   := L | R     lip := T | B (upper, lower; units 8, 18, 22, 23, 28)     grade := A..E     asymmetry := A

A leading ``A`` or ``B`` means different things in different databases, so every database names its :class:`Notation`.
What is not understood is kept as text and reported, never an exception.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mebench.clip import Clip

LIP_UNITS = frozenset({8, 18, 22, 23, 28})
"""Units that part into upper (``T``) and lower (``B``) lip."""

GRADES = "ABCDE"
"""Intensity 1 to 5."""


@dataclass(frozen=True)
class Notation:
    """What a database's letters mean. lip: ``T``/``B`` before a lip unit. asymmetry: a leading ``A`` says asymmetric,
    any other leading letter up to ``E`` is a grade. grades: letters after the number. carries: a side holds for all
    that follows it until another side."""

    lip: bool = False
    asymmetry: bool = False
    grades: bool = False
    carries: bool = False


PLAIN = Notation()
SAMM = Notation(asymmetry=True, grades=True)
CASME3 = Notation(lip=True)
CASME3_C = Notation(lip=True, carries=True)


@dataclass(frozen=True)
class Token:
    """One coded unit. side: ``L``, ``R`` or empty. lip: ``T``, ``B`` or empty. grade: intensity 1 to 5, lowest and
    highest, or None. asymmetric: more on one side. reflex: a reflex movement. kinetic: marked ``(k)``.
    uncertain: one of alternatives joined by "or". raw: as it was written."""

    number: int
    side: str = ""
    lip: str = ""
    grade: tuple[int, int] | None = None
    asymmetric: bool = False
    reflex: bool = False
    kinetic: bool = False
    uncertain: bool = False
    raw: str = field(default="", compare=False)

    @property
    def counts(self) -> bool:
        """Whether the unit belongs to the expression: no reflex, not marked kinetic, not one of alternatives."""
        return not (self.reflex or self.kinetic or self.uncertain)


@dataclass(frozen=True)
class Coding:
    """A parsed string. tokens: in the order written. unknown: texts that are no token. raw: the string."""

    tokens: tuple[Token, ...]
    unknown: tuple[str, ...]
    raw: str

    def names(self, *, kinetic: bool = False) -> tuple[str, ...]:
        """FACS names of the units that count, such as ``("4", "L12")``; both sides together have none.
        kinetic: count those marked ``(k)`` too."""
        sides: dict[int, set[str]] = {}
        for token in self.tokens:
            if token.counts or (kinetic and token.kinetic and not (token.reflex or token.uncertain)):
                sides.setdefault(token.number, set()).add(token.side)
        return tuple(
            f"{next(iter(found)) if len(found) == 1 else ''}{number}" for number, found in sorted(sides.items())
        )

    def digits(self) -> tuple[int, ...]:
        """The numbers by the rule behind the published composite labels: the digits of each token are the unit, reflexes
        and what is not understood otherwise included; a unit that is marked ``(k)`` anywhere is dropped altogether."""
        dropped = {token.number for token in self.tokens if token.kinetic}
        odd = {int(digits) for text in self.unknown if 0 < len(digits := re.sub(r"[^0-9]", "", text)) <= 3}
        return tuple(sorted(({token.number for token in self.tokens} | odd) - dropped))


def parse(text: object, notation: Notation = PLAIN) -> Coding:
    """Read what stands in an annotation cell: text, a number, or None. Never raises."""
    raw = _text(text)
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", raw)).strip()
    tokens: list[Token] = []
    unknown: list[str] = []
    side = ""
    for part in re.split(r"[+,;、]", plain):
        choices = re.split(r"(?i)\s*\bor\b\s*|(?<=\d)or(?=[A-Z]?\d)", part)
        for choice in choices:
            written = re.sub(r"\s+", "", choice)
            if written in ("", "?"):
                continue
            token = _token(written, notation)
            if token is None:
                unknown.append(choice.strip())
                continue
            if notation.carries:
                side = token.side or side
                token = replace(token, side=side)
            tokens.append(replace(token, uncertain=True) if len(choices) > 1 else token)
    return Coding(tuple(tokens), tuple(unknown), raw)


def write(tokens: Iterable[Token], notation: Notation = PLAIN) -> str:
    """The string of ``tokens``: ``parse(write(x)).tokens == x`` for every token that the notation can say."""
    parts: list[str] = []
    last: Token | None = None
    for token in tokens:
        text = _written(token, notation)
        if token.uncertain and last is not None and last.uncertain and parts:
            parts[-1] += f" or {text}"
        else:
            parts.append(text)
        last = token
    return "+".join(parts)


def unit_numbers(clip: Clip, counting: str = "strict") -> frozenset[int]:
    """Numbers of the action units of a clip, sides left out. counting: ``strict``, or ``digits`` for the rule of the
    published composite where the dataset has one (:meth:`Coding.digits`)."""
    if counting == "digits" and clip.counted_units is not None:
        return frozenset(clip.counted_units)
    return frozenset(int(name.lstrip("LR")) for name in clip.action_units)


_NUMBER = re.compile(
    r"(?:AU)?(?P<before>[A-Z]{0,2}|[A-Z]/[A-Z])(?P<number>\d{1,2})(?P<grade>[A-E](?:/[A-E])?)?(?P<after>[LR])?"
    r"(?P<kinetic>\(K\))?"
)
_REFLEX = re.compile(r"REF\((?P<inside>[^()]*(?:\(K\))?)\)?")


def _token(written: str, notation: Notation) -> Token | None:
    upper = written.upper()
    if reflex := _REFLEX.fullmatch(upper):
        inside = _token(reflex["inside"], notation)
        return replace(inside, reflex=True, raw=written) if inside else None
    match = _NUMBER.fullmatch(upper)
    if match is None or int(match["number"]) == 0 or (match["grade"] and not notation.grades):
        return None
    token = Token(int(match["number"]), kinetic=bool(match["kinetic"]), raw=written)
    if match["grade"]:
        grades = sorted(GRADES.index(letter) + 1 for letter in match["grade"] if letter != "/")
        token = replace(token, grade=(grades[0], grades[-1]))
    if match["after"]:
        token = replace(token, side=match["after"])
    for letter in match["before"].replace("/", ""):
        marked = _mark(token, letter, notation)
        if marked is None:
            return None
        token = marked
    return token


def _mark(token: Token, letter: str, notation: Notation) -> Token | None:
    """``token`` with a letter before its number understood; None when it means nothing there."""
    if letter in "LR" and not token.side:
        return replace(token, side=letter)
    if notation.lip and letter in "TB" and not token.lip and token.number in LIP_UNITS:
        return replace(token, lip=letter)
    if notation.asymmetry and letter == "A" and not token.asymmetric:
        return replace(token, asymmetric=True)
    if notation.asymmetry and letter in "BCDE" and token.grade is None:
        intensity = GRADES.index(letter) + 1
        return replace(token, grade=(intensity, intensity))
    return None


def _written(token: Token, notation: Notation) -> str:
    marks = token.lip + ("A" if token.asymmetric else "")
    before = f"A/{token.side}" if token.asymmetric and token.side else marks + token.side
    grade = ""
    if token.grade is not None and notation.grades:
        low, high = token.grade
        grade = GRADES[low - 1] if low == high else f"{GRADES[low - 1]}/{GRADES[high - 1]}"
    text = f"{before}{token.number}{grade}{'(k)' if token.kinetic else ''}"
    return f"ref({text})" if token.reflex else text


def _text(value: object) -> str:
    """A cell as text: spreadsheets hold ``4`` as a number, and readers give it as 4.0."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
