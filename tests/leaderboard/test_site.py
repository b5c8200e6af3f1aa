"""The pages say what the submissions say, and only that."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
from board_run import FACTS, PROTOCOL, write_run

from mebench.errors import ConfigError
from mebench.leaderboard.folder import read_submission
from mebench.leaderboard.ranking import places
from mebench.leaderboard.site import build_site
from mebench.leaderboard.submit import submit


@pytest.fixture(scope="module")
def site(whole_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("site") / "out", whole_tree, facts=FACTS).folder


def test_every_submission_is_on_its_board_and_has_a_page(site: Path, whole_tree: Path) -> None:
    board = (site / f"board/{PROTOCOL}.html").read_text()
    for manifest in whole_tree.glob("*/*/manifest.json"):
        submission = read_submission(manifest.parent)
        for result in submission.results:
            page = f"result/{submission.manifest.method}--{submission.manifest.version}--{result.name}.html"
            assert (site / page).is_file()
            if submission.card.role not in ("floor", "ceiling"):
                assert f'href="../{page}"' in board
        page = (site / f"method/{submission.manifest.method}.html").read_text("utf-8")
        assert f"api/v1/submissions/{submission.key}.json" in page
        for result in submission.results:
            assert f"data/{submission.key}/{result.name}/clips.csv" in page


def test_what_was_fitted_to_the_test_clips_is_shown_and_not_ranked(tree: Path, tmp_path: Path) -> None:
    before = {s.key: s for s in map(read_submission, (path.parent for path in tree.glob("*/*/manifest.json")))}
    run = write_run(tmp_path / "run", "fitted", "fomm", 0.99, track="adapted")
    submit([run], "fitted", out=tree, films=0)
    out = build_site(tmp_path / "out", tree, facts=FACTS).folder
    board = json.loads((out / f"api/v1/boards/{PROTOCOL}.json").read_text())
    for table in board["tables"]:
        rows = {row["method"]: row for row in table["rows"]}
        assert rows["fitted"]["place"] is None and rows["fitted"]["cells"]
        assert all(
            row["place"] for name, row in rows.items() if name != "fitted" and before[f"{name}/1"].card.role == "method"
        )
    assert "own track: adapted to the test clips" in (out / f"board/{PROTOCOL}.html").read_text()
    assert "not ranked with the others" in (out / "method/fitted.html").read_text()


def test_numbers_of_the_interface_are_those_of_the_submission(site: Path, whole_tree: Path) -> None:
    result = read_submission(whole_tree / "direct/1").results[0]
    expected = result.cells["psnr", "cross", None]["value"]
    board = json.loads((site / f"api/v1/boards/{PROTOCOL}.json").read_text())
    (row,) = [r for r in board["tables"][1]["rows"] if (r["method"], r["backbone"]) == ("direct", result.backbone)]
    assert row["cells"]["psnr"] == expected and row["tier"] == "self-reported"
    with (site / f"data/{PROTOCOL}.csv").open() as file:
        lines = [
            line
            for line in csv.DictReader(file)
            if (line["method"], line["backbone"], line["kind"], line["domain"], line["metric"])
            == ("direct", result.backbone, "cross", "", "psnr")
        ]
    assert [float(line["mean"]) for line in lines] == [expected["mean"]]
    copied = site / "data/direct/1" / result.name / "clips.csv"
    assert copied.read_bytes() == (result.folder / "clips.csv").read_bytes()


def test_the_interface_keeps_to_its_schema(site: Path) -> None:
    schema = json.loads((site / "api/v1/schema.json").read_text())["files"]
    seen = set()
    for file in (site / "api/v1").rglob("*.json"):
        name = str(file.relative_to(site / "api/v1"))
        pattern = {"boards": "boards/<protocol>.json", "results": "results/<method>--<version>--<result>.json"}
        pattern["submissions"] = "submissions/<method>/<version>.json"
        key = pattern.get(name.split("/")[0], name)
        if key != "schema.json":
            jsonschema.validate(json.loads(file.read_text()), schema[key])
            seen.add(key)
    assert seen == set(schema)


def test_clips_of_the_interface_are_the_rows_and_a_failed_one_has_the_worst_value(site: Path, whole_tree: Path) -> None:
    result = read_submission(whole_tree / "magplus/1").results[0]
    data = json.loads((site / f"api/v1/results/magplus--1--{result.name}.json").read_text())
    column = data["metrics"].index("gain_error")
    for task, values, row in zip(data["tasks"], data["values"], result.rows, strict=True):
        assert task["key"] == row["task"]["key"]
        expected = 4.0 if row["status"] == "failed" else row["scores"]["gain_error"]["value"]
        assert values[column] == expected
    assert [task["status"] for task in data["tasks"]].count("failed") == 1
    assert data["floor"][0][column] == 4.0 and data["ceiling"][0][column] == 0.0


def test_tables_say_the_same_as_csv_and_parquet(site: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for stem in (PROTOCOL, f"{PROTOCOL}-clips"):
        with (site / f"data/{stem}.csv").open() as file:
            lines = list(csv.DictReader(file))
        table = parquet.read_table(site / f"data/{stem}.parquet").to_pylist()
        assert len(lines) == len(table) > 100
        value = "mean" if "mean" in lines[0] else "value"
        for line, row in zip(lines, table, strict=True):
            assert line["method"] == row["method"] and line["metric"] == row["metric"]
            assert (float(line[value]) if line[value] else None) == row[value]


def test_own_submissions_stand_beside_those_that_ship(tree: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    submit([write_run(tmp_path / "mine", "mine", None, 0.5)], "mine", out=own, films=0)
    submit([write_run(tmp_path / "again", "magplus", "fomm", 0.1)], "magplus", out=own, films=0)
    site = build_site(tmp_path / "both", [own, tree], facts=FACTS).folder
    rows = json.loads((site / "api/v1/boards/open-mini.json").read_text())["tables"][0]["rows"]
    assert {row["method"] for row in rows} == {"mine", "magplus", "direct", "warp-demag", "flow-transfer"}
    assert sum(row["method"] == "magplus" for row in rows) == 1, "the first tree has the method"
    with pytest.raises(ConfigError, match="nowhere is no folder"):
        build_site(tmp_path / "none", tmp_path / "nowhere", facts=FACTS)


def test_a_badge_says_the_place_and_the_feed_names_every_submission(site: Path, whole_tree: Path) -> None:
    badge = (site / f"badges/magplus--{PROTOCOL}--cross.svg").read_text()
    assert "rank 1" in badge and "self-reported" in badge
    feed = ElementTree.parse(site / "feed.xml").getroot()
    atom = "{http://www.w3.org/2005/Atom}"
    names = {entry.findtext(f"{atom}id") for entry in feed.findall(f"{atom}entry")}
    assert names == {
        f"tag:mebench,2026:submission/{m.parent.parent.name}/{m.parent.name}"
        for m in whole_tree.glob("*/*/manifest.json")
    }
    for entry in feed.findall(f"{atom}entry"):
        link = entry.find(f"{atom}link")
        assert link is not None and (site / str(link.get("href"))).is_file()


def test_an_address_goes_into_feed_and_badges_and_a_wrong_one_is_refused(tree: Path, tmp_path: Path) -> None:
    built = build_site(tmp_path / "site", tree, facts=FACTS, address="https://example.org/mebench")
    assert 'href="https://example.org/mebench/method/' in (built.folder / "feed.xml").read_text()
    assert "(https://example.org/mebench/badges/direct--" in (built.folder / "method/direct.html").read_text()
    with pytest.raises(ConfigError, match="no address"):
        build_site(tmp_path / "other", tree, facts=FACTS, address="javascript:alert(1)")


def test_every_link_leads_somewhere_and_none_leaves(site: Path) -> None:
    for page in site.rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#]*)', page.read_text()):
            if link and not link.startswith("data:"):
                assert not re.match(r"[a-z]+:|//", link), (page, link)
                assert (page.parent / unquote(link)).is_file(), (page, link)


def test_the_same_submissions_give_the_same_bytes(site: Path, whole_tree: Path, tmp_path: Path) -> None:
    again = build_site(tmp_path / "again", whole_tree, facts=FACTS).folder
    files = {path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    assert files == {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()}


def test_the_better_method_is_first_and_a_superseded_one_has_no_rank(whole_tree: Path, site: Path) -> None:
    found = {name: read_submission(whole_tree / name / "1").results[0] for name in ("magplus", "direct", "warp-demag")}
    ranked = places(found, FACTS, "cross")
    assert [min(ranked, key=lambda name: ranked[name].rank), ranked["magplus"].rank] == ["magplus", 1.0]
    assert ranked["magplus"].best > 0.9 and ranked["direct"].low >= 2.0
    assert set(ranked["direct"].families) == {"motion", "truth", "realism", "identity"}
    board = json.loads((site / f"api/v1/boards/{PROTOCOL}.json").read_text())
    old = [row for row in board["tables"][0]["rows"] if not row["newest"]]
    assert [(row["method"], row["version"], row["place"]) for row in old] == [("warp-demag", "1", None)]


def test_hostile_words_are_text(tree: Path, tmp_path: Path) -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}\u05e9\u05dc\u05d5\u05dd"
    run = write_run(tmp_path / "run", "bad", None, 0.5, title=bad, summary=bad, authors=[bad], licence=bad, paper=bad)
    submit([run], "bad", out=tree, films=0)
    built = build_site(tmp_path / "site", tree, facts=FACTS)
    folder = built.folder
    assert built.broken == {} and "&lt;script&gt;alert(1)" in (folder / "method/bad.html").read_text()
    for page in folder.rglob("*.html"):
        text = page.read_text()
        assert "<script>alert" not in text and "<img src=x" not in text and ">49" not in text
        inline = re.findall(r"<script([^>]*)>", text)
        assert all("src=" in each or 'type="application/json"' in each for each in inline)
    ElementTree.parse(folder / "feed.xml")
    for picture in (folder / "badges").glob("*.svg"):
        assert "<script" not in picture.read_text()
        ElementTree.parse(picture)


def test_what_cannot_be_read_is_named_and_left_out(tree: Path, tmp_path: Path) -> None:
    (tree / "direct/1/card.yaml").write_text("name: [")
    built = build_site(tmp_path / "site", tree, facts=FACTS)
    assert list(built.broken) == ["direct/1"]
    assert "direct" not in (built.folder / f"board/{PROTOCOL}.html").read_text().split("<tbody")[1]


def test_a_folder_that_is_no_site_is_left_alone(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("years")
    with pytest.raises(ConfigError, match="no site"):
        build_site(tmp_path / "mine", tree, facts=FACTS)
    assert (tmp_path / "mine/thesis.tex").is_file()
