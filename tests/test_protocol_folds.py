"""Leave one out: folds for judges, tasks whose sources come from elsewhere, named pairs, and one rate for all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mebench import registry
from mebench.clip import Clip, Frames, Portrait
from mebench.datasets.contract import CheckReport, Split, Terms
from mebench.errors import ConfigError, InputError
from mebench.protocol import Protocol, load_protocol, protocol_names
from mebench.protocol.delivery import deliver
from mebench.runs.leaks import check_leaks
from mebench.weights.catalogue import FILES


@dataclass
class Tiny:
    """A recorded database: ``people`` subjects with two clips each, one of them without a usable apex."""

    name: str
    people: int = 4
    fps: float = 60.0
    coded: bool = True
    face: int = 0
    terms: Terms = field(default_factory=lambda: Terms("agreement"))

    @property
    def domains(self) -> tuple[str, ...]:
        return (self.name,)

    def clips(self, split: Split = "benchmark") -> Sequence[Clip]:
        if split != "benchmark":
            return []
        return [self._clip(f"{person:02d}", number) for person in range(self.people) for number in range(2)]

    def _clip(self, subject: str, number: int) -> Clip:
        units = ("4", "L12") if number == 0 else ("12",)
        apex = 0 if number == 1 and subject == "00" else 4  # an apex at the onset
        frames = Frames(9, 32, 32, lambda: np.zeros((9, 32, 32, 3), np.uint8))
        key = f"{subject}/EP{number}_{subject}"
        return Clip(key, self.name, self.name, subject, self.fps, 0, apex, 8, units, "agreement", frames, (4, 7, 12))

    def portraits(self, split: Split = "benchmark") -> Sequence[Portrait]:
        return [self.portrait(f"onset:{clip.key}") for clip in self.clips(split)[::2]]

    def clip(self, key: str) -> Clip:
        found = {clip.key: clip for clip in self.clips()}
        if key not in found:
            raise InputError(f"there is no clip '{key}'.")
        return found[key]

    def portrait(self, key: str) -> Portrait:
        subject = key.removeprefix("onset:")[:2]
        return Portrait(key, self.name, self.name, subject, "agreement", lambda: self._picture(subject))

    def _picture(self, subject: str) -> np.ndarray:
        rng = np.random.default_rng(self.face * 100 + int(subject))
        return np.repeat(np.repeat(rng.integers(0, 255, (8, 8, 3)), 8, axis=0), 8, axis=1).astype(np.uint8)

    def check(self) -> CheckReport:
        return CheckReport(True, ())

    def fingerprint(self) -> str:
        return f"{self.name}-1"


def protocol(**changes: Any) -> Protocol:
    content: dict[str, Any] = {
        "name": "p", "version": 1, "title": "t", "summary": "s", "datasets": ["casme", "casme2", "mmew"],
        "split": "benchmark", "absent": "leave-out", "size": 32, "metrics": ["psnr"],
    }  # fmt: skip
    content.update(changes)
    return Protocol.model_validate({key: value for key, value in content.items() if value is not None})


def three() -> dict[str, Any]:
    return {name: Tiny(name, face=index) for index, name in enumerate(("casme", "casme2", "mmew"))}


HELD_OUT = {"seed": 1, "held_out": {"by": "dataset", "clips": 3, "sources": 2}}
FOLDS = {"by": "dataset", "units": [4, 7, 12], "counting": "digits"}


def test_every_dataset_drives_and_sources_come_from_the_others() -> None:
    tasks = protocol(selection=HELD_OUT).tasks(three())
    assert len(tasks) == 3 * 3 * 2 and len({task.key for task in tasks}) == 18
    assert {task.dataset for task in tasks[:6]} == {"casme", "casme2", "mmew"}
    for task in tasks:
        assert task.source_dataset not in (None, task.dataset) and task.fold == task.dataset
        assert task.key.startswith(f"cross--{task.dataset}.") and f"--{task.source_dataset}." in task.key
    assert protocol(selection=HELD_OUT).tasks(three()) == tasks


def test_the_hash_of_a_task_knows_both_datasets() -> None:
    before = {task.key: task.hash for task in protocol(selection=HELD_OUT).tasks(three())}
    changed = three()
    changed["mmew"].fingerprint = lambda: "mmew-2"
    for task in protocol(selection=HELD_OUT).tasks(changed):
        assert (task.hash != before[task.key]) == ("mmew" in (task.dataset, task.source_dataset))


def test_a_dataset_that_is_not_there_is_left_out_where_the_protocol_says_so() -> None:
    two = {name: dataset for name, dataset in three().items() if name != "casme"}
    tasks = protocol(selection=HELD_OUT).tasks(two)
    assert {task.dataset for task in tasks} == {"casme2", "mmew"}
    with pytest.raises(ConfigError, match="needs the dataset 'casme', which is not there"):
        protocol(selection=HELD_OUT, absent=None).tasks(two)
    with pytest.raises(ConfigError, match="at least two"):
        protocol(selection=HELD_OUT).tasks({"mmew": Tiny("mmew")})


def test_a_clip_whose_apex_is_its_onset_drives_nothing_and_stops_nothing() -> None:
    tasks = protocol(selection={"seed": 1, "self": {"per_domain": 99}}).tasks(three())
    assert len(tasks) == 3 * 7
    assert not any(task.driving == "00/EP1_00" for task in tasks)
    assert {task.dataset for task in tasks[:3]} == {"casme", "casme2", "mmew"}


def test_named_clips_may_leave_the_subject_out_where_it_is_unique() -> None:
    listed = {
        "drivers": [{"dataset": "casme", "key": "EP0_02"}, {"dataset": "mmew", "key": "01/EP1_01"}],
        "sources": [{"dataset": "casme2", "key": "onset:03/EP0_03"}],
    }
    tasks = protocol(selection={"seed": 1, "listed": listed}).tasks(three())
    assert [(t.dataset, t.driving, t.source_subject) for t in tasks] == [
        ("casme", "02/EP0_02", "03"),
        ("mmew", "01/EP1_01", "03"),
    ]
    data = three()
    data["casme"]._clip = lambda subject, number: Clip(  # type: ignore[method-assign]
        f"{subject}/EP0_02", "casme", "casme", subject, 60.0, 0, 4, 8, ("4",), "x", Frames(9, 8, 8, lambda: None)
    )
    with pytest.raises(ConfigError, match=r"8 clips|4 clips called 'EP0_02'.*write subject and clip"):
        protocol(selection={"seed": 1, "listed": listed}).tasks(data)
    with pytest.raises(ConfigError, match="mebench data add mmew PATH"):
        protocol(selection={"seed": 1, "listed": listed}).tasks({"casme": Tiny("casme"), "casme2": Tiny("casme2")})


def test_frames_that_are_no_squares_need_a_preparation() -> None:
    wide = Tiny("casme")
    wide._clip = lambda subject, number: Clip(  # type: ignore[method-assign]
        f"{subject}/{number}", "casme", "casme", subject, 60.0, 0, 4, 8, ("4",), "x", Frames(9, 24, 32, lambda: None)
    )
    wanted = {"seed": 1, "self": {"clips": 2}}
    with pytest.raises(ConfigError, match=r"32 x 24 pixels.*preparation"):
        protocol(selection=wanted).tasks({"casme": wide})
    assert protocol(selection=wanted, preparation={"crop": "eyes"}).tasks({"casme": wide})


# Folds


def test_folds_hold_one_dataset_out_and_count_as_asked() -> None:
    folds = protocol(metrics=None, folds=FOLDS).make_folds(three())
    assert [fold.name for fold in folds] == ["casme", "casme2", "mmew"]
    for fold in folds:
        assert {clip.dataset for clip in fold.test} == {fold.name}
        assert {clip.dataset for clip in fold.train} == {"casme", "casme2", "mmew"} - {fold.name}
        assert len(fold.test) == 8 and len(fold.train) == 16 and fold.validation == ()
    assert folds[0].labels(folds[0].test[:2]).tolist() == [[True, True, True], [True, True, True]]
    strict = protocol(metrics=None, folds={**FOLDS, "counting": "strict"}).make_folds(three())
    assert strict[0].labels(strict[0].test[:2]).tolist() == [[True, False, True], [False, False, True]]


def test_a_subject_that_is_trained_and_tested_on_is_refused() -> None:
    data = three()
    shared = data["casme2"].clips()[0]
    data["casme2"].clips = lambda split="benchmark": [shared]
    data["casme"].clips = lambda split="benchmark": [
        Clip(**{**vars(shared), "domain": "elsewhere"})  # the same person under another name of the domain
    ]
    with pytest.raises(ConfigError, match="trains and tests on the subject '00' of 'casme2'"):
        protocol(metrics=None, folds={**FOLDS, "by": "domain"}).make_folds({n: data[n] for n in ("casme", "casme2")})


def test_open_cd6_keeps_people_apart() -> None:
    from mebench.datasets.synme.dataset import Synme

    for fold in load_protocol("open-cd6").make_folds({"synme": Synme()}):
        parts = [{clip.subject for clip in part} for part in (fold.train, fold.validation, fold.test)]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
        assert {clip.domain for clip in fold.test} == {fold.name}
        assert fold.name not in {clip.domain for clip in (*fold.train, *fold.validation)}


def test_a_protocol_of_folds_makes_no_tasks() -> None:
    with pytest.raises(ConfigError, match="makes no tasks"):
        protocol(metrics=None, folds=FOLDS).tasks(three())
    with pytest.raises(ValueError, match="nothing is run"):
        protocol()
    with pytest.raises(ValueError, match="are not judged"):
        protocol(metrics=None, selection=HELD_OUT)


def test_every_recorded_protocol_has_an_open_twin() -> None:
    names = set(protocol_names())
    assert {"lodo", "cross-identity", "self-reenactment", "megc2021"} <= names
    for name in ("lodo", "cross-identity", "self-reenactment", "megc2021"):
        assert f"open-{name}" in names
        recorded = load_protocol(name)
        assert recorded.preparation is not None and "synme" not in recorded.datasets
        assert load_protocol(f"open-{name}").datasets == ["synme"]
    assert load_protocol("cd6me").folds.units == load_protocol("open-cd6").folds.units  # type: ignore[union-attr]
    listed = load_protocol("megc2021").selection.listed  # type: ignore[union-attr]
    assert len(listed.drivers) == 9 and len(listed.sources) == 2  # type: ignore[union-attr]


# One rate for all


@given(
    fps=some.sampled_from([30.0, 60.0, 90.0, 100.0, 200.0]),
    rate=some.sampled_from([12.0, 25.0, 30.0]),
    lead=some.integers(0, 20),
    rise=some.integers(10, 60),
    fall=some.integers(0, 60),
)
def test_a_common_rate_takes_the_nearest_frames(fps: float, rate: float, lead: int, rise: int, fall: int) -> None:
    count = lead + rise + fall + 3
    frames = Frames(count, 8, 8, lambda: None)  # type: ignore[arg-type,return-value]
    clip = Clip("k", "d", "a", "s", fps, lead, lead + rise, lead + rise + fall, ("4",), "x", frames)
    try:
        plan = deliver(clip, None, rate)
    except InputError:
        assert lead + np.floor(fps / rate + 0.5) >= count  # no frame is left after the onset
        return
    assert plan.fps == rate and plan.frames[plan.onset] == lead
    assert sorted(set(plan.frames)) == list(plan.frames) and plan.frames[0] >= 0 and plan.frames[-1] < count
    step = fps / rate
    ticks = (np.arange(len(plan.frames)) - plan.onset) * step + lead
    assert np.abs(np.array(plan.frames) - ticks).max() <= 0.5 + 1e-9
    assert ticks[0] - step < -0.4 and ticks[-1] + step > count - 0.6  # nothing at the ends is left out
    assert plan.onset < plan.apex <= plan.offset < len(plan.frames)
    last = plan.frames[-1]
    assert abs(plan.frames[plan.apex] - min(clip.apex, last)) <= step / 2 + 1 or plan.apex == plan.onset + 1


def test_a_recording_slower_than_the_common_rate_is_refused() -> None:
    frames = Frames(9, 8, 8, lambda: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(InputError, match="fewer than the common 30; lower common_fps"):
        deliver(Clip("k", "d", "a", "s", 25.0, 0, 4, 8, ("4",), "x", frames), None, 30.0)


# Leaks


def states(checks: list[Any]) -> dict[str, str]:
    return {check["name"]: check["state"] for check in checks}


def test_a_clean_run_is_clean() -> None:
    given_ = protocol(selection=HELD_OUT, folds=FOLDS)
    facts = {"weights": "fomm-lite", "backbone": {"weights": "flowmag-lite"}}
    checks = check_leaks(given_, given_.tasks(three()), three(), {"facts": facts, "card": None})
    assert states(checks) == dict.fromkeys(("identity", "training data", "duplicates", "folds"), "clean")
    assert "flowmag-lite, fomm-lite saw no dataset" in checks[1]["text"]


def test_the_driver_as_source_is_a_leak() -> None:
    import dataclasses

    given_ = protocol(selection={"seed": 1, "crossed": {"drivers": 2, "sources": 2}})
    tasks = given_.tasks({"casme": Tiny("casme")})
    assert states(check_leaks(given_, tasks, {"casme": Tiny("casme")}, {}))["identity"] == "clean"
    tasks[0] = dataclasses.replace(tasks[0], source_subject=tasks[0].driving_subject)
    assert states(check_leaks(given_, tasks, {"casme": Tiny("casme")}, {}))["identity"] == "leak"


def test_one_recording_in_two_datasets_is_a_leak() -> None:
    given_ = protocol(selection=HELD_OUT)
    data = three()
    data["casme2"].face = data["mmew"].face
    checks = check_leaks(given_, given_.tasks(data), data, {})
    assert states(checks)["duplicates"] == "leak"
    assert any("one recording in two datasets: casme2 onset:" in check["text"] for check in checks)


def test_absent_datasets_are_told() -> None:
    data = {name: dataset for name, dataset in three().items() if name != "casme"}
    given_ = protocol(selection=HELD_OUT)
    (told,) = [c for c in check_leaks(given_, given_.tasks(data), data, {}) if c["name"] == "datasets"]
    assert told["text"].startswith("run on casme2, mmew alone; not on this machine: casme.")


@pytest.mark.parametrize(
    ("method", "state", "words"),
    [
        ({"facts": {}, "card": {"seen_datasets": ["casme2"]}}, "leak", "the method was trained on casme2"),
        ({"facts": {}, "card": {"seen_datasets": ["casme2:other", "samm", "synme:a"]}}, "clean", "no learned part"),
        ({"facts": {"magnifier": {"weights": "KNOWN"}}, "card": None}, "leak", "KNOWN was trained on casme2"),
        ({"facts": {"weights": "VAGUE"}, "card": None}, "unknown", "nobody says what VAGUE"),
        ({"facts": {"external": True}, "card": None}, "unknown", "made elsewhere"),
        (
            {"facts": {"magnifier": {"weights": "mine.safetensors"}}, "card": None},
            "unknown",
            "what mine.safetensors was",
        ),
        ({"facts": {"magnifier": {"weights": "mine"}, "a": {"weights": "KNOWN"}}, "card": None}, "leak", "KNOWN was"),
        (
            {"facts": {"weights": "fomm-lite", "weights_sha256": "0" * 64}, "card": None},
            "unknown",
            "what fomm-lite was",
        ),
        ({"facts": {"flow": "mine", "flow_sha256": "0" * 64}, "card": None}, "unknown", "what mine was trained on"),
        ({"facts": {"flow": "raft-large", "flow_sha256": "0" * 64}, "card": None}, "clean", "raft-large saw no"),
        ({"facts": {"flow": "dis-fine", "backbone": {"weights": "none"}}, "card": None}, "clean", "no learned part"),
    ],
    ids=[
        "card",
        "others",
        "weights",
        "not-stated",
        "external",
        "own",
        "own-and-leak",
        "altered",
        "own-flow",
        "raft",
        "none",
    ],
)
def test_a_part_that_saw_the_data_is_told(method: dict[str, Any], state: str, words: str) -> None:
    known = next(name for name, row in FILES.items() if "casme2" in row.seen_datasets)
    vague = next(name for name, row in FILES.items() if row.trained_on.startswith("not "))
    for old, new in (("KNOWN", known), ("VAGUE", vague)):
        method, words = json.loads(json.dumps(method).replace(old, new)), words.replace(old, new)
    given_ = protocol(selection=HELD_OUT)
    (told,) = [c for c in check_leaks(given_, given_.tasks(three()), three(), method) if c["name"] == "training data"]
    assert told["state"] == state and words in told["text"]


def test_cameras_of_one_cohort_show_the_same_people() -> None:
    import dataclasses

    data: dict[str, Any] = {"casme": Tiny("casme"), "casme2": Tiny("casme2")}
    given_ = protocol(selection=HELD_OUT, datasets=["casme", "casme2"], folds=FOLDS)
    tasks = given_.tasks(data)
    tasks = [dataclasses.replace(tasks[0], source_subject=tasks[0].driving_subject), *tasks[1:]]
    assert tasks[0].from_dataset != tasks[0].dataset
    assert states(check_leaks(given_, tasks, data, {}))["identity"] == "clean"  # two people of one number
    for dataset in data.values():
        dataset.cohort = "one laboratory"
    assert states(check_leaks(given_, tasks, data, {}))["identity"] == "leak"
    with pytest.raises(ConfigError, match="trains and tests on the subject"):
        given_.make_folds(data)
    assert registry.load("datasets", "smic_hs").cohort == registry.load("datasets", "smic_nir").cohort == "smic"


def test_a_database_becomes_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way: a database in its clothes, added, prepared by the protocol, and turned into tasks."""
    from mebench import registry
    from mebench.datasets.clothes.dress import CLOTHES
    from mebench.datasets.clothes.recording import Recording
    from mebench.datasets.installed import Installation
    from mebench.datasets.preparation import prepared

    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    frames = np.zeros((8, 24, 32, 3), np.uint8) + np.arange(8, dtype=np.uint8)[:, None, None, None] * 9
    made = [Recording(person, 1, frames, 1, 4, 6, ("4",)) for person in (1, 2, 3)]
    CLOTHES["mmew"].write(made, tmp_path / "d")
    dataset = registry.load("datasets", "mmew")(Installation(tmp_path / "d"))
    given_ = protocol(selection={"seed": 1, "self": {"per_domain": 5}}, preparation={"align": "onset"}, common_fps=30.0)
    tasks = given_.tasks({"mmew": prepared(dataset, given_.preparation)})
    assert [task.fps for task in tasks] == [30.0] * 3 and tasks[0].source == f"onset:{tasks[0].driving}"
