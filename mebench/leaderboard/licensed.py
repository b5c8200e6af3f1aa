"""What a submission of licensed faces may hold: scores, and nothing from which a face or an annotation can be recovered.

Asked of the datasets as they are known in this tree, never of what a submission says of itself.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from mebench import registry
from mebench.errors import MebenchError
from mebench.protocol import load_protocol

_UNKNOWN = "nobody knows here whose faces they are: {error}"


@cache
def withheld(protocol: str) -> str | None:
    """Why a result on ``protocol`` may hold no picture, no vector of a face and no annotation; None where it may.

    Pictures show faces, vectors of an encoder tell who they are, and action units are the annotators' work: a licence that
    does not allow frames to be passed on covers all of them.
    """
    try:
        return pictures_refused(*load_protocol(protocol).datasets)
    except MebenchError as error:
        return _UNKNOWN.format(error=error)


def pictures_refused(*datasets: str) -> str | None:
    """Why pictures of ``datasets`` may not be shown; None where all of them may."""
    try:
        found = {name: registry.load("datasets", name)().terms for name in datasets}
    except MebenchError as error:
        return _UNKNOWN.format(error=error)
    for name, terms in found.items():
        if not (terms.may_show_frames and terms.may_show_generated):
            return (
                f"the licence of '{name}' ({terms.licence}) does not allow frames, or clips made from them, to be shown"
            )
    return None


@cache
def motion_withheld(protocol: str) -> str | None:
    """Why a result on ``protocol`` may not even hold coarse motion (:mod:`mebench.leaderboard.arrows`); None where it may."""
    try:
        found = {name: registry.load("datasets", name)().terms for name in load_protocol(protocol).datasets}
    except MebenchError as error:
        return _UNKNOWN.format(error=error)
    for name, terms in found.items():
        if not (terms.may_show_motion or terms.may_show_frames):
            return f"the licence of '{name}' ({terms.licence}) does not allow measured motion to be shown either"
    return None


def shown_files(folder: Path, protocol: str) -> list[Path]:
    """The files below ``previews`` of a result in ``folder`` that a site may show: none of licensed faces."""
    return [] if withheld(protocol) else sorted((folder / "previews").glob("*"))
