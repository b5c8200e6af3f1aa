"""``mebench train``: make the networks that ship, and measure them."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import typer

app = typer.Typer(no_args_is_help=True, help="Train the networks that ship, and measure them.")


class BackbonePreset(str, Enum):
    """What can be trained."""

    lite = "lite"


class EvaluatedSplit(str, Enum):
    """Identities to measure on; decisions are made on validation."""

    validation = "validation"
    benchmark = "benchmark"


class EvaluatedStrength(str, Enum):
    """Size of the expressions."""

    ordinary = "ordinary"
    micro = "micro"


BACKBONE_RECIPES = {
    "fomm": "mebench.training.fomm_lite",
    "fpb-fomm": "mebench.training.fpb_fomm_lite",
    "emoportraits": "mebench.training.emoportraits_lite",
    "metaportrait": "mebench.training.metaportrait_lite",
    "fsrt": "mebench.training.fsrt_lite",
}
"""The module of each backbone's small version; its ``TRAINING`` says what is trained and how."""


@app.command("backbone", short_help="Train a backbone on rendered faces.")
def backbone(
    name: str = typer.Argument(..., help="The backbone to train: " + ", ".join(BACKBONE_RECIPES) + "."),
    preset: BackbonePreset = typer.Option(BackbonePreset.lite, help="Which version of it."),
    out: Path | None = typer.Option(
        None, help="Folder of checkpoint, log, curve and weight file (runs/train/NAME-lite)."
    ),
    steps: int = typer.Option(0, min=0, help="Length of the run in steps (0: that of the preset)."),
    seed: int = typer.Option(0, min=0, help="Seed of the weights and of every draw."),
    processes: int = typer.Option(
        2, min=1, help="Processes that render the training frames; training takes one thread."
    ),
) -> None:
    """Train a backbone on rendered faces; the same command continues an interrupted run.

    Example: mebench train backbone fomm --preset lite
    """
    from dataclasses import replace
    from importlib import import_module

    from mebench.errors import ConfigError
    from mebench.training.lite_run import train_lite

    if name not in BACKBONE_RECIPES:
        known = ", ".join(BACKBONE_RECIPES)
        raise ConfigError(f"there is no training recipe for the backbone '{name}'; known: {known}.")
    training = import_module(BACKBONE_RECIPES[name]).TRAINING
    chosen = replace(training.preset, seed=seed)
    if steps:
        chosen = replace(chosen, steps=steps)
    folder = out or Path("runs/train") / training.name
    weights = train_lite(training, chosen, folder, processes=processes, say=typer.echo)
    typer.echo(f"wrote {weights}; its log and curve lie beside it.")
    typer.echo(f"Measure it: mebench train evaluate {name} --split validation --file {weights}")


@app.command("magnifier", short_help="Train a magnifier on rendered faces.")
def magnifier(
    name: str = typer.Argument(..., help="The magnifier to train: flowmag-lite (which ships), oh2018-lite or flowmag."),
    out: Path | None = typer.Option(None, help="Folder of checkpoint, log and weight file (runs/train/NAME)."),
    flow: Path | None = typer.Option(None, help="flowmag: a published PWCLite checkpoint, frozen, for the loss."),
    steps: int = typer.Option(0, min=0, help="Length of the run in steps (0: that of the recipe)."),
    seed: int = typer.Option(0, min=0, help="Seed of the weights and of every draw."),
) -> None:
    """Train a magnifier on rendered faces; the same command continues an interrupted run.

    Example: mebench train magnifier flowmag-lite
    """
    from mebench.errors import ConfigError

    folder = out or Path("runs/train") / name
    chosen = {"seed": seed} | ({"steps": steps} if steps else {})
    if name == "flowmag-lite":
        from mebench.training.flowmag_lite import LitePreset, train_lite

        weights = train_lite(LitePreset(**chosen), folder, say=typer.echo)
        typer.echo(f"wrote {weights}; its log and curve lie beside it.")
        typer.echo(f"Measure it: mebench train evaluate flowmag-lite --split validation --file {weights}")
    elif name == "oh2018-lite":
        from mebench.training.oh2018_lite import OhPreset, train_oh2018

        weights = train_oh2018(OhPreset(**chosen), folder, say=typer.echo)
        typer.echo(f"wrote {weights}; its log and curve lie beside it.")
    elif name == "flowmag":
        from mebench.magnification.flowmag_loss import pwclite_flow
        from mebench.motion.pwclite_checkpoint import read_pwclite
        from mebench.training.flowmag import FlowMagPreset, train_flowmag

        if flow is None:
            raise ConfigError("FlowMag trains through a flow network; give a PWCLite checkpoint with --flow PATH.")
        weights = train_flowmag(FlowMagPreset(**chosen), pwclite_flow(read_pwclite(flow)), folder, say=typer.echo)
        typer.echo(f"wrote {weights}, a checkpoint in the published layout; its log lies beside it.")
    else:
        raise ConfigError(
            f"there is no training recipe for the magnifier '{name}'; known: flowmag-lite, oh2018-lite, flowmag."
        )


