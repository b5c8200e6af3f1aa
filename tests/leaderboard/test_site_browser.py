"""The board in a browser: sorting, filters, deep links, weights, phone and dark, with nothing asked of another host."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from board_run import FACTS, PROTOCOL

from mebench.leaderboard.site import build_site
from mebench.leaderboard.site.serve import serve

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)"),
]

BOARD = f"board/{PROTOCOL}.html"


@pytest.fixture(scope="module")
def address(whole_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = build_site(tmp_path_factory.mktemp("site") / "out", whole_tree, facts=FACTS).folder
    with serve(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, address: str) -> Iterator[Any]:
    troubles: list[str] = []
    pages: list[Any] = []

    def opened(path: str, width: int = 1280, **options: Any) -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.set_default_timeout(60_000)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith((address, "data:")) else troubles.append(r.url))
        page.goto(address + path)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert troubles == []


def shown(page: Any, kind: str = "self") -> list[str]:
    """Method and backbone of the visible rows, from the top."""
    return list(
        page.evaluate(
            f"""() => [...document.querySelectorAll('#board-{kind} tbody.rows tr')].filter((r) => r.offsetParent)
              .map((r) => r.dataset.key.split('/')[0] + ' ' + r.dataset.backbone)"""
        )
    )


def test_sorting_filtering_and_the_address_that_brings_them_back(open_page: Any) -> None:
    page = open_page(BOARD)
    assert shown(page)[0].startswith("magplus") and len(shown(page)) == 6
    page.click("#board-self th[data-sort='csim[dlib]'] button")
    assert shown(page)[0] == "direct fomm"
    page.click("#board-self th[data-sort='csim[dlib]'] button")
    assert page.get_attribute("#board-self th[data-sort='csim[dlib]']", "aria-sort") == "descending"
    assert shown(page)[-1] == "direct fomm"
    page.select_option("#backbone", "fomm")
    assert {name.split()[1] for name in shown(page)} == {"fomm"}
    page.click(".segments >> text=Cross-identity")
    page.click(".segments >> text=Truth")
    assert shown(page, "self") == [] and len(shown(page, "cross")) == 3
    assert (
        page.evaluate(
            "[...document.querySelectorAll('#board-cross thead th[data-sort]')].filter((h) => h.offsetParent).length"
        )
        == 3
    )
    again = open_page(page.url.split("/", 3)[3])
    assert shown(again, "cross") == shown(page, "cross")
    again.fill("#search", "nobody")
    assert again.is_visible("section[data-kind=cross] .nothing")
    again.click("section[data-kind=cross] .reset")
    assert len(shown(again)) == 6 and again.url.endswith("#sort=csim%5Bdlib%5D&down=1")  # the order stays


def test_selected_methods_old_versions_and_weights(open_page: Any) -> None:
    page = open_page(BOARD)
    page.check("#old")
    assert len(shown(page)) == 7
    page.uncheck("#old")
    for box in page.query_selector_all("#board-self tbody.rows tr:not([hidden]) .pick input")[1:3]:
        box.check()
    page.check("#only")
    assert len(shown(page)) == 2 and "select=" in page.url
    page.uncheck("#only")
    page.click("section[data-kind=self] .weights summary")
    assert "as with equal weights" in page.inner_text("section[data-kind=self] .verdict")
    for family in ("motion", "truth", "realism"):
        page.fill(f"section[data-kind=self] [data-weight={family}]", "0")
    assert page.inner_text("section[data-kind=self] .verdict").startswith("Direct on fomm is first; with equal weights")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_and_has_contrast(open_page: Any, address: str, scheme: str) -> None:
    paths = ["index.html", BOARD, "metrics.html", "protocols.html", "method/magplus.html"]
    page = open_page(paths[0], 390, color_scheme=scheme)
    for path in paths:
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate("document.querySelectorAll('h1').length") == 1
        assert page.evaluate(
            "document.querySelectorAll('[id]').length === new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size"
        )
        assert page.evaluate(CONTRAST) >= 4.5, path


CONTRAST = """() => {
  const light = (c) => { const v = c.match(/[\\d.]+/g).slice(0, 3).map((x) => x / 255).map((x) => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
    return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
  const paper = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255,255,255)'; };
  let least = 99;
  for (const e of document.querySelectorAll('main *, .head *, .foot *')) {
    if (!e.offsetParent || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.closest('[aria-hidden=true], option, tr[data-old]')) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(paper(e))].sort((x, y) => y - x);
    least = Math.min(least, (a + .05) / (b + .05));
  }
  return least; }"""
"""The least contrast of any visible text, as WCAG 2 computes it."""
