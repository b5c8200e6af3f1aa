"""What people see shows no name, what they answer is read as from strangers, and their order of methods is recovered."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import board_run
import numpy as np
import pytest
from openpyxl import load_workbook

from mebench.datasets.publication import Released, release
from mebench.errors import ConfigError, InputError
from mebench.leaderboard.study import build as building
from mebench.leaderboard.study.answers import attentive, read_answers
from mebench.leaderboard.study.build import build_study
from mebench.leaderboard.study.design import Key, MetricKey, Trial, choose_trials
from mebench.leaderboard.study.material import read_material
from mebench.leaderboard.study.score import score_study
from mebench.leaderboard.study.words import lines
from mebench.statistics.bradley_terry import log_strengths

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
METHODS = ["magplus on fomm", "direct on fomm", "driving-copy"]
QUALITY = {"magplus on fomm": 200, "direct on fomm": 150, "driving-copy": 100}
"""Grey level in the middle of the outputs: a rater who looks chooses the lighter one."""


def released(frames: Any) -> Released:
    made = release(frames, None)
    assert isinstance(made, Released)
    return made


def picture(level: int) -> Any:
    """Six frames, light above and dark below, so that one sees what is upside down."""
    frames = np.full((6, 64, 64, 3), level, dtype=np.uint8)
    frames[:, :16], frames[:, 48:] = 255, 0
    frames[:, 30, 30] = np.arange(6)[:, None]
    return frames


class Fake:
    """Runs without a renderer."""

    def __init__(self) -> None:
        self.methods, self.tasks, self.left_out = METHODS, [f"cross--t{n}" for n in range(4)], ["cross--t9: no output."]
        metrics = {
            "good": {"family": "motion", "per": "clip", "ranked": True},
            "bad": {"family": "realism", "per": "clip", "ranked": True},
            "shown": {"family": "motion", "per": "clip", "ranked": False},
        }
        run = {"metrics": metrics, "protocol": {"name": "open-mini", "hash": "0" * 64}}
        self.records = {name: SimpleNamespace(run=run) for name in METHODS}

    def shown(self, key: str) -> Any:
        outputs = {name: released(picture(level)) for name, level in QUALITY.items()}
        return SimpleNamespace(task=SimpleNamespace(fps=30.0), driving=released(picture(20)), outputs=outputs)

    def badness(self, metric: str) -> dict[str, dict[str, float]]:
        sign = -1.0 if metric == "good" else 1.0
        return {key: {name: sign * (level + n) for name, level in QUALITY.items()} for n, key in enumerate(self.tasks)}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "read_material", lambda runs: Fake())
        done = build_study(["a", "b", "c"], folder, trials=6, checks=5)
    assert done.left_out == ("cross--t9: no output.",) and done.trials == 6
    return folder


def key_of(folder: Path) -> Key:
    return Key.model_validate(json.loads((folder / "key.json").read_text()))


def test_what_raters_and_coders_get_names_no_method_and_asks_no_host(study: Path) -> None:
    page = (study / "study.html").read_text()
    for word in (*METHODS, "magplus", "fomm", "cross--", "open-mini"):
        assert word not in page
    assert not re.search(
        r"""(?:src|href)\s*=\s*["']?(?!data:)[a-z]+:|https?://|url\(""", page.replace("http-equiv", "")
    )
    assert "default-src 'none'" in page
    for path in (study / "coder").rglob("*"):
        assert not any(word in path.name for word in ("magplus", "direct", "cross"))
    with (study / "coder/sheet.csv").open() as file:
        rows = list(csv.reader(file))
    key = key_of(study)
    assert [row[0] for row in rows[1:]] == sorted(key.coder) and Counter(
        m for _, m in key.coder.values()
    ) == dict.fromkeys(METHODS, 4)
    assert {path.stem for path in (study / "coder/clips").iterdir()} == set(key.coder)
    sheet = load_workbook(study / "coder/sheet.xlsx").active
    assert [cell.value for cell in sheet[1]] == rows[0] and sheet.data_validations.dataValidation
    assert [m for _, m in (key.coder[c] for c in sorted(key.coder))] != sorted(m for _, m in key.coder.values())