@app.command("flow", short_help="Train a flow network on rendered faces.")
def flow_network(
    name: str = typer.Argument(..., help="The flow network to train: pwclite-lite."),
    out: Path | None = typer.Option(None, help="Folder of checkpoint, log, curve and weight file (runs/train/NAME)."),
    steps: int = typer.Option(0, min=0, help="Length of the run in steps (0: that of the recipe)."),
    width: float = typer.Option(
        0.0, min=0.0, max=1.0, help="Channels in those of the published network (1: its size; 0: that of the recipe)."
    ),
    seed: int = typer.Option(0, min=0, help="Seed of the weights and of every draw."),
    known: bool = typer.Option(False, "--known-motion", help="Learn from the exact motion, as what ships did."),
) -> None:
    """Train a flow network on rendered faces, without labels unless told; the same command continues an interrupted run.

    Example: mebench train flow pwclite-lite --known-motion
    """
    from dataclasses import replace

    from mebench.errors import ConfigError
    from mebench.training.pwclite_lite import SHIPPED, FlowPreset, train_pwclite

    if name != "pwclite-lite":
        raise ConfigError(f"there is no training recipe for the flow network '{name}'; known: pwclite-lite.")
    base = SHIPPED if known else FlowPreset()
    preset = replace(base, seed=seed, steps=steps or base.steps, width=width or base.width)
    weights = train_pwclite(preset, out or Path("runs/train") / name, say=typer.echo)
    typer.echo(f"wrote {weights}; its log and curve lie beside it.")


@app.command("target", short_help="Measure the size of an ordinary expression.")
def target(
    people: int = typer.Option(40, min=1, help="People of the training domain to measure."),
    clips: int = typer.Option(2, min=1, help="Ordinary-strength clips of each."),
) -> None:
    """Measure the size of an ordinary expression, the target of the automatic magnification factor.

    Example: mebench train target
    """
    import numpy as np

    from mebench.training.expression_target import sizes

    found = sizes(people, clips)
    low, middle, high = np.percentile(found, (10, 50, 90))
    typer.echo(f"{len(found)} clips: median {middle:.4f} inter-ocular distances (10 to 90 %: {low:.4f} to {high:.4f})")


@app.command("factor", short_help="Measure the automatic magnification factor.")
def factor(
    clips: int = typer.Option(2, min=1, max=4, help="Clips (of different people) of each domain and strength."),
) -> None:
    """Measure the automatic magnification factor: bias and spread against the exact size, with noise and compression.

    Example: mebench train factor
    """
    from mebench.training.factor_study import measured, table

    typer.echo(table(list(measured("validation", per_domain=clips))))


