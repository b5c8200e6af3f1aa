"""What a run leaves behind, key by key. Everything that reads a run folder reads these records::

    runs/<method>--<backbone>--<protocol>--<hash>/
      run.json             RunRecord: who, what, with which code, weights and data; hardware and times in `sessions`
      clips/<task>.mkv     the output, lossless (FFV1, RGB), at the scoring size
      tasks/<task>.json    TaskRecord: one task, its clip, its scores, its intensity curves
      features/<task>.npz  vectors of the output and of the real clip, one pair for each network of a set metric
      costs/<task>.json    CostRecord: times and memory of one task
      scores.csv           one row a task, one column a metric (see :data:`SCORE_COLUMNS`)
      costs.csv            one row a task (keys of CostRecord)
      costs.json           CostSummary: seconds a frame, memory, parameters, operations, hardware
      bounds.json          BoundsRecord: what the floor and the ceiling score on the very same tasks
      summary.json         SummaryRecord: means with intervals, floors and ceilings
      index.html           the page

``tasks/``, ``clips/``, ``bounds.json``, ``scores.csv`` and ``summary.json`` depend on the inputs alone: a command
gives the same bytes whatever the number of processes and however often it was interrupted. ``run.json``, ``costs/``,
``costs.csv`` and ``costs.json`` hold what is measured on the day. Numbers are numbers; a missing number is ``null`` with a
reason.
"""

# Longer than usual: every key of every file of a run is explained in this one place.
from __future__ import annotations

from typing import Any, Literal, TypedDict

from typing_extensions import NotRequired

from mebench.runs.leaks import LeakCheck

SCHEMA_VERSION = 1
"""Stands in every record; raised when a key changes its meaning or goes away."""

FLOOR_SHOWS, MAGNIFIER_FLOOR_SHOWS = "still source", "clip as it is"
"""What the floor of a run shows, in words; the latter where magnifiers are measured."""

SCORE_COLUMNS = (
    "task",
    "kind",
    "dataset",
    "driving",
    "source",
    "driving_subject",
    "source_subject",
    "driving_domain",
    "source_domain",
    "status",
    "error",
)
"""First columns of ``scores.csv``. One column a metric follows, in the protocol's order, empty where the number is
missing, and last ``reasons``: a JSON object from metric to the reason of its missing number, empty when none is."""


class TaskInfo(TypedDict):
    """One task of a protocol: a source identity to be moved by a driving clip."""

    key: str
    """Name of the task, safe as a file name, unique in the protocol."""
    kind: Literal["self", "cross"]
    """``self``: source and driver are one recording. ``cross``: they are different subjects."""
    dataset: str
    """Of the driving clip."""
    source: str
    """Key of the source portrait in the dataset (``onset:<clip>`` in self-reenactment)."""
    driving: str
    """Key of the driving clip in the dataset."""
    source_subject: str
    driving_subject: str
    source_domain: str
    driving_domain: str
    fold: str
    """What is held out when judges are trained for this task: the driving domain."""
    fps: float
    """Delivered frames per second."""
    frames: list[int]
    """Indices of the recorded frames that are delivered."""
    onset: int
    """Index in the delivered frames; so are ``apex`` and ``offset``."""
    apex: int
    offset: int
    action_units: list[str]
    """FACS names of the driving clip's annotation, such as ``L12``."""
    size: int
    """Side in pixels at which the output is stored and scored."""
    hash: str
    """SHA-256 of everything above but the key, with the fingerprint of the dataset."""
    source_dataset: NotRequired[str]
    """Of the source; left out when it is that of the driving clip."""
    gain: NotRequired[float]
    """What the driver's action units are multiplied by in the true answer; left out when they stay."""