def test_pairs_are_balanced_and_metrics_that_are_not_ranked_are_left_out(study: Path) -> None:
    key = key_of(study)
    assert Counter(frozenset((t.first, t.second)) for t in key.trials.values()).most_common()[-1][1] == 2
    assert set(key.metrics) == {"good", "bad"} and sorted(key.checks.values()) == ["a", "a", "a", "b", "b"]
    many = choose_trials([f"t{n}" for n in range(7)], ["a", "b", "c", "d"], 42, 3)
    assert len({(t.task, t.first, t.second) for t in many}) == 42
    assert set(Counter(t.task for t in many).values()) == {6}
    with pytest.raises(ConfigError, match="at least as many trials"):
        choose_trials(["t"], ["a", "b", "c"], 2, 0)


def test_the_same_runs_give_the_same_page(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "read_material", lambda runs: Fake())
    monkeypatch.setattr(building, "write_browser", lambda *_: None)
    again = build_study(["a"], tmp_path / "again", trials=6, checks=5)
    assert again.page.read_bytes() == (study / "study.html").read_bytes()
    assert again.key.read_bytes() == (study / "key.json").read_bytes()
    with pytest.raises(InputError, match="not empty"):
        build_study(["a"], tmp_path / "again", trials=6)
    with pytest.raises(ConfigError, match="guesser"):
        build_study(["a"], tmp_path / "new", checks=4)


def test_licensed_faces_and_runs_that_differ_are_refused(tmp_path: Path) -> None:
    first = board_run.write_run(tmp_path / "one", "one", "fomm", 0.5)
    second = board_run.write_run(tmp_path / "two", "two", "fomm", 0.6)
    with pytest.raises(ConfigError, match="two runs or more"):
        read_material([first])
    with pytest.raises(ConfigError, match="both runs of one on fomm"):
        read_material([first, first])
    record = json.loads((second / "run.json").read_text())
    other = {**record, "protocol": {**record["protocol"], "hash": "0" * 64}}
    (second / "run.json").write_text(json.dumps(other))
    with pytest.raises(ConfigError, match="different protocols"):
        read_material([first, second])
    terms = {"fingerprint": "f", "licence": "CASME II agreement", "may_show_frames": False, "may_show_generated": False}
    (second / "run.json").write_text(json.dumps({**record, "datasets": {"casme2": terms}}))
    with pytest.raises(InputError, match=r"licence of 'casme2' \(CASME II agreement\) allows none"):
        read_material([first, second])


def simulated(key: Key, rater: int, choose: Callable[[Trial], str], rng: Any, attention: float = 1.0) -> dict[str, Any]:
    """What the page saves of somebody who chooses so. attention: chance of a right check; half is a guesser's."""
    answers = [{"trial": name, "chosen": choose(trial)} for name, trial in key.trials.items()]
    for name, right in key.checks.items():
        answers.append({"trial": name, "chosen": right if rng.random() < attention else "ab"[right == "a"]})
    for answer in answers:
        answer |= {"left": "ab"[int(rng.integers(2))], "ms": 4000, "loops": 2, "speed": 0.5}
    return {
        "schema_version": 1, "study": key.study, "rater": f"{rater:016x}", "experience": "none",
        "started": "2026-01-01T00:00:00Z", "saved": "2026-01-01T00:10:00Z", "answers": answers,
    }  # fmt: skip


