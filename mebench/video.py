"""Clips in and out: video files and folders of frames, a lossless store, and files that browsers play.

Reading decodes everything at once on one thread, so that the same file gives the same pixels. What the header says
about the number of frames is compared with what could be decoded: a truncated file is an error, never a shorter clip.
"""

from __future__ import annotations

import hashlib
import io
import math
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import av
import numpy as np

from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.files import write_bytes
from mebench.images import LARGEST_SIDE, MOST_BYTES, MOST_PIXELS, SUFFIXES, read_folder

_BROWSER_GROUP = 12
"""Frames from key frame to key frame in browser files: stepping by single frames stays quick."""


def read_video(path: Path | str, fps: float | None = None, most: int | None = None) -> tuple[Pixels, float]:
    """A clip: frames uint8 ``[T,H,W,3]`` RGB, and its frame rate.

    path: an mp4, mov, avi, mkv, webm or gif file (recognised by content, not by name), or a folder of frames
    (:func:`mebench.images.read_folder`). fps: the rate to use instead of the file's own; needed for a folder. most: frames
    beyond which the clip is refused as soon as they are seen, where it is known how many it must have.
    Rotation that the file asks for in steps of 90 degrees is applied; alpha is dropped; sound is ignored. A file with a
    varying rate gives all its frames and their mean rate. Files of :func:`write_lossless` come back bit by bit.
    Raises :class:`InputError` when the path is missing, no video, corrupt, truncated, empty, or changes its frame size.
    """
    path = Path(path)
    if fps is not None:
        _check_rate(fps, f"the rate given for {path}")
    if path.is_dir():
        if fps is None:
            raise InputError(f"the folder {path} of frames has no frame rate of its own; give one (--fps).")
        return read_folder(path, most), float(fps)
    try:
        with path.open("rb") as handle:
            return _read_file(path, handle, fps, most)
    except av.FFmpegError as error:
        raise InputError(
            f"the video {path} is corrupt ({error.strerror or error}); export or copy it again."
        ) from error
    except OSError as error:
        raise InputError(f"cannot read the video {path}: {error.strerror or error}.") from error
    except (MemoryError, ValueError, OverflowError) as error:  # a header may state any number
        raise InputError(f"the video {path} is corrupt ({error}); export or copy it again.") from error


def write_lossless(path: Path | str, frames: Pixels, fps: float) -> None:
    """Store frames without loss: FFV1 (RGB, intra only, with a checksum of the pixels) in Matroska, whole or not.

    path: ends in ``.mkv``. frames: uint8 ``[T,H,W,3]`` RGB, any size. fps: any positive rate; it comes back exactly.
    The same frames give the same bytes with one version of PyAV.
    """
    write_bytes(Path(path), lossless_bytes(frames, fps, str(path)))


def lossless_bytes(frames: Pixels, fps: float, name: str = "the clip") -> bytes:
    """The file of :func:`write_lossless` in memory."""
    frames = _check_frames(frames, fps, name)
    options = _ffv1_options(*frames.shape[1:3])
    tags = {"MEBENCH_FPS": repr(float(fps)), "MEBENCH_FRAMES": str(len(frames)), "MEBENCH_SHA256": _checksum(frames)}
    return _encode(frames, fps, "ffv1", "bgr0", "matroska", options, tags)


def write_browser(path: Path | str, frames: Pixels, fps: float) -> str:
    """Write a file that browsers play, at a quality at which micro-motion stays visible, whole or not at all.

    path: ``.mp4`` (H.264; VP9 where this build of PyAV cannot encode H.264) or ``.webm`` (VP9, which also the Chromium
    builds without licensed codecs play). Chroma is stored at half resolution; an odd side is padded by repeating its
    last row or column. Gives the name of the encoder that was used.
    """
    path = Path(path)
    frames = _check_frames(frames, fps, str(path))
    height, width = frames.shape[1:3]
    padded = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    if path.suffix == ".mp4":
        codec = "libx264" if has_encoder("libx264") else "libvpx-vp9"
        container = "mp4"
    elif path.suffix == ".webm":
        codec, container = "libvpx-vp9", "webm"
    else:
        raise InputError(f"{path} must end in .mp4 or .webm.")
    write_bytes(path, _encode(padded, fps, codec, "yuv420p", container, _BROWSER_OPTIONS[codec], {}))
    return codec


_BROWSER_OPTIONS = {
    # Measured on a photograph that moves by 0.5 px: 45.7 and 46.4 dB in luma, and DIS flow 0.058 and 0.047 px from that
    # of the lossless frames, at 5 to 6 kB a frame of 256 px.
    "libx264": {"crf": "8", "preset": "medium", "g": str(_BROWSER_GROUP), "bf": "0"},
    "libvpx-vp9": {"crf": "10", "b": "0", "deadline": "good", "cpu-used": "4", "g": str(_BROWSER_GROUP)},
}