class ClipInfo(TypedDict):
    """The stored output of a task."""

    file: str
    """Path below the run folder, with ``/``."""
    sha256: str
    """Hash of the file: finds a damaged clip without decoding it."""
    pixels_sha256: str
    """Hash of the pixels (uint8 ``[T,S,S,3]`` in C order), whatever the version of the encoder."""
    frames: int
    size: int
    native_height: int
    """Size of the frames as the method gave them, before they were brought to ``size``."""
    native_width: int


class ScoreRecord(TypedDict):
    """One metric on one clip."""

    version: int
    """Version of the metric that gave the number; another version is computed again on the next run."""
    value: float | None
    reason: str | None
    """Why ``value`` is missing; ``null`` when it is not."""


class CurvesRecord(TypedDict):
    """Intensity over time, for the page: motion from the onset frame, projected on the reference motion at the apex."""

    fps: float
    onset: int
    apex: int
    offset: int
    unit: str
    """Unit of both curves, in words."""
    peak_px: float
    """Largest displacement of the reference's expression in pixels at the scoring size: what 1 on the curves means."""
    reference: list[float]
    """One number a frame: the true answer on the open set, else the driving clip."""
    output: list[float]
    """One number a frame: the output."""


class CalibrationRecord(TypedDict):
    """What the flow estimator reads at known gains on the face and the expression of a task: the onset frame, moved by the
    field of the expression and measured (``mebench.metrics.motion.calibration``). It does not depend on the output."""

    estimator: str
    gains: list[float]
    readings: list[float]
    """One for each gain; a perfect estimator reads the gains."""
    peak_px: float
    """Largest displacement of the field at gain 1, in pixels at the scoring size."""


class TaskRecord(TypedDict):
    """``tasks/<key>.json``."""

    schema_version: int
    task: TaskInfo
    status: Literal["ok", "failed"]
    """``failed``: the method gave no usable clip. Such a task counts at every metric's worst value."""
    error: str | None
    """One sentence when failed."""
    clip: ClipInfo | None
    """``null`` when failed."""
    info: dict[str, Any]
    """What the method says of this clip (``Generated.info``), such as the factor of magnification."""
    scores: dict[str, ScoreRecord]
    """By metric. Empty when failed, and until the clip is scored."""
    curves: CurvesRecord | None
    """``null`` when failed, when the clip is not scored yet, or when no motion can be measured."""
    calibration: NotRequired[CalibrationRecord | None]
    """``null`` where ``curves`` is; left out in runs that are older than it."""
    features: str | None
    """SHA-256 of ``features/<key>.npz``; ``null`` when there is none. A set metric has a score of no value and no reason
    where its vectors are stored."""
    checksum: NotRequired[str]
    """In the file alone: SHA-256 of all other keys as JSON with sorted keys. A row that does not fit it counts as damaged.
    Left out in runs that are older than it."""


class CostRecord(TypedDict):
    """``costs/<key>.json``: measured, never reproducible byte by byte; failed tasks have none. Stages run on one thread;
    ``cpu`` is the time of the processor, which other processes on the machine do not lengthen."""

    task: str
    frames: int
    prepare_seconds: float
    """Decoding or rendering the source, the driving clip and the true answer."""
    prepare_cpu_seconds: float
    generate_seconds: float
    """The method, from tensors to tensors; a magnified driver that was kept from before counts with what making it took."""
    generate_cpu_seconds: float
    reused_seconds: NotRequired[float]
    """The part of ``generate_seconds`` that was spared. Runs that are older than it leave such drivers out."""
    reused_cpu_seconds: NotRequired[float]
    score_seconds: float
    """All metrics that were computed last."""
    score_cpu_seconds: float
    peak_memory_mb: float | None
    """Largest resident memory of the worker process so far; ``null`` where the system does not tell."""
    parameters: NotRequired[int | None]
    """Numbers in the networks that take part; 0 without any, ``null`` when the clips were made elsewhere. Left out, like
    the next, in runs that are older than it."""
    gflops: NotRequired[float | None]
    """10^9 operations a frame, as ``mebench.runs.complexity`` counts them; ``null`` where they could not be counted."""


