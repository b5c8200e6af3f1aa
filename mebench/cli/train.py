"""``mebench train``: make the networks that ship, and measure them."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

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


@app.command("backbone")
def backbone(
    name: str = typer.Argument(..., help="The backbone to train: fomm."),
    preset: BackbonePreset = typer.Option(BackbonePreset.lite, help="Which version of it."),
    out: Path = typer.Option(Path("runs/train/fomm-lite"), help="Folder of checkpoint, log, curve and weight file."),
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

    from mebench.errors import ConfigError
    from mebench.training.fomm_lite_run import LitePreset, train_lite

    if name != "fomm":
        raise ConfigError(f"there is no training recipe for the backbone '{name}'; known: fomm.")
    chosen = replace(LitePreset(), seed=seed)
    if steps:
        chosen = replace(chosen, steps=steps)
    weights = train_lite(chosen, out, processes=processes, say=typer.echo)
    typer.echo(f"wrote {weights}; its log and curve lie beside it.")
    typer.echo("Measure it: mebench train evaluate fomm --split validation")


@app.command("evaluate")
def evaluate(
    name: str = typer.Argument(..., help="The backbone to measure: fomm."),
    weights: str = typer.Option("lite", help="Its weights: lite, vox-cpk, vox-adv-cpk."),
    file: Path | None = typer.Option(None, help="Measure this fomm-lite file instead of the one that ships."),
    split: EvaluatedSplit = typer.Option(EvaluatedSplit.validation, help="Identities."),
    strength: EvaluatedStrength = typer.Option(EvaluatedStrength.ordinary, help="Size of the expressions."),
    clips: int = typer.Option(1, min=1, help="Clips of each identity."),
    frames: int = typer.Option(6, min=1, help="Frames of each clip."),
) -> None:
    """Self-reenactment on the open set: error of the output's motion over that of a still frame, and its gain.

    Example: mebench train evaluate fomm --split benchmark
    """
    from mebench.errors import ConfigError
    from mebench.training.fomm_lite_evaluate import evaluate as measure
    from mebench.training.fomm_lite_evaluate import summary

    if name != "fomm":
        raise ConfigError(f"there is nothing to measure for the backbone '{name}'; known: fomm.")
    from mebench.backbones.fomm.backbone import load, load_file

    loaded = load(weights) if file is None else load_file(file)
    scores = measure(
        loaded, split=split.value, strength=strength.value, clips=clips, frames=frames, say=lambda text: None
    )
    for domain in sorted({score.domain for score in scores}):
        typer.echo(f"{domain}    {summary([score for score in scores if score.domain == domain])}")
    typer.echo(f"all  {summary(scores)}  {len(scores)} clips, {split.value}, {strength.value}")
