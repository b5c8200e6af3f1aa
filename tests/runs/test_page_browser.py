"""The page in a browser: opened as a file, every control is used, and what is drawn is read back from the screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from page_run import APEX, BITS, BLOCK, FPS, FRAMES, OFFSET, ONSET, SIDE, FakeOpenDataset, write_run

from mebench.datasets.contract import Terms
from mebench.runs.page import build

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)"),
]

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
OPEN = Terms("CC0-1.0", may_show_frames=True, may_show_generated=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_run(tmp_path_factory.mktemp("a folder with # and %") / "run", title=HOSTILE, reason=HOSTILE)
    build(folder, lambda name: FakeOpenDataset(OPEN))
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Tab:
    """A tab on the page, with everything that went wrong in it."""

    def __init__(self, browser: Any, folder: Path, width: int = 1280, anchor: str = "", **options: Any) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        self.page.set_default_timeout(20_000)
        self.troubles: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.troubles.append(message.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.troubles.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto((folder / "index.html").as_uri() + anchor)

    def wait(self) -> None:
        """Until the sheet of the chosen clip is drawn."""
        self.page.wait_for_selector("#player:not([aria-busy]) canvas")

    def until(self, expression: str) -> None:
        """Until ``expression`` is true. (Playwright's own waiting compiles strings, which the page's policy forbids.)"""
        for _ in range(400):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"still not true: {expression}")

    def shown(self) -> set[int]:
        """The frame that each moving panel really shows, read from a screenshot of its canvas."""
        frames = set()
        for canvas in self.page.query_selector_all("#stage canvas:not([data-frame=still])"):
            data = np.frombuffer(canvas.screenshot(), np.uint8)
            picture = cv2.resize(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            row = SIDE - BLOCK // 2
            bits = [picture[row - 3 : row + 3, b * BLOCK + 5 : b * BLOCK + 11].mean() > 128 for b in range(BITS)]
            frames.add(sum(1 << bit for bit in range(BITS) if bits[bit]))
        return frames

    def told(self) -> set[int]:
        """The frame that the captions, the slider, the cursor, the readout and the canvases name."""
        return set(
            self.page.evaluate(
                """() => [
                  ...[...document.querySelectorAll('#stage .number')].map((n) => n.textContent).filter((t) => t !== 'still'),
                  document.querySelector('#scrub').value,
                  document.querySelector('#chart .cursor').dataset.frame,
                  document.querySelector('#readout b').textContent.replace('Frame ', ''),
                ].map(Number)"""
            )
        )

    def cursor_at(self) -> float:
        """Where the cursor of the curves stands, in frames, from its position on the screen."""
        return float(
            self.page.evaluate(
                """() => {
                  const mid = (e) => { const b = e.getBoundingClientRect(); return (b.left + b.right) / 2; };
                  const [on, apex] = [...document.querySelectorAll('#chart .mark')].map(mid);
                  return (mid(document.querySelector('#chart .cursor')) - on) / (apex - on);
                }"""
            )
            * (APEX - ONSET)
            + ONSET
        )


@pytest.fixture
def tab(browser: Any, folder: Path) -> Iterator[Tab]:
    tab = Tab(browser, folder)
    tab.wait()
    yield tab
    assert tab.troubles == []
    assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
    tab.page.close()


def test_all_panels_and_the_cursor_agree_after_every_step(tab: Tab) -> None:
    page = tab.page
    assert len(page.query_selector_all("#stage canvas")) == 6
    assert tab.told() == tab.shown() == {APEX}  # opens at the apex
    page.click("#next")
    assert tab.told() == tab.shown() == {APEX + 1}
    assert tab.cursor_at() == pytest.approx(APEX + 1, abs=0.05)
    page.click("#previous")
    page.click("#previous")
    assert tab.told() == {APEX - 1}
    for mark, frame in (("onset", ONSET), ("offset", OFFSET), ("apex", APEX)):
        page.click(f"[data-mark={mark}]")
        assert tab.told() == {frame}
        assert tab.cursor_at() == pytest.approx(frame, abs=0.05)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert tab.told() == tab.shown() == {APEX + 2}
    page.keyboard.press("End")
    assert tab.told() == {FRAMES - 1}
    page.keyboard.press("ArrowRight")
    assert tab.told() == {0}  # loops
    page.click(".loop")
    page.keyboard.press("ArrowLeft")
    assert tab.told() == {0}  # does not


def test_scrubbing_by_slider_and_by_curve(tab: Tab) -> None:
    page = tab.page
    page.focus("#scrub")
    page.keyboard.press("ArrowRight")
    assert tab.told() == {APEX + 1}
    page.fill("#scrub", "4")
    assert tab.told() == tab.shown() == {4}
    apex = page.query_selector_all("#chart .mark")[1].bounding_box()
    page.mouse.click(apex["x"], apex["y"] + apex["height"] / 2)
    assert tab.told() == {APEX}
    thumb = page.evaluate(
        """() => { const b = document.querySelector('#scrub').getBoundingClientRect(), c = document.querySelector('#chart .cursor').getBoundingClientRect();
                   const s = document.querySelector('#scrub'); return b.left + 8 + (b.width - 16) * s.value / s.max - (c.left + c.right) / 2; }"""
    )
    assert abs(thumb) < 1.0  # the slider's thumb stands under the cursor


def test_playing_pausing_and_speed(tab: Tab) -> None:
    page = tab.page
    page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => {
             const told = [...document.querySelectorAll('#stage .number')].map((n) => n.textContent).filter((t) => t !== 'still');
             window.seen.push([performance.now(), Number(document.querySelector('#chart .cursor').dataset.frame), new Set(told).size, Number(told[0])]);
           }).observe(document.querySelector('#readout'), { childList: true }); }"""
    )
    page.check("input[name=speed][value='0.1']", force=True)
    page.click("[data-mark=onset]")
    page.click("#play")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    tab.until(f"window.seen.some((entry) => entry[1] >= {ONSET + 3})")
    page.click("#play")
    assert page.get_attribute("#play", "aria-label") == "Play"
    stopped = tab.told()
    page.wait_for_timeout(400)
    assert tab.told() == stopped == tab.shown()
    seen = page.evaluate("window.seen")
    assert all(panels == 1 and cursor == panel for _, cursor, panels, panel in seen)
    moving = [(time, frame) for time, frame, *_ in seen if frame > ONSET]
    elapsed = (moving[-1][0] - moving[0][0]) / 1000
    assert moving[-1][1] - moving[0][1] <= elapsed * FPS * 0.1 + 1.5  # a tenth of the speed, never ahead of time


