"""``mebench power``: how many clips, subjects and sources a difference takes."""

from __future__ import annotations

from pathlib import Path

import typer


def power(
    first: Path | None = typer.Argument(None, help="Folder of a run to take the variances from."),
    second: Path | None = typer.Argument(None, help="Another run: take those of the paired differences."),
    metric: str = typer.Option("gain_error", "--metric", help="Whose variances."),
    kind: str = typer.Option("cross", "--kind", help="Kind of task: self or cross."),
    difference: float | None = typer.Option(None, "--difference", "-d", help="The difference to be found."),
    drivers: int | None = typer.Option(None, "--drivers", help="Driving subjects of the plan. Default: the run's."),
    clips: int | None = typer.Option(None, "--clips", help="Clips of each driving subject."),
    sources: int | None = typer.Option(
        None, "--sources", help="Source identities; 0: they are the drivers, and both variances add up."
    ),
    variances: str | None = typer.Option(
        None, "--variances", help="driver,source,clip instead of a run, such as 0.1,0.1,0.6."
    ),
    json_: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Plan how many clips, subjects and sources are needed to tell two methods apart, before computing anything.

    Examples:

      mebench power runs/A runs/B --metric gain_error --difference 0.3

      mebench power --variances 0.1,0.1,0.6 --drivers 16 --sources 8 --difference 0.3
    """
    from mebench.errors import ConfigError
    from mebench.runs.power_plan import from_runs, plan_power
    from mebench.statistics.power import Components, Design

    if variances is not None:
        try:
            parts = Components(*(float(part) for part in variances.split(",")))
        except (TypeError, ValueError) as error:
            raise ConfigError(f"--variances is '{variances}'; give three numbers: driver,source,clip.") from error
        if parts.source > 0.0 and sources is None:
            raise ConfigError(
                f"--variances gives sources a variance of {parts.source:g}, and the plan has no number of sources; add "
                "--sources N, or --sources 0 where the sources are the drivers."
            )
        base = Design(drivers or 16, clips or 4, None if sources == 0 else sources)
    elif first is not None:
        parts, base = from_runs(metric, first, second, kind)
    else:
        raise ConfigError("give the folder of a run, or --variances driver,source,clip.")
    chosen = base.sources if sources is None else (sources or None)
    found = plan_power(parts, Design(drivers or base.drivers, clips or base.clips, chosen), difference)
    if json_:
        import json

        typer.echo(json.dumps(found.record(), indent=2))
        return
    design, parts = found.design, found.components
    people = f"{design.sources} sources" if design.sources else "sources are the drivers"
    typer.echo(f"variances: driver {parts.driver:.3g}, source {parts.source:.3g}, clip {parts.clip:.3g}")
    typer.echo(f"design: {design.drivers} driving subjects, {design.clips} clips of each, {people}")
    smallest = "none: an interval needs two subjects" if found.smallest is None else f"{found.smallest:.3g}"
    typer.echo(f"smallest difference found with a chance of 80 %: {smallest}")
    if difference is not None:
        needed = "more than 2000" if found.drivers_needed is None else str(found.drivers_needed)
        typer.echo(f"chance of finding {difference:g}: {100 * (found.chance or 0.0):.0f} %")
        typer.echo(f"driving subjects that find it with 80 %: {needed}")
