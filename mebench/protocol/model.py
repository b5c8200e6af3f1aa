"""The file ``protocols/<name>.yaml``."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, model_validator

from mebench import registry, strict_yaml
from mebench.datasets.contract import Dataset, Split
from mebench.datasets.preparation import Preparation
from mebench.errors import ConfigError
from mebench.home import packaged
from mebench.names import meant
from mebench.protocol import selection
from mebench.protocol.folds import Fold, make_folds
from mebench.protocol.task import Task

_PROSE = {"title", "summary"}
"""Keys that only describe. They stay out of the hashes, so that mending a sentence invalidates no result."""

_JUDGING = {"metrics", "statistics"}
"""Keys that decide no clip: changing them scores stored clips again and generates none."""


SEALED_SPLIT = r"r[0-9a-f]{32}"
"""A split that only its name opens: see ``mebench.datasets.synme.identity.ROUND_SPLIT``."""

ROUND = "round-"
"""How the protocols of sealed rounds are called: ``round-<name>``, kept in ``rounds/<name>/protocol.yaml`` once it is over."""


def _registered(kind: str) -> AfterValidator:
    def check(name: str) -> str:
        known = registry.names(kind)
        if name not in known:
            raise ValueError(
                f"there is no {kind.removesuffix('s')} called '{name}'; known: {', '.join(known) or 'none'}"
            )
        return name

    return AfterValidator(check)


def _split(given: object) -> str:
    splits = get_args(Split)
    if isinstance(given, str) and (given in splits or re.fullmatch(SEALED_SPLIT, given)):
        return given
    raise ValueError("must be 'train', 'validation' or 'benchmark'")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SelfSelection(_Strict):
    """Self-reenactment: the source is the onset frame of the driving clip."""

    clips: int | None = Field(default=None, ge=1)
    """How many clips, spread over domains first and subjects next."""
    per_domain: int | None = Field(default=None, ge=1)
    """Instead: how many clips of each domain, subjects first; all of a domain that has fewer."""
    gain: float | None = Field(default=None, gt=1.0, le=16.0)
    """The true answer shows the clip with its action units multiplied: magnifiers are measured. As it is when left out."""

    @model_validator(mode="after")
    def _one_number(self) -> SelfSelection:
        if (self.clips is None) == (self.per_domain is None):
            raise ValueError("give either 'clips' or 'per_domain'")
        return self


class CrossSelection(_Strict):
    """Cross-identity: every driving clip gets one source of another subject."""

    pairs: int = Field(ge=1)
    same_domain: int = Field(default=0, ge=0)
    """How many pairs, the last ones, take their source from the driver's own domain; the others from another one."""

    @model_validator(mode="after")
    def _share(self) -> CrossSelection:
        if self.same_domain > self.pairs:
            raise ValueError(f"same_domain is {self.same_domain}, more than all {self.pairs} pairs")
        return self


class CrossedSelection(_Strict):
    """Cross-identity, fully crossed: every driving clip with every source; no subject is on both sides."""

    drivers: int = Field(ge=2)
    """Driving subjects, one clip each."""
    sources: int = Field(ge=2)
    """Source subjects."""


class HeldOutSelection(_Strict):
    """Leave one out: the clips of each dataset or domain drive sources of all the others. Where judges are trained, they
    have not seen the one that drives."""

    by: Literal["dataset", "domain"]
    clips: int = Field(ge=1)
    """Driving clips of each, subjects first; all of one that has fewer."""
    sources: int = Field(default=1, ge=1)
    """Sources of every clip."""


class Named(_Strict):
    """One clip or portrait of a dataset."""

    dataset: Annotated[str, _registered("datasets")]
    key: str
    """As the dataset calls it; of a clip, the part after the subject will do where it is unique."""


class ListedSelection(_Strict):
    """Named clips, each with every named source."""

    drivers: list[Named] = Field(min_length=1)
    sources: list[Named] = Field(min_length=1)


class Selection(_Strict):
    """Which tasks are made. Clips without an action unit are controls and are not chosen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    seed: int = Field(ge=0)
    """Orders clips and sources (by hash, so that the order depends on no library)."""
    same: SelfSelection | None = Field(default=None, alias="self")
    cross: CrossSelection | None = None
    crossed: CrossedSelection | None = None
    held_out: HeldOutSelection | None = None
    listed: ListedSelection | None = None

    @model_validator(mode="after")
    def _something(self) -> Selection:
        if not any((self.same, self.cross, self.crossed, self.held_out, self.listed)):
            raise ValueError("nothing is selected; give 'self', 'cross', 'crossed', 'held_out' or 'listed'")
        return self


class Folds(_Strict):
    """Which clips judges are trained on and tested on. See :func:`mebench.protocol.folds.make_folds`."""

    by: Literal["dataset", "domain"]
    """What is held out, one at a time."""
    train: list[Split] = Field(default=["benchmark"], min_length=1)
    """Splits of the others that are trained on. Recorded databases have one split, ``benchmark``."""
    validation: list[Split] = []
    test: list[Split] = Field(default=["benchmark"], min_length=1)
    """Splits of the held-out one that are tested on."""
    units: list[int] = Field(min_length=1)
    """Action units, in the order of the label columns."""
    counting: Literal["digits", "strict"] = "strict"
    """``digits``: every number in the annotation counts, as in the published composite; ``strict``: reflexes do not."""


class Statistics(_Strict):
    """How means get their intervals."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    same: Literal["clustered"] = Field(default="clustered", alias="self")
    """Self-reenactment: clustered by subject."""
    cross: Literal["two-way", "clustered"] = "two-way"
    """Cross-identity: clustered by driving and by source subject, or by driving subject alone."""


