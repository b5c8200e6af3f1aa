"""The tables of ``docs/findings.md``, from ``submissions/``: what magnification buys, where, and what it costs.

python benchmarks/findings.py            # print them
python benchmarks/findings.py --write    # put them between the marks of the page
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from submitted_cells import newest_results

from mebench.statistics.holm import holm
from mebench.statistics.interval import Interval
from mebench.statistics.paired import paired_difference

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "findings.md"
PROTOCOL, LARGER, CROSSED = "open-mini", "open-self-reenactment", "open-cross-identity"
BACKBONES = ("fomm", "fsrt", "metaportrait", "emoportraits")
AMPLITUDES = ((0.0, 0.5), (0.5, 1.0), (1.0, float("inf")))
"""Bins of the peak of the true expression, pixels at 256."""
GAINS = {
    "none seen": (0.0, 1e-9),
    "less than 0.71": (1e-9, 0.5**0.5),
    "0.71 to 1.41": (0.5**0.5, 2.0**0.5),
    "more than 1.41": (2.0**0.5, float("inf")),
}
"""Bins of the gain: half an octave on either side of 1."""
SIDE_EFFECTS = {"profile": 2, "spill": 2, "flow_epe": 2, "ssim": 4, "lpips[alexnet]": 4, "csim[dlib]": 3, "au_f1": 2}
"""Metric: decimals."""

LEVEL = 0.05
"""Of a whole table: intervals that keep it after Holm's correction are marked."""

Row = dict[str, str]


@dataclass(frozen=True)
class Difference:
    """A cell of a table."""

    found: Interval | None
    decimals: int = 2


Line = list["str | Difference"]


@dataclass(frozen=True)
class Result:
    """rows: of ``clips.csv``, by task."""

    method: str
    backbone: str
    rows: dict[str, Row]


def result(method: str, backbone: str, protocol: str = PROTOCOL) -> Result | None:
    """The newest result that was submitted; None when there is none."""
    found = newest_results(ROOT / "submissions" / method).get((backbone, protocol))
    if found is None:
        return None
    with (found / "clips.csv").open(encoding="utf-8", newline="") as file:
        return Result(method, backbone, {row["task"]: row for row in csv.DictReader(file)})


def difference(
    first: Result, second: Result, metric: str, keep: Callable[[Row], bool] = lambda row: True
) -> Interval | None:
    """Paired ``first - second`` over the tasks that both have a number for."""
    pairs = [(row, second.rows[task]) for task, row in first.rows.items() if task in second.rows and keep(row)]
    pairs = [(a, b) for a, b in pairs if a[metric] and b[metric]]
    if not pairs:
        return None
    values = [[float(row[metric]) for row in side] for side in zip(*pairs, strict=True)]
    drivers = [row["driving_subject"] for row, _ in pairs]
    crossed = all(row["kind"] == "cross" for row, _ in pairs)
    sources = [row["source_subject"] for row, _ in pairs] if crossed else None
    return paired_difference(values[0], values[1], drivers, sources)


def shown(cell: str | Difference, holds: bool) -> str:
    """``mean [low, high]`` and the number of clips; a star where the difference holds among all of its table."""
    if isinstance(cell, str):
        return cell
    found, decimals = cell.found, cell.decimals
    if found is None or found.mean is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.mean:+.{decimals}f} (n = {found.count})"
    star = "\\*" if holds else ""
    return (
        f"{found.mean:+.{decimals}f} [{found.low:+.{decimals}f}, {found.high:+.{decimals}f}]{star} (n = {found.count})"
    )


def table(headings: Iterable[str], lines: Iterable[Line]) -> str:
    """Markdown. p-values are adjusted by Holm over all cells of the table."""
    rows = [list(line) for line in lines]
    places = {
        (i, k): p for i, row in enumerate(rows) for k, cell in enumerate(row) if (p := _p_value(cell)) is not None
    }
    adjusted = dict(zip(places, holm(list(places.values())).tolist(), strict=True))
    written = [
        [shown(cell, adjusted.get((i, k), 1.0) < LEVEL) for k, cell in enumerate(row)] for i, row in enumerate(rows)
    ]
    top = list(headings)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [top, ["---"] * len(top), *written])


