"""``mebench au``: micro-AU detectors, trained and judged leave-one-domain-out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mebench.cli.au_tables import compare, table

if TYPE_CHECKING:
    from mebench.detectors.settings import Settings
    from mebench.detectors.trial import Trial

app = typer.Typer(no_args_is_help=True, help="Micro-AU detectors: train, evaluate, predict.")
app.command()(table)
app.command(short_help="Print how far two evaluations differ.")(compare)

_IMBALANCE = typer.Option("none", help="For rare action units: none, positive-weight, asymmetric or balanced-sampling.")
_BATCH = typer.Option(None, min=2, help="Clips in a step of networks, in place of their own 32.")
_FIXED = typer.Option(
    False, "--fixed-magnifier", help="Detectors on magnified input leave their magnifier as it starts: much cheaper."
)
_START = typer.Option(None, "--start", help="Encoders of miacnet that mebench au pretrain wrote.")
_PROTOCOL = typer.Option("open-cd6", "--protocol", "-p", help="A protocol with folds: open-cd6 or cd6me.")


@app.command("list")
def list_() -> None:
    """Name every detector and how it is made.

    Example: mebench au list
    """
    import inspect

    from mebench import registry

    for name in registry.names("detectors"):
        text = inspect.getdoc(registry.load("detectors", name)) or ""
        typer.echo(f"{name:20} {text.splitlines()[0] if text else ''}".rstrip())


@app.command(short_help="Compute onset and apex frames and flow of every clip.")
def inputs(
    protocol: str = _PROTOCOL,
) -> None:
    """Compute onset and apex frames and their flow for every clip, once.

    The other commands do it where it is missing; this one shows progress and may be interrupted at any time.

    Example: mebench au inputs --protocol open-cd6
    """
    from mebench.detectors.trial import every_clip
    from mebench.errors import MebenchError
    from mebench.runs.detection import read_trials

    trials = read_trials(protocol)
    clips = every_clip(trials)
    for number, clip in enumerate(clips, 1):
        with suppress(MebenchError):  # said and counted below
            clip.read_pair()
        if number % 50 == 0 or number == len(clips):
            typer.echo(f"{number} of {len(clips)} clips", err=True)
    _usable(trials)


@app.command(short_help="Train the panel of judges that ships.")
def judges(
    out: Path = typer.Option(
        Path("runs/train/judges"), help="Folder of the weight file, its table and what is resumed."
    ),
    only: list[str] = typer.Option([], "--only", help="Train these judges alone, such as frames."),
) -> None:
    """Train the panel of judges that ships, leave one domain out; the same command continues an interrupted run.

    Example: mebench au judges --out runs/train/judges
    """
    from mebench.training.judges import train_judges

    weights = train_judges(out, only=only, say=lambda text: typer.echo(text, err=True))
    typer.echo((out / "judges.md").read_text("utf-8"))
    typer.echo(f"wrote {weights}")


@app.command(short_help="Pretrain MIACNet's encoders (MA2MI).")
def pretrain(
    out: Path = typer.Option(Path("runs/train/ma2mi"), help="Folder of checkpoint, log and weight file."),
    steps: int = typer.Option(0, min=0, help="Length of the run in steps (0: that of the recipe)."),
    processes: int = typer.Option(1, min=1, help="Processes that render the frames, once."),
) -> None:
    """Pretrain MIACNet's encoders on ordinary expressions of the training domain (MA2MI).

    Continues an interrupted run. Use the result: mebench.training.ma2mi.start_from as the start of MIACNet's detector.

    Example: mebench au pretrain --out runs/train/ma2mi
    """
    from dataclasses import replace

    import numpy as np

    from mebench.training.ma2mi import Ma2miPreset, macro_frames
    from mebench.training.ma2mi import pretrain as learn

    folder = macro_frames(processes, say=typer.echo)
    preset = replace(Ma2miPreset(), steps=steps) if steps else Ma2miPreset()
    frames = np.load(folder / "frames.npy", mmap_mode="r")
    typer.echo(f"wrote {learn(frames, np.load(folder / 'labels.npy'), preset, out, say=typer.echo)}")


@app.command()
def train(
    detector: str = typer.Argument(..., help="A registered detector, such as sssnet; see: mebench au list."),
    leave_out: str = typer.Option(..., "--leave-out", help="The fold that is not learnt from, such as a or casme2."),
    out: Path = typer.Option(..., "--out", "-o", help="The weight file to write."),
    protocol: str = _PROTOCOL,
    seed: int = typer.Option(45, min=0, help="Seed of weights and order."),
    epochs: int | None = typer.Option(None, min=1, help="Train this long instead; needs --rate."),
    rate: float | None = typer.Option(None, help="First rate of a shortened training."),
    batch: int | None = _BATCH,
    imbalance: str = _IMBALANCE,
    start: Path | None = _START,
    fixed_magnifier: bool = _FIXED,
) -> None:
    """Train one detector without one fold and write its weights.

    Example: mebench au train sssnet --leave-out a --out sssnet-without-a.safetensors
    """
    from mebench.errors import ConfigError
    from mebench.runs.detection import make_detector, read_trials

    made = _settings(epochs, rate, batch, imbalance, start, fixed_magnifier).applied(make_detector(detector))
    trials = {trial.fold: trial for trial in _usable(read_trials(protocol))}
    if leave_out not in trials:
        raise ConfigError(f"the protocol {protocol} has no fold '{leave_out}'; known: {', '.join(trials)}.")
    made.fit(trials[leave_out].train, seed=seed)
    made.save(out)
    typer.echo(f"wrote {out}: {detector} from {len(trials[leave_out].train)} clips, none of {leave_out}")


@app.command("eval", short_help="Leave one fold out in turn; print F1.")
def eval_(
    detectors: list[str] = typer.Argument(..., help="Registered detectors, such as sssnet off-apexnet svm-flow."),
    protocol: str = _PROTOCOL,
    seeds: int = typer.Option(5, min=1, help="Number of seeds, from 45 on; one for detectors that draw nothing."),
    epochs: int | None = typer.Option(None, min=1, help="Train networks this long instead; needs --rate."),
    rate: float | None = typer.Option(None, help="First rate of a shortened training; it falls along half a cosine."),
    batch: int | None = _BATCH,
    imbalance: str = _IMBALANCE,
    start: Path | None = _START,
    fixed_magnifier: bool = _FIXED,
    calibrated: bool = typer.Option(False, help="Choose thresholds on the validation clips of each fold."),
    validation: bool = typer.Option(
        False, "--validation", help="Test on the validation clips of each fold instead: to choose a rate or a length."
    ),
    keep: Path | None = typer.Option(None, "--keep", help="Keep finished folds in this folder, and go on from there."),
    out: Path | None = typer.Option(None, "--out", "-o", help="Also write all numbers as JSON."),
) -> None:
    """Leave one fold out in turn; print pooled and per-fold F1 with their definitions.

    The floors always-present and static-gate are evaluated too. Nothing is chosen on test clips.

    Example: mebench au eval svm-flow sssnet --protocol open-cd6 --seeds 5
    """
    from mebench.detectors.difference import record_of_tests
    from mebench.detectors.published import CD6ME
    from mebench.detectors.table import comparison, definitions, markdown
    from mebench.detectors.trial import validation_trials
    from mebench.errors import ConfigError
    from mebench.files import write_json
    from mebench.runs.detection import evaluate_detectors, make_detector, read_trials

    for name in detectors:
        make_detector(name)
    settings = _settings(epochs, rate, batch, imbalance, start, fixed_magnifier)
    if validation and calibrated:
        raise ConfigError("thresholds chosen on validation clips cannot be tested on them: drop one option.")
    trials = _usable(read_trials(protocol))
    if validation:
        trials = validation_trials(trials)
    kind = {"protocol": protocol, "calibrated": calibrated, "tested_on": "validation" if validation else "test"}

    def written(records: list[dict[str, Any]]) -> None:
        if out is not None:
            write_json(out, {**kind, "test": record_of_tests(trials), "detectors": records})

    records = evaluate_detectors(
        detectors,
        protocol,
        trials,
        seeds=seeds,
        settings=settings,
        calibrated=calibrated,
        keep=keep,
        say=lambda text: typer.echo(text, err=True),
        done=written,
    )
    typer.echo(markdown(records))
    typer.echo(definitions())
    if protocol == "cd6me" and (beside := comparison(records, CD6ME)):
        typer.echo(f"\n{beside}")


@app.command()
def predict(
    detector: str = typer.Argument(..., help="A registered detector."),
    weights: Path = typer.Option(..., "--weights", "-w", help="A file that mebench au train wrote."),
    clip: Path = typer.Option(..., "--clip", "-c", help="A video or a folder of frames, cropped to the face."),
    onset: int = typer.Option(0, min=0, help="Frame at which the expression starts, from 0."),
    apex: int = typer.Option(..., min=0, help="Frame at which it is strongest."),
) -> None:
    """Say which action units one clip shows.

    Example: mebench au predict sssnet -w sssnet-without-a.safetensors --clip face.mp4 --apex 12
    """
    from mebench.detectors.contract import ACTION_UNITS
    from mebench.detectors.floors import STILL_PX, clip_motion
    from mebench.detectors.observation import observe
    from mebench.errors import InputError
    from mebench.runs.detection import make_detector
    from mebench.video import read_video

    made = make_detector(detector)
    made.load(weights)
    frames, _ = read_video(clip, fps=25.0)  # the rate plays no part
    if not 0 <= onset < len(frames) or not 0 <= apex < len(frames):
        raise InputError(f"{clip} has frames 0 to {len(frames) - 1}; onset {onset} and apex {apex} must be among them.")
    seen = observe(frames, onset, apex, max(onset, apex), key=str(clip))
    moved = seen.once(clip_motion)
    row = made.predict([seen])[0]
    for unit, probability in zip(ACTION_UNITS, row, strict=True):
        verdict = "present" if probability > 0.5 and moved >= STILL_PX else ""
        typer.echo(f"AU{unit:<3} {probability:5.2f}  {verdict}".rstrip())
    if moved < STILL_PX:
        typer.echo(f"no measurable motion ({moved:.3f} px): no action unit counts as present")


@app.command("judge", short_help="Ask the shipped judges about every clip of a run.")
def judge_(
    run: Path = typer.Argument(..., help="A run folder, as mebench run leaves it."),
    json_: bool = typer.Option(False, "--json", help="Print every number as JSON."),
) -> None:
    """Ask the shipped judges about every clip of a run: macro-F1, kappa, their own ceiling, beside the gain.

    A clip is judged by detectors that never saw its driving clip's domain. A clip without measurable motion has no
    action unit.

    Example: mebench au judge runs/direct--fomm--open-mini--0123456789
    """
    from mebench.runs.judging import judge_run

    found = judge_run(run)
    if json_:
        import json

        typer.echo(json.dumps(found, indent=2))
        return
    if not found["clips"]:
        typer.echo("no clip of this run has an annotation of the twelve action units")
        return
    gain = "unknown" if found["gain"] is None else f"{found['gain']:.2f}"
    typer.echo(f"{found['clips']} clips, {found['still']} without measurable motion, gain {gain}")
    rows = {"annotation": "outputs, annotation", "ceiling": "driving clips, annotation", "driving": "outputs, driving"}
    typer.echo(f"{'':26} macro-F1   kappa")
    for key, label in rows.items():
        typer.echo(f"{label:26} {found[key]['f1_macro']:8.3f} {found[key]['kappa_macro']:7.3f}")
    typer.echo(f"judges not unanimous about {found['judge_disagreement']:.0%} of the verdicts\n")
    typer.echo(f"{'':26} F1 by action unit, kappa below it; in brackets how many driving clips show it")
    typer.echo(" " * 26 + "".join(f"{unit}({n})".rjust(9) for unit, n in found["annotation"]["support"].items()))
    for key, label in rows.items():
        for measure, name in (("f1", label), ("kappa", "")):
            cells = (found[key][measure][unit] for unit in found["annotation"]["support"])
            typer.echo(f"{name:26}" + "".join(f"{value:9.2f}" for value in cells))


@app.command(short_help="Train a recogniser with and without a run's clips.")
def downstream(
    run: Path = typer.Argument(..., help="A run folder whose clips are learnt from, as mebench run leaves it."),
    detector: str = typer.Option("linear-svm-flow", "--detector", "-d", help="The recogniser that is trained."),
    protocol: str = _PROTOCOL,
    seeds: int = typer.Option(1, min=1, help="Number of seeds, from 45 on."),
    json_: bool = typer.Option(False, "--json", help="Print every number as JSON."),
) -> None:
    """Train a small recogniser with and without the generated clips of a run, leave one domain out.

    Prints UF1 and UAR of both and what the clips add. Clips whose driver or source belongs to the domain that is left out
    are not learnt from.

    Example: mebench au downstream runs/direct--fomm--open-cross-identity--0123456789
    """
    import json
    from functools import partial

    from mebench.runs.detection import make_detector, read_trials
    from mebench.runs.downstream import downstream as learn
    from mebench.runs.downstream import generated_clips

    make_detector(detector)
    clips = generated_clips(run)
    found = learn(
        partial(make_detector, detector),
        _usable(read_trials(protocol)),
        clips,
        range(45, 45 + seeds),
        say=lambda text: typer.echo(text, err=True),
    )
    if json_:
        typer.echo(json.dumps(found, indent=2))
        return
    added = found["added_clips"]
    typer.echo(f"{found['detector']}, {seeds} seed(s); generated clips learnt from, by fold: {added}")
    typer.echo(
        f"tested on {found['test_clips']} clips of {found['test_people']} people, who make the interval of the gain"
    )
    typer.echo(f"{'':16}" + "".join(f"{name:>11}" for name in found["gain"]))
    for key in ("real", "real+generated", "gain"):
        means = (sum(values) / len(values) for values in found[key].values())
        sign = "+" if key == "gain" else ""
        typer.echo(f"{key:16}" + "".join(f"{value:{sign}11.3f}" for value in means))
    for end, label in ((0, "95 % from"), (1, "95 % to")):
        typer.echo(f"{label:16}" + "".join(f"{values[end]:+11.3f}" for values in found["interval"].values()))


def _usable(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    from mebench.detectors.trial import oddities, usable

    kept, lines = usable(trials)
    for line in (*lines, *oddities(kept)):
        typer.echo(line, err=True)
    return kept


def _settings(
    epochs: int | None,
    rate: float | None,
    batch: int | None,
    imbalance: str,
    start: Path | None,
    fixed_magnifier: bool,
) -> Settings:
    from mebench.detectors.settings import Settings
    from mebench.training.ma2mi import start_from

    return Settings(
        epochs=epochs,
        rate=rate,
        batch=batch,
        imbalance=imbalance,  # type: ignore[arg-type]  # refused by name at the start of training
        start=start_from(start) if start is not None else None,
        started=start.stem if start is not None else "",
        start_file=start,
        fixed_magnifier=fixed_magnifier,
    )