class CostSummary(TypedDict):
    """``costs.json``: what the run took, over all tasks; ``null`` where it is not known."""

    clips: int
    """Clips with a measured cost."""
    seconds_a_frame: float | None
    """The method alone, on the wall, mean over frames."""
    cpu_seconds_a_frame: float | None
    counts_reuse: NotRequired[bool]
    """Whether magnified drivers that were kept from before are in these times, for every clip. Without it they may be missing."""
    scoring_seconds_a_clip: float | None
    """Median."""
    peak_memory_mb: float | None
    """Largest of all processes."""
    parameters: int | None
    gflops_a_frame: float | None
    """Median over the clips that were counted."""
    hardware: list[dict[str, Any]]
    """Of all sessions, each machine once."""


class DatasetInfo(TypedDict):
    """A dataset as this run saw it."""

    fingerprint: str
    licence: str
    may_show_frames: bool
    """Whether its frames may be published."""
    may_show_generated: bool
    """Whether clips generated from it may be published."""
    publishable_subjects: NotRequired[list[str]]
    """People whom the owner allows to be shown; left out when there are none."""
    may_show_motion: NotRequired[bool]
    """False when not even coarse measured motion may be shown; left out when it may."""


class MetricInfo(TypedDict):
    """Facts of a metric: ``mebench.metrics.contract.MetricFacts`` as JSON."""

    name: str
    version: int
    family: str
    unit: str
    direction: Literal["higher", "lower", "target"]
    ceiling: float
    floor: float | None
    worst: float
    networks: list[str]
    summary: str
    source: str
    decimals: int
    per: Literal["clip", "set"]
    """``set``: one number for all tasks of a kind, from stored features; it has no column in ``scores.csv``."""
    ranked: bool
    """False for numbers that are shown and never ranked on."""
    traps: list[str]
    step: NotRequired[float]
    """Left out in runs that are older than it."""


class MethodInfo(TypedDict):
    """The method as it was run."""

    name: str
    backbone: str | None
    config: dict[str, Any]
    """The resolved ``method.yaml`` without its card, or how an external method was given."""
    card: dict[str, Any] | None
    """The card of ``method.yaml``: title, summary, authors, paper, licence, role."""
    facts: dict[str, Any]
    """What the loaded method says of itself: checkpoints with SHA-256, modes, factors."""
    oracle: bool
    """True for a bound that is shown the true answer."""


class ProtocolInfo(TypedDict):
    """The protocol as it was run."""

    name: str
    version: int
    hash: str
    """SHA-256 of the canonical content (prose left out): scores with different hashes must not be compared."""
    tasks_hash: str
    """SHA-256 of what decides the clips (the metrics and statistics left out)."""
    content: dict[str, Any]


class SessionRecord(TypedDict):
    """One start of the command on this folder."""

    started: str
    """UTC, ISO 8601."""
    finished: str | None
    """``null`` while it runs, and for ever when it was killed."""
    seconds: float | None
    jobs: int
    generated: int
    """Clips generated in this session."""
    scored: int
    """Clips scored, in full or in part, in this session."""
    notes: list[str]
    """What was unusual, such as a damaged clip that was generated again."""
    code: dict[str, Any]
    """``mebench`` version; ``commit`` and ``dirty`` when it runs from a git checkout, else ``null``."""
    hardware: dict[str, Any]
    """``machine``, ``processor``, ``cores``, ``memory_gb``, ``system``, ``python``."""
    packages: dict[str, str]
    """Versions of the packages that numbers may depend on."""
    networks: NotRequired[dict[str, dict[str, str | None]]]
    """By weights and file the SHA-256 of every network file that the metrics read in this session; ``null`` for one that was
    not on the machine (its metrics have no number then). Left out in runs that are older than it."""


