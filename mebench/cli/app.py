"""The command line ``mebench``: one file a verb group. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import shutil
import sys
import textwrap
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from mebench.cli import (
    au,
    compare,
    data,
    doctor,
    generate,
    listing,
    merge,
    new,
    power,
    protocol,
    round,
    run,
    score,
    site,
    study,
    submit,
    tasks,
    train,
    validate,
    verify,
    weights,
)
from mebench.cli.following import following
from mebench.errors import MebenchError
from mebench.names import visible

_INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells have it."""


class _Front(TyperGroup):
    """The root of all commands: turns errors into one sentence and an exit code, in one place."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take ``--debug`` wherever it stands before a ``--``."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta["mebench.debug"] = "--debug" in args[:end]
        kept = [arg for arg in args[:end] if arg != "--debug"] + args[end:]
        ctx.meta["mebench.args"] = tuple(kept)
        parsed: list[str] = super().parse_args(ctx, kept)
        return parsed

    def invoke(self, ctx: Any) -> Any:
        """Run the command; errors of the user's making end with their message and exit code 2."""
        try:
            value = super().invoke(ctx)
            if sys.stderr.isatty() and (hint := following(ctx.meta["mebench.args"])):
                print(hint, file=sys.stderr)  # noqa: T201
            return value
        except MebenchError as error:
            _say(f"mebench: {error}", ctx)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            _say(f"mebench: {str(error) or 'interrupted.'}", ctx, trace=False)
            raise typer.Exit(_INTERRUPTED) from error
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if _is_usage_error(error):
                raise
            if hides_an_interrupt(error):
                _say("mebench: interrupted.", ctx, trace=False)
                raise typer.Exit(_INTERRUPTED) from error
            _say(f"mebench: unexpected {type(error).__name__}: {error} (--debug shows where; please report it).", ctx)
            raise typer.Exit(1) from error


def _is_usage_error(error: Exception) -> bool:
    """Whether the command line itself was wrong: typer shows these well (its classes moved between versions)."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def hides_an_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C was caught by a library on its way up and raised again as an error of the library's own: pydantic does
    so, and keeps the name in its words alone."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt) or "KeyboardInterrupt" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _say(text: str, ctx: Any, trace: bool = True) -> None:
    if trace and ctx.meta.get("mebench.debug"):
        traceback.print_exc()
    shown = visible(text)  # file names may hold what would act on the terminal
    if sys.stderr.isatty():
        shown = textwrap.fill(shown, shutil.get_terminal_size().columns, break_long_words=False, break_on_hyphens=False)
    print(shown, file=sys.stderr)  # noqa: T201


app = typer.Typer(
    name="mebench",
    cls=_Front,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        from mebench import __version__

        typer.echo(f"mebench {__version__}")
        raise typer.Exit


@app.callback()
def front(
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks. May stand anywhere."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """The benchmark of facial micro-expression generation.

    Start with: mebench run --method magplus --backbone fomm
    """


app.command("run", short_help="Run a method on a protocol, score it, write tables and a page.")(run.run)
app.command("merge", short_help="Put the parts of a run together.")(merge.merge)
app.command("list", short_help="List methods, backbones, metrics, protocols and more.")(listing.list_)
app.command("generate", short_help="Animate your own picture with your own clip.")(generate.generate)
app.command("score", short_help="Score videos that were made outside mebench.")(score.score)
app.command("compare", short_help="Compare two runs clip by clip, with intervals.")(compare.compare)
app.command("power", short_help="Plan how many clips and subjects a comparison needs.")(power.power)
app.command("doctor", short_help="Show what is here, what is missing, and what mends it.")(doctor.doctor)
app.command("submit", short_help="Write a submission to the leaderboard from finished runs.")(submit.submit)
app.command("verify", short_help="Check submissions, as the leaderboard does.")(verify.verify)
app.add_typer(new.app, name="new")
app.add_typer(data.app, name="data")
app.add_typer(tasks.app, name="tasks")
app.add_typer(protocol.app, name="protocol")
app.add_typer(weights.app, name="weights", short_help="Checkpoints: list, check, add and fetch them.")
app.add_typer(validate.app, name="validate")
app.add_typer(train.app, name="train")
app.add_typer(au.app, name="au")
app.add_typer(site.app, name="site")
app.add_typer(round.app, name="round", short_help="Sealed rounds: tasks from a secret seed.")
app.add_typer(study.app, name="study", short_help="Let people choose between outputs.")


def main() -> None:
    """The console script."""
    app()