_BT709 = 1
"""Code of BT.709 for matrix, primaries and transfer (ITU-T H.273), which browsers assume for colours they can name."""
_LIMITED_RANGE = 1
_BT601 = 5
_MATRICES = {1: _BT709, 7: 7, 9: 9}
"""Colour matrices of files (H.273) that need naming to the scaler; every other file is BT.601, FFmpeg's default."""


def _container_format(head: bytes) -> str | None:
    """FFmpeg's demuxer for the first 12 bytes of a file. Playlists and other formats that open further files are not
    on the list, so a hostile file cannot make the reader open a path or an address."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "matroska"
    if head[:4] == b"GIF8":
        return "gif"
    return None


def _read_file(path: Path, handle: BinaryIO, fps: float | None, most: int | None) -> tuple[Pixels, float]:
    container_format = _container_format(handle.read(12))
    handle.seek(0)
    if container_format is None:
        hint = "it is a single picture, not a clip" if path.suffix.lower() in SUFFIXES else "it is not a video"
        raise InputError(f"cannot read {path}: {hint}; give an mp4, avi, mkv, webm or gif file or a folder of frames.")
    with av.open(handle, format=container_format) as container:
        if not container.streams.video:
            raise InputError(f"the file {path} holds no pictures, only other streams; give a video.")
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise InputError(f"the video {path} is in a format that cannot be decoded; export it as H.264.")
        stream.codec_context.thread_count = 1
        decoded = _decode(path, container, stream, most)
        _check_complete(path, container, stream, decoded)
        rate = fps if fps is not None else _rate(path, container, stream)
        checksum = container.metadata.get("MEBENCH_SHA256")
    clip = np.stack(decoded.frames)
    # The decoder repairs frames whose own checksum is wrong without a word, so ours covers the pixels.
    if checksum is not None and checksum != _checksum(clip):
        raise InputError(f"the video {path} is damaged: its pixels do not match its checksum; copy it again.")
    return clip, float(rate)


def _checksum(frames: Pixels) -> str:
    return hashlib.sha256(np.ascontiguousarray(frames).data).hexdigest()


class _Decoded(NamedTuple):
    """What could be read. packets: of the video stream; some are decoded and not shown (before the start of a cut).
    first, last: times at which the first and the last frame begin, seconds."""

    frames: list[Pixels]
    packets: int
    first: float
    last: float


def _refuse_large(path: Path, width: int, height: int) -> None:
    if max(width, height) > LARGEST_SIDE or width * height > MOST_PIXELS:
        raise InputError(
            f"the video {path} says that its frames have {width} x {height} pixels, more than {LARGEST_SIDE} on a side or "
            f"{MOST_PIXELS >> 20} million in all; make it smaller."
        )


def _decode(path: Path, container: Any, stream: Any, most: int | None) -> _Decoded:
    _refuse_large(path, stream.codec_context.width, stream.codec_context.height)
    frames: list[Pixels] = []
    times: list[float] = []
    packets = 0
    for packet in container.demux(stream):
        packets += packet.size > 0
        for frame in packet.decode():
            if packet.is_corrupt or frame.is_corrupt:
                raise InputError(f"the video {path} is damaged at frame {len(frames)}; export or copy it again.")
            _refuse_large(path, frame.width, frame.height)  # a frame may say another size than the header
            if most is not None and len(frames) == most:
                raise InputError(
                    f"the video {path} has more than {most} frames; return one for each of the driving clip."
                )
            pixels = _rgb(frame)
            if frames and pixels.shape != frames[0].shape:
                raise InputError(
                    f"the video {path} changes its frame size at frame {len(frames)}; export it with one size."
                )
            frames.append(pixels)
            times.append(frame.time or 0.0)
            if len(frames) * pixels.nbytes > MOST_BYTES:
                raise InputError(
                    f"the video {path} is longer than {MOST_BYTES >> 30} GiB when decoded; cut out the expression."
                )
    if not frames:
        raise InputError(f"the video {path} holds no frame that can be decoded; export or copy it again.")
    return _Decoded(frames, packets, min(times), max(times))


def _rgb(frame: Any) -> Pixels:
    """uint8 ``[H,W,3]`` of a decoded frame, upright. Chroma is interpolated bicubically with exact rounding."""
    matrix = _MATRICES.get(int(frame.colorspace))
    named = {"src_colorspace": matrix, "dst_colorspace": _BT601} if matrix else {}
    rgb = frame.reformat(format="rgb24", interpolation=_accurate(), **named)
    pixels = rgb.to_ndarray()
    quarter_turns = round(frame.rotation / 90.0)
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns)) if quarter_turns else pixels


def _accurate() -> Any:
    """Bicubic chroma, full-resolution chroma, accurate rounding, no per-machine shortcuts (FFmpeg's swscale flags)."""
    from av.video.reformatter import Interpolation

    return int(Interpolation.BICUBIC) | 0x2000 | 0x40000 | 0x80000


def _check_complete(path: Path, container: Any, stream: Any, decoded: _Decoded) -> None:
    """Compare what could be read with what the file promises; less is an error.

    The number of frames is binding in our own files. In others it counts together with the length in time, because an
    edit list may hide frames that the header counts. Matroska promises a length alone.
    """
    count = len(decoded.frames)
    tag = container.metadata.get("MEBENCH_FRAMES", "")
    rate, seconds = float(stream.average_rate or 0), _promised_seconds(stream)
    lacking = seconds - (decoded.last - decoded.first) - 1.0 / rate if rate and seconds else 0.0
    if tag.isdecimal():
        promised = int(tag)
        short = count < promised
    elif stream.frames:
        promised = int(stream.frames)
        short = decoded.packets < promised and (not seconds or lacking * rate > 0.5)
    else:
        promised = round(seconds * rate)
        short = lacking * rate > max(2.5, 0.02 * promised)  # stated lengths are good to a frame or two
    if short:
        raise InputError(
            f"the video {path} is truncated: it should hold {promised} frames but only {count} could be decoded; "
            "export or copy it again."
        )


def _promised_seconds(stream: Any) -> float:
    """Length of the video stream as the header states it, in seconds; 0 when it does not."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    hours, _, rest = stream.metadata.get("DURATION", "").partition(":")  # Matroska: 00:00:00.480000000
    minutes, _, seconds = rest.partition(":")
    try:
        return int(hours) * 3600.0 + int(minutes) * 60.0 + float(seconds)
    except ValueError:
        return 0.0


def _rate(path: Path, container: Any, stream: Any) -> float:
    """Frames per second: exact from our own files, otherwise the mean rate that the container gives."""
    try:
        rate = float(container.metadata["MEBENCH_FPS"])
    except (KeyError, ValueError):
        rate = float(stream.average_rate or stream.guessed_rate or 0)
    if not (math.isfinite(rate) and rate > 0):
        raise InputError(f"the video {path} states no frame rate; give one (--fps).")
    return rate


def _check_rate(fps: float, name: str) -> None:
    if not (math.isfinite(fps) and fps > 0):
        raise InputError(f"{name} is {fps}; a frame rate must be a positive number of frames per second.")


def _check_frames(frames: Pixels, fps: float, name: str) -> Pixels:
    _check_rate(fps, f"the frame rate of {name}")
    if frames.dtype != np.uint8:
        raise InputError(f"cannot write {name}: frames must be uint8, not {frames.dtype}; round 255 x first.")
    if frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape:
        raise InputError(f"cannot write {name}: frames must have the shape [T,H,W,3], not {list(frames.shape)}.")
    return frames


def has_encoder(name: str) -> bool:
    """Whether this build of PyAV can encode with ``name``, such as ``libx264``."""
    try:
        av.Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def _ffv1_options(height: int, width: int) -> dict[str, str]:
    """FFV1 level 3 with checksums; how many slices it takes depends on the size in ways that only the encoder knows.
    Frames of a single column, which level 3 refuses at some heights, are stored with level 1."""
    choices: list[dict[str, str]] = [
        {"level": "3", "slicecrc": "1", "g": "1", "slices": n} for n in ("1", "4", "12", "24")
    ]
    choices.append({"level": "1", "g": "1"})
    for options in choices[:-1]:
        encoder: Any = av.CodecContext.create("ffv1", "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "bgr0"
        encoder.time_base = Fraction(1, 25)
        encoder.options = options
        try:
            encoder.open()
        except (av.FFmpegError, NotImplementedError):
            continue
        return options
    return choices[-1]


def _encode(
    frames: Pixels,
    fps: float,
    codec: str,
    pixel_format: str,
    container_format: str,
    options: dict[str, str],
    tags: dict[str, str],
) -> bytes:
    """Encode in memory; nothing in the bytes depends on time or chance (``bitexact``)."""
    buffer = io.BytesIO()
    rate = Fraction(fps).limit_denominator(1_000_000)
    with av.open(buffer, "w", format=container_format, options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = 1 / rate
        stream.codec_context.thread_count = 1
        colour = {"interpolation": _accurate()}
        if pixel_format.startswith("yuv"):
            stream.codec_context.colorspace = stream.codec_context.color_primaries = _BT709
            stream.codec_context.color_trc = _BT709
            stream.codec_context.color_range = _LIMITED_RANGE
            colour["dst_colorspace"] = _BT709
        container.metadata.update(tags)
        for index, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame = frame.reformat(format=pixel_format, **colour)
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()
