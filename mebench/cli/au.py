"""``mebench au``: micro-AU detectors, trained and judged leave-one-domain-out."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Micro-AU detectors: train, evaluate, predict.")


@app.command()
def inputs(
    protocol: str = typer.Option("open-cd6", "--protocol", "-p", help="Detection protocol: open-cd6 or cd6me."),
) -> None:
    """Compute onset and apex frames and their flow for every clip of a protocol, once.

    The other commands do it where it is missing; this one shows progress and may be interrupted at any time.

    Example: mebench au inputs --protocol open-cd6
    """
    from mebench.detectors.folds import read_material
    from mebench.detectors.protocol import load_detection_protocol

    material = read_material(load_detection_protocol(protocol))
    for remark in material.remarks:
        typer.echo(remark, err=True)
    for number, clip in enumerate(material.clips, 1):
        clip.read_pair()
        if number % 50 == 0 or number == len(material.clips):
            typer.echo(f"{number} of {len(material.clips)} clips", err=True)
