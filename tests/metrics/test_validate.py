"""The validation of the metrics: what it makes of known answers, and that the pages agree with the facts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mebench import registry
from mebench.errors import ConfigError
from mebench.metrics.encoders.clip_vector import ClipVector, PairVectors
from mebench.metrics.motion.gain_error import METRIC as GAIN_ERROR
from mebench.runs.validate import sweep as sweeping
from mebench.runs.validate.degradations import DEGRADATIONS
from mebench.runs.validate.pages import pages, slug
from mebench.runs.validate.set_answers import as_lists, set_answers
from mebench.runs.validate.sweep import responses, set_responses

DOCS = Path(__file__).parents[2] / "docs" / "metrics"


def answering(levels_to_value, clips=4, noise=0.01):
    """Scores of a metric that answers to each degradation by a function of its distance from the perfect level."""
    rng = np.random.default_rng(0)
    return [
        {
            "m": {
                d.name: [levels_to_value(d, abs(v - d.perfect)) + noise * rng.normal() for v in d.levels]
                for d in DEGRADATIONS
            }
        }
        for _ in range(clips)
    ]


def test_what_is_answered_is_seen_and_what_is_not_is_blind():
    found = responses(
        "m", GAIN_ERROR.facts, answering(lambda d, away: away if d.name in ("gain", "blur") else 0.0, noise=1e-4)
    )
    by_name = {answer.degradation.name: answer for answer in found}
    assert by_name["blur"].seen == 0.5
    assert by_name["blur"].monotone == 1.0
    assert by_name["gain"].monotone == 1.0
    assert by_name["gain"].seen in (0.5, 1.5)


def test_a_constant_metric_answers_nothing():
    for answer in responses("m", GAIN_ERROR.facts, answering(lambda d, away: 1.0, noise=0.0)):
        assert answer.monotone is None
        assert answer.seen is None


def test_a_metric_without_numbers_has_no_answers():
    scores = [{"m": {d.name: [None] * len(d.levels) for d in DEGRADATIONS}}] * 2
    assert responses("m", GAIN_ERROR.facts, scores) == []


def test_too_few_clips_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="2 to 12 clips"):
        sweeping.sweep(1, tmp_path, print)


class Counted:
    """A metric that counts the pictures that it sees."""

    def __init__(self, version=1):
        self.facts = replace(GAIN_ERROR.facts, version=version)
        self.seen = 0

    def score(self, sample):
        self.seen += 1
        return float(sample)


class Number:
    """In the place of a clip: its true answer is 1, and a degradation gives the level itself."""

    def __init__(self, key):
        self.truth = type("Truth", (), {"frames": 1.0})()

    def sample(self, output):
        return output

    crossed = sample


def test_a_sweep_goes_on_where_it_was(tmp_path, monkeypatch):
    gain = replace(DEGRADATIONS[0], make=lambda case, level: level)
    monkeypatch.setattr(sweeping, "Case", Number)
    monkeypatch.setattr(sweeping, "DEGRADATIONS", (gain,))
    metrics = {"a": Counted()}
    monkeypatch.setattr(sweeping, "validated_metrics", lambda: metrics)
    first = sweeping.sweep(2, tmp_path, lambda text: None)
    assert first[sweeping.CLIPS[0]]["a"]["gain"] == list(gain.levels)
    assert metrics["a"].seen == 2 * len(gain.levels)
    metrics["b"] = Counted()
    assert sweeping.sweep(2, tmp_path, lambda text: None)[sweeping.CLIPS[1]] == {"a": first[sweeping.CLIPS[1]]["a"]} | {
        "b": first[sweeping.CLIPS[1]]["a"]
    }
    assert metrics["a"].seen == metrics["b"].seen == 2 * len(gain.levels)
    metrics["a"] = Counted(version=2)
    sweeping.sweep(2, tmp_path, lambda text: None)
    assert metrics["a"].seen == 2 * len(gain.levels)


def test_sets_are_seen_by_their_permutation_test():
    """Twelve people; the spoiled clips are shifted away by the level, in the flicker alone."""
    rng = np.random.default_rng(3)
    clips = {}
    for person in range(12):
        real = rng.normal(size=8).astype(np.float32)
        clips[f"{person}-0"] = {
            d.name: [
                as_lists(
                    PairVectors(
                        ClipVector(None, real + (2.0 * abs(level - d.perfect) if d.name == "flicker" else 0.0)),
                        ClipVector(None, real),
                        False,
                    )
                )
                for level in d.levels
            ]
            for d in DEGRADATIONS
        }
    answers = {
        a.degradation.name: a for a in set_responses(set_answers(registry.load("metrics", "mmd[alexnet]"), clips))
    }
    assert answers["flicker"].seen in DEGRADATIONS[-2].levels[1:]
    assert answers["flicker"].monotone > 0.9
    assert answers["blur"].seen is None
    assert answers["blur"].values == pytest.approx(0.0, abs=1e-9)


@pytest.fixture(scope="module")
def made():
    return pages(DOCS)


def test_every_metric_has_a_page():
    for name in registry.names("metrics"):
        assert (DOCS / f"{slug(name)}.md").is_file(), f"{name}: run mebench validate metrics --pages-only"


def test_the_pages_agree_with_the_facts(made):
    """Whoever changes a fact, a docstring or a trap writes the pages again."""
    for name in registry.names("metrics"):
        page = DOCS / f"{slug(name)}.md"
        assert page.read_text("utf-8") == made[page.name], f"{name}: run mebench validate metrics --pages-only"


def test_the_pictures_are_those_of_the_sweep(made):
    pictures = [name for name in made if name.endswith(".svg")]
    assert len(pictures) >= 20
    for name in pictures:
        assert (DOCS / name).read_text("utf-8") == made[name]


def test_the_sweep_shows_what_the_benchmark_claims():
    """Read from the kept sweep: the gain falls apart in the right order, and a weaker expression is seen by it."""
    import json

    kept = json.loads((DOCS / "validation.json").read_text("utf-8"))
    for name in ("gain", "gain_error", "au_error"):
        answers = {
            a.degradation.name: a for a in responses(name, registry.load("metrics", name).facts, list(kept.values()))
        }
        assert answers["gain"].monotone >= 0.9
        assert answers["gain"].seen is not None
    identity = {
        a.degradation.name: a
        for a in responses("csim[dlib]", registry.load("metrics", "csim[dlib]").facts, list(kept.values()))
    }
    assert identity["identity"].seen is not None
