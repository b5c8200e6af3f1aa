"""The page of a run as a file: what stands in it, what must not, and what happens when something is missing."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from page_run import APEX, BLOCK, FRAMES, SIDE, FakeDataset, FakeOpenDataset, write_run

from mebench.datasets.contract import Terms
from mebench.errors import InputError, StorageError
from mebench.runs.page import build

OPEN = Terms("CC0-1.0", may_show_frames=True, may_show_generated=True)
GATED = Terms("agreement", may_show_frames=False, may_show_generated=False)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\" ' </style> {{ 7*7 }} \u2028"


def make(folder: Path, dataset: FakeDataset | None = None, **options: object) -> str:
    write_run(folder, **options)  # type: ignore[arg-type]
    return build(folder, lambda name: dataset or FakeOpenDataset(OPEN)).read_text(encoding="utf-8")


class _Reader(HTMLParser):
    """Elements, visible text and addresses of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.data = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = "data" if dict(attrs).get("id") == "clips-data" else tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "data":
            self.data += data
        elif self._inside not in ("script", "style"):
            self.text.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.text))

    @property
    def entries(self) -> list[dict]:  # type: ignore[type-arg]
        return json.loads(self.data)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "fake-method--fomm--open-mini--abababab"
    make(folder)
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> _Reader:
    return _Reader((folder / "index.html").read_text(encoding="utf-8"))


def test_scores_stand_with_interval_bounds_and_unit(page: _Reader) -> None:
    assert "A fake method" in page.words and "on fomm" in page.words
    # the means and intervals are those of summary.json, at the metric's decimals
    assert re.search(r"gain_error octaves ↓ .*?1\.65 ±\s?0\.27 4\.05 .*? 0\.05", page.words)
    for family in ("Motion", "Truth", "Realism", "Identity"):
        assert family in page.words
    assert "What psnr measures in one sentence. Higher is better." in page.words
    assert "A. Author, A Paper, eq. 3" in page.words


def test_missing_numbers_say_why_in_text(page: _Reader) -> None:
    notes = page.words[page.words.index("Notes") :] if "Notes" in page.words else page.words
    assert notes.count("no motion was detected in the output.") >= 2  # below the scores, below the clips, on the number
    assert "no face was found on the output." in notes
    assert all(attributes.get("tabindex") == "0" for _, attributes in page.tags if attributes.get("class") == "missing")


def test_failed_clip_is_named_with_its_error(page: _Reader) -> None:
    assert "1 clip of 12 failed and counts at the worst value" in page.words
    assert "the method gave NaN in frame 4." in page.words
    assert len(page.entries) == 11


def test_command_and_provenance(page: _Reader) -> None:
    assert "mebench run --method fake-method --backbone fomm --protocol open-mini" in page.words
    for text in ("fomm-lite.safetensors", "cd" * 32, "2 March 2026, 10:06 UTC", "0.1.0 at 0123456789", "CC0-1.0"):
        assert text in page.words


def test_best_median_and_worst_are_shown(page: _Reader) -> None:
    by_kind = {kind: [e["label"] for e in page.entries if e["kind"] == kind] for kind in ("self", "cross")}
    for labels in by_kind.values():
        assert labels[0] == "best" and labels[-1] == "worst" and labels.count("median") == 1


def test_page_is_self_contained(page: _Reader, folder: Path) -> None:
    loaded = [a.get(name) for tag, a in page.tags for name in ("src", "href", "srcset", "action") if a.get(name)]
    outside = [address for address in loaded if address and not address.startswith(("#", "data:", "page/"))]
    assert outside == []
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and "default-src 'none'" in policy and "unsafe" not in policy
    assert sum(f.stat().st_size for f in [folder / "index.html", *folder.glob("page/*")]) < 15e6


def test_sheets_hold_every_frame_of_every_panel(page: _Reader, folder: Path) -> None:
    entry = page.entries[0]
    sheet = cv2.imread(str(folder / entry["sheet"]))
    side, columns = entry["side"], entry["columns"]
    names = [(p["name"], bool(p["factor"])) for p in entry["panels"]]
    assert names == [
        ("Source", False),
        ("Driving clip", False),
        ("Output", False),
        ("True answer", False),
        ("Output", True),
        ("True answer", True),
    ]
    for panel in entry["panels"][1:]:
        for frame in range(FRAMES):
            tile = panel["start"] + frame
            top, left = tile // columns * side, tile % columns * side
            blocks = sheet[top + side - BLOCK : top + side, left : left + side]
            bits = [blocks[4:12, bit * BLOCK + 4 : bit * BLOCK + 12].mean() > 128 for bit in range(5)]
            assert sum(1 << bit for bit in range(5) if bits[bit]) == frame


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    text = make(tmp_path / "run", method=HOSTILE, title=HOSTILE, error=HOSTILE, reason=HOSTILE, key="self--\"'&<b>-a")
    page = _Reader(text)
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert "alert(1)" not in re.findall(r"<script>(.*?)</script>", text, re.S)[0]
    assert "<b>" not in text
    assert HOSTILE.replace("\u2028", "").strip() in page.words.replace("\u2028", "")  # shown as it was written
    assert any(score["reason"] == HOSTILE for entry in page.entries for score in entry["scores"])


