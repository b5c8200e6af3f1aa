"""The site in a browser: tables, deep links, weights, comparisons, the player, accessibility, with nothing asked elsewhere."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from board_run import FACTS, PROTOCOL, film_of_a_moving_disc, write_run

from mebench.leaderboard.folder import read_submission
from mebench.leaderboard.site import build_site, stow
from mebench.leaderboard.site.serve import serve
from mebench.leaderboard.submit import submit
from mebench.runs.summary import counted_value
from mebench.statistics.paired import paired_difference

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)"),
]

BOARD = f"board/{PROTOCOL}.html"
HOSTILE = (
    "<script>window.hacked=1</script><img src=x onerror='window.hacked=2'>\u05e9\u05dc\u05d5\u05dd \u0639\u0644\u064a\u0643 "
    + "W" * 110
)


@pytest.fixture(scope="module")
def folder(whole_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a film on one result and a hostile card."""
    root = tmp_path_factory.mktemp("site")
    tree = Path(shutil.copytree(whole_tree, root / "submissions"))
    film_of_a_moving_disc(tree / "magplus/1", "self--c0")
    run = write_run(
        root / "run", "bad", None, 0.5, title=HOSTILE, summary=HOSTILE, authors=[HOSTILE], licence=HOSTILE[:200]
    )
    submit([run], "bad", out=tree, films=0)
    return build_site(root / "out", tree, facts=FACTS).folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
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
    """Opens a page and notes every word on the console, every error and every request that leaves the host."""
    troubles: list[str] = []
    pages: list[Any] = []

    def opened(path: str, width: int = 1280, **options: Any) -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.set_default_timeout(60_000)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "requestfailed",
            lambda r: None if r.failure == "net::ERR_ABORTED" else troubles.append(f"{r.url}: {r.failure}"),
        )
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


def until(page: Any, expression: str) -> None:
    """Wait until it holds. The pages forbid the evaluation of strings, so their own clock cannot be asked."""
    deadline = time.monotonic() + 60.0
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def heads(page: Any, kind: str = "self") -> list[str]:
    """What the visible columns sort by."""
    return list(
        page.evaluate(
            f"[...document.querySelectorAll('#board-{kind} thead th[data-sort]')].filter((h) => h.offsetParent).map((h) => h.dataset.sort)"
        )
    )


def test_sorting_filtering_and_the_address_that_brings_them_back(open_page: Any) -> None:
    page = open_page(BOARD)
    assert shown(page)[0].startswith("magplus") and len(shown(page)) == 7
    assert heads(page) == ["name", "rank", "family:motion", "family:truth", "family:realism", "family:identity"]
    page.click(".segments label:has(input[value=identity])")
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
    assert heads(page, "cross") == ["name", "rank", "flow_epe"]
    again = open_page(page.url.split("/", 3)[3])
    assert shown(again, "cross") == shown(page, "cross") and heads(again, "cross") == heads(page, "cross")
    again.fill("#search", "nobody")
    assert again.is_visible("section[data-kind=cross] .nothing")
    again.click("section[data-kind=cross] .reset")
    assert len(shown(again)) == 7 and again.url.endswith("#sort=csim%5Bdlib%5D&down=1")  # the order stays
    again.fill("#since", "2999-01-01")
    assert shown(again) == []
    again.fill("#since", "")
    again.check("#weights-open")
    assert len(shown(again)) == 7 and "open=1" in again.url


def test_a_phone_shows_the_chosen_family_alone(open_page: Any) -> None:
    page = open_page(BOARD)
    page.set_viewport_size({"width": 390, "height": 800})
    families = "[...new Set([...document.querySelectorAll('#board-self tbody td[data-family]')].filter((c) => c.offsetParent).map((c) => c.dataset.family))]"
    assert page.evaluate(families) == [""]
    page.click(".segments label:has(input[value=identity])")
    assert page.evaluate(families) == ["identity"]
    page.click(".segments label:has(input[value=all])")
    assert len(page.evaluate(families)) == 4


def test_selected_methods_old_versions_and_weights(open_page: Any) -> None:
    page = open_page(BOARD)
    page.check("#old")
    assert len(shown(page)) == 8
    page.uncheck("#old")
    for box in page.query_selector_all("#board-self tbody.rows .pick input")[1:3]:
        box.check()
    page.check("#only")
    assert len(shown(page)) == 2 and "select=" in page.url
    page.uncheck("#only")
    best = shown(page)[0]
    page.click("section[data-kind=self] .weights summary")
    assert page.inner_text("section[data-kind=self] .verdict").endswith("is first.")
    for family in ("motion", "truth", "realism"):
        page.fill(f"section[data-kind=self] [data-weight={family}]", "0")
    assert page.inner_text("section[data-kind=self] .verdict").startswith("Direct on fomm is first; with equal weights")
    assert shown(page)[0] == "direct fomm" and shown(page)[0] != best
    again = open_page(page.url.split("/", 3)[3])
    assert shown(again) == shown(page)  # weights stand in the address too
    again.click("section[data-kind=self] .weights summary")
    again.click("section[data-kind=self] .equal")
    assert shown(again)[0] == best and "weights" not in again.url
    page.click("#compare-bar a")
    assert page.url.split("#")[0].endswith("compare.html")
    until(page, "document.querySelector('#compare-table tbody tr') !== null")
    assert page.locator("#compare-table tbody tr").count() == sum(info["per"] == "clip" for info in FACTS.values())