def test_playing_stops_at_the_end_without_loop(tab: Tab) -> None:
    page = tab.page
    page.click(".loop")
    page.check("input[name=speed][value='1']", force=True)
    page.click("#play")
    page.wait_for_selector("#play:not([data-playing])")
    assert tab.told() == tab.shown() == {FRAMES - 1}
    page.focus("#scrub")
    page.keyboard.press("Space")  # plays from the start again
    page.wait_for_selector("#play:not([data-playing])")
    assert tab.told() == {FRAMES - 1}


def test_choosing_clips_and_sorting(tab: Tab) -> None:
    page = tab.page
    page.click("#picker [data-clip='cross--b03']")
    tab.wait()
    assert "b03" in (page.text_content("#clip-facts") or "")
    assert page.get_attribute("#clip-table tr[data-clip='cross--b03']", "aria-current") == "true"
    assert tab.shown() == {APEX}
    page.click("#clip-table a[href='#clip=self--c05']")
    tab.wait()
    assert "c05" in (page.text_content("#clip-facts") or "")
    page.go_back()
    tab.until("document.querySelector('#clip-facts').textContent.includes('b03')")

    def column() -> list[str]:
        return page.eval_on_selector_all(
            "#clip-table tbody td:nth-of-type(5)", "cells => cells.map((c) => c.textContent)"
        )

    head = page.query_selector("#clip-table th:nth-of-type(6) button")
    head.click()
    errors = [float(text) for text in column() if text != "failed"]
    assert errors == sorted(errors) and len(errors) == 11 and column()[-1] == "failed"
    assert page.get_attribute("#clip-table th:nth-of-type(6)", "aria-sort") == "ascending"
    head.click()
    assert [float(text) for text in column() if text != "failed"] == errors[::-1] and column()[-1] == "failed"


def test_reasons_show_on_focus(tab: Tab) -> None:
    page = tab.page
    missing = page.query_selector("#clip-table .missing")
    missing.focus()
    tip = missing.query_selector(".tip")
    assert tip.is_visible() and tip.text_content().strip()
    box = tip.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280 and box["y"] >= 0


def test_hostile_words_are_text(tab: Tab) -> None:
    assert tab.page.text_content("h1").startswith(HOSTILE)
    assert tab.page.query_selector("img[onerror], h1 img") is None


def test_a_link_opens_its_clip_and_a_lost_sheet_is_named(browser: Any, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "page" / "cross--a02.jpg").unlink()
    tab = Tab(browser, copy, anchor="#clip=cross--a02")
    tab.page.wait_for_selector("#clip-note:not([hidden])")
    assert "page/cross--a02.jpg is missing" in tab.page.text_content("#clip-note")
    tab.page.click("#next")
    assert tab.told() == {APEX + 1}
    tab.page.close()


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_and_words_are_legible(browser: Any, folder: Path, width: int, scheme: str) -> None:
    tab = Tab(browser, folder, width, color_scheme=scheme)
    tab.wait()
    for summary in tab.page.query_selector_all("details > summary"):
        summary.evaluate("node => { node.parentElement.open = true; }")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    contrast = tab.page.evaluate(_CONTRAST)
    assert contrast["worst"] >= 4.5, contrast  # WCAG 2.2, level AA, for text of any size
    assert tab.troubles == []
    tab.page.close()


def test_tables_stand_without_javascript(browser: Any, folder: Path) -> None:
    tab = Tab(browser, folder, java_script_enabled=False)
    assert "0.59" in tab.page.inner_text("table.scores")
    assert "cross--b03" in tab.page.inner_text("#clip-table")
    assert "needs JavaScript" in tab.page.inner_text("#motion")
    assert not tab.page.is_visible("#play") and not tab.page.is_visible("#copy")
    tab.page.close()


_CONTRAST = """() => {
  const level = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (node) => { for (let n = node; n; n = n.parentElement) { const c = parse(getComputedStyle(n).backgroundColor); if (c.length < 4 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  let worst = 99, where = "";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || node.closest("script, style, .hidden, .skip, [hidden], [aria-hidden=true], .tip, noscript") || !node.getClientRects().length) continue;
    const a = level(parse(getComputedStyle(node).color).slice(0, 3)), b = level(behind(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst) { worst = ratio; where = node.className + ": " + walker.currentNode.textContent.trim().slice(0, 40); }
  }
  return { worst, where };
}"""
