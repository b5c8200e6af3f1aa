"""What a kept sweep depends on, and how numbers without a true answer are held against those that are told it."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from mebench import registry
from mebench.runs.validate import fresh
from mebench.runs.validate.agreement import agreement, section
from mebench.runs.validate.degradations import DEGRADATIONS
from mebench.weights import Found


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package in the place of mebench: a metric that imports a motion, and a store that it imports too."""
    (tmp_path / "metrics").mkdir()
    (tmp_path / "motion").mkdir()
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "metrics" / "m.py").write_text(
        "from mebench.motion import flow\nfrom mebench.files import write\nX = 1\n"
    )
    (tmp_path / "motion" / "flow.py").write_text('"""Words."""\nY = 1  # a comment\n')
    (tmp_path / "files.py").write_text("Z = 1\n")
    monkeypatch.setattr(fresh.mebench, "__file__", str(tmp_path / "__init__.py"))

    def digest():
        fresh.code.cache_clear()
        fresh._read.cache_clear()
        return fresh.code("mebench.metrics.m")

    yield tmp_path, digest
    fresh.code.cache_clear()
    fresh._read.cache_clear()


def test_code_is_what_computes_wherever_it_lies(package):
    folder, digest = package
    first = digest()
    (folder / "motion" / "flow.py").write_text('"""Other words."""\n\nY = 1\n')
    (folder / "files.py").write_text("Z = 2\n")
    assert digest() == first
    (folder / "motion" / "flow.py").write_text("Y = 2\n")
    second = digest()
    assert second != first
    (folder / "motion" / "flow.json").write_text("[1]")
    assert digest() != second


def test_words_of_facts_are_no_code():
    def digest(traps, worst):
        text = f"FACTS = MetricFacts(name='m', worst={worst}, traps=({traps!r},))"
        return ast.dump(fresh._bare(ast.parse(text)))

    assert digest("One.", 0.0) == digest("Another.", 0.0) != digest("One.", 1.0)


def test_imports_inside_functions_count():
    tree = ast.parse("def f():\n    from mebench.motion.landmarks import face_mesh\n")
    assert "mebench.motion.landmarks" in set(fresh._imported(tree))


def test_a_network_file_that_comes_or_changes_makes_answers_stale(monkeypatch):
    metric = registry.load("metrics", "mmd[inception]")
    states = [
        Found("inception-fid", "missing"),
        Found("inception-fid", "ok", sha256="ab"),
        Found("inception-fid", "ok", sha256="cd"),
    ]
    marks = []
    for state in states:
        monkeypatch.setattr(fresh, "state", lambda name, state=state: state)
        marks.append(fresh.dependencies(metric))
    assert len(set(marks)) == 3
    newer = replace(metric, facts=replace(metric.facts, version=2))
    assert fresh.dependencies(newer).startswith("2-")


def _scores(change):
    told = {d.name: [1.0 + abs(v - d.perfect) for v in d.levels] for d in DEGRADATIONS}
    return {
        str(clip): {"told": told, "without": {k: [change(v, clip) for v in vs] for k, vs in told.items()}}
        for clip in range(3)
    }


def test_agreement_counts_each_output_once():
    found = agreement("without", "told", _scores(lambda value, clip: value + 0.5))
    assert found.clips == 3
    assert found.outputs == 3 * (1 + sum(len(d.levels) - 1 for d in DEGRADATIONS))
    assert found.difference == pytest.approx(0.5) and found.bias == pytest.approx(0.5)
    assert found.correlation == pytest.approx(1.0) and found.tau == pytest.approx(1.0)


def test_order_is_judged_within_a_clip():
    """Clips far apart in level, and the opposite order in each: a high correlation, and a tau of -1."""
    scores = _scores(lambda value, clip: 1000.0 * clip - value)
    for clip, row in enumerate(scores.values()):
        row["told"] = {k: [1000.0 * clip + v for v in vs] for k, vs in row["told"].items()}
    found = agreement("without", "told", scores)
    assert found.correlation > 0.9 and found.tau == pytest.approx(-1.0)


def test_missing_numbers_are_left_out_and_the_page_says_the_rest():
    none = _scores(lambda value, clip: None)
    assert agreement("without", "told", none) is None
    assert section("without", "told", none) == []
    assert agreement("without", "other", none) is None
    text = "\n".join(section("without", "told", _scores(lambda value, clip: value if clip else None)))
    assert "of 2 clips" in text and "| `without`, mean | 2.00" in text