def _p_value(cell: str | Difference) -> float | None:
    return cell.found.p_value if isinstance(cell, Difference) and cell.found is not None else None


def pairs(protocol: str = PROTOCOL) -> list[tuple[Result, Result]]:
    """``direct`` and ``magplus`` on each backbone that has both."""
    both = [(result("direct", backbone, protocol), result("magplus", backbone, protocol)) for backbone in BACKBONES]
    return [(direct, magplus) for direct, magplus in both if direct and magplus]


def by_backbone() -> str:
    """Gain error of ``direct`` minus that of ``magplus``: above zero, magnification helps."""
    kinds: dict[str, Callable[[Row], bool]] = {
        "self-reenactment": lambda row: row["kind"] == "self",
        "cross-identity": lambda row: row["kind"] == "cross",
        "all": lambda row: True,
    }
    lines: list[Line] = [
        [
            direct.backbone,
            *(Difference(difference(direct, magplus, "gain_error", keep)) for keep in kinds.values()),
            *(_on_larger(direct.backbone, protocol) for protocol in (LARGER, CROSSED)),
        ]
        for direct, magplus in pairs()
    ]
    return table(["backbone", *kinds, LARGER, CROSSED], lines)


def _on_larger(backbone: str, protocol: str) -> Difference:
    """The same on another protocol; a dash where one of the two has no result."""
    direct, magplus = result("direct", backbone, protocol), result("magplus", backbone, protocol)
    return Difference(difference(direct, magplus, "gain_error") if direct and magplus else None)


def arriving() -> str:
    """What share of the true motion arrives, clip by clip: a mean near 1 may be the mean of nothing and too much."""
    lines: list[Line] = []
    for protocol in (LARGER, CROSSED):
        for both in pairs(protocol):
            for found in both:
                gains = [float(row["gain"]) for row in found.rows.values() if row["gain"]]
                within = [sum(low <= gain < high for gain in gains) for low, high in GAINS.values()]
                counts = [f"{100 * count / len(gains):.0f} %" for count in within]
                lines.append([protocol, found.backbone, found.method, f"{mean(gains):.2f}", *counts])
    return table(["protocol", "backbone", "method", "mean gain", *GAINS], lines)


def sizes() -> str:
    """How large the true expressions are that the tasks of each protocol ask for."""
    lines: list[Line] = []
    for protocol in (PROTOCOL, LARGER, CROSSED):
        found = result("direct", "fomm", protocol)
        for kind in ("self", "cross"):
            peaks = [float(r["peak_px"]) for r in found.rows.values() if r["kind"] == kind] if found else []
            if peaks:
                lines.append([protocol, kind, str(len(peaks)), f"{median(peaks):.2f}"])
    return table(["protocol", "kind", "tasks", "median peak, px at 256"], lines)


def by_amplitude() -> str:
    """The same by the size of the true expression."""

    def within(low: float, high: float) -> Callable[[Row], bool]:
        return lambda row: bool(row["peak_px"]) and low <= float(row["peak_px"]) < high

    names = [f"{low:g} to {high:g} px" if high < float("inf") else f"{low:g} px and more" for low, high in AMPLITUDES]
    lines: list[Line] = [
        [
            protocol,
            direct.backbone,
            *(Difference(difference(direct, magplus, "gain_error", within(*edges))) for edges in AMPLITUDES),
        ]
        for protocol in (PROTOCOL, LARGER)
        for direct, magplus in pairs(protocol)
    ]
    return table(["protocol", "backbone", *names], lines)


def by_unit() -> str:
    """The same by action unit of the driving clip, both sides of the face together, on the larger protocol."""
    found = pairs(LARGER)
    units = sorted({unit for direct, _ in found for row in direct.rows.values() for unit in _units(row)})

    def has(unit: int) -> Callable[[Row], bool]:
        return lambda row: unit in _units(row)

    lines: list[Line] = [
        [str(unit), *(Difference(difference(direct, magplus, "gain_error", has(unit))) for direct, magplus in found)]
        for unit in units
    ]
    return table(["action unit", *(direct.backbone for direct, _ in found)], lines)


def _units(row: Row) -> set[int]:
    return {int(re.sub(r"\D", "", unit)) for unit in row["action_units"].split()}


