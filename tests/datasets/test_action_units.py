"""The grammar of action-unit strings: what annotators wrote, and that nothing is lost between reading and writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mebench.clip import Clip, Frames
from mebench.datasets.action_units import (
    CASME3,
    CASME3_C,
    LIP_UNITS,
    PLAIN,
    SAMM,
    Notation,
    Token,
    parse,
    unit_numbers,
    write,
)


@pytest.mark.parametrize(
    ("text", "notation", "names", "digits"),
    [
        ("4+9", PLAIN, ("4", "9"), (4, 9)),
        ("R1+R2", PLAIN, ("R1", "R2"), (1, 2)),
        ("L12+R12", PLAIN, ("12",), (12,)),
        (4, PLAIN, ("4",), (4,)),
        (4.0, PLAIN, ("4",), (4,)),
        ("4+L10", PLAIN, ("4", "L10"), (4, 10)),
        ("12L+4R", PLAIN, ("R4", "L12"), (4, 12)),
        ("?", PLAIN, (), ()),
        (None, PLAIN, (), ()),
        ("A12", SAMM, ("12",), (12,)),
        ("4A/B", SAMM, ("4",), (4,)),
        ("A/L12", SAMM, ("L12",), (12,)),
        ("ref(7B)+L12A", SAMM, ("L12",), (7, 12)),
        ("AU4+6(k)+12(k)", PLAIN, ("4",), (4,)),
        ("AU4(k)+4+2", PLAIN, ("2", "4"), (2,)),  # the published labels lose AU4 here
        ("AUR1+2+ L4+45", PLAIN, ("R1", "2", "L4", "45"), (1, 2, 4, 45)),
        ("T23+B8+4", CASME3, ("4", "8", "23"), (4, 8, 23)),
        ("L4,7，R12,", CASME3_C, ("L4", "L7", "R12"), (4, 7, 12)),
        ("４＋１２", PLAIN, ("4", "12"), (4, 12)),
    ],
)
def test_what_annotators_wrote(
    text: object, notation: Notation, names: tuple[str, ...], digits: tuple[int, ...]
) -> None:
    coding = parse(text, notation)
    assert coding.names() == names
    assert coding.digits() == digits
    assert coding.unknown == ()


def test_grades_reflexes_lips_and_alternatives() -> None:
    high, reflex, asymmetric = parse("4A/B+ref(7B)+A/L12C", SAMM).tokens
    assert (high.grade, reflex.reflex, reflex.grade) == ((1, 2), True, (2, 2))
    assert (asymmetric.asymmetric, asymmetric.side, asymmetric.grade) == (True, "L", (3, 3))
    assert parse("B12", SAMM).tokens[0].grade == (2, 2)  # a leading B is a grade here,
    assert parse("B12", CASME3).unknown == ("B12",)  # means nothing at a unit without lips,
    assert parse("B28", CASME3).tokens[0].lip == "B"  # and is the lower lip at one that has them
    alternatives = parse("R12 or R15+4", SAMM)
    assert alternatives.names() == ("4",) and alternatives.digits() == (4, 12, 15)


def test_words_are_kept_and_never_raise() -> None:
    coding = parse("4+soft focus+0+123", PLAIN)
    assert coding.names() == ("4",) and coding.unknown == ("soft focus", "0", "123")


def test_kinetic_units_count_on_request() -> None:
    assert parse("4+6(k)").names(kinetic=True) == ("4", "6")


@given(some.text(max_size=30), some.sampled_from([PLAIN, SAMM, CASME3, CASME3_C]))
def test_every_string_is_read(text: str, notation: Notation) -> None:
    coding = parse(text, notation)
    assert coding.raw == text
    assert all(1 <= token.number <= 99 for token in coding.tokens)


def tokens_of(notation: Notation) -> some.SearchStrategy[list[Token]]:
    """Everything that ``notation`` can say."""

    def token(
        number: int, side: str, lip: str, grade: tuple[int, int] | None, asymmetric: bool, reflex: bool, kinetic: bool
    ) -> Token:
        return Token(
            number,
            side,
            lip if notation.lip and number in LIP_UNITS else "",
            grade if notation.grades else None,
            asymmetric and notation.asymmetry,
            reflex,
            kinetic,
        )

    grades = some.none() | some.tuples(some.integers(1, 5), some.integers(1, 5)).map(lambda g: (min(g), max(g)))
    flags = (some.booleans(), some.booleans(), some.booleans())
    one = some.builds(
        token,
        some.integers(1, 99),
        some.sampled_from(["", "L", "R"]),
        some.sampled_from(["", "T", "B"]),
        grades,
        *flags,
    )
    return some.lists(one, min_size=1, max_size=6)


@given(some.data(), some.sampled_from([PLAIN, SAMM, CASME3]))
def test_reading_what_was_written_gives_the_same(data: some.DataObject, notation: Notation) -> None:
    tokens = tuple(data.draw(tokens_of(notation)))
    assert parse(write(tokens, notation), notation).tokens == tokens


@given(some.data(), some.sampled_from([PLAIN, SAMM, CASME3]))
def test_digits_are_the_strict_numbers_but_for_reflexes_and_kinetic_marks(
    data: some.DataObject, notation: Notation
) -> None:
    plain = [token for token in data.draw(tokens_of(notation)) if token.counts]
    coding = parse(write(plain, notation), notation)
    assert set(coding.digits()) == {int(name.lstrip("LR")) for name in coding.names()}


def test_a_clip_tells_its_units_by_either_rule() -> None:
    frames = Frames(2, 8, 8, lambda: None)  # type: ignore[arg-type,return-value]
    coding = parse("ref(7B)+L12A", SAMM)
    clip = Clip("k", "samm", "samm", "s", 200.0, 0, 1, 1, coding.names(), "x", frames, coding.digits())
    assert unit_numbers(clip) == {12} and unit_numbers(clip, "digits") == {7, 12}
