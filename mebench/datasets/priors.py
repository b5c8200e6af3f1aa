"""How often each action unit comes in the domains of the open set: as set, as drawn, and as coded in the databases that the
domains stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mebench.datasets.census import CLIPS, COUNTS, UNITS
from mebench.datasets.contract import Split
from mebench.datasets.synme.dataset import Synme
from mebench.datasets.synme.domains import BENCHMARK_DOMAINS, CAPTURES, POPULATIONS
from mebench.datasets.synme.plan import PROTOTYPES, prototype_weights

STANDS_FOR = {"a": "casme2", "b": "casme", "c": "samm", "d": "smic_hs", "e": "mmew", "f": "fourd"}
"""The database whose recording conditions each domain imitates in kind."""

SPLITS: tuple[Split, ...] = ("train", "validation", "benchmark")


def set_shares(domain: str) -> dict[int, float]:
    """Share of clips in which each unit is meant to come: the sum over the prototypes that hold it."""
    shares = dict.fromkeys(UNITS, 0.0)
    for prototype, weight in zip(PROTOTYPES, prototype_weights(domain), strict=True):
        for unit in prototype:
            shares[unit] += float(weight)
    return shares


def drawn_shares(domain: str) -> tuple[dict[int, float], int]:
    """Share of clips of all splits in which each unit is visible, and how many clips they are. Nothing is rendered: what
    a clip shows is fixed by its plan, and the true answer's action units come from it."""
    clips = [clip for split in SPLITS for clip in Synme().clips(split, domains=[domain])]
    counted = Counter(unit for clip in clips for unit in {int(name.lstrip("LR")) for name in clip.action_units})
    return {unit: counted[unit] / len(clips) for unit in UNITS}, len(clips)


def coded_shares(domain: str) -> dict[int, float] | None:
    """Share of clips of the database in which each unit is coded, from its published counts; None where it codes none."""
    name = STANDS_FOR[domain]
    if name not in COUNTS:
        return None
    return {unit: count / CLIPS[name] for unit, count in zip(UNITS, COUNTS[name], strict=True)}


def table() -> str:
    """Both tables in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "| domain | in kind like | frames a second | face, px | colour | light | men | age, mean | noise | JPEG |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for domain in BENCHMARK_DOMAINS:
        capture, people = CAPTURES[domain], POPULATIONS[domain]
        cells = (
            domain, STANDS_FOR[domain], f"{capture.fps:g}", str(capture.native), "grey" if capture.grey else "colour",
            f"{len(capture.lights)} lights", f"{people.male:.0%}", f"{people.age[0]:.2f}", f"{capture.noise:g}",
            str(capture.jpeg),
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield f"| domain | share of clips, % | {' | '.join(f'AU{unit}' for unit in UNITS)} |"
    yield f"|---|---|{'---|' * len(UNITS)}"
    for domain in BENCHMARK_DOMAINS:
        drawn, count = drawn_shares(domain)
        yield _row(domain, "set", set_shares(domain))
        yield _row(domain, f"drawn ({count} clips)", drawn)
        coded = coded_shares(domain)
        if coded is None:
            yield _row(domain, f"{STANDS_FOR[domain]}: codes none", None)
        else:
            yield _row(domain, f"{STANDS_FOR[domain]}, as published", coded)


def _row(domain: str, what: str, shares: dict[int, float] | None) -> str:
    cells = [f"{100 * shares[unit]:.0f}" if shares else "-" for unit in UNITS]
    return f"| {domain} | {what} | {' | '.join(cells)} |"
