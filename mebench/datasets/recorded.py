"""A recorded database on this machine: annotation and frames as the owner ships them, put together clip by clip."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from mebench.clip import Clip, Frames, Pixels, Portrait
from mebench.datasets.action_units import PLAIN, Notation
from mebench.datasets.annotation import Annotation, Row
from mebench.datasets.contract import CheckReport, Split, Terms
from mebench.datasets.corrections import CORRECTIONS, Applied, correct
from mebench.datasets.cutting import Cut, cut
from mebench.datasets.frame_files import sizes, state
from mebench.datasets.installed import Installation, installations
from mebench.datasets.layout import Layout, Resolved, resolve
from mebench.datasets.tree import Tree
from mebench.errors import ConfigError, InputError
from mebench.home import home
from mebench.images import image_size, read_image

ONSET_PREFIX = "onset:"

AGREEMENT = (
    "A licence agreement signed by a permanent staff member; for non-commercial research. Frames, crops and anything from "
    "which frames can be recovered may not be passed on, and neither may clips generated from them. Numbers may be "
    "published: scores, counts, plots. Which people may appear in print is stated in your copy of the agreement; name them "
    "with: mebench data add NAME PATH --publishable SUBJECT"
)


@dataclass(frozen=True)
class Contents:
    """What was found. rows: corrected and in the order of the annotation. cuts: by key. lost: by key, why a clip cannot
    be used. unlisted: folders beside those of the clips that no row names. applied, notes: what became of corrections.
    problems: by key, what the owners' lists say of a clip. passed_over: files and folders that are not used, and why."""

    annotation: Annotation
    rows: tuple[Row, ...]
    resolved: Resolved
    cuts: dict[str, Cut]
    lost: dict[str, str]
    unlisted: tuple[str, ...]
    applied: tuple[Applied, ...]
    notes: tuple[str, ...]
    problems: dict[str, str]
    passed_over: dict[str, str]