def test_all_results_are_filtered_by_method_protocol_and_dataset(open_page: Any) -> None:
    page = open_page("results.html")
    rows = "[...document.querySelectorAll('.board tbody.rows tr')].map((r) => r.dataset.method)"
    assert len(page.evaluate(rows)) == 9
    page.select_option("#method", "magplus")
    page.select_option("#dataset", "synme")
    page.select_option("#protocol", PROTOCOL)
    assert page.evaluate(rows) == ["magplus", "magplus"]
    assert open_page(page.url.split("/", 3)[3]).evaluate(rows) == ["magplus", "magplus"]


def test_the_comparison_computes_as_the_command_does(open_page: Any, whole_tree: Path) -> None:
    first, second = (read_submission(whole_tree / name / "1").results[0] for name in ("magplus", "direct"))
    keys = f"magplus/1/{first.name},direct/1/{second.name}"
    page = open_page(f"compare.html#board={PROTOCOL}&kind=cross&r={keys}&metric=profile")
    page.wait_for_selector("#compare-table tbody tr")
    both = [(a, b) for a, b in zip(first.rows, second.rows, strict=True) if a["task"]["kind"] == "cross"]
    values = [
        [counted_value(r["status"], r["scores"].get("profile"), -1.0) for r in side] for side in zip(*both, strict=True)
    ]
    found = paired_difference(
        [-float(v or 0) for v in values[0]],
        [-float(v or 0) for v in values[1]],
        [a["task"]["driving_subject"] for a, _ in both],
        [a["task"]["source_subject"] for a, _ in both],
    )
    cells = page.inner_text("#compare-table tbody tr:has(th:has-text('profile')) td:nth-of-type(3)")
    text = f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})".replace("-", "\u2212")
    assert cells == text
    assert "Magplus on fomm leads profile" in page.inner_text("#explain-verdict")
    assert page.locator("#explain-plots svg").count() == 3 and page.locator("#gap-plot svg").count() == 1
    assert "share of the clips" in page.inner_text("main")
    page.select_option("[name=add]", index=1)
    until(page, "document.querySelectorAll('#compare-table thead th').length === 6")
    assert page.locator("#compare-table thead button").count() == 3


def test_scores_by_group_are_those_of_the_rows(open_page: Any, whole_tree: Path) -> None:
    result = read_submission(whole_tree / "direct/1").results[0]
    page = open_page(f"result/direct--1--{result.name}.html")
    page.select_option("#breakdown [name=metric]", "psnr")
    until(page, "document.querySelector('#breakdown [role=status]').textContent.startsWith('psnr')")
    label = page.get_attribute("#breakdown figure:nth-of-type(1) svg", "aria-label")
    value = result.cells["psnr", "self", "a"]["value"]["mean"]
    assert f"domain a: {value:.2f}" in label
    assert page.url.endswith("#metric=psnr")
    assert page.locator("#breakdown figure").count() == 3