@pytest.mark.parametrize(
    ("terms", "gain", "shown"),
    [
        ((False, False), 0.6, []),
        ((False, True), 0.6, ["Output"]),
        ((False, True), 1.0, []),  # the output copies the driving clip
        ((True, False), 0.6, ["Source", "Driving clip", "Output"]),
    ],
)
def test_frames_follow_the_licence(
    tmp_path: Path, terms: tuple[bool, bool], gain: float, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = FakeDataset(Terms("agreement", *terms))
    if gain == 1.0:
        import page_run

        monkeypatch.setattr(dataset, "clip", lambda key: _clip_like_the_output(page_run, key))
    page = _Reader(make(tmp_path / "run", dataset, licence=terms, gain=gain))
    entry = page.entries[0]
    plain = [panel for panel in entry["panels"] if panel["factor"] is None]
    assert [panel["name"] for panel in plain if panel["note"] is None] == shown
    for panel in entry["panels"]:
        assert panel["note"] is None or "Not shown" in panel["note"]
        # The source does not move: nothing stands in its place. Arrows stand in the place of what moves.
        assert (panel["start"] is None) == bool(panel["note"] and (panel["name"] == "Source" or panel["factor"]))
    assert entry["curves"] is not None
    assert (entry["note"] is None) == (len(shown) == 3)


def _clip_like_the_output(page_run, key):  # type: ignore[no-untyped-def]
    import dataclasses

    clip = FakeDataset(GATED).clip(key)
    frames = dataclasses.replace(clip.frames, read=lambda: page_run.clip_frames(190, 1.0, 1))
    return dataclasses.replace(clip, frames=frames)


def test_damaged_clip_and_broken_dataset_cost_their_pictures_alone(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    (folder / "clips" / "self--a00.mkv").write_bytes(b"no video")

    class Broken(FakeOpenDataset):
        def portrait(self, key: str):  # type: ignore[no-untyped-def]
            if key == "onset:b01":
                raise RuntimeError("the portrait is gone")
            return super().portrait(key)

        def clip(self, key: str):  # type: ignore[no-untyped-def]
            if key == "b01":
                raise RuntimeError("the clip is gone")
            return super().clip(key)

    entries = {e["key"]: e for e in _Reader(build(folder, lambda name: Broken(OPEN)).read_text()).entries}
    assert "self--a00.mkv" in entries["self--a00"]["note"] and entries["self--a00"]["sheet"] is None
    assert "is gone" in entries["self--b01"]["note"]
    assert entries["self--a02"]["note"] is None and (folder / entries["self--a02"]["sheet"]).exists()


def test_what_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"run\.json.*finished run"):
        build(tmp_path)
    folder = write_run(tmp_path / "run")
    (folder / "summary.json").write_text("{")
    with pytest.raises(InputError, match=r"summary\.json is damaged"):
        build(folder)
    assert not (folder / "index.html").exists()


def test_full_disk_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_run(tmp_path / "run")

    def full(path: Path, data: bytes) -> None:
        raise StorageError(f"cannot write {path}: the disk is full.")

    monkeypatch.setattr(sys.modules["mebench.runs.page.build"], "write_bytes", full)
    with pytest.raises(StorageError, match="the disk is full"):
        build(folder, lambda name: FakeOpenDataset(OPEN))


def test_stale_sheets_go_away_and_bytes_repeat(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    (folder / "page").mkdir()
    (folder / "page" / "old.jpg").write_bytes(b"")
    first = {p.name: p.read_bytes() for p in [build(folder, lambda n: FakeOpenDataset(OPEN)), *folder.glob("page/*")]}
    again = {p.name: p.read_bytes() for p in [build(folder, lambda n: FakeOpenDataset(OPEN)), *folder.glob("page/*")]}
    assert first == again and "old.jpg" not in first


def test_thumbnail_is_the_apex_of_the_output(page: _Reader) -> None:
    import base64

    data = base64.b64decode(page.entries[0]["thumbnail"].split(",")[1])
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    bits = [picture[SIDE - 8, bit * BLOCK + 8].mean() > 128 for bit in range(5)]
    assert sum(1 << bit for bit in range(5) if bits[bit]) == APEX