class Recorded(ABC):
    """A database in a folder of this machine (a :class:`~mebench.datasets.contract.Dataset` with one domain and the one
    split ``benchmark``).

    Clips are called ``subject/clip`` and run from onset to offset. ``coded``: whether action units are annotated.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    fps: ClassVar[float]
    domains: ClassVar[tuple[str, ...]]
    terms: Terms
    coded: ClassVar[bool] = True
    notation: ClassVar[Notation] = PLAIN
    layouts: ClassVar[Sequence[Layout]]
    gaps_expected: ClassVar[bool] = False
    """Whether missing frames are a known trait of the release."""
    clips_expected: ClassVar[int | None] = None
    """Annotated clips of the release that is in common use."""
    releases: ClassVar[Mapping[int, str]] = {}
    """Other releases that are known, by their number of annotated clips."""
    published: ClassVar[bool] = True
    """Whether a release decides what the pictures are; where none does, the fingerprint holds the sizes of their files."""

    def __init__(self, installation: Installation | None = None) -> None:
        """installation: where it lies; what ``mebench data add`` remembered when left out."""
        self.installation = installation or installations().get(self.name)
        if self.installation is not None:
            self.terms = replace(self.terms, publishable_subjects=frozenset(self.installation.publishable))

    @abstractmethod
    def annotate(self, tree: Tree) -> Annotation:
        """Read the annotation below ``tree.root``. :class:`InputError` when there is none that can be used."""

    def mend(self, rows: Sequence[Row], source: str) -> tuple[list[Row], list[str]]:
        """Mend what is not a correction of a single cell. source: name of the annotation file."""
        return list(rows), []

    def settle(self, rows: Sequence[Row]) -> list[Row]:
        """What holds of the rows once they are corrected, or were left as they are."""
        return list(rows)

    def problems(self, tree: Tree, rows: Sequence[Row]) -> dict[str, str]:
        """By key, what the owners' own lists of problems say of a clip; such lists are read where the user has them."""
        return {}

    @property
    def available(self) -> bool:
        """Whether the database was added on this machine."""
        return self.installation is not None

    @property
    def root(self) -> Path:
        """Its folder. :class:`ConfigError` with the command to add it when it was not added."""
        if self.installation is None:
            raise ConfigError(
                f"the dataset '{self.name}' was not added; add it with: mebench data add {self.name} PATH"
            )
        return self.installation.root

    def _refuse_gone(self) -> None:
        if not self.root.is_dir():
            raise InputError(
                f"the folder {self.root} of the dataset '{self.name}' is gone; connect its disk, or add it again."
            )

    @cached_property
    def contents(self) -> Contents:
        """Everything that is there."""
        self._refuse_gone()
        try:
            return self._read()
        except InputError:
            self._refuse_gone()  # a disk that went away in the meantime looks like files that were never there
            raise

    def _read(self) -> Contents:
        root = self.root
        digest = hashlib.sha256(str(root).encode()).hexdigest()[:16]
        assert self.installation is not None
        tree = Tree(root, home() / "cache" / "listings" / f"{self.name}-{digest}.json", links=self.installation.links)
        annotation = self.annotate(tree)
        rows: list[Row] = list(annotation.rows)
        applied: list[Applied] = []
        notes: list[str] = []
        if self.installation.corrections:
            rows, applied = correct(rows, CORRECTIONS.get(self.name, ()), self.notation)
            rows, notes = self.mend(rows, annotation.source)
        rows = self.settle(rows)
        problems = self.problems(tree, rows)
        excluded = set(self.installation.exclude)
        if unknown := sorted(excluded - {row.key for row in rows}):
            notes.append(f"to be left out, but not annotated: {', '.join(unknown)}")
        if self.installation.exclude_problems:
            excluded |= set(problems)
        rows = [row for row in rows if row.key not in excluded]
        resolved = resolve(tree, self.layouts, rows)
        self._refuse_gone()  # a disk that went away in the meantime looks like a folder without clips
        tree.save()
        cuts, lost = {}, {}
        for row in rows:
            place = resolved.places.get(row.key)
            result = cut(row, *place) if place else "its frames are missing"
            if isinstance(result, Cut):
                cuts[row.key] = result
            else:
                lost[row.key] = result
        places = {key: folder for key, (folder, _) in resolved.places.items()}
        unlisted = _unlisted(tree, resolved.layout, places)
        return Contents(
            annotation,
            tuple(rows),
            resolved,
            cuts,
            lost,
            unlisted,
            tuple(applied),
            tuple(notes),
            problems,
            dict(sorted(tree.passed_over.items())),
        )

    def clips(self, split: Split = "benchmark") -> Sequence[Clip]:
        """The clips whose frames are there, in the order of the annotation; none outside the split ``benchmark``."""
        if split != "benchmark":
            return []
        return list(self._clips.values())

    def portraits(self, split: Split = "benchmark") -> Sequence[Portrait]:
        """The onset frame of the first clip of each subject."""
        first: dict[str, str] = {}
        for clip in self.clips(split):
            first.setdefault(clip.subject, clip.key)
        return [self.portrait(f"{ONSET_PREFIX}{key}") for key in first.values()]

    def clip(self, key: str) -> Clip:
        """The clip ``subject/clip``, or by its alias; :class:`InputError` when it is not there."""
        if key in self._clips:
            return self._clips[key]
        for row in self.contents.rows:
            if row.alias == key and row.key in self._clips:
                return self._clips[row.key]
        reason = self.contents.lost.get(key, "there is none of this name")
        raise InputError(f"the dataset '{self.name}' has no usable clip '{key}': {reason}.")

    def portrait(self, key: str) -> Portrait:
        """The onset frame of a clip: ``onset:<clip key>``."""
        if not key.startswith(ONSET_PREFIX):
            raise InputError(f"the dataset '{self.name}' has no portrait '{key}'; portraits are called onset:<clip>.")
        clip = self.clip(key.removeprefix(ONSET_PREFIX))
        path = self.contents.cuts[clip.key].files[clip.onset]
        return Portrait(key, self.name, clip.domain, clip.subject, self.terms.licence, partial(read_image, path))

    def check(self, *, deep: bool = False, faces: bool = False) -> CheckReport:
        """What is there and what is missing; see :func:`mebench.datasets.check.examine`."""
        from mebench.datasets.check import examine

        return examine(self, deep=deep, faces=faces)

    def fingerprint(self) -> str:
        """Hash of the annotation as it is used and of the number of frames of each clip, 16 hexadecimal digits; of clips
        that nobody has published also of the sizes of their files."""
        contents = self.contents
        rows = [
            [row.key, row.onset, row.apex, row.offset, row.units.names(), row.units.digits(), row.emotion]
            for row in contents.rows
        ]
        counts = {key: [len(found.files), found.missing] for key, found in sorted(contents.cuts.items())}
        layout = contents.resolved.layout.name.partition(" in ")[0] if contents.resolved.layout else None
        known = [self.name, rows, counts, layout] if self.published else [self.name, rows, counts, layout, self._sizes]
        content = json.dumps(known, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def frames_state(self, key: str) -> str:
        """See :class:`~mebench.datasets.frame_files.FromFiles`."""
        return state(self.contents.cuts[key].files)

    @cached_property
    def _sizes(self) -> dict[str, list[int]]:
        return {key: sizes(found.files) for key, found in self.contents.cuts.items()}

    @cached_property
    def _clips(self) -> dict[str, Clip]:
        contents = self.contents
        found = {}
        for row in contents.rows:
            if row.key in contents.cuts:
                try:
                    found[row.key] = self._clip(row, contents.cuts[row.key])
                except InputError as error:
                    contents.lost[row.key] = str(error).rstrip(".")
        return found

    def _clip(self, row: Row, found: Cut) -> Clip:
        height, width = image_size(found.files[found.onset])
        return Clip(
            key=row.key,
            dataset=self.name,
            domain=self.domains[0],
            subject=row.subject,
            fps=row.fps or self.fps,
            onset=found.onset,
            apex=found.apex,
            offset=found.offset,
            action_units=row.units.names(),
            licence=self.terms.licence,
            frames=Frames(len(found.files), height, width, partial(read_frames, found.files)),
            counted_units=row.units.digits(),
            emotion=row.emotion,
            flags=(*row.flags, *found.flags),
        )


def _unlisted(tree: Tree, layout: Layout | None, places: dict[str, Path]) -> tuple[str, ...]:
    """Folders, relative to the root, that lie among those of clips and belong to none; only where a clip has a folder of
    its own."""
    if layout is None or not layout.folder.endswith("{name}"):
        return ()
    used = set(places.values())
    found = {
        parent / name
        for parent in {folder.parent for folder in used}
        for name in tree.folders(parent)
        if parent / name not in used and not any(each.is_relative_to(parent / name) for each in used)
    }
    return tuple(sorted(str(path.relative_to(tree.root)) for path in found))


def read_frames(files: Sequence[Path]) -> Pixels:
    """uint8 ``[T,H,W,3]`` of image files; a file that stands several times is decoded once. :class:`InputError` names
    the first that cannot be read or that differs in size."""
    decoded: dict[Path, Pixels] = {}
    for path in files:
        if path not in decoded:
            decoded[path] = read_image(path)
            if decoded[path].shape != decoded[files[0]].shape:
                raise InputError(
                    f"{path} differs in size from {files[0].name}; all frames of a clip must have one size."
                )
    return np.stack([decoded[path] for path in files])