def test_the_player_shows_one_frame_everywhere_and_magnifies(open_page: Any, whole_tree: Path) -> None:
    result = read_submission(whole_tree / "magplus/1").results[0]
    page = open_page(f"result/magplus--1--{result.name}.html#clip=self--c0")
    until(page, "!document.querySelector('#player').hasAttribute('aria-busy')")
    frames = "[...document.querySelectorAll('#stage canvas')].map((c) => c.dataset.frame)"
    assert page.evaluate(frames) == ["still", "4", "4", "4", "4", "4", "4", "4"]
    page.click("#next")
    assert set(page.evaluate(frames)) == {"still", "5"} and page.get_attribute(".chart .cursor", "data-frame") == "5"
    page.click("[data-mark=apex]")
    read = """const read = (c) => { const copy = new OffscreenCanvas(c.width, c.height).getContext('2d', { willReadFrequently: true });
      copy.drawImage(c, 0, 0); return copy.getImageData(0, 0, c.width, c.height).data; };"""
    centre = """(index) => { READ const c = document.querySelectorAll('#stage canvas')[index], d = read(c);
      let sum = 0, mass = 0;
      for (let y = 0; y < c.height; y += 1) for (let x = 0; x < c.width; x += 1) { const m = Math.max(0, d[4 * (y * c.width + x)] - 120); sum += m * x; mass += m; }
      return sum / mass; }""".replace("READ", read)
    start, moved = 48.0, page.evaluate(centre, 2)
    assert 0.6 < moved - start < 1.4  # the disc of the output moves by one pixel
    page.fill("#factor", "8")
    assert 6.0 < page.evaluate(centre, 6) - start < 9.0
    page.fill("#factor", "2")
    assert 1.4 < page.evaluate(centre, 6) - start < 2.6
    assert "×2" in page.inner_text("#stage figure:nth-of-type(7) figcaption")
    colour = """(name) => { READ const c = document.querySelectorAll('#stage canvas')[4], d = read(c);
      let found = 0;
      for (let i = 0; i < d.length; i += 4) if (name === 'orange' ? d[i] > d[i + 2] + 60 : d[i + 2] > d[i] + 60) found += 1;
      return found; }""".replace("READ", read)
    assert (
        page.evaluate(colour, "orange") > 20 and page.evaluate(colour, "blue") > 20
    )  # it moves half as far as the truth
    page.click(".looks label:has-text('Motion')")
    assert page.evaluate(colour, "orange") > 20 and page.evaluate(colour, "blue") > 20
    page.focus("#play")
    page.keyboard.press("ArrowLeft")
    assert "3" in page.evaluate(frames)
    page.keyboard.press(" ")
    until(page, "document.querySelector('#stage canvas:not([data-frame=still])').dataset.frame !== '3'")
    assert len(set(page.evaluate(frames))) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_of_page_is_accessible_and_fits_a_phone(
    open_page: Any, address: str, folder: Path, scheme: str
) -> None:
    """axe finds nothing serious; in the dark, on the pages that have colours of their own."""
    from axe_core_python.sync_playwright import Axe

    page = open_page("index.html", 390, color_scheme=scheme)
    paths = ["index.html", "results.html", "compare.html", "metric/gain.html", "method/magplus.html"]
    if scheme == "light":
        paths += [BOARD, "metrics.html", "protocols.html", "datasets.html", "data.html", "dataset/synme.html"]
        paths += [f"protocol/{PROTOCOL}.html", "protocol/cross-identity.html"]
        paths += [f"result/{min((folder / 'result').glob('magplus--1--*.html')).name}"]
    problems = []
    for path in paths:
        page.set_viewport_size({"width": 390, "height": 900})
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.evaluate("document.querySelectorAll('h1').length") == 1
        until(page, "document.querySelector('[aria-busy]') === null")
        page.set_viewport_size({"width": 1280, "height": 900})
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        problems += [
            (path, each["id"], each["nodes"][0]["html"][:160])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
    assert problems == []


def test_a_board_works_by_keyboard_alone(open_page: Any) -> None:
    page = open_page(BOARD)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.focus("#search")
    page.keyboard.type("direct")
    assert {name.split()[0] for name in shown(page)} == {"direct"}
    page.focus("#board-self th[data-sort=name] button")
    page.keyboard.press("Enter")
    assert page.get_attribute("#board-self th[data-sort=name]", "aria-sort") == "ascending"
    page.focus("#board-self tbody.rows .pick input")
    page.keyboard.press(" ")
    assert page.is_visible("#compare-bar")


def test_hostile_words_stay_words_in_a_browser(open_page: Any) -> None:
    for path in ("method/bad.html", BOARD, "compare.html", "results.html"):
        page = open_page(path)
        page.wait_for_timeout(200)
        assert page.evaluate("window.hacked") is None
        assert "<script>window.hacked" in page.evaluate(
            "document.body.innerText + [...document.querySelectorAll('option')].map((o) => o.text)"
        )
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_rows_beyond_the_first_are_ordered_at_once_and_fetched(
    open_page: Any, whole_tree: Path, folder: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What must be right when there are more rows than the page comes with; how long it takes is benchmarks/site.py's."""
    monkeypatch.setattr(stow, "FIRST", 2)
    short = build_site(folder.parent / "short", whole_tree, facts=FACTS).folder
    for file in (BOARD, stow.path(BOARD)):
        target = folder / file.replace(PROTOCOL, "short")
        target.parent.mkdir(exist_ok=True)
        target.write_text((short / file).read_text().replace(stow.path(BOARD), stow.path("board/late.html")))
    looks = (folder / stow.path("board/short.html")).read_text()
    (folder / stow.path("board/late.html")).write_text("")  # fetched, and nothing in it yet
    page = open_page("board/short.html")
    first = shown(page)
    assert len(first) == 2 and page.inner_text("section[data-kind=self] .shown") == "6 results"
    page.click("#board-self th[data-sort=name] button")
    page.click("#board-self th[data-sort=name] button")
    assert page.get_attribute("#board-self", "aria-busy") == "true" and shown(page) == first  # they stay for so long
    page.evaluate(looks)
    until(page, "document.querySelectorAll('#board-self tbody.rows tr').length === 6")
    assert page.get_attribute("#board-self", "aria-busy") is None
    names = [name.split()[0] for name in shown(page)]
    assert names == ["warp-demag", "magplus", "magplus", "flow-transfer", "direct", "direct"]
    page.fill("#search", "warp")
    assert len(shown(page)) == 1