def large_key(methods: int = 4, tasks: int = 12, checks: int = 8) -> tuple[Key, dict[str, float]]:
    names = [f"m{n}" for n in range(methods)]
    true = {name: 0.9 * (methods - 1 - n) for n, name in enumerate(names)}
    keys = [f"cross--t{n}" for n in range(tasks)]
    trials = choose_trials(keys, names, 12 * methods, 0)
    rng = np.random.default_rng(1)
    sees = {key: {name: -true[name] + rng.normal(0, 0.3) for name in names} for key in keys}
    noise = {key: {name: float(rng.normal()) for name in names} for key in keys}
    key = Key(
        schema_version=1, study="0123456789abcdef", protocol="open-mini", protocol_hash="0" * 64, methods=names,
        trials={f"p{n:03d}": trial for n, trial in enumerate(trials, 1)},
        checks={f"p{n + len(trials):03d}": "ab"[n % 2] for n in range(1, checks + 1)},
        coder={f"c{n:03d}": (keys[n % tasks], names[n // tasks]) for n in range(methods * tasks)},
        metrics={"sees": MetricKey(family="motion", badness=sees), "noise": MetricKey(family="realism", badness=noise)},
    )  # fmt: skip
    return key, true


def save(folder: Path, key: Key, answers: list[dict[str, Any]]) -> list[Path]:
    (folder / "key.json").write_text(key.model_dump_json())
    paths = [folder / f"answers-{n}.json" for n in range(len(answers))]
    for path, value in zip(paths, answers, strict=True):
        path.write_text(json.dumps(value))
    return paths


def test_the_order_of_simulated_raters_is_recovered_and_guessers_do_not_count(tmp_path: Path) -> None:
    key, true = large_key()
    rng = np.random.default_rng(0)

    def chooses(trial: Trial) -> str:
        return "a" if rng.random() < 1 / (1 + np.exp(true[trial.second] - true[trial.first])) else "b"

    given = [simulated(key, n, chooses, rng) for n in range(12)]
    given += [simulated(key, 100 + n, lambda _: "b", rng, attention=0.5) for n in range(6)]
    paths = save(tmp_path, key, given)
    failed = [v["rater"] for v in given if not attentive(read_answers(paths[given.index(v)], key), key)]
    found = score_study(paths, tmp_path / "key.json")
    assert found.raters == 18 - len(failed) and list(found.excluded) == sorted(failed) and len(failed) >= 5
    assert [row.method for row in found.ranking] == sorted(true, key=lambda name: -true[name])
    centred = {name: value - np.mean(list(true.values())) for name, value in true.items()}
    for row in found.ranking:
        assert row.low is not None and row.high is not None and row.rank_low is not None and row.rank_high is not None
        assert row.low - 0.25 <= centred[row.method] <= row.high + 0.25
        assert row.rank_low <= row.rank <= row.rank_high
    assert found.ranking[0].best is not None and found.ranking[0].best > 0.95
    sees, noise = (next(a for a in found.agreement if a.metric == name) for name in ("sees", "noise"))
    assert sees.share is not None and sees.share > 0.7 and sees.low is not None and sees.low > 0.3
    assert noise.low is not None and noise.high is not None and noise.low < 0.0 < noise.high
    assert sees.methods.rho == pytest.approx(1.0) and sees.methods.low is None
    assert 0.4 < (found.left or 0.0) < 0.6
    text = "\n".join(lines(found))
    assert "failed the attention checks" in text and "4 methods, 8 are needed" in text
    assert json.dumps(found.record(), allow_nan=False)


def test_coders_are_averaged_over_clips(tmp_path: Path, study: Path) -> None:
    key = key_of(study)
    marks = {"magplus on fomm": 5, "direct on fomm": 3, "driving-copy": 2}
    (tmp_path / "key.json").write_text((study / "key.json").read_text())
    book = load_workbook(study / "coder/sheet.xlsx")
    for line in list(book.active.iter_rows(min_row=2))[:-1]:
        line[1].value, line[2].value = marks[key.coder[line[0].value][1]], 4
    book.save(tmp_path / "anna.xlsx")
    found = score_study([tmp_path / "anna.xlsx"], tmp_path / "key.json")
    assert [(row.method, row.movement) for row in found.coded] == [(name, float(mark)) for name, mark in marks.items()]
    assert found.coders == 1 and found.ranking == () and any("1 coders" in line for line in lines(found))
    (tmp_path / "ben.csv").write_text("clip,movement (1-5),naturalness (1-5)\nc001,6,1\n")
    with pytest.raises(InputError, match="whole number from 1 to 5"):
        score_study([tmp_path / "ben.csv"], tmp_path / "key.json")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"study": "f" * 16}, "answers the study", id="study"),
        pytest.param({"rater": "../../x"}, "rater", id="rater"),
        pytest.param({"answers": [{"trial": "p999", "left": "a", "chosen": "a", "ms": 1, "loops": 1, "speed": 1}]},
                     "not in this study", id="trial"),
        pytest.param({"schema_version": 2}, "schema_version", id="version"),
        pytest.param({"more": 1}, "more", id="key"),
    ],
)  # fmt: skip
def test_answers_are_read_as_from_strangers(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    key, _ = large_key()
    rng = np.random.default_rng(0)
    paths = save(tmp_path, key, [{**simulated(key, 1, lambda _: "a", rng), **change}])
    with pytest.raises(InputError, match=told):
        score_study(paths, tmp_path / "key.json")


def test_one_rater_counts_once_and_nobody_is_no_result(tmp_path: Path) -> None:
    key, _ = large_key()
    rng = np.random.default_rng(0)
    same = simulated(key, 1, lambda _: "a", rng)
    with pytest.raises(InputError, match="two files of"):
        score_study(save(tmp_path, key, [same, same]), tmp_path / "key.json")
    wrong = simulated(key, 2, lambda _: "a", rng, attention=0.0)
    with pytest.raises(ConfigError, match="none of 1 raters"):
        score_study(save(tmp_path, key, [wrong]), tmp_path / "key.json")


def test_strengths_are_those_of_the_model() -> None:
    true = np.array([1.2, 0.1, -0.4, -0.9])
    chance = 1 / (1 + np.exp(true[None, :] - true[:, None]))
    assert np.abs(log_strengths(1e6 * chance * (1 - np.eye(4))) - true).max() < 1e-3
    always = np.array([[0.0, 10.0], [0.0, 0.0]])
    assert np.isfinite(log_strengths(always)).all() and log_strengths(always)[0] > 1
    assert np.allclose(log_strengths(np.zeros((3, 2, 2))), 0.0)
    with pytest.raises(ValueError, match="square"):
        log_strengths(np.zeros((2, 3)))


LOOKS = """() => {
  const level = (id, y) => { const c = document.querySelector(id + ' canvas'); return c.getContext('2d').getImageData(c.width / 2, c.height * y, 1, 1).data[0]; };
  const upright = (id) => level(id, .1) > level(id, .9);
  if (!upright('#left')) return 'ArrowRight';
  if (!upright('#right')) return 'ArrowLeft';
  return level('#left', .6) > level('#right', .6) ? 'ArrowLeft' : 'ArrowRight';
}"""
"""A rater who looks: never what is upside down, else the lighter face."""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")
def test_a_rater_with_a_keyboard_in_a_browser(study: Path, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    troubles: list[str] = []
    address = (study / "study.html").as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844}, accept_downloads=True)
        page.set_default_timeout(60_000)
        page.on("console", lambda m: None if "willReadFrequently" in m.text else troubles.append(m.text))  # of LOOKS
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:")) else troubles.append(r.url))
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.focus("#start")
        page.keyboard.press("Enter")
        page.keyboard.press("1")
        assert page.is_checked("input[name=speed][value='1']")
        seen = []
        for number in range(11):
            page.get_by_text(f"Pair {number + 1} of 11", exact=True).wait_for()
            if number == 0:
                page.keyboard.press("ArrowLeft")  # nothing has been seen yet: not counted
                page.keyboard.press("Space")
                assert page.get_attribute("#pause", "aria-pressed") == "true"
                page.keyboard.press("Space")
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            page.wait_for_selector("#left[aria-disabled=false]")
            seen.append(page.evaluate("document.body.dataset.trial"))
            page.keyboard.press(page.evaluate(LOOKS))
        page.wait_for_selector("#end:not([hidden])")
        with page.expect_download() as download:
            page.click("#save")
        download.value.save_as(tmp_path / "answers.json")
        browser.close()
    assert troubles == []
    key = key_of(study)
    given = read_answers(tmp_path / "answers.json", key)
    assert attentive(given, key) and [answer.trial for answer in given.answers] == seen
    assert abs(2 * sum(answer.left == "a" for answer in given.answers) - 11) == 1  # sides are balanced
    found = score_study([tmp_path / "answers.json"], study / "key.json")
    assert [row.method for row in found.ranking] == METHODS and found.ranking[0].low is None
    assert {each.metric: each.share for each in found.agreement} == {"good": 1.0, "bad": 0.0}
