"""What a submission is, key by key::

    submissions/<method>/<version>/
      card.yaml            Card: who, paper, licence, backbones, training data, parameters, hardware
      manifest.json        Manifest: version of this schema, what it supersedes, every file with size and SHA-256
      trust.json           Trust, written by the maintainers alone: which results were generated again
      results/<result>/    one folder a run: <backbone>--<protocol>--<first 8 digits of the run's hash>
        run.json           Provenance: method, protocol, data, metrics, code, hardware
        clips.csv          one row a task: status, hash of the output, one column a metric
        bounds.csv         what floor and ceiling score on the same tasks
        summary.json       means with intervals: recomputed from the tables above by `mebench verify`
        costs.json         Costs: seconds a frame, memory, parameters, operations, hardware; since version 3
        features.npz       vectors of set metrics, where the protocol has any
        previews/          a few clips for the site's player: clips.json (Previews) and its pictures, where the licences
                           allow them
        motion.json        Motions, where they do not: numbers that the site draws as arrows; since version 3

Nothing in a submission is executed, and a folder that is there is never changed: a correction is a new version that
``supersedes`` the old one. All models refuse unknown keys.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mebench.datasets.nobody import CELLS

SCHEMA_VERSION = 4
"""Of card, manifest, provenance and trust. Older files are brought up by :mod:`mebench.leaderboard.upgrade`. Version 2: a
manifest names the results of which only ``aggregates`` are given. Version 3: a result may have ``costs.json`` and
``motion.json``. Version 4: ``summary.json`` is a table, a line a cell (:mod:`mebench.leaderboard.cell_table`)."""

Tier = Literal["self-reported", "re-run", "sealed"]
"""How far a number can be trusted. ``self-reported``: computed by its authors; on the open set anybody can render the true
answer, so nothing proves that a method made it. ``re-run``: tasks chosen at random were generated again by the
maintainers and agreed. ``sealed``: scored by the organisers on tasks whose seed was published after the deadline."""

TIERS: tuple[Tier, ...] = ("self-reported", "re-run", "sealed")

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Short = Annotated[str, Field(min_length=1, max_length=200)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Version = Annotated[str, Field(pattern=r"^[0-9a-z][0-9a-z.-]{0,23}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Link = Annotated[str, Field(pattern=r"^https://[^\s\"'<>\\]{3,300}$")]


class Strict(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Card(Strict):
    """``card.yaml``."""

    schema_version: int = SCHEMA_VERSION
    name: Slug
    title: Short
    summary: Text
    authors: list[Short] = Field(min_length=1, max_length=100)
    licence: Short
    paper: Text | None = None
    code: Link | None = None
    role: Literal["floor", "ceiling", "baseline", "method"] = "method"
    track: Literal["frozen", "adapted"] = "frozen"
    """``adapted``: something of it is fitted to the very clips that it is measured on. Not ranked with those that are frozen."""
    backbones: list[Short] = Field(default=[], max_length=20)
    """Names of the face animators that it was run with; empty for a method without one."""
    training_data: list[Short] = Field(default=[], max_length=50)
    seen_datasets: list[Short] = Field(max_length=50)
    """Micro-expression datasets of which any part was used in training or tuning. Must be given: an empty list says none."""
    open_weights: bool
    parameters: int | None = Field(default=None, ge=0)
    """Of all its networks together; null when they were not counted."""
    hardware: Text | None = None
    """What it was run on."""


class FileEntry(Strict):
    """One file of a submission."""

    bytes: int = Field(ge=0)
    sha256: Sha256


class Manifest(Strict):
    """``manifest.json``. results: with a row for each clip. aggregates: those with means alone. files: every other file but
    ``trust.json``, by path with ``/``."""

    schema_version: int
    method: Slug
    version: Version
    created: datetime.date
    supersedes: Version | None
    results: list[str] = Field(max_length=200)
    aggregates: list[str] = Field(max_length=200)
    files: dict[str, FileEntry]

    @model_validator(mode="after")
    def _something(self) -> Manifest:
        if not self.results and not self.aggregates:
            raise ValueError("there is no result")
        return self


class Provenance(BaseModel):
    """``run.json`` of a result: the keys of :class:`mebench.runs.schema.RunRecord` that others need. confidence: of the
    intervals. No path of the machine is kept, and of its sessions only where and with what they ran."""

    model_config = ConfigDict(extra="forbid")

    schema_version: int
    hash: Sha256
    command: Text
    method: dict[str, Any]
    protocol: ProtocolId
    datasets: dict[str, dict[str, Any]]
    metrics: dict[str, MetricId]
    seed: int
    planned: int = Field(ge=1)
    checks: list[dict[str, Any]]
    code: dict[str, Any]
    hardware: dict[str, Any]
    packages: dict[str, str]
    seconds: float | None


class ProtocolId(Strict):
    """Which protocol; scores under different hashes are never compared."""

    name: Slug
    version: int
    hash: Sha256
    tasks_hash: Sha256


class MetricId(Strict):
    """Which version of a metric gave the numbers."""

    version: int
    per: Literal["clip", "set"]


class RerunTask(Strict):
    """One task that was generated again. agreed: by ``hash`` (the same pixels) or by ``scores`` (every metric within the
    tolerance of :mod:`mebench.leaderboard.rerun`). largest: metric with the largest difference, and that difference."""

    task: str
    agreed: Literal["hash", "scores", "no"]
    largest: tuple[str, float] | None = None


class Rerun(Strict):
    """What was generated again of one result."""

    date: datetime.date
    by: Short
    code: dict[str, Any]
    tasks: list[RerunTask] = Field(min_length=1)


class Trust(Strict):
    """``trust.json``. manifest_sha256: of the manifest that it speaks of; for another one it is void."""

    schema_version: int
    manifest_sha256: Sha256
    reruns: dict[str, Rerun]


Picture = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}\.jpg$")]


class PreviewPanel(Strict):
    """One square of the player. start: its first tile in the film, null where nothing may be shown. still: one tile only.
    motion: its first tile among the motion fields, null without one. note: why there is no picture, or arrows for it."""

    name: Short
    role: Literal["source", "driving", "output", "reference"]
    start: int | None = Field(ge=0, le=10_000)
    still: bool
    motion: int | None = Field(default=None, ge=0, le=10_000)
    note: Text | None = None


class PreviewMotion(Strict):
    """Motion fields of a clip, as :class:`mebench.leaderboard.film.Fields` has them. grid: cells along a side."""

    file: Picture
    grid: int = Field(ge=1, le=256)
    columns: int = Field(ge=1, le=200)
    reach: float = Field(gt=0, le=1000)


class PreviewCurves(Strict):
    """Intensity over time; see :class:`mebench.runs.schema.CurvesRecord`."""

    unit: Short
    peak_px: float
    reference: list[float | None] = Field(max_length=2000)
    output: list[float | None] = Field(max_length=2000)


class Preview(Strict):
    """One clip. side: pixels of a tile; columns: tiles in a row of the film. size: the side at which it was scored. fps,
    frames, onset, apex, offset: as in the task."""

    task: Short
    file: Picture
    side: int = Field(ge=16, le=512)
    columns: int = Field(ge=1, le=100)
    size: int = Field(ge=16, le=4096)
    fps: float = Field(gt=0, le=10_000)
    frames: int = Field(ge=1, le=2000)
    onset: int = Field(ge=0)
    apex: int = Field(ge=0)
    offset: int = Field(ge=0)
    panels: list[PreviewPanel] = Field(min_length=1, max_length=8)
    motion: PreviewMotion | None = None
    curves: PreviewCurves | None = None


class Previews(Strict):
    """``previews/clips.json``."""

    schema_version: int
    clips: list[Preview] = Field(max_length=6)


MOST_MOMENTS = 600
"""Frames of a clip whose motion may be drawn: three seconds at the highest rate of the databases, 200 a second."""

_Step = Annotated[int, Field(ge=-51_200, le=51_200, strict=True)]
_Share = Annotated[int, Field(ge=-200, le=200, strict=True)]
_Level = Annotated[int, Field(ge=-10_000, le=10_000, strict=True)]


class MotionPanel(Strict):
    """One panel that is drawn; see :func:`mebench.leaderboard.arrows.arrows`."""

    role: Literal["driving", "output"]
    arrows: list[tuple[_Step, _Step]] = Field(min_length=len(CELLS), max_length=len(CELLS))
    course: list[_Share] = Field(min_length=1, max_length=MOST_MOMENTS)


class MotionCurves(Strict):
    """As :class:`PreviewCurves`, in hundredths and without words."""

    peak_px: float = Field(ge=0, le=4096)
    reference: list[_Level | None] = Field(min_length=1, max_length=MOST_MOMENTS)
    output: list[_Level | None] = Field(min_length=1, max_length=MOST_MOMENTS)


class MotionClip(Strict):
    """One clip of licensed faces: no picture, no words."""

    task: Short
    size: int = Field(ge=16, le=4096)
    fps: float = Field(gt=0, le=10_000)
    frames: int = Field(ge=1, le=MOST_MOMENTS)
    onset: int = Field(ge=0)
    apex: int = Field(ge=0)
    offset: int = Field(ge=0)
    panels: list[MotionPanel] = Field(min_length=1, max_length=2)
    curves: MotionCurves | None = None


class Motions(Strict):
    """``motion.json``."""

    schema_version: int
    clips: list[MotionClip] = Field(min_length=1, max_length=2)


class Machine(Strict):
    """Where a run took place."""

    processor: Short | None = None
    machine: Short | None = None
    cores: int | None = Field(default=None, ge=1)
    memory_gb: float | None = Field(default=None, ge=0)


_Cost = Annotated[float, Field(ge=0, le=1e12)]


class Costs(Strict):
    """``costs.json``: what the run took; see :class:`mebench.runs.schema.CostSummary`. Measured on the day, and no score."""

    schema_version: int
    clips: int = Field(ge=0)
    seconds_a_frame: _Cost | None
    cpu_seconds_a_frame: _Cost | None
    counts_reuse: bool = False
    scoring_seconds_a_clip: _Cost | None
    peak_memory_mb: _Cost | None
    parameters: int | None = Field(ge=0)
    gflops_a_frame: _Cost | None
    hardware: list[Machine] = Field(max_length=50)


Provenance.model_rebuild()
