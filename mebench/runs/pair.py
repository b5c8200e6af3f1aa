"""``mebench generate``: one pair of the user's own files, from raw picture and clip to videos and measured motion."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mebench import registry
from mebench.clip import Pixels
from mebench.datasets.installed import owner_of
from mebench.datasets.publication import keep_private, refuse_unless_private
from mebench.errors import ConfigError, InputError
from mebench.files import storage_errors, write_json
from mebench.images import read_image, write_png
from mebench.methods.build import load_method
from mebench.methods.contract import Method, Oracle
from mebench.methods.placing import CPU, put
from mebench.motion.crop import Crop, face_crop
from mebench.motion.flow import FlowEstimator
from mebench.motion.landmarks import face_mesh, oval_mask
from mebench.runs.film import side_by_side
from mebench.runs.generation import Output, generate
from mebench.runs.inputs import TaskInputs
from mebench.runs.page.magnified import expression, factor_for, magnify, peak
from mebench.runs.pair_data import PairData
from mebench.runs.pair_motion import PairMotion, RememberedFlow, find_apex, measure
from mebench.runs.plan import SEED
from mebench.runs.progress import Progress, Silent
from mebench.runs.stated_weights import weights_of
from mebench.video import read_video, write_browser, write_lossless
from mebench.weights.catalogue import FILES

MOST_FRAMES = 1000
"""Frames of a driving clip: five seconds at 200 a second, ten micro-expressions long, 0.8 GB as the methods see it."""

WEAK_MOTION = 0.1
"""Pixels of the crop: below it the driver's expression is not told from the noise of the flow estimate."""


@dataclass(frozen=True)
class PairResult:
    """folder: where everything was written. report: what ``motion.json`` holds. warnings: sentences for people."""

    folder: Path
    report: dict[str, Any]

    @property
    def warnings(self) -> list[str]:
        """Sentences that people must see."""
        warnings: list[str] = self.report["warnings"]
        return warnings


@dataclass(frozen=True)
class Times:
    """Frames of the driving clip, counted from 0. Without them: the first frame, the frame of the largest expression,
    the last frame. fps: instead of the file's own rate."""

    fps: float | None = None
    onset: int | None = None
    apex: int | None = None
    offset: int | None = None


def generate_pair(
    source: Path | str,
    driving: Path | str,
    method: str | Path,
    backbone: str | None = None,
    *,
    out: Path | str,
    device: str = CPU,
    times: Times | None = None,
    private: bool = False,
    progress: Progress | None = None,
) -> PairResult:
    """Animate the face in the picture ``source`` with the clip ``driving``, of any size and rate; write into ``out``:

    ``output.mkv`` (lossless) and ``output.mp4``, ``side_by_side.mp4`` (with the motion magnified), ``source.png`` and
    ``driving.mkv`` (the crops that the method saw), ``motion.json`` (what was measured).

    device: where the method's networks work, as for ``mebench run``. private: the folder stays on this machine; needed for files from the folder of a dataset that may not be shown.
    Both faces are found and brought to the framing of the open set, the clip by one crop from its onset frame. Raises
    :class:`InputError` for files that cannot be used, and the method's errors.
    """
    progress, times, out = progress or Silent(), times or Times(), Path(out)
    terms = [(name, registry.load("datasets", name)().terms) for name in _owners(Path(source), Path(driving))]
    refuse_unless_private("this pair", terms, private)
    progress.stage("loading the method")
    animator = put(load_method(method, backbone), device)
    if isinstance(animator, Oracle) and not isinstance(animator, Method):
        raise ConfigError(f"the method '{animator.name}' shows the true answer of the open set; own files have none.")
    progress.stage("finding the faces")
    flow = RememberedFlow()
    data, crops = _prepare(Path(source), Path(driving), times, flow)
    progress.stage(f"generating {len(data.driving)} frames")
    output = generate(animator, TaskInputs(data.task(), data), SEED)
    progress.stage("measuring the motion")
    times_of = (data.fps, data.onset, data.apex, data.offset)
    motion = measure(data.source, data.driving, output.frames, (crops[0].points(), crops[1].points()), times_of, flow)
    progress.stage("writing the videos")
    keep_private(out, terms)
    factor = _write_clips(out, data, output, crops[1], flow)
    facts = animator.facts()
    warnings = [*crops[0].notes, *crops[1].notes, *_about_weights(facts), *_about_motion(motion)]
    report = {
        "schema_version": 1,
        "source": {"file": str(source), **_crop_facts(crops[0])},
        "driving": {
            "file": str(driving),
            "frames": len(data.driving),
            "fps": data.fps,
            "onset": data.onset,
            "apex": data.apex,
            "apex_found": times.apex is None,
            "offset": data.offset,
            **_crop_facts(crops[1]),
        },
        "method": {"name": animator.name, "facts": facts, "info": output.info, "seconds": round(output.seconds, 3)},
        "motion": {**_motion_facts(motion), "shown_magnified_by": factor},
        "warnings": warnings,
    }
    write_json(out / "motion.json", report)
    return PairResult(out, report)


