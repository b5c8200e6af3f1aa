"""The file ``protocols/detection/<name>.yaml``: which clips a detector learns from and on which it is tested."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mebench import strict_yaml
from mebench.datasets.contract import Split
from mebench.errors import ConfigError
from mebench.home import packaged

FOLDER = "detection"
"""Below ``protocols/``: protocols of generation lie beside it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ClipChoice(_Strict):
    """Which clips of a split take part."""

    split: Split
    per_person: int | None = Field(default=None, ge=1)
    """Clips of each person; all that the dataset lists when left out."""
    chosen: Literal["listed", "balanced"] = "listed"
    """``listed``: the first ones. ``balanced``: those out of the first ``pool`` that show the rarest action units."""
    pool: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _pool(self) -> ClipChoice:
        if (self.chosen == "balanced") != (self.pool is not None):
            raise ValueError("'pool' belongs to 'chosen: balanced', and only to it")
        if self.pool is not None and (self.per_person is None or self.pool < self.per_person):
            raise ValueError("'pool' must be at least 'per_person'")
        return self


class DetectionProtocol(_Strict):
    """Leave one fold out over twelve action units. Pure data."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    version: int = Field(ge=1)
    title: str
    summary: str
    datasets: list[str] = Field(min_length=1)
    folds: Literal["domain", "dataset"]
    """What is left out in turn."""
    train: ClipChoice
    validation: ClipChoice | None = None
    """Clips of the training folds' other people, on which thresholds and designs are chosen; none when left out."""
    test: ClipChoice
    seeds: list[int] = Field(min_length=1)


def load_detection_protocol(name: str | Path) -> DetectionProtocol:
    """The detection protocol called ``name``, or the YAML file at a path; :class:`ConfigError` when there is none or,
    with line number, when it is wrong."""
    path = Path(name)
    if not path.is_file():
        path = packaged("protocols") / FOLDER / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(found.stem for found in path.parent.glob("*.yaml")))
        raise ConfigError(f"there is no detection protocol called '{name}'; known: {known}; or give a YAML file.")
    return strict_yaml.load(path, DetectionProtocol)
