"""``mebench generate``: one pair of anybody's own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from mebench.cli import completion


def generate(
    source: Path = typer.Option(..., "--source", "-s", help="Picture of the face to be moved (png, jpg, bmp, tif)."),
    driving: Path = typer.Option(..., "--driving", "-d", help="Clip that moves it: a video, or a folder of frames."),
    method: str = typer.Option(
        "magplus",
        "--method",
        "-m",
        autocompletion=completion.methods,
        help="A baseline's name, or the path of a method.yaml.",
    ),
    backbone: str | None = typer.Option(
        None, "--backbone", "-b", autocompletion=completion.backbones, help="Replaces the backbone of the method."
    ),
    out: Path | None = typer.Option(
        None, "--out", "-o", help="Folder for the result. Default: generated/SOURCE--DRIVING--METHOD."
    ),
    fps: float | None = typer.Option(None, "--fps", help="Frame rate; needed for a folder of frames."),
    onset: int | None = typer.Option(None, "--onset", help="Neutral frame, counted from 0. Default: the first."),
    apex: int | None = typer.Option(None, "--apex", help="Frame of the strongest expression. Default: it is found."),
    offset: int | None = typer.Option(None, "--offset", help="Frame at which it is over. Default: the last."),
    device: str = typer.Option("cpu", "--device", help="Where the method's networks work: cpu, cuda, cuda:N, mps."),
    private: bool = typer.Option(False, "--private", help="Allow files of a dataset that may not leave this machine."),
    json_: bool = typer.Option(False, "--json", help="Print what was measured as JSON."),
) -> None:
    """Animate your own picture with your own clip, of any size and rate.

    Both faces are found and cropped. Writes the result (lossless, and for browsers), a side-by-side video with the
    motion magnified, and the measured motion.

    Example: mebench generate --source face.png --driving smile.mp4 --out result
    """
    from mebench.cli.progress import drawn
    from mebench.runs.pair import Times, generate_pair

    times = Times(fps, onset, apex, offset)
    folder = out or Path("generated") / "--".join((source.stem, driving.stem, Path(method).stem))
    with drawn() as progress:
        result = generate_pair(
            source,
            driving,
            method,
            backbone,
            out=folder,
            device=device,
            times=times,
            private=private,
            progress=progress,
        )
    for warning in result.warnings:
        typer.echo(f"note: {warning}", err=True)
    if json_:
        import json

        typer.echo(json.dumps(result.report, indent=2, ensure_ascii=False))
        return
    typer.echo(motion_line(result.report))
    typer.echo(f"look at {result.folder / 'side_by_side.mp4'}; numbers are in {result.folder / 'motion.json'}")


def motion_line(report: dict[str, Any]) -> str:
    """The measured motion in one line."""
    motion, apex = report["motion"], report["driving"]["apex"]
    found = ", found" if report["driving"]["apex_found"] else ""
    lengths = [
        f"{motion[f'{who}_peak_px']:.2f} px ({motion[f'{who}_peak_inter_ocular'] * 1000:.1f} milli-inter-ocular)"
        for who in ("driver", "output")
    ]
    gain = f"no gain ({motion['missing']})" if motion["missing"] else f"gain {motion['gain']:.2f}"
    apex_frame = f"at the apex (frame {apex}{found})"
    return f"motion: {gain}; {apex_frame} the driver moves by {lengths[0]}, the output by {lengths[1]}"