def side_effects() -> str:
    """What else changes: ``magplus`` minus ``direct``."""
    lines: list[Line] = [
        [
            direct.backbone,
            *(Difference(difference(magplus, direct, name), digits) for name, digits in SIDE_EFFECTS.items()),
        ]
        for direct, magplus in pairs()
    ]
    return table(["backbone", *SIDE_EFFECTS], lines)


def relatives() -> str:
    """Other ways to make the small FOMM move more, against it alone; and against no learning."""
    lines: list[Line] = []
    for protocol in (PROTOCOL, LARGER, CROSSED):
        direct, transfer = result("direct", "fomm", protocol), result("flow-transfer", "none", protocol)
        for path in sorted((ROOT / "submissions").iterdir()):
            for backbone in ("fomm", "fpb-fomm", "none"):
                found = result(path.name, backbone, protocol)
                if found is None or direct is None or transfer is None or path.name in ("still", "truth"):
                    continue
                against = [_apart(found, other) for other in (direct, transfer)]
                lines.append([protocol, path.name, backbone, *against])
    return table(["protocol", "method", "backbone", "nearer than direct by", "nearer than flow-transfer by"], lines)


def _apart(found: Result, other: Result) -> str | Difference:
    """Gain error that ``found`` saves against ``other``."""
    same = (found.method, found.backbone) == (other.method, other.backbone)
    return "0" if same else Difference(difference(other, found, "gain_error"))


def no_learning() -> str:
    """``flow-transfer`` minus each backbone, alone and magnified: above zero, the backbone is better."""
    metrics = {"gain_error": 2, "spill": 2, "flow_epe": 2}
    lines: list[Line] = []
    for protocol in (PROTOCOL, LARGER, CROSSED):
        transfer = result("flow-transfer", "none", protocol)
        for found in (each for both in zip(*pairs(protocol), strict=True) for each in both):
            cells = [Difference(difference(transfer, found, m) if transfer else None, d) for m, d in metrics.items()]
            lines.append([protocol, found.method, found.backbone, *cells])
    return table(["protocol", "method", "backbone", *metrics], lines)


def magnifiers() -> str:
    """Gain error that each way of magnifying saves against the backbone alone, on every backbone and protocol."""
    return table(["protocol", "method", *BACKBONES], _against("direct"))


def contrasts() -> str:
    """Gain error that ``magplus`` saves against each other way: above zero, it is nearer to the right amount."""
    return table(["protocol", "method", *BACKBONES], _against("magplus", turned=True))


def _against(baseline: str, *, turned: bool = False) -> list[Line]:
    """A line for each protocol and each method that runs on two backbones: what it saves against ``baseline`` on the same
    backbone, or with ``turned`` what the baseline saves against it."""
    lines: list[Line] = []
    for protocol in (PROTOCOL, LARGER, CROSSED):
        for path in sorted((ROOT / "submissions").iterdir()):
            both = [
                (result(baseline, backbone, protocol), result(path.name, backbone, protocol)) for backbone in BACKBONES
            ]
            if path.name in (baseline, "direct") or sum(found is not None for _, found in both) < 2:
                continue
            ordered = [(b, a) if turned else (a, b) for a, b in both]
            cells = [Difference(difference(a, b, "gain_error") if a and b else None) for a, b in ordered]
            lines.append([protocol, path.name, *cells])
    return lines


TABLES = {
    "by backbone": by_backbone,
    "sizes": sizes,
    "arriving": arriving,
    "by amplitude": by_amplitude,
    "by action unit": by_unit,
    "side effects": side_effects,
    "relatives": relatives,
    "no learning": no_learning,
    "magnifiers": magnifiers,
    "contrasts": contrasts,
}


def with_tables(page: str) -> str:
    """The page with each table between its marks."""
    for name, make in TABLES.items():
        start, end = f"<!-- {name} -->", f"<!-- end {name} -->"
        before, rest = page.split(start)
        page = f"{before}{start}\n\n{make()}\n\n{end}{rest.split(end)[1]}"
    return page


def main() -> None:
    """Print, or write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        for name, make in TABLES.items():
            print(f"{name}\n\n{make()}\n")  # noqa: T201


if __name__ == "__main__":
    main()
