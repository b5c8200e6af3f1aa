"""The doors by which bytes from strangers come in, one function each, and whole examples to begin with.

A door is opened with any bytes. It may do what it is for, or refuse with one of mebench's own errors in one sentence;
anything else that is raised is a fault. Used by ``test_doors.py`` (Hypothesis) and ``run_atheris.py``.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from mebench import strict_yaml
from mebench.datasets.action_units import CASME3_C, SAMM, parse
from mebench.datasets.sheets import read_workbook, records
from mebench.errors import MebenchError
from mebench.home import packaged
from mebench.images import image_size, read_image
from mebench.leaderboard import strict_json
from mebench.leaderboard.features import unpack
from mebench.leaderboard.schema import Card, Manifest
from mebench.leaderboard.tables import read_bounds, read_clips
from mebench.leaderboard.upgrade import upgraded
from mebench.protocol import Protocol
from mebench.video import lossless_bytes, read_video, write_browser

Door = Callable[[bytes], None]

LONGEST = 2000
"""Characters of a refusal: it may list columns or keys, and no more."""


def open_door(name: str, data: bytes) -> bool:
    """Whether the door let ``data`` in. AssertionError for a refusal that is not one line; other errors pass through."""
    try:
        DOORS[name](data)
    except MebenchError as error:
        text = str(error)
        assert text.strip() and "\n" not in text and len(text) <= LONGEST, text
        return False
    return True


def _through_file(suffix: str, read: Callable[[Path], object]) -> Door:
    def door(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"given{suffix}"
            path.write_bytes(data)
            read(path)

    return door


def _picture(path: Path) -> None:
    pixels = read_image(path)
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
    assert image_size(path) == pixels.shape[:2]


def _video(path: Path) -> None:
    frames, fps = read_video(path, most=200)
    assert frames.ndim == 4 and 0 < fps < float("inf")


def _table(path: Path) -> None:
    for _ in records(read_workbook(path), {"subject": ("Subject",), "name": ("Filename",)}):
        pass


def _checkpoint(path: Path) -> None:
    from mebench.weights.add import _content, _refuse_claims

    _refuse_claims(_content(path), path)


def _units(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for notation in (SAMM, CASME3_C):
        parse(text, notation).digits()


def _json(data: bytes) -> None:
    value = upgraded("manifest", strict_json.parse(data, "manifest.json"))
    strict_json.validate(value, "manifest.json", Manifest)


def _card(path: Path) -> None:
    strict_yaml.load(path, Card)


def _protocol(path: Path) -> None:
    strict_yaml.load(path, Protocol)


def _clips(data: bytes) -> None:
    read_clips(data, "clips.csv", {"gain": 1, "csim[dlib]": 1})


def _bounds(data: bytes) -> None:
    read_bounds(data, "bounds.csv", {"gain": 1})


DOORS: dict[str, Door] = {
    "picture": _through_file(".png", _picture),
    "video": _through_file(".mp4", _video),
    "workbook": _through_file(".xlsx", _table),
    "old workbook": _through_file(".xls", _table),
    "table": _through_file(".csv", _table),
    "checkpoint": _through_file(".pth", _checkpoint),
    "vectors": lambda data: unpack(data, "features.npz") and None,
    "action units": _units,
    "json": _json,
    "card": _through_file(".yaml", _card),
    "protocol": _through_file(".yaml", _protocol),
    "clips": _clips,
    "bounds": _bounds,
}


@cache
def examples(name: str) -> tuple[bytes, ...]:
    """Whole files for the door ``name``, small."""
    return tuple(_EXAMPLES[name]())


def _pictures() -> list[bytes]:
    image = (np.arange(12 * 16 * 3) % 251).reshape(12, 16, 3).astype(np.uint8)
    return [cv2.imencode(suffix, image)[1].tobytes() for suffix in (".png", ".jpg", ".bmp", ".tif")]


def _videos() -> list[bytes]:
    frames = np.random.default_rng(0).integers(0, 255, (3, 16, 16, 3), dtype=np.uint8)
    made = [lossless_bytes(frames, 25.0)]
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".mp4", ".webm"):
            write_browser(Path(folder) / f"v{suffix}", frames, 25.0)
            made.append((Path(folder) / f"v{suffix}").read_bytes())
    return made


def _workbooks() -> list[bytes]:
    import openpyxl

    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in (("Subject", "Filename", "OnsetFrame"), (1, "EP01_1", 3), (2, "=1+1", "4+L12")):
        book.active.append(row)
    book.save(target)
    return [target.getvalue()]


def _old_workbooks() -> list[bytes]:
    import xlwt

    book, target = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("one")
    for column, text in enumerate(("Subject", "Filename")):
        sheet.write(0, column, text)
        sheet.write(1, column, column)
    book.save(target)
    return [target.getvalue()]


def _checkpoints() -> list[bytes]:
    import torch

    made = []
    for new in (True, False):
        target = io.BytesIO()
        torch.save({"a": torch.ones(3), "b": {"c": torch.zeros(2, 2)}}, target, _use_new_zipfile_serialization=new)
        made.append(target.getvalue())
    return made


def _vectors() -> list[bytes]:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        arrays = {
            f"e/{side}/{part}": np.ones((1, 4), np.float32) for side in ("made", "real") for part in ("luma", "colour")
        }
        for name, array in {"tasks": np.array(["t"]), **arrays, "e/real_is_driving": np.array([True])}.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, array)
            archive.writestr(f"{name}.npy", data.getvalue())
    return [target.getvalue()]


_CARD = "name: m\ntitle: M\nsummary: s\nauthors: [A]\nlicence: MIT\nseen_datasets: []\nopen_weights: true\n"
_CLIP = f"t,self,synme,,c,onset:c,s,s,a,a,4 L12,{'0' * 64},ok,,{'1' * 64},0.5,1.0,,\n"

_EXAMPLES: dict[str, Callable[[], list[bytes]]] = {
    "picture": _pictures,
    "video": _videos,
    "workbook": _workbooks,
    "old workbook": _old_workbooks,
    "table": lambda: [b"Subject,Filename\r\n1,EP01\r\n", "Subject,Filename\n表,a\n".encode("gb18030")],
    "checkpoint": _checkpoints,
    "vectors": _vectors,
    "action units": lambda: [b"4+L12", b"AUR1+2+ L4+45(k)", b"ref(7B)+4A/B or 12"],
    "json": lambda: [sorted(packaged("submissions").glob("*/*/manifest.json"))[0].read_bytes()],
    "card": lambda: [_CARD.encode()],
    "protocol": lambda: [(packaged("protocols") / "open-mini.yaml").read_bytes()],
    "clips": lambda: [
        (
            "task,kind,dataset,source_dataset,driving,source,driving_subject,source_subject,driving_domain,source_domain,"
            f"action_units,task_hash,status,error,pixels_sha256,peak_px,gain,csim[dlib],reasons\n{_CLIP}"
        ).encode()
    ],
    "bounds": lambda: [b"bound,task,status,gain,reasons\nfloor,t,ok,0.5,\n"],
}
