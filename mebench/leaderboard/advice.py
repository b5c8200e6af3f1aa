"""What the author of a new submission should look at, and type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from mebench.leaderboard.schema import Card
from mebench.runs.page.records import Records

TEMPLATE_AUTHOR = "Your Name"
"""In the method that ``mebench new method`` writes: nobody has signed it yet."""


def of_card(card: Card) -> Iterator[str]:
    """What is empty in a card, or still as the template has it."""
    if card.parameters is None:
        yield "card.yaml: 'parameters' is empty; say how many the method has, with --card."
    if TEMPLATE_AUTHOR in card.authors:
        yield f"card.yaml: the author is '{TEMPLATE_AUTHOR}', as in the template; put your own into method.yaml, and submit again."
    if not card.seen_datasets:
        yield "card.yaml says that no micro-expression dataset was seen in training; correct it if one was."


def of_runs(runs: Sequence[Records], again: Sequence[str]) -> Iterator[str]:
    """What may not have been meant. again: versions that hold one of the runs already."""
    for records in runs:
        if not records.summary["tasks"]["ok"]:
            yield f"every clip of {records.folder} failed, and counts at the worst value of every metric."
        cells = records.summary["cells"]
        if cells and not any(cell["floor"] for cell in cells):
            yield f"{records.folder} was run without bounds: mebench verify refuses it; run it again with them."
    for version in again:
        yield f"a run of it is in version {version} already."


def commands(folder: Path, name: str, version: str) -> tuple[str, ...]:
    """What is left to type, in a checkout or elsewhere."""
    where, branch = shlex.quote(str(folder)), f"submit-{name}-{version}"
    if not any((parent / ".git").exists() for parent in folder.absolute().parents):
        return (
            f"mebench verify {where}",
            "mebench site serve",
            f"then copy {where} to submissions/{name}/ of your fork of mebench, and commit it there",
        )
    return (
        f"mebench verify {where}",
        f"git checkout -b {branch}",
        f"git add {where}",
        f"git commit -m 'Submit {name} {version}'",
        f"git push -u origin {branch}",
    )
