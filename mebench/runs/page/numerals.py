"""How numbers are written on the page."""

from __future__ import annotations

import math
from datetime import datetime

MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NARROW NO-BREAK SPACE}"


def number(value: float, decimals: int) -> str:
    """``-0.5`` with two decimals is ``−0.50``; a value that rounds to zero has no sign."""
    text = f"{value:.{decimals}f}"
    if text.startswith("-"):
        text = text[1:]
        if text.strip("0.") != "":
            return MINUS + text
    return text


def interval(mean: float, low: float | None, high: float | None, decimals: int) -> str | None:
    """``± 0.08`` when the interval is symmetric at the precision shown, else ``0.41 to 0.60``; None without one."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return None
    below, above = number(mean - low, decimals), number(high - mean, decimals)
    if below == above:
        return f"±{NARROW}{above}"
    return f"{number(low, decimals)} to {number(high, decimals)}"


def seconds(value: float) -> str:
    """A duration: ``0.84 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if value < 9.95:
        return f"{value:.2g} s" if value >= 0.1 else f"{1000 * value:.0f} ms"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def date(iso: str) -> str:
    """``2026-11-21T04:50:12+00:00`` as ``21 November 2026, 04:50 UTC``; text that is no date comes back as it is."""
    try:
        moment = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    except ValueError:
        return iso
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"


def size(count: float) -> str:
    """Bytes: ``812 kB``, ``9.4 MB``."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
