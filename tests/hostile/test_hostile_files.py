"""Files that are made to hurt, one of each kind, at the door where they would come in: refused in one clear sentence, before
anything of the size that they claim is made."""

from __future__ import annotations

import copy
import io
import re
import resource
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest
import torch

from mebench.bounded_archive import check_archive
from mebench.datasets.sheets import read_workbook
from mebench.errors import CheckpointError, InputError
from mebench.images import image_size, read_folder, read_image
from mebench.leaderboard.features import unpack
from mebench.video import lossless_bytes, read_video, write_browser
from mebench.weights.add import _content, _refuse_claims


@pytest.fixture(autouse=True)
def no_growth() -> object:
    """Nothing here may take 600 MB: the peak of this process is compared."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000


# Archives


def workbook() -> bytes:
    target = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(("Subject", "Filename"))
    book.save(target)
    return target.getvalue()


def rebuilt(data: bytes, change: Callable[[zipfile.ZipFile, dict[str, bytes]], None]) -> bytes:
    """The archive with its parts written again by ``change``."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        change(archive, parts)
    return target.getvalue()


def bomb(archive: zipfile.ZipFile, parts: dict[str, bytes]) -> None:
    for name, part in parts.items():
        archive.writestr(name, part)
    archive.writestr("xl/media/zeros.bin", bytes(64 << 20))


def stated(archive: zipfile.ZipFile, parts: dict[str, bytes]) -> None:
    for name, part in parts.items():
        archive.writestr(name, part)
    archive.infolist()[0].file_size = 1 << 31


def overlapping(archive: zipfile.ZipFile, parts: dict[str, bytes]) -> None:
    for name, part in parts.items():
        archive.writestr(name, part)
    again = copy.copy(archive.infolist()[0])
    again.filename = "again.xml"
    archive.filelist.append(again)


def escaping(archive: zipfile.ZipFile, parts: dict[str, bytes]) -> None:
    for name, part in parts.items():
        archive.writestr(name, part)
    archive.writestr("xl/../../../outside.xml", b"<x/>")


def entities(archive: zipfile.ZipFile, parts: dict[str, bytes]) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{laughs}]>'.encode()
    for name, part in parts.items():
        archive.writestr(name, head + part if name == "xl/worksheets/sheet1.xml" else part)


def far_cell(archive: zipfile.ZipFile, parts: dict[str, bytes]) -> None:
    for name, part in parts.items():
        archive.writestr(name, part.replace(b'r="B1"', b'r="XFD1048576"') if "sheet1" in name else part)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (bomb, "unpacks from"),
        (stated, "unpacks from"),
        (overlapping, "entries that overlap"),
        (escaping, "which leads out"),
        (entities, "a document type"),
        (far_cell, "no annotation is so large"),
    ],
    ids=["bomb", "stated", "overlap", "path", "entities", "far-cell"],
)
def test_workbooks_that_grow_or_lead_out(
    change: Callable[[zipfile.ZipFile, dict[str, bytes]], None], told: str, tmp_path: Path
) -> None:
    path = tmp_path / "CASME2-coding.xlsx"
    path.write_bytes(rebuilt(workbook(), change))
    with pytest.raises(InputError, match=told) as caught:
        read_workbook(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_table_of_one_endless_cell(tmp_path: Path) -> None:
    path = tmp_path / "clips.csv"
    path.write_bytes(b'subject,clip\n"' + b"a" * 300_000)
    with pytest.raises(InputError, match="damaged"):
        read_workbook(path)
    with path.open("wb") as handle:
        handle.truncate(1 << 30)  # a hole, which takes no space
    with pytest.raises(InputError, match="it is another file"):
        read_workbook(path)


def vectors(shape: str = "(1, 4)", more: bytes = b"") -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + bytes(16)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tasks.npy", array + more)
    return target.getvalue()


@pytest.mark.parametrize(
    "data",
    [vectors("(1000000000000,)"), vectors("(-1,)"), vectors(more=bytes(90 << 20)), vectors("(4,4,4,4,4,4,4)")],
    ids=["shape", "negative", "bomb", "short"],
)
def test_vectors_that_claim_too_much(data: bytes) -> None:
    with pytest.raises(InputError, match=r"features\.npz"):
        unpack(data, "features.npz")


def test_vectors_with_python_objects() -> None:
    target = io.BytesIO()
    np.savez(target, tasks=np.array([{"a": print}], dtype=object))
    with pytest.raises(InputError, match="holds no vectors"):
        unpack(target.getvalue(), "features.npz")


def test_whole_archives_pass() -> None:
    check_archive(io.BytesIO(workbook()), "a", 1 << 20)
    check_archive(io.BytesIO(b"no archive"), "a", 1)


# Checkpoints


def saved(content: object, path: Path) -> Path:
    torch.save(content, path)
    return path


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"w": torch.zeros(1).expand(1 << 40)}, "more than the file holds"),
        ({"w": torch.tensor([1.0, float("nan")])}, r"'w' in .* no numbers"),
        ({"a": {"b": [torch.tensor(float("inf"))]}}, r"'a\.b\.0' in .* no numbers"),
    ],
    ids=["expanded", "nan", "infinite"],
)
def test_tensors_that_are_a_lie(content: object, told: str, tmp_path: Path) -> None:
    path = saved(content, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=told):
        _refuse_claims(_content(path), path)