class RunRecord(TypedDict):
    """``run.json``."""

    schema_version: int
    name: str
    """Name of the folder."""
    hash: str
    """SHA-256 of all that decides the clips: method, weights, tasks, data. Its start ends the folder's name."""
    command: str
    """The command that gives this run."""
    method: MethodInfo
    protocol: ProtocolInfo
    datasets: dict[str, DatasetInfo]
    metrics: dict[str, MetricInfo]
    """In the protocol's order."""
    seed: int
    """Every clip is generated with a seed made of this number and the task's hash."""
    tasks: TaskCount
    checks: NotRequired[list[LeakCheck]]
    """What was looked for that would make the numbers too good, and what was found."""
    sessions: list[SessionRecord]
    """In the order of time; the last one is the latest."""


class TaskCount(TypedDict):
    """How far a run is."""

    planned: int
    """Tasks of the protocol."""
    ok: int
    failed: int


class BoundRow(TypedDict):
    """One bound on one task."""

    status: Literal["ok", "failed"]
    scores: dict[str, ScoreRecord]


class BoundsRecord(TypedDict):
    """``bounds.json``: by task key, what the floor (``still``) and the ceiling (``truth``) score on it."""

    schema_version: int
    floor: dict[str, BoundRow] | None
    """``null`` when bounds were left out."""
    ceiling: dict[str, BoundRow] | None
    """``null`` when bounds were left out, or when the dataset has no true answer."""


class Estimate(TypedDict):
    """A mean with its interval."""

    mean: float | None
    """``null`` when no task has a number."""
    low: float | None
    """Lower end of the interval; ``null`` when there are too few clusters for one."""
    high: float | None
    reason: str | None
    """Why there is no interval; ``null`` when there is one."""


class Cell(TypedDict):
    """One metric in one group of tasks."""

    metric: str
    kind: Literal["self", "cross"]
    domain: str | None
    """Driving domain; ``null`` for all domains together."""
    tasks: int
    """Tasks of the group that are finished."""
    counted: int
    """Tasks whose number enters the mean: scored, and failed ones at the worst value."""
    failed: int
    missing: int
    """Tasks whose number is missing for a reason; they do not enter the mean."""
    driving_subjects: int
    source_subjects: int
    value: Estimate
    interval: Literal["clustered", "two-way", "bootstrap"]
    """How intervals are made: ``clustered`` by driving subject, ``two-way`` by driving and source subject, or
    ``bootstrap`` over subjects (set metrics)."""
    floor: Estimate | None
    """The still source on the same tasks; ``null`` when bounds were left out."""
    ceiling: Estimate | None
    """The true answer on the same tasks; ``null`` when bounds were left out or there is none."""


class SetRecord(TypedDict):
    """What stands beside the number of a set metric."""

    metric: str
    kind: Literal["self", "cross"]
    clips: int
    """On each side: outputs, and real clips."""
    subjects: int
    p_value: float | None
    """Of the hypothesis that outputs and real clips are exchangeable."""
    halves: float | None
    """Distance of two random halves of the real clips, no subject in both."""
    value_at_halves: float | None
    """Distance of half of the outputs from the real clips of the other half: to be held against ``halves``."""
    reason: str | None


class SummaryRecord(TypedDict):
    """``summary.json``: a pure function of ``tasks/``, ``bounds.json`` and the protocol."""

    schema_version: int
    run: str
    method: str
    backbone: str | None
    protocol: str
    protocol_hash: str
    confidence: float
    """Nominal coverage of the intervals, such as 0.95."""
    tasks: TaskCount
    complete: bool
    """True when every planned task is finished."""
    floor: NotRequired[str]
    """What the floor shows, in words, where it is not the still source."""
    failures: dict[str, str]
    """Error by task key."""
    metrics: dict[str, MetricInfo]
    cells: list[Cell]
    """All metrics of ``self``, then of ``cross``; in each first all domains together, then domain by domain (without the
    set metrics)."""
    sets: list[SetRecord]
