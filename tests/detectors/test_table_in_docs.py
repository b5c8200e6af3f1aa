"""The page of action units shows what the files beside it say."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mebench.detectors.table import joined, markdown

DOCS = Path(__file__).parents[2] / "docs"


def test_the_table_of_detectors_is_that_of_its_files():
    page = (DOCS / "action-units.md").read_text("utf-8")
    (line,) = re.findall(r"^mebench au table (.*)$", page, flags=re.MULTILINE)
    paths = [DOCS.parent / name for name in line.split()]
    assert {path.name for path in paths} == {path.name for path in (DOCS / "detectors").glob("*.json")}
    evaluations = [json.loads(path.read_text("utf-8")) for path in paths]
    assert markdown(joined(evaluations)) in page
    assert all(one["protocol"] == "open-cd6" for one in evaluations)
    seeds = {entry["detector"]: len(entry["seeds"]) for one in evaluations for entry in one["detectors"]}
    assert all(seeds[small] == 5 for small in ("sssnet", "off-apexnet", "ststnet"))