def _owners(*paths: Path) -> list[str]:
    """The datasets in whose folders the files lie."""
    return sorted({name for path in paths if (name := owner_of(path)) is not None})


def _prepare(source: Path, driving: Path, times: Times, flow: FlowEstimator) -> tuple[PairData, tuple[Crop, Crop]]:
    """Read, crop and date the pair."""
    image = read_image(source)
    frames, fps = read_video(driving, times.fps)
    count = len(frames)
    if count < 2:
        raise InputError(f"the driving clip {driving} has one frame and so no motion; give at least two frames.")
    if count > MOST_FRAMES:
        raise InputError(
            f"the driving clip {driving} has {count} frames; cut it to {MOST_FRAMES} around the expression."
        )
    onset = 0 if times.onset is None else times.onset
    if not 0 <= onset < count - 1:
        raise InputError(f"the onset {onset} must be one of the frames 0 to {count - 2} of {driving}.")
    crops = (face_crop(image, source.name), face_crop(frames[onset], f"frame {onset} of {driving.name}"))
    cropped = crops[1].apply(frames)
    apex = find_apex(cropped, crops[1].points(), onset, flow) if times.apex is None else times.apex
    offset = count - 1 if times.offset is None else times.offset
    if not onset < apex <= offset < count:
        raise InputError(
            f"onset {onset}, apex {apex} and offset {offset} must be frames of {driving} in this order, within "
            f"0 to {count - 1}."
        )
    return PairData(crops[0].apply(image), cropped, fps, onset, apex, offset), crops


def _write_clips(out: Path, data: PairData, output: Output, crop: Crop, flow: FlowEstimator) -> int:
    """Write pictures and videos; gives the factor by which the motion is shown magnified."""
    with storage_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    write_png(out / "source.png", data.source)
    write_lossless(out / "driving.mkv", data.driving, data.fps)
    write_lossless(out / "output.mkv", output.frames, data.fps)
    write_browser(out / "output.mp4", output.frames, data.fps)
    face = oval_mask(crop.points(), *data.driving.shape[1:3])
    driver = expression(data.driving, data.onset, face, flow)
    factor = factor_for(peak(driver, data.onset, data.offset), data.driving.shape[1])
    shown = expression(output.frames, data.onset, _face_of(output.frames[data.onset], face), flow)
    film, fps = side_by_side(
        {
            "source": data.source,
            "driving": data.driving,
            "output": output.frames,
            f"driving, motion x{factor}": magnify(data.driving, driver, factor),
            f"output, motion x{factor}": magnify(output.frames, shown, factor),
        },
        data.fps,
    )
    write_browser(out / "side_by_side.mp4", film, fps)
    return factor


def _face_of(frame: Pixels, instead: Any) -> Any:
    try:
        return oval_mask(face_mesh(frame).points, *frame.shape[:2])
    except InputError:
        return instead


def _about_weights(facts: dict[str, Any]) -> list[str]:
    """A warning when any network of the method has seen rendered faces alone."""
    rendered = [n for n in weights_of(facts) if n in FILES and FILES[n].trained_on.startswith("synme")]
    if not rendered:
        return []
    names = " and ".join(rendered)
    return [
        f"{names} {'was' if len(rendered) == 1 else 'were'} trained on rendered faces alone. On real photographs and "
        "recordings their quality is unknown: take the result as a proof that the pipeline runs, not of what the "
        "method can do. For real faces add published weights (mebench weights list)."
    ]


def _about_motion(motion: PairMotion) -> list[str]:
    if motion.driver_peak >= WEAK_MOTION:
        return []
    return [
        f"the driving clip hardly moves: {motion.driver_peak:.2f} px at its apex. Check --onset and --apex, or cut the "
        "clip around the expression."
    ]


def _motion_facts(motion: PairMotion) -> dict[str, Any]:
    facts = dataclasses.asdict(motion)
    for name in ("driver_peak", "output_peak"):
        pixels = facts.pop(name)
        facts[f"{name}_px"] = pixels
        facts[f"{name}_inter_ocular"] = pixels / motion.inter_ocular
    facts["inter_ocular_px"] = facts.pop("inter_ocular")
    return facts


def _crop_facts(crop: Crop) -> dict[str, Any]:
    return {
        "faces": crop.mesh.faces,
        "inter_ocular_px": crop.inter_ocular,
        "crop_pixels_per_pixel": crop.scale,
        "crop": np.round(crop.matrix, 6).tolist(),
    }