@app.command("demagnification", short_help="Measure the demagnifiers.")
def demagnification(
    out: Path = typer.Option(Path("runs/demagnification"), help="Folder of the tables and the plot."),
    split: EvaluatedSplit = typer.Option(EvaluatedSplit.validation, help="Identities."),
    people: int = typer.Option(2, min=1, help="People for each action unit."),
    unit: list[int] = typer.Option([], help="An action unit to measure; may be given more than once (all of them)."),
) -> None:
    """Measure the demagnifiers against rendered micro-expressions, by factor, action unit and size.

    Writes demagnification.md (tables), demagnification.csv (every case) and demagnification.png.

    Example: mebench train demagnification
    """
    from mebench.datasets.synme.expression import FACIAL_UNITS
    from mebench.errors import ConfigError
    from mebench.training.demagnification_report import report

    if unknown := [number for number in unit if number not in FACIAL_UNITS]:
        raise ConfigError(f"the open set has no action unit {unknown[0]}; it has {', '.join(map(str, FACIAL_UNITS))}.")
    chosen = tuple(unit) or FACIAL_UNITS
    for path in report(split.value, people, out, say=lambda text: typer.echo(text, err=True), units=chosen):
        typer.echo(f"wrote {path}")


def _evaluate_magnifier(file: Path | None, split: str, draws: int) -> None:
    from mebench.magnification.flowmag_lite_checkpoint import read_lite
    from mebench.training.flowmag_lite_evaluation import evaluate as measure
    from mebench.training.flowmag_lite_evaluation import markdown
    from mebench.training.flowmag_lite_trials import CONDITIONS, trials
    from mebench.weights.locate import find

    network = read_lite(file or find("flowmag-lite"))
    for title, condition in CONDITIONS.items():
        typer.echo(f"\n{title} ({split} identities)\n")
        typer.echo(markdown(measure(network, trials(split, condition, draws))))


@app.command("evaluate")
def evaluate(
    name: str = typer.Argument(..., help="What to measure: a backbone, or the magnifier flowmag-lite."),
    weights: str = typer.Option("lite", help="Weights of the backbone: lite, or a name of mebench weights list."),
    file: Path | None = typer.Option(None, help="Measure this weight file instead of the one that ships."),
    split: EvaluatedSplit = typer.Option(EvaluatedSplit.validation, help="Identities."),
    strength: EvaluatedStrength = typer.Option(EvaluatedStrength.ordinary, help="Backbone: size of the expressions."),
    clips: int = typer.Option(1, min=1, help="Clips (of a magnifier: expressions) of each identity."),
    frames: int = typer.Option(6, min=1, help="Backbone: frames of each clip."),
) -> None:
    """Measure a network on the open set.

    A backbone: self-reenactment; error of the output's motion over that of a still frame, and its gain. flowmag-lite:
    PSNR and displacement error against exactly rendered magnified frames, beside copying and measured flow.

    Example: mebench train evaluate fomm --split benchmark
    """
    if name == "flowmag-lite":
        _evaluate_magnifier(file, split.value, clips)
        return
    from mebench.training.reenactment import evaluate as measure
    from mebench.training.reenactment import summary

    loaded = _backbone(name, weights, file)
    scores = measure(
        loaded,
        split=split.value,
        strength=strength.value,
        clips=clips,
        frames=frames,
        say=lambda text: typer.echo(text, err=True),
    )
    for domain in sorted({score.domain for score in scores}):
        typer.echo(f"{domain}    {summary([score for score in scores if score.domain == domain])}")
    typer.echo(f"all  {summary(scores)}  {len(scores)} clips, {split.value}, {strength.value}")


def _backbone(name: str, weights: str, file: Path | None) -> Any:
    """A backbone by its registered name; ``file`` is read by the ``load_file`` beside its ``load``."""
    from importlib import import_module

    from mebench import registry
    from mebench.errors import ConfigError

    load = registry.load("backbones", name)
    if file is None:
        return load(weights)
    load_file = getattr(import_module(load.__module__), "load_file", None)
    if load_file is None:
        raise ConfigError(f"the backbone '{name}' reads no weight file given by its path; leave --file out.")
    return load_file(file)
