"""Frames in and out: exactness, rates, damaged and dishonest files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mebench import video
from mebench.errors import InputError, StorageError
from mebench.images import list_frames, read_image, write_png
from mebench.video import lossless_bytes, read_video, write_browser, write_lossless


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def drifting(count: int = 12, size: int = 64) -> np.ndarray:
    """A smooth pattern that moves by a third of a pixel a frame."""
    y, x = np.mgrid[:size, :size].astype(np.float64)
    frames = [
        np.stack([128 + 90 * np.sin((x + t / 3) / 5 + c) * np.cos(y / (7 + c)) for c in range(3)], axis=-1)
        for t in range(count)
    ]
    return np.rint(frames).astype(np.uint8)


@given(
    frames=st.tuples(st.integers(1, 4), st.integers(1, 19), st.integers(1, 19)).flatmap(
        lambda shape: arrays(np.uint8, (*shape, 3))
    ),
    fps=st.floats(0.5, 2000.0),
)
@settings(max_examples=40, deadline=None)
def test_lossless_is_exact_for_any_size_and_rate(
    tmp_path_factory: pytest.TempPathFactory, frames: np.ndarray, fps: float
) -> None:
    path = tmp_path_factory.mktemp("clip") / "clip.mkv"
    write_lossless(path, frames, fps)
    back, rate = read_video(path)
    assert np.array_equal(back, frames)
    assert rate == fps


@pytest.mark.parametrize(
    "shape", [(2, 1, 700), (2, 700, 1), (2, 255, 257), (2, 513, 700), (1, 1081, 1921), (1, 40, 5000)]
)
def test_lossless_is_exact_for_odd_and_large_frames(tmp_path: Path, shape: tuple[int, ...]) -> None:
    frames = noise(*shape, 3)
    write_lossless(tmp_path / "clip.mkv", frames, 25.0)
    assert np.array_equal(read_video(tmp_path / "clip.mkv")[0], frames)


@pytest.mark.parametrize("fps", [200.0, 66.67, 30000 / 1001, 1000.0, 12.5])
def test_rates_survive_without_our_tag(tmp_path: Path, fps: float) -> None:
    """Other programs read the rate from the container, not from our tag."""
    write_lossless(tmp_path / "clip.mkv", noise(5, 16, 16, 3), fps)
    with av.open(str(tmp_path / "clip.mkv")) as container:
        assert float(container.streams.video[0].average_rate) == pytest.approx(fps, rel=1e-4)
    write_browser(tmp_path / "clip.mp4", noise(5, 16, 16, 3), fps)
    assert read_video(tmp_path / "clip.mp4")[1] == pytest.approx(fps, rel=1e-4)


def test_same_frames_same_bytes() -> None:
    frames = noise(3, 33, 47, 3)
    assert lossless_bytes(frames, 200.0) == lossless_bytes(frames.copy(), 200.0)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_browser_files_keep_count_and_quality(tmp_path: Path, suffix: str) -> None:
    frames = drifting()
    path = tmp_path / f"clip{suffix}"
    write_browser(path, frames, 200.0)
    back, rate = read_video(path)
    assert back.shape == frames.shape
    assert rate == pytest.approx(200.0)
    luma = np.array([0.299, 0.587, 0.114])
    assert np.sqrt(np.mean(((back - frames.astype(float)) @ luma) ** 2)) < 1.6
    assert np.abs((back - frames.astype(float)).mean(axis=(0, 1, 2))).max() < 1.0  # the colour matrix is named and used


def test_browser_file_of_odd_size_is_padded_by_its_edge(tmp_path: Path) -> None:
    write_browser(tmp_path / "clip.mp4", drifting(size=63)[:, :, :61], 50.0)
    assert read_video(tmp_path / "clip.mp4")[0].shape == (12, 64, 62, 3)


def test_mp4_without_an_h264_encoder_is_vp9(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "has_encoder", lambda name: False)
    assert write_browser(tmp_path / "clip.mp4", drifting(), 50.0) == "libvpx-vp9"
    assert len(read_video(tmp_path / "clip.mp4")[0]) == 12


def test_unknown_browser_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.mp4 or \.webm"):
        write_browser(tmp_path / "clip.mov", drifting(), 50.0)


def encode(path: Path, frames: np.ndarray, container: str, codec: str, pixel_format: str) -> None:
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], pixel_format
        for image in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("name", "container", "codec", "pixel_format"),
    [
        ("a.avi", "avi", "mpeg4", "yuv420p"),
        ("b.mkv", "matroska", "mpeg4", "yuv420p"),
        ("c.gif", "gif", "gif", "rgb8"),
        ("d.webm", "webm", "libvpx-vp9", "yuv420p"),
        ("wrong_name.mp4", "avi", "mpeg4", "yuv420p"),
        ("e.mov", "mov", "mpeg4", "yuv420p"),
    ],
)
def test_common_containers_are_read_by_content(
    tmp_path: Path, name: str, container: str, codec: str, pixel_format: str
) -> None:
    frames = drifting()
    encode(tmp_path / name, frames, container, codec, pixel_format)
    back, rate = read_video(tmp_path / name)
    assert back.shape == frames.shape
    assert rate == pytest.approx(25.0)
    assert np.abs(back.astype(int) - frames).mean() < 25


def test_one_frame_clip(tmp_path: Path) -> None:
    frames = noise(1, 20, 20, 3)
    write_lossless(tmp_path / "one.mkv", frames, 100.0)
    assert np.array_equal(read_video(tmp_path / "one.mkv")[0], frames)


def test_rotation_tag_is_applied(tmp_path: Path) -> None:
    """A phone clip: stored on its side, with a display matrix that says 'turn by 90 degrees'."""
    frames = np.zeros((3, 32, 64, 3), np.uint8)
    frames[:, :, :16] = 255  # bright left edge as stored
    path = tmp_path / "phone.mp4"
    write_browser(path, frames, 30.0)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    one, minus = (0x10000).to_bytes(4, "big"), (-0x10000).to_bytes(4, "big", signed=True)
    zero, w = bytes(4), (0x40000000).to_bytes(4, "big")
    data[matrix : matrix + 36] = zero + one + zero + minus + zero + zero + zero + zero + w  # 90 degrees clockwise
    path.write_bytes(data)
    back, _ = read_video(path)
    assert back.shape == (3, 64, 32, 3)
    assert back[:, :12].mean() > 240  # the left edge has become the top
    assert back[:, 24:].mean() < 15


def test_frames_hidden_by_an_edit_list_are_no_truncation(tmp_path: Path) -> None:
    """What a phone or an editor writes when a clip is cut without encoding it again."""
    path = tmp_path / "cut.mp4"
    frames = drifting(30)
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=25, options={"g": "30"})
        stream.height, stream.width, stream.pix_fmt = 64, 64, "yuv420p"
        for index, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = index - 20  # the first twenty frames lie before the start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 30
    back, _ = read_video(path)
    assert len(back) == 10
    assert np.abs(back[0].astype(int) - frames[20]).mean() < np.abs(back[0].astype(int) - frames[0]).mean()


# Damaged and dishonest files


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".webm"])
def test_truncated_video_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip{suffix}"
    frames = noise(20, 64, 64, 3)
    if suffix == ".mkv":
        write_lossless(path, frames, 100.0)
    else:
        write_browser(path, frames, 100.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(InputError, match=r"clip\.\w+ is (truncated|corrupt|damaged)"):
        read_video(path)


def test_truncated_foreign_matroska_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    encode(path, noise(40, 64, 64, 3), "matroska", "mpeg4", "yuv420p")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="truncated"):
        read_video(path)


def test_flipped_bits_in_the_lossless_store_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    write_lossless(path, noise(6, 64, 64, 3), 100.0)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"clip\.mkv is (corrupt|damaged|truncated)"):
        read_video(path)


def test_header_that_promises_more_frames_is_an_error(tmp_path: Path) -> None:
    data = lossless_bytes(noise(3, 16, 16, 3), 100.0)
    lie = data.replace(b"MEBENCH_FRAMESD\x87\x813", b"MEBENCH_FRAMESD\x87\x819")
    assert lie != data
    (tmp_path / "clip.mkv").write_bytes(lie)
    with pytest.raises(InputError, match="9 frames but only 3"):
        read_video(tmp_path / "clip.mkv")


@pytest.mark.parametrize(
    "content", [b"", b"hello, this is text\n" * 50, b"\x00" * 500, b"#EXTM3U\nhttp://localhost/x.ts\n"]
)
def test_text_called_mp4_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"clip\.mp4: it is not a video"):
        read_video(path)


@pytest.mark.parametrize(
    "head", [b"\x00\x00\x00\x18ftypmp42", b"RIFF\x00\x00\x00\x00AVI ", b"\x1aE\xdf\xa3", b"GIF89a"]
)
def test_a_header_alone_is_corrupt(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(head + bytes(64))
    with pytest.raises(InputError, match=r"clip\.mp4"):
        read_video(path)


def test_zero_frames_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "none.mkv"
    data = lossless_bytes(noise(1, 16, 16, 3), 10.0)
    path.write_bytes(data[: data.index(b"\x1f\x43\xb6\x75")])  # everything before the first Matroska cluster
    with pytest.raises(InputError, match=r"none\.mkv"):
        read_video(path)


def test_missing_paths_and_pictures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the video"):
        read_video(tmp_path / "absent.mp4")
    write_png(tmp_path / "face.png", noise(8, 8, 3))
    with pytest.raises(InputError, match="single picture"):
        read_video(tmp_path / "face.png")


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_rates_are_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(InputError, match="positive number"):
        write_lossless(tmp_path / "clip.mkv", noise(2, 8, 8, 3), fps)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "frames",
    [np.full((2, 8, 8, 3), np.nan, np.float32), np.zeros((0, 8, 8, 3), np.uint8), np.zeros((2, 8, 8), np.uint8)],
)
def test_unusable_frames_are_refused(tmp_path: Path, frames: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"clip\.mkv: frames must"):
        write_lossless(tmp_path / "clip.mkv", frames, 25.0)


@pytest.mark.parametrize("write", [write_lossless, write_browser])
def test_a_full_disk_is_one_sentence_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., object]
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / ("clip.mkv" if write is write_lossless else "clip.mp4")
    write(path, noise(2, 16, 16, 3), 25.0)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match="the disk is full"):
        write(path, noise(3, 16, 16, 3), 25.0)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == [path.name]


# Folders and pictures


def test_folder_of_frames_is_sorted_by_number(tmp_path: Path) -> None:
    frames = noise(12, 9, 11, 3)
    for index, frame in enumerate(frames):
        write_png(tmp_path / f"img{index + 1}.png", frame)
    (tmp_path / "notes.txt").write_text("not a frame")
    back, rate = read_video(tmp_path, fps=200)
    assert np.array_equal(back, frames)
    assert rate == 200.0
    assert [p.name for p in list_frames(tmp_path)][1:3] == ["img2.png", "img3.png"]


def test_folder_without_rate_or_frames_or_one_size(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no png"):
        read_video(tmp_path, fps=10.0)
    write_png(tmp_path / "a.png", noise(8, 8, 3))
    with pytest.raises(InputError, match="give one"):
        read_video(tmp_path)
    write_png(tmp_path / "b.png", noise(8, 9, 3))
    with pytest.raises(InputError, match=r"a\.png is 8x8, b\.png is 9x8"):
        read_video(tmp_path, fps=10.0)


def test_depth_grey_and_alpha(tmp_path: Path) -> None:
    grey16 = np.array([[0, 128, 257, 65535]], np.uint16)
    cv2.imwrite(str(tmp_path / "grey16.tif"), grey16)
    assert read_image(tmp_path / "grey16.tif")[0].tolist() == [[0] * 3, [0] * 3, [1] * 3, [255] * 3]
    colour = noise(5, 7, 3)
    cv2.imwrite(str(tmp_path / "alpha.png"), np.dstack([colour[:, :, ::-1], np.full((5, 7), 9, np.uint8)]))
    assert np.array_equal(read_image(tmp_path / "alpha.png"), colour)
    cv2.imwrite(str(tmp_path / "grey.bmp"), colour[:, :, 0])
    assert np.array_equal(read_image(tmp_path / "grey.bmp"), np.repeat(colour[:, :, :1], 3, axis=2))
    cv2.imwrite(str(tmp_path / "float.tif"), np.ones((4, 4), np.float32))
    with pytest.raises(InputError, match="float32"):
        read_image(tmp_path / "float.tif")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_broken_pictures(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "face.png").write_bytes(content)
    with pytest.raises(InputError, match=r"face\.png is not a picture"):
        read_image(tmp_path / "face.png")
