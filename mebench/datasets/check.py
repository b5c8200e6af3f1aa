"""What of a database is there: clips found and missing, gaps, labels corrected, images that cannot be decoded, and whether
the published counts come out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mebench.datasets.census import compare
from mebench.datasets.contract import CheckReport
from mebench.datasets.corrections import APEX_ESTIMATED
from mebench.datasets.cutting import APEX_UNKNOWN
from mebench.errors import ConfigError, InputError
from mebench.images import read_image

if TYPE_CHECKING:
    from mebench.datasets.recorded import Contents, Recorded

_APEX_FLAGS = {APEX_ESTIMATED, APEX_UNKNOWN}

_SHOWN, _FEW = 20, 3
"""Names of missing clips on the screen, and of anything else; the JSON has all."""

_WIDTH = 240
"""Characters of a line on the screen, so that the report of a damaged database is still one screen."""


def examine(database: Recorded, *, deep: bool = False, faces: bool = False) -> CheckReport:
    """The report on ``database``. deep: decode every frame, not the first, the apex and the last alone. faces: look for
    the face on every onset frame, as the preparation of protocols does.

    Level 0: clean, or with what is known of the release. 1: findings beyond that. 2: unusable.
    """
    if not database.available:
        command = f"mebench data add {database.name} PATH"
        details = {"dataset": database.name, "added": False, "next": command}
        return CheckReport(False, (f"not added on this machine; add it with: {command}",), 0, details)
    try:
        contents = database.contents
        clips = len(database.clips())
    except (InputError, ConfigError) as error:
        return CheckReport(False, (str(error),), 2, {"dataset": database.name, "added": True, "error": str(error)})
    details = _details(database, contents, deep)
    details["faceless"] = _faceless(database) if faces else {}
    lines = list(_lines(database, details))
    if not clips:
        return CheckReport(False, (*lines, "no clip can be used"), 2, details)
    alarming = (
        "lost",
        "undecodable",
        "unreadable_rows",
        "unknown_units",
        "conflicts",
        "census",
        "numbering",
        "faceless",
    )
    bad = [name for name in alarming if details[name]]
    if details["gaps"] and not database.gaps_expected:
        bad.append("gaps")
    return CheckReport(not details["lost"] and not details["undecodable"], tuple(lines), int(bool(bad)), details)


def _details(database: Recorded, contents: Contents, deep: bool) -> dict[str, Any]:
    rows, cuts = contents.rows, contents.cuts
    outcome = {name: [str(a) for a in contents.applied if a.outcome == name] for name in _OUTCOMES}
    used = database.clips()
    return {
        "dataset": database.name,
        "added": True,
        "root": str(database.root),
        "annotation": contents.annotation.source,
        "layout": contents.resolved.layout.name if contents.resolved.layout else None,
        "fingerprint": database.fingerprint(),
        "annotated": len(rows),
        "found": len(used),
        "subjects": len({clip.subject for clip in used}),
        "expected": database.clips_expected,
        "lost": dict(sorted(contents.lost.items())),
        "unlisted": list(contents.unlisted),
        "gaps": {key: cut.missing for key, cut in cuts.items() if cut.missing},
        "apex_unknown": sorted(clip.key for clip in used if _APEX_FLAGS & set(clip.flags)),
        "onset_is_apex": sorted(clip.key for clip in used if clip.onset == clip.apex),
        "undecodable": _undecodable(contents, deep),
        "unreadable_rows": list(contents.annotation.findings),
        "unknown_units": {row.key: list(row.units.unknown) for row in rows if row.units.unknown},
        "corrected": [*outcome["applied"], *contents.notes],
        "already_fixed": outcome["already fixed upstream"],
        "conflicts": outcome["unexpected"],
        "not_here": outcome["no such clip"],
        "problems": contents.problems,
        "problems_left_out": database.installation is not None and database.installation.exclude_problems,
        "passed_over": contents.passed_over,
        "release": database.releases.get(len(used), ""),
        "notes": list(contents.annotation.notes),
        "numbering": _numbering(contents),
        "census": compare(database.name, used, database.clips_expected, database.releases),
    }


_OUTCOMES = ("applied", "already fixed upstream", "unexpected", "no such clip")


def _undecodable(contents: Contents, deep: bool) -> dict[str, str]:
    """By clip, the first image that cannot be decoded."""
    broken = {}
    for key, cut in contents.cuts.items():
        wanted = cut.files if deep else (cut.files[cut.onset], cut.files[cut.apex], cut.files[cut.offset])
        for path in dict.fromkeys(wanted):
            try:
                read_image(path)
            except InputError as error:
                broken[key] = str(error)
                break
    return broken


def _faceless(database: Recorded) -> dict[str, str]:
    """By clip, why no face can be cropped on its onset frame."""
    from mebench.motion.crop import face_crop

    found = {}
    for clip in database.clips():
        try:
            face_crop(database.portrait(f"onset:{clip.key}").read(), f"the onset frame of {clip.key}")
        except InputError as error:
            found[clip.key] = str(error)
    return found


def _numbering(contents: Contents) -> str:
    """A sentence when the files of most lost or gappy clips are numbered from 0 while the annotation counts from 1."""
    shifted = 0
    for row in contents.rows:
        place = contents.resolved.places.get(row.key)
        if place and row.offset is not None and row.onset:
            numbers = place[1]
            shifted += row.offset not in numbers and row.offset - 1 in numbers and row.onset - 1 in numbers
    if contents.rows and 2 * shifted > len(contents.rows):
        return "the frames are numbered from one less than the annotation says; copy the release without renaming files"
    return ""


def _lines(database: Recorded, details: dict[str, Any]) -> Iterable[str]:
    release = details["release"] or f"{details['expected']} in the common release"
    expected = f" ({release})" if details["expected"] else ""
    yield f"{details['found']} of {details['annotated']} annotated clips found, {details['subjects']} subjects{expected}"
    yield f"folder {details['root']}, annotation {details['annotation']}, frames: {details['layout'] or 'none found'}"
    yield f"fingerprint {details['fingerprint']}"
    by_reason: dict[str, list[str]] = {}
    for key, reason in details["lost"].items():
        by_reason.setdefault("frames missing" if reason == "its frames are missing" else reason, []).append(key)
    for reason, keys in by_reason.items():
        yield _listed(reason, keys, _SHOWN)
    if details["numbering"]:
        yield details["numbering"]
    if details["undecodable"]:
        yield _listed("clips with an image that cannot be decoded", list(details["undecodable"]))
        yield f"the first of them: {next(iter(details['undecodable'].values()))}"
    if details["faceless"]:
        yield _listed("clips without a face that can be cropped, left out with --exclude", list(details["faceless"]))
    if details["unlisted"]:
        yield _listed("folders without an annotated clip", details["unlisted"])
    if gaps := details["gaps"]:
        known = ", a known trait of this release" if database.gaps_expected else ""
        yield _listed(f"gaps, {sum(gaps.values())} frames{known}", [f"{key} ({n})" for key, n in gaps.items()])
    if problems := details["problems"]:
        done = "left out" if details["problems_left_out"] else "left out with --exclude-problems"
        yield _listed(
            f"clips in the owners' lists of problems, {done}", [f"{key} {why}" for key, why in problems.items()]
        )
    if passed := details["passed_over"]:
        yield _listed(
            "files or folders passed over (links are followed with --follow-links)",
            [f"{name} {why}" for name, why in passed.items()],
        )
    for name, words in (
        ("unreadable_rows", "rows that make no sense"),
        ("corrected", "labels corrected"),
        ("already_fixed", "corrections already fixed upstream"),
        ("conflicts", "corrections that do not fit, left alone"),
        ("apex_unknown", "apex unknown or estimated"),
        ("onset_is_apex", "apex at the onset: they drive nothing"),
    ):
        if name == "apex_unknown" and len(details[name]) == details["found"]:
            yield "no apex is annotated: the middle between onset and offset is taken"
        elif details[name]:
            yield _listed(words, details[name])
    if details["unknown_units"]:
        texts = [f"{key} ({', '.join(texts)})" for key, texts in details["unknown_units"].items()]
        yield _listed("action units that are not understood", texts)
    yield from details["notes"]
    yield from details["census"]


def _listed(words: str, items: list[str], most: int = _FEW) -> str:
    """A line with the first items that fit; one at least."""
    shown = items[:1]
    for item in items[1:most]:
        if len(", ".join([*shown, item])) > _WIDTH:
            break
        shown.append(item)
    more = f", and {len(items) - len(shown)} more" if len(items) > len(shown) else ""
    return f"{len(items)} {words}: {', '.join(shown)}{more}"
