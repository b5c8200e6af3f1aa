"""Names from strangers: what must not stand in one, and how any text is shown without it acting on a terminal.

Characters that cannot be seen, that turn the direction of writing, or that look like letters of another alphabet make two
names look like one, or one name look like another (Unicode Technical Report 36, "Unicode Security Considerations").
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories: control, format (zero width, direction), half of a pair, private, unassigned, line, paragraph."""

_LIKE_LATIN = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧνοκι")
"""Greek letters that are drawn like Latin ones; the others (a beta, a lambda) are used in names beside Latin."""


def trick(text: str, allowed: str = "") -> str | None:
    """What is wrong with ``text`` as a name, in words; None when nothing is. allowed: control characters that may stand in
    it, such as a line end in running text.

    >>> trick("casme2"), trick("表情 Zoë"), trick("β-VAE")
    (None, None, None)
    >>> trick("sub\\u202e10")
    'holds the invisible character U+202E'
    >>> trick("m\\u0430gplus")
    'mixes alphabets: U+0430 looks like a Latin letter'
    """
    for character in text:
        if unicodedata.category(character) in _UNSEEN and character not in allowed:
            return f"holds the invisible character U+{ord(character):04X}"
    for word in re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", text)):
        foreign = [
            each for each in word if each in _LIKE_LATIN or _alphabet(each) in ("CYRILLIC", "CHEROKEE", "ARMENIAN")
        ]
        if foreign and any(_alphabet(each) == "LATIN" for each in word):
            return f"mixes alphabets: U+{ord(foreign[0]):04X} looks like a Latin letter"
    return None


def visible(text: str) -> str:
    """``text`` for a terminal or a table: every character that :func:`trick` calls invisible is written as its number.

    >>> visible("a\\x1b[2Jb\\nc")
    'a<U+001B>[2Jb<U+000A>c'
    """
    return "".join(
        f"<U+{ord(each):04X}>" if unicodedata.category(each) in _UNSEEN - {"Co", "Cn"} else each for each in text
    )


def meant(name: str, known: Iterable[str]) -> str:
    """A word for an error message on what ``name`` was probably meant to be; nothing where no known name is near.

    >>> meant("magpuls", ["magplus", "still"]), meant("nerf", ["fomm"])
    (" (did you mean 'magplus'?)", '')
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _alphabet(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
