"""``mebench round``: sealed rounds, for organisers and for those who take part."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Sealed rounds: tasks from a secret seed that is committed to first and revealed afterwards.",
    rich_markup_mode=None,
)

_NAME = typer.Argument(..., help="Name of the round.")
_ROOT = typer.Option(None, "--rounds", help="The tree of rounds. Default: the one of this installation.")


@app.command("open", short_help="Draw a secret seed, publish its hash, write the tasks.")
def open_(
    name: str = _NAME,
    deadline: datetime = typer.Option(
        ..., "--deadline", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="When the round ends, UTC."
    ),
    tasks: Path = typer.Option(..., "--tasks", help="A new folder for what is handed out."),
    protocol: str = typer.Option(
        "open-cross-identity", "--protocol", "-p", help="Whose kind of tasks and metrics to take (name or YAML file)."
    ),
    title: str | None = typer.Option(None, "--title", help="Title of the round."),
    rounds: Path | None = _ROOT,
) -> None:
    """Draw a secret seed, publish its hash in rounds/NAME/round.yaml, and write the tasks to hand out.

    Example: mebench round open spring --deadline 2027-04-01 --tasks spring-tasks
    """
    from mebench.cli.progress import drawn
    from mebench.leaderboard.rounds.organise import open_round

    with drawn() as progress:
        moment = deadline.replace(tzinfo=timezone.utc)
        done = open_round(name, protocol, moment, tasks, title=title, root=rounds, progress=progress)
    typer.echo(f"{done.count} tasks in {done.tasks}")
    typer.echo(f"secret, for nobody's eyes, to be copied to a safe place: {done.secret}")
    typer.echo(f"next: commit and publish {done.file}; then hand out {done.tasks}")


@app.command()
def answer(
    tasks: Path = typer.Argument(..., help="Folder with the tasks of a round."),
    method: str = typer.Option(..., "--method", "-m", help="Name of a baseline, or path of a method.yaml."),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the videos."),
    backbone: str | None = typer.Option(None, "--backbone", "-b", help="Replaces the backbone of the method."),
) -> None:
    """Make the videos of a round with a method of mebench. Videos that are there are kept.

    Example: mebench round answer spring-tasks --method magplus --out spring-magplus
    """
    from mebench.cli.progress import drawn
    from mebench.leaderboard.rounds.answer import answer_round

    with drawn() as progress:
        failed = answer_round(tasks, method, out, backbone=backbone, progress=progress)
    for key, error in failed.items():
        typer.echo(f"{key}: {error}", err=True)
    typer.echo(f"videos in {out}; send this folder to the organisers")
    if failed:
        raise typer.Exit(1)


@app.command()
def score(
    name: str = _NAME,
    videos: Path = typer.Argument(..., help="Folder with one video a task, such as t07.mkv."),
    method: str = typer.Option(..., "--name", help="Name of the method on the board: a-z, 0-9 and '-'."),
    out: Path = typer.Option(Path("runs"), "--out", "-o", help="Folder in which run folders are kept."),
    jobs: int | None = typer.Option(None, "--jobs", "-j", help="Processes. Default: one a core, at most 8."),
    rounds: Path | None = _ROOT,
) -> None:
    """Score what was handed in. While the round is open only its organisers can; afterwards everybody.

    Example: mebench round score spring spring-magplus --name magplus
    """
    from mebench.cli.progress import drawn
    from mebench.leaderboard.rounds.scoring import score_round

    with drawn() as progress:
        done = score_round(name, videos, method, root=rounds, out=out, jobs=jobs, progress=progress)
    summary = done.result.summary
    typer.echo(f"{method} in the round {name}: {summary['tasks']['ok']} of {summary['tasks']['planned']} tasks scored")
    if done.missing:
        typer.echo(f"without a video: {', '.join(done.missing[:8])}{' ...' if len(done.missing) > 8 else ''}")
    typer.echo(f"folder: {done.result.folder}")
    if done.received is not None:
        typer.echo(f"noted as entry {done.received.entries} of {method}; the last one counts")
        typer.echo("this folder holds the secret of the round: keep it, and its numbers, until the round is closed")
    else:
        text = "are" if done.same else "are not"
        typer.echo(f"outputs and scores {text} those that the organisers published for {method}")
        typer.echo(f"next: mebench submit {done.result.folder} --name {method} --card card.yaml")


@app.command(short_help="After the deadline: reveal the seed.")
def close(name: str = _NAME, rounds: Path | None = _ROOT) -> None:
    """After the deadline: reveal the seed, and publish the hashes of what was scored.

    Example: mebench round close spring
    """
    from mebench.leaderboard.rounds.organise import close_round
    from mebench.leaderboard.rounds.record import rounds_folder

    done = close_round(name, root=rounds)
    assert done.revealed is not None  # by close_round
    typer.echo(f"the seed of {name} is {done.revealed.seed}; {len(done.received)} methods were scored")
    typer.echo(f"next: commit and publish {(rounds or rounds_folder()) / name}; then submit the runs")


@app.command(short_help="Check a round that is over.")
def check(name: str = _NAME, rounds: Path | None = _ROOT) -> None:
    """Check a round that is over: the seed is the one committed to, and gives the very pictures that were handed out.

    Example: mebench round check spring
    """
    from mebench.cli.progress import drawn
    from mebench.leaderboard.rounds.organise import check_round

    with drawn() as progress:
        problems = check_round(name, root=rounds, progress=progress)
    for problem in problems:
        typer.echo(f"{name}: {problem}")
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{name}: the seed is the one that was committed to, and gives the pictures that were handed out")
