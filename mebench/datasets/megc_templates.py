"""The template faces of the facial micro-expression challenges: pictures that the organisers hand out, used as sources.

See et al., "MEGC2021: The Third Facial Micro-Expressions Grand Challenge", 2021 (generation track).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mebench.clip import Clip, Portrait
from mebench.datasets.contract import CheckReport, Split, Terms
from mebench.datasets.installed import Installation, installations
from mebench.errors import ConfigError, InputError
from mebench.images import SUFFIXES, read_image

NAMES = ("normalized_westernMale", "normalized_asianFemale")
"""Templates of 2021, by file name without suffix."""


class MegcTemplates:
    """The two template faces of the 2021 challenge: a folder with ``normalized_westernMale`` and ``normalized_asianFemale``
    as jpg, png or bmp. It has portraits and no clips."""

    name = "megc-templates"
    title = "MEGC 2021 templates"
    coded = False
    domains = ("megc-templates",)
    terms = Terms(
        "terms of the challenge",
        text="Given to participants of the challenge; ask its organisers before a template is shown.",
        access="megc2021.github.io",
    )

    def __init__(self, installation: Installation | None = None) -> None:
        self.installation = installation or installations().get(self.name)

    @property
    def available(self) -> bool:
        """Whether the pictures were added on this machine."""
        return self.installation is not None

    def clips(self, split: Split = "benchmark") -> Sequence[Clip]:
        """None."""
        return []

    def portraits(self, split: Split = "benchmark") -> Sequence[Portrait]:
        """The templates."""
        return [self.portrait(name) for name in NAMES] if split == "benchmark" else []

    def clip(self, key: str) -> Clip:
        """There is none: :class:`InputError`."""
        raise InputError(f"the dataset '{self.name}' has pictures and no clip '{key}'.")

    def portrait(self, key: str) -> Portrait:
        """The template of this name."""
        path = self._file(key)
        return Portrait(key, self.name, self.domains[0], key, self.terms.licence, partial(read_image, path))

    def check(self, *, deep: bool = False) -> CheckReport:
        """Which of the templates are there."""
        if not self.available:
            return CheckReport(False, (f"not added on this machine; add it with: mebench data add {self.name} PATH",))
        lines, complete = [], True
        for name in NAMES:
            try:
                height, width = read_image(self._file(name)).shape[:2]
                lines.append(f"{name}: {width} x {height}")
            except InputError as error:
                lines.append(str(error))
                complete = False
        return CheckReport(complete, tuple(lines), 0 if complete else 2)

    def fingerprint(self) -> str:
        """Hash of the files, 16 hexadecimal digits."""
        digest = hashlib.sha256()
        for name in NAMES:
            digest.update(self._file(name).read_bytes())
        return digest.hexdigest()[:16]

    def _file(self, key: str) -> Path:
        if self.installation is None:
            raise ConfigError(
                f"the dataset '{self.name}' was not added; add it with: mebench data add {self.name} PATH"
            )
        for path in sorted(self.installation.root.iterdir()):
            if path.stem == key and path.suffix.lower() in SUFFIXES:
                return path
        raise InputError(f"the template '{key}' is not in {self.installation.root}; put {key}.jpg there.")