class Protocol(_Strict):
    """What is run. Pure data: no code, no inheritance, no merging."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    version: int = Field(ge=1)
    title: str
    summary: str
    datasets: list[Annotated[str, _registered("datasets")]] = Field(min_length=1)
    split: Annotated[Split, PlainValidator(_split)]
    """``train``, ``validation`` or ``benchmark``; in the protocol of a sealed round the name of its people, which is secret
    until the round is over."""
    domains: list[str] | None = Field(default=None, min_length=1)
    """Domains that take part; all when left out."""
    absent: Literal["leave-out"] | None = None
    """``leave-out``: run on those of the datasets that are there. Otherwise all are needed."""
    preparation: Preparation | None = None
    """How recorded frames become faces: needed where a dataset does not come as square faces."""
    selection: Selection | None = None
    """Which tasks are made; none when only judges are trained and tested."""
    folds: Folds | None = None
    """Which clips judges are trained on and tested on; none when left out."""
    max_fps: float | None = Field(default=None, gt=0)
    """Every k-th frame is delivered, k the least number with fps / k <= max_fps; native rate when left out."""
    common_fps: float | None = Field(default=None, gt=0)
    """Instead: the recorded frame nearest to each tick of this rate; slower recordings are refused."""
    size: int = Field(ge=32, le=1024)
    """Side in pixels at which outputs are stored and scored."""
    metrics: list[Annotated[str, _registered("metrics")]] = []
    statistics: Statistics = Statistics()

    @model_validator(mode="after")
    def _unique(self) -> Protocol:
        for key in ("datasets", "domains", "metrics"):
            values = getattr(self, key) or []
            if twice := sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"'{twice[0]}' stands twice in '{key}'")
        return self

    @model_validator(mode="after")
    def _whole(self) -> Protocol:
        if self.selection is None and self.folds is None:
            raise ValueError("nothing is run; give 'selection' or 'folds'")
        if self.selection is not None and not self.metrics:
            raise ValueError("tasks without a metric are not judged; give 'metrics'")
        if self.max_fps is not None and self.common_fps is not None:
            raise ValueError("give either 'max_fps' or 'common_fps'")
        return self

    @property
    def hash(self) -> str:
        """SHA-256 of everything that decides a score: scores with different hashes must not be compared."""
        return _digest(self.content(_PROSE))

    @property
    def tasks_hash(self) -> str:
        """SHA-256 of everything that decides a clip: name, metrics, statistics and prose are left out."""
        return _digest(self.content(_PROSE | _JUDGING | {"name", "version"}))

    def content(self, without: set[str] | None = None) -> dict[str, Any]:
        """The protocol as JSON values. Optional keys that are not given are left out, so that a key added to this
        schema later changes no hash."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=without)

    def tasks(self, datasets: Mapping[str, Dataset]) -> list[Task]:
        """The tasks, in a fixed order whose every beginning mixes kinds and domains.

        datasets: the protocol's datasets by name. Raises :class:`ConfigError` when they hold too few subjects or clips.
        """
        return selection.select(self, datasets)

    def make_folds(self, datasets: Mapping[str, Dataset]) -> list[Fold]:
        """Which clips judges are trained on and tested on; see :func:`mebench.protocol.folds.make_folds`."""
        return make_folds(self, datasets)


def load_protocol(name: str | Path) -> Protocol:
    """The protocol called ``name`` in ``protocols/`` or of a round that is over, or the YAML file at a path.

    Raises :class:`ConfigError` when there is none, naming those that exist, or, with line number, when it is wrong.
    """
    path = Path(name)
    if not path.is_file():
        path = packaged("protocols") / f"{name}.yaml"
    if not path.is_file() and str(name).startswith(ROUND):
        path = packaged("rounds") / str(name).removeprefix(ROUND) / "protocol.yaml"
    if not path.is_file():
        known = ", ".join(protocol_names())
        near = meant(str(name), protocol_names())
        raise ConfigError(
            f"there is no protocol called '{name}'{near}; known: {known}; or give the path of a YAML file."
        )
    return strict_yaml.load(path, Protocol)


def protocol_names() -> tuple[str, ...]:
    """Names of the protocols that ship, sorted, and then those of the sealed rounds that are over."""
    over = sorted(f"{ROUND}{path.parent.name}" for path in packaged("rounds").glob("*/protocol.yaml"))
    return (*sorted(path.stem for path in packaged("protocols").glob("*.yaml")), *over)


def _digest(content: dict[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()
