"""Protocols: strict reading, stable hashes, tasks that spread, and frames that are kept."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from mebench.clip import Clip, Frames
from mebench.errors import ConfigError, InputError
from mebench.home import packaged
from mebench.protocol import Protocol, Task, load_protocol, protocol_names
from mebench.protocol.delivery import deliver, stride


@pytest.fixture(scope="module")
def synme():
    from mebench.datasets.synme.dataset import Synme

    return {"synme": Synme()}


def changed(tmp_path: Path, *replacements: tuple[str, str], base: str = "open-mini") -> Path:
    """A copy of a shipped protocol with text replaced."""
    text = (packaged("protocols") / f"{base}.yaml").read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "changed.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def clip(fps: float, count: int, onset: int, apex: int, offset: int) -> Clip:
    frames = Frames(count, 8, 8, lambda: None)  # type: ignore[arg-type,return-value]
    return Clip("k", "d", "a", "s", fps, onset, apex, offset, ("4",), "CC0-1.0", frames)


# Reading


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_key(tmp_path):
    path = changed(tmp_path, ("max_fps:", "max_fsp:"))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if text.startswith("max_fsp"))
    with pytest.raises(ConfigError, match=rf"line {line} .*unknown key 'max_fsp'.*did you mean 'max_fps'"):
        load_protocol(path)


def test_a_misspelt_key_inside_a_section_is_named_with_its_line(tmp_path):
    path = changed(tmp_path, ("self: {clips: 12}", "self: {clip: 12}"))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "{clip:" in text)
    with pytest.raises(ConfigError, match=rf"line {line} .*selection.self.clip'.*did you mean 'clips'"):
        load_protocol(path)


def test_an_unknown_metric_is_named_with_its_line_and_the_known_ones(tmp_path):
    path = changed(tmp_path, ("  - psnr", "  - pnsr"))
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "pnsr" in text)
    with pytest.raises(ConfigError, match=rf"line {line} .*no metric called 'pnsr'; known: .*psnr"):
        load_protocol(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("split: benchmark", "split: test", "'train', 'validation' or 'benchmark'"),
        ("max_fps: 30", "max_fps: 0", "greater than 0"),
        ("max_fps: 30", "max_fps: '30'", "valid number"),
        ("size: 256", "size: 256.5", "valid integer"),
        ("version: 1", "version: 0", "greater than or equal to 1"),
        ("same_domain: 2", "same_domain: 13", "more than all 12 pairs"),
        ("  - spill", "  - gain", "stands twice"),
        (
            "selection:\n  seed: 1\n  self: {clips: 12}\n  cross: {pairs: 12, same_domain: 2}",
            "selection: {seed: 1}",
            "nothing",
        ),
        ("name: open-mini", "name: ../open", "pattern"),
        ("seed: 1", "seed: !!python/object/apply:os.getcwd []", "tag"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_line(tmp_path, old, new, message):
    with pytest.raises(ConfigError, match=r"line \d+ ") as caught:
        load_protocol(changed(tmp_path, (old, new)))
    assert message in str(caught.value)


def test_an_unknown_protocol_lists_those_that_ship():
    with pytest.raises(ConfigError, match=r"known: .*open-mini"):
        load_protocol("open-mimi")


def test_every_shipped_protocol_is_called_like_its_file():
    assert {"open-mini", "open-cross-identity"} <= set(protocol_names())
    for name in protocol_names():
        assert load_protocol(name).name == name


# Hash


def test_the_hash_ignores_prose_layout_and_order_of_keys(tmp_path):
    original = load_protocol("open-mini")
    content = yaml.safe_load((packaged("protocols") / "open-mini.yaml").read_text(encoding="utf-8"))
    content["title"] = "Another title"
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump(dict(reversed(content.items())), sort_keys=False), encoding="utf-8")
    assert load_protocol(path).hash == original.hash


@pytest.mark.parametrize(
    ("old", "new", "same_tasks"),
    [
        ("seed: 1", "seed: 2", False),
        ("max_fps: 30", "max_fps: 31", False),
        ("size: 256", "size: 128", False),
        ("clips: 12", "clips: 11", False),
        ("  - spill\n", "", True),
        ("confidence: 0.95", "confidence: 0.9", True),
        ("version: 1", "version: 2", True),
    ],
)
def test_the_hash_knows_every_decision_and_the_tasks_hash_those_on_clips(tmp_path, old, new, same_tasks):
    original, other = load_protocol("open-mini"), load_protocol(changed(tmp_path, (old, new)))
    assert other.hash != original.hash
    assert (other.tasks_hash == original.tasks_hash) == same_tasks


def test_the_hash_of_a_fixed_protocol_never_changes():
    """Results carry this hash: a change here breaks the comparison with every stored run."""
    protocol = Protocol.model_validate(
        {
            "name": "fixed",
            "version": 1,
            "title": "t",
            "summary": "s",
            "datasets": ["synme"],
            "split": "benchmark",
            "selection": {"seed": 1, "self": {"clips": 2}},
            "size": 256,
            "metrics": ["psnr"],
        }
    )
    assert protocol.hash == "c600b705e30d9e111d559215afb3683bfa4b36bca08edfd01381a484460cd2ae"
    assert protocol.tasks_hash == "bcde66720c2b54f4a3a244766c0ec8f0e2e77f7d56c5669ea23b912d289f2209"


# Tasks


def test_open_mini_has_24_tasks_over_six_domains_half_self_half_cross(synme):
    tasks = load_protocol("open-mini").tasks(synme)
    same, cross = [t for t in tasks if t.kind == "self"], [t for t in tasks if t.kind == "cross"]
    assert (len(same), len(cross)) == (12, 12)
    for group in (same, cross):
        domains = [task.driving_domain for task in group]
        assert {domain: domains.count(domain) for domain in domains} == dict.fromkeys("abcdef", 2)
    assert all(t.source == f"onset:{t.driving}" and t.source_subject == t.driving_subject for t in same)
    assert all(t.source_subject != t.driving_subject for t in cross)
    assert sum(t.source_domain == t.driving_domain for t in cross) == 2
    subjects = [t.driving_subject for t in tasks] + [t.source_subject for t in cross]
    assert len(subjects) == len(set(subjects))


def test_open_cross_identity_is_fully_crossed_and_never_drives_itself(synme):
    tasks = load_protocol("open-cross-identity").tasks(synme)
    drivers, sources = {t.driving_subject for t in tasks}, {t.source_subject for t in tasks}
    assert len(drivers) >= 8
    assert len(sources) >= 8
    assert not drivers & sources
    pairs = {(t.driving_subject, t.source_subject) for t in tasks}
    assert pairs == set(itertools.product(drivers, sources))
    assert len(tasks) == len(pairs)
    assert {t.driving_domain for t in tasks} == {t.source_domain for t in tasks} == set("abcdef")


@pytest.mark.parametrize("name", ["open-mini", "open-cross-identity"])
def test_tasks_are_the_same_every_time_and_safe_as_file_names(name, synme):
    protocol = load_protocol(name)
    tasks = protocol.tasks(synme)
    assert tasks == protocol.tasks(synme)
    assert all(
        set(task.key) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") for task in tasks
    )
    assert len({task.key.lower() for task in tasks}) == len(tasks)
    assert len({task.hash for task in tasks}) == len(tasks)
    assert all(task.action_units for task in tasks)


def test_every_beginning_of_open_mini_mixes_kinds_and_domains(synme):
    tasks = load_protocol("open-mini").tasks(synme)
    assert {task.kind for task in tasks[:2]} == {"self", "cross"}
    assert {task.driving_domain for task in tasks[:12]} == set("abcdef")


def test_another_seed_chooses_other_clips(tmp_path, synme):
    first = load_protocol("open-mini").tasks(synme)
    second = load_protocol(changed(tmp_path, ("seed: 1", "seed: 2"))).tasks(synme)
    assert {t.key for t in first} != {t.key for t in second}


def test_domains_can_be_chosen_and_unknown_ones_are_refused(tmp_path, synme):
    chosen = load_protocol(changed(tmp_path, ("split: benchmark", "split: benchmark\ndomains: [a, f]"))).tasks(synme)
    assert {t.driving_domain for t in chosen} | {t.source_domain for t in chosen} == {"a", "f"}
    with pytest.raises(ConfigError, match="no domain 'z'; known: a, b"):
        load_protocol(changed(tmp_path, ("split: benchmark", "split: benchmark\ndomains: [z]"))).tasks(synme)


def test_too_many_wanted_clips_are_refused_with_the_number_there_is(tmp_path, synme):
    with pytest.raises(ConfigError, match="wants 9000 clips with an action unit, but its datasets have 192"):
        load_protocol(changed(tmp_path, ("clips: 12", "clips: 9000"))).tasks(synme)


def test_a_task_comes_back_from_its_record(synme):
    task = load_protocol("open-mini").tasks(synme)[0]
    assert Task.from_record(task.record()) == task
    assert dataclasses.replace(task, fps=1.0).record() != task.record()


# Delivered frames


@pytest.mark.parametrize(
    ("fps", "limit", "step"), [(200, 30, 7), (60, 30, 2), (30, 30, 1), (25, 30, 1), (29.97, 29.97, 1), (200, None, 1)]
)
def test_the_stride_is_the_least_that_keeps_the_limit(fps, limit, step):
    assert stride(fps, limit) == step


@given(
    fps=some.sampled_from([25.0, 30.0, 60.0, 90.0, 100.0, 200.0]),
    limit=some.sampled_from([None, 12.0, 25.0, 30.0, 50.0]),
    lead=some.integers(0, 12),
    rise=some.integers(1, 60),
    fall=some.integers(0, 60),
    tail=some.integers(1, 12),
)
def test_onset_is_delivered_and_apex_and_offset_are_at_most_half_a_step_away(fps, limit, lead, rise, fall, tail):
    recorded = clip(fps, lead + rise + fall + tail + 1, lead, lead + rise, lead + rise + fall)
    step = stride(fps, limit)
    try:
        plan = deliver(recorded, limit)
    except InputError:
        assert (recorded.frames.count - lead - 1) // step < 1  # no delivered frame after the onset
        return
    assert plan.frames == tuple(range(plan.frames[0], recorded.frames.count, step))
    assert plan.frames[0] < step
    assert plan.fps == fps / step
    assert plan.frames[plan.onset] == recorded.onset
    assert plan.onset < plan.apex <= plan.offset < len(plan.frames)
    cut = plan.frames[-1]  # an apex after the last delivered frame can only move there
    assert abs(plan.frames[plan.apex] - min(recorded.apex, cut)) <= step / 2 or plan.apex == plan.onset + 1
    assert abs(plan.frames[plan.offset] - min(recorded.offset, cut)) <= step / 2 or plan.offset == plan.apex


def test_a_clip_without_a_frame_after_the_onset_is_refused():
    with pytest.raises(InputError, match="too short"):
        deliver(clip(200, 8, 3, 5, 6), 30)
