"""``mebench au``: micro-AU detectors, trained and judged leave-one-domain-out."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Micro-AU detectors: train, evaluate, predict.")


@app.command()
def inputs(
    protocol: str = typer.Option("open-cd6", "--protocol", "-p", help="A protocol with folds: open-cd6 or cd6me."),
    judges: bool = typer.Option(True, "--judges/--no-judges", help="Also the clips that shipped judges learn from."),
) -> None:
    """Compute onset and apex frames and their flow for every clip, once.

    The other commands do it where it is missing; this one shows progress and may be interrupted at any time.

    Example: mebench au inputs --protocol open-cd6
    """
    from mebench.detectors.trial import every_clip, oddities
    from mebench.runs.detection import read_trials

    trials = read_trials(protocol)
    if judges:
        from mebench.training.judges_clips import judge_trials

        trials = (*judge_trials(), *trials)
    for line in dict.fromkeys(oddities(trials)):
        typer.echo(line, err=True)
    clips = every_clip(trials)
    for number, clip in enumerate(clips, 1):
        clip.read_pair()
        if number % 50 == 0 or number == len(clips):
            typer.echo(f"{number} of {len(clips)} clips", err=True)