def test_a_nest_without_end(tmp_path: Path) -> None:
    nest: list[object] = []
    for _ in range(60):
        nest = [nest]
    path = saved(nest, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match="nested more than 50 deep"):
        _refuse_claims(_content(path), path)


def test_a_checkpoint_that_is_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    target = io.BytesIO()
    torch.save({"w": torch.ones(3)}, target)
    path.write_bytes(rebuilt(target.getvalue(), bomb))
    with pytest.raises(InputError, match="unpacks from"):
        _content(path)


# Pictures


def png(width: int, height: int) -> bytes:
    data = bytearray(cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes())
    data[16:24] = struct.pack(">II", width, height)
    return bytes(data)


def jpeg(width: int, height: int) -> bytes:
    data = bytearray(cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def bmp(width: int, height: int) -> bytes:
    data = bytearray(cv2.imencode(".bmp", np.zeros((4, 4, 3), np.uint8))[1].tobytes())
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def tiff(width: int, height: int) -> bytes:
    entries = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (279, 4, 4)]
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + body + bytes(8)


MAKERS = [png, jpeg, bmp, tiff]


@pytest.mark.parametrize("make", MAKERS, ids=[make.__name__ for make in MAKERS])
@pytest.mark.parametrize("size", [(60_000, 60_000), (16_000, 16_000), (20_000, 2)], ids=["both", "area", "side"])
def test_pictures_that_claim_any_size(make: Callable[[int, int], bytes], size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "img1.jpg"
    path.write_bytes(make(*size))
    for read in (read_image, lambda p: read_folder(p.parent)):
        with pytest.raises(InputError, match=f"says that it has {size[0]} x {size[1]} pixels"):
            read(path)


@pytest.mark.parametrize("suffix", [".webp", ".jp2", ".hdr", ".ppm", ".gif"])
def test_other_kinds_are_no_frames_whatever_their_name(suffix: str, tmp_path: Path) -> None:
    try:
        done, coded = cv2.imencode(suffix, np.full((64, 64, 3), 90, np.uint8))
    except cv2.error:
        done = False
    if not done:
        pytest.skip(f"this build of OpenCV writes no {suffix}")
    (tmp_path / "a.png").write_bytes(bytes(coded))
    with pytest.raises(InputError, match="give a png, jpg, bmp or tif file"):
        read_image(tmp_path / "a.png")


def test_sizes_of_headers_are_those_of_the_pictures(tmp_path: Path) -> None:
    for suffix in (".png", ".jpg", ".bmp", ".tif"):
        path = tmp_path / f"a{suffix}"
        cv2.imwrite(str(path), np.full((21, 34, 3), 90, np.uint8))
        assert image_size(path) == read_image(path).shape[:2] == (21, 34)


# Videos


def test_videos_that_claim_any_size(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (2, 16, 16, 3), dtype=np.uint8)
    path = tmp_path / "v.mkv"
    data = lossless_bytes(frames, 25.0)
    path.write_bytes(
        re.sub(rb"\xb0\x81\x10\xba\x81\x10", b"\xb0\x82\xea\x60\xba\x82\xea\x60", data)
    )  # PixelWidth and -Height
    with pytest.raises(InputError, match=r"60000 x 60000|corrupt"):
        read_video(path)
    path = tmp_path / "v.gif"
    path.write_bytes(
        b"GIF89a\xff\xff\xff\xff\x80\x00\x00" + bytes(6) + b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\x00;"
    )
    with pytest.raises(InputError, match=r"v\.gif"):
        read_video(path)


def test_more_frames_than_asked_for_are_not_decoded(tmp_path: Path) -> None:
    frames = np.zeros((400, 64, 64, 3), np.uint8)
    write_browser(tmp_path / "v.mp4", frames, 25.0)
    with pytest.raises(InputError, match="more than 12 frames"):
        read_video(tmp_path / "v.mp4", most=12)
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"{number}.png"), frames[0])
    with pytest.raises(InputError, match="5 frames, more than 4"):
        read_folder(tmp_path, 4)
