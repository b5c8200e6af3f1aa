"""One pair of anybody's own files, on a real photograph and clips that are warped from it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut
from typer.testing import CliRunner

from mebench.cli.app import app
from mebench.errors import ConfigError, InputError
from mebench.images import read_image, write_png
from mebench.motion.crop import face_crop
from mebench.runs.film import side_by_side, slowdown
from mebench.runs.pair import Times, _about_weights, generate_pair
from mebench.runs.pair_motion import RememberedFlow, find_apex, measure
from mebench.video import read_video, write_lossless

SIDE, APEX, FRAMES = 640, 6, 12
MOUTH = ((250, 175), (309, 178))
"""Corners of the mouth in the portrait at 640 px."""


def smile(peak: float, frames: int = FRAMES, apex: int = APEX, noise: float = 1.0) -> np.ndarray:
    """The portrait at 640 px with the mouth corners drawn outwards by ``peak`` pixels, and a little head motion."""
    portrait = cv2.resize(astronaut(), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    bumps = [np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 18.0**2)) for cx, cy in MOUTH]
    rng = np.random.default_rng(5)
    clip = []
    for t in range(frames):
        size = peak * np.sin(np.pi / 2 * min(t / apex, (frames - t) / (frames - apex)))
        dx = size * (bumps[1] - bumps[0]) + 0.4 * np.sin(t / 4)
        dy = -0.7 * size * (bumps[0] + bumps[1]) + 0.3 * np.sin(t / 3)
        moved = cv2.remap(
            portrait,
            (x - dx).astype(np.float32),
            (y - dy).astype(np.float32),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        clip.append(np.clip(np.rint(moved + rng.normal(0, noise, moved.shape)), 0, 255).astype(np.uint8))
    return np.stack(clip)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    write_png(folder / "face.png", astronaut())
    write_lossless(folder / "smile.mkv", smile(2.5), 100.0)
    return folder


@pytest.fixture(scope="module")
def copied(files: Path) -> Path:
    """What the command leaves behind for the method that shows the driver itself."""
    out = files / "result"
    options = {
        "--source": files / "face.png",
        "--driving": files / "smile.mkv",
        "--method": "driving-copy",
        "--out": out,
    }
    arguments = [part for option in options.items() for part in option]
    result = CliRunner().invoke(app, ["generate", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    assert "motion: gain " in result.output and ", found)" in result.output and "side_by_side.mp4" in result.output
    return out


def test_everything_is_written(copied: Path) -> None:
    frames, fps = read_video(copied / "output.mkv")
    driving, _ = read_video(copied / "driving.mkv")
    assert frames.shape == (FRAMES, 256, 256, 3) and fps == 100.0
    assert np.array_equal(frames, driving)  # this method repeats the driver
    assert read_video(copied / "output.mp4")[0].shape == frames.shape
    film, shown_fps = read_video(copied / "side_by_side.mp4")
    assert film.shape == (FRAMES, 256 + 52, 5 * 256, 3) and shown_fps == 25.0
    assert read_image(copied / "source.png").shape == (256, 256, 3)


def test_the_report_holds_the_measured_motion(copied: Path) -> None:
    report = json.loads((copied / "motion.json").read_text())
    assert report["driving"]["apex"] in (APEX - 1, APEX, APEX + 1) and report["driving"]["apex_found"] is True
    assert report["driving"]["frames"] == FRAMES and report["driving"]["fps"] == 100.0
    motion = report["motion"]
    assert motion["gain"] == pytest.approx(1.0, abs=0.12)
    assert motion["profile"] > 0.99
    crop_scale = report["driving"]["crop_pixels_per_pixel"]
    length = 2.5 * np.hypot(1.0, 0.7) * crop_scale
    assert 0.4 * length < motion["driver_peak_px"] < 1.1 * length  # the affine part of the smile counts as head motion
    assert motion["driver_peak_inter_ocular"] == pytest.approx(motion["driver_peak_px"] / motion["inter_ocular_px"])
    assert report["warnings"] == []


def test_half_the_motion_is_measured_as_half() -> None:
    strong, weak = smile(3.0), smile(1.5)
    crop = face_crop(strong[0])
    source, driving, output = crop.apply(strong[0]), crop.apply(strong), crop.apply(weak)
    flow = RememberedFlow()
    faces, times = (crop.points(), crop.points()), (100.0, 0, APEX, FRAMES - 1)
    motion = measure(source, driving, output, faces, times, flow)
    assert motion.gain == pytest.approx(0.5, abs=0.06)
    assert motion.output_peak == pytest.approx(0.5 * motion.driver_peak, rel=0.15)
    still = measure(source, driving, np.repeat(source[None], FRAMES, 0), faces, times, flow)
    assert still.missing == "no motion along the driver's is told from noise"
    assert still.profile is None and still.output_peak == 0.0


def test_a_blink_is_not_the_apex() -> None:
    frames = smile(2.5)
    crop = face_crop(frames[0])
    cropped = crop.apply(frames)
    for x in (97, 158):  # closed lids: skin colour over the eyes, two frames long
        cropped[9:11, 104:119, x - 14 : x + 14] = cropped[9, 125, x]
    assert abs(find_apex(cropped, crop.points(), 0, RememberedFlow()) - APEX) <= 1


def test_lite_weights_come_with_a_plain_warning() -> None:
    facts = {"backbone": {"weights": "fomm-lite"}, "magnifier": {"weights": "flowmag-lite"}, "demagnifier": None}
    (warning,) = _about_weights(facts)
    assert warning.startswith("flowmag-lite and fomm-lite were trained on rendered faces alone.")
    assert _about_weights({"backbone": {"weights": "vox-adv-cpk"}}) == []


def test_the_lite_pipeline_completes_on_a_photograph_and_warns(files: Path, tmp_path: Path) -> None:
    write_lossless(tmp_path / "short.mkv", smile(2.5, frames=5, apex=2), 60.0)
    options = ["--source", files / "face.png", "--driving", tmp_path / "short.mkv", "--out", tmp_path / "out"]
    result = CliRunner().invoke(app, ["generate", *map(str, options), "--method", "magplus", "--backbone", "fomm"])
    assert result.exit_code == 0, result.output
    assert "trained on rendered faces alone" in result.output
    assert read_video(tmp_path / "out" / "output.mkv")[0].shape == (5, 256, 256, 3)
    report = json.loads((tmp_path / "out" / "motion.json").read_text())
    assert report["method"]["facts"]["backbone"]["weights"] == "fomm-lite"


def test_a_folder_of_frames_and_given_times(files: Path, tmp_path: Path) -> None:
    for index, frame in enumerate(smile(2.5, frames=6, apex=3)):
        write_png(tmp_path / "frames" / f"{index:03}.png", frame)
    with pytest.raises(InputError, match="--fps"):
        generate_pair(files / "face.png", tmp_path / "frames", "still", out=tmp_path / "out")
    times = Times(fps=50.0, onset=0, apex=2, offset=4)
    report = generate_pair(files / "face.png", tmp_path / "frames", "still", out=tmp_path / "out", times=times).report
    assert [report["driving"][key] for key in ("fps", "onset", "apex", "offset", "apex_found")] == [
        50.0,
        0,
        2,
        4,
        False,
    ]
    assert report["motion"]["missing"]


def refusal(files: Path, tmp_path: Path, *arguments: object) -> str:
    given = {
        "--source": files / "face.png",
        "--driving": files / "smile.mkv",
        "--method": "still",
        "--out": tmp_path / "o",
    }
    given |= dict(zip(arguments[::2], arguments[1::2], strict=True))  # type: ignore[arg-type]
    line = [str(part) for pair in given.items() for part in pair]
    result = CliRunner().invoke(app, ["generate", *line])
    assert result.exit_code == 2, result.output
    assert result.output.startswith("mebench: ") or "\nmebench: " in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "o").exists()
    return result.output


def test_bad_input_is_one_sentence(files: Path, tmp_path: Path) -> None:
    write_png(tmp_path / "wall.png", np.full((300, 300, 3), 128, np.uint8))
    assert "no face was found in wall.png" in refusal(files, tmp_path, "--source", tmp_path / "wall.png")
    write_lossless(tmp_path / "one.mkv", smile(1.0)[:1], 25.0)
    assert "one frame and so no motion" in refusal(files, tmp_path, "--driving", tmp_path / "one.mkv")
    (tmp_path / "text.mp4").write_text("not a video")
    assert "it is not a video" in refusal(files, tmp_path, "--driving", tmp_path / "text.mp4")
    assert "there is no method called 'magic'" in refusal(files, tmp_path, "--method", "magic")
    assert "must be one of the frames 0 to 10" in refusal(files, tmp_path, "--onset", 11)
    assert "in this order" in refusal(files, tmp_path, "--apex", 9, "--offset", 8)
    assert "own files have none" in refusal(files, tmp_path, "--method", "truth")


def test_methods_that_give_nan_are_named(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mebench.methods.still import Still

    real = Still.generate
    monkeypatch.setattr(
        Still, "generate", lambda self, s, d: type(g := real(self, s, d))(g.frames.clone().fill_(float("nan")))
    )
    assert "NaN or infinite values, first in frame 0" in refusal(files, tmp_path)


def test_no_backbone_to_replace(files: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="uses no backbone"):
        generate_pair(files / "face.png", files / "smile.mkv", "still", "fomm", out=tmp_path)


def test_film_slows_fast_clips_and_keeps_every_frame() -> None:
    clip = np.zeros((5, 64, 64, 3), np.uint8)
    film, fps = side_by_side({"a": clip[0], "b": clip}, 200.0)
    assert film.shape == (5, 64 + 52, 128, 3) and fps == 25.0
    assert not np.array_equal(film[0, 90:], film[1, 90:])  # the time is written below
    assert [slowdown(rate) for rate in (24.0, 25.0, 29.97, 60.0)] == [1, 1, 2, 3]
