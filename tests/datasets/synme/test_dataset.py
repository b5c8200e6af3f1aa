"""The data set: keys, lists, portraits, true answers, the cache on disk, and the same bytes in every process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from mebench import registry
from mebench.datasets.contract import OpenDataset
from mebench.datasets.synme import cache
from mebench.datasets.synme.dataset import Synme, plan_of, read_clip
from mebench.datasets.synme.expression import BLINK
from mebench.datasets.synme.keys import parse_clip
from mebench.datasets.synme.plan import draw_still
from mebench.datasets.synme.studio import State
from mebench.errors import ConfigError, InputError

pytestmark = pytest.mark.usefixtures("rendered_home")

DATA = Synme()


def shortest_key(domain: str = "f") -> str:
    clips = [clip for clip in DATA.clips("benchmark", domains=(domain,)) if clip.subject == f"{domain}-benchmark-01"]
    return min(clips, key=lambda clip: clip.frames.count).key


KEY = shortest_key()


def test_it_is_the_registered_open_dataset():
    assert registry.load("datasets", "synme") is Synme
    assert isinstance(DATA, OpenDataset)
    assert DATA.name == "synme" and DATA.domains == ("a", "b", "c", "d", "e", "f")
    assert DATA.terms.licence == "CC0-1.0" and DATA.terms.may_show_frames and DATA.terms.may_show_generated


def test_lists_are_complete_disjoint_and_consistent():
    lists = {split: DATA.clips(split, domains=("b", "f")) for split in ("train", "validation", "benchmark")}
    assert {split: len(clips) for split, clips in lists.items()} == {"train": 128, "validation": 32, "benchmark": 64}
    subjects = [clip.subject for clips in lists.values() for clip in clips]
    assert len(set(subjects)) == 2 * 28
    for split, clips in lists.items():
        assert {portrait.subject for portrait in DATA.portraits(split, domains=("b", "f"))} == {
            c.subject for c in clips
        }
        assert len({clip.key for clip in clips}) == len(clips)
    for clip in lists["benchmark"]:
        assert DATA.clip(clip.key).action_units == clip.action_units and clip.action_units
        assert 0 <= clip.onset < clip.apex < clip.offset < clip.frames.count
        assert (clip.frames.height, clip.frames.width) == (256, 256)
    assert len(DATA.clips("benchmark")) == 6 * 8 * 4


def test_keys_are_safe_file_names_and_reach_every_strength():
    clip = DATA.clip("a-benchmark-03-2-ordinary")
    micro = DATA.clip("a-benchmark-03-2")
    assert clip.frames.count > 2 * micro.frames.count and clip.subject == micro.subject == "a-benchmark-03"
    assert DATA.clip("a-benchmark-03-2-none").action_units == ()
    assert DATA.clip("t-train-712-5").domain == "t"
    listed = DATA.clips("validation", strength="ordinary", domains=("a",), per_identity=1)
    assert [entry.key for entry in listed] == [f"a-validation-0{index}-0-ordinary" for index in range(4)]


@pytest.mark.parametrize(
    "key", ["a-benchmark-03", "g-benchmark-03-0", "a-test-03-0", "a-benchmark-08-0", "a-benchmark-3-0",
            "a-benchmark-003-0", "a-benchmark-03-00", "a-benchmark-03-0-loud", "a-benchmark-03-0-micro", "", "../x"],
)  # fmt: skip
def test_unknown_clips_are_refused_by_name(key: str):
    with pytest.raises(InputError):
        DATA.clip(key)
    with pytest.raises(InputError):
        DATA.truth("a-benchmark-00", key)


def test_unknown_portraits_splits_domains_and_gains_are_refused():
    with pytest.raises(InputError, match="no portrait 'nobody'"):
        DATA.portrait("nobody")
    with pytest.raises(InputError):
        DATA.portrait("onset:a-benchmark-03")
    with pytest.raises(ConfigError, match="no split 'test'"):
        DATA.clips("test")
    with pytest.raises(ConfigError, match="domain t has no list"):
        DATA.portraits("train", domains=("t",))
    with pytest.raises(ConfigError, match=r"gain of -1"):
        DATA.truth("a-benchmark-00", KEY, gain=-1.0)


def test_a_portrait_is_rendered_once_and_comes_back_bit_for_bit(monkeypatch, tmp_path):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    first = DATA.portrait("b-benchmark-01").read()
    monkeypatch.setattr("mebench.datasets.synme.dataset._neutral_frame", lambda *asked: pytest.fail("rendered again"))
    again = DATA.portrait("b-benchmark-01").read()
    assert first.shape == again.shape == (256, 256, 3)
    assert np.array_equal(first, again)


def test_the_onset_portrait_is_the_delivered_onset_frame():
    clip = DATA.clip(KEY)
    frames = clip.frames.array()
    assert frames.shape == (clip.frames.count, 256, 256, 3) and frames.dtype == np.uint8
    portrait = DATA.portrait(f"onset:{KEY}")
    assert portrait.subject == clip.subject and np.array_equal(portrait.read(), frames[clip.onset])
    own = DATA.portrait(clip.subject).read()
    assert own.shape == (256, 256, 3) and not np.array_equal(own, frames[clip.onset])


def test_the_true_answer_to_a_clip_itself_is_the_clip_without_noise(studio_of):
    clip, plan = DATA.clip(KEY), plan_of(parse_clip(KEY))
    answer = DATA.truth(f"onset:{KEY}", KEY)
    studio = studio_of("f", "benchmark", 1)
    for frame in (0, clip.onset, clip.apex, clip.frames.count - 1):
        state = State(plan.au[frame], plan.blink[frame], plan.pose[frame], plan.gaze)
        assert np.array_equal(answer.frames[frame], studio.frame(state))
    noise = np.abs(answer.frames.astype(float) - clip.frames.array()).mean()
    assert 0.3 < noise < 6.0
    assert (answer.onset, answer.apex, answer.offset) == (clip.onset, clip.apex, clip.offset)
    assert answer.fps == clip.fps and np.array_equal(answer.action_units[:, : BLINK.start], plan.au[:, : BLINK.start])
    assert answer.landmarks.shape == (clip.frames.count, 68, 2) and np.allclose(answer.pose, plan.pose, atol=1e-6)


def test_another_face_performs_the_same_motion_from_its_own_pose():
    driving, source = KEY, "c-benchmark-02"
    once, thrice = DATA.truth(source, driving), DATA.truth(source, driving, gain=3.0)
    still, plan = draw_still(("portrait", "c", "benchmark", 2)), plan_of(parse_clip(driving))
    assert np.allclose(once.pose[once.onset], still.pose, atol=1e-6)
    assert np.allclose(once.pose - still.pose, plan.pose - plan.pose[plan.onset], atol=1e-6)
    assert np.allclose(thrice.action_units[:, : BLINK.start], 3 * once.action_units[:, : BLINK.start])
    assert np.array_equal(thrice.pose, once.pose)
    assert np.array_equal(thrice.action_units[:, BLINK], once.action_units[:, BLINK])
    grey = once.frames[0]
    assert np.array_equal(grey[..., 0], grey[..., 1])  # domain c has no colour, whoever drives
    assert np.array_equal(once.frames[once.onset], thrice.frames[once.onset])
    flow = once.flow(once.apex, "head").displacement
    assert np.array_equal(flow, thrice.flow(once.apex, "head").displacement, equal_nan=True)
    assert 10000 < once.face.sum() < np.isfinite(flow[..., 0]).sum()
    portrait = DATA.portrait(source).read().astype(float)
    assert np.abs(portrait - once.frames[once.onset]).mean() < 6.0  # the same picture but for noise


def test_a_damaged_or_short_cache_file_is_rendered_again():
    frames = read_clip(KEY)
    path = cache.folder() / f"{KEY}.mkv"
    good = path.read_bytes()
    damages = (good[: len(good) // 2], b"", b"not a video", good[:-3000] + bytes(3000))
    for damaged in damages:
        path.write_bytes(damaged)
        assert np.array_equal(cache.stored(KEY, len(frames), 60.0, lambda: frames), frames)
        assert path.read_bytes() == good
    calls = []
    cache.stored(KEY, len(frames), 60.0, lambda: calls.append(1))  # type: ignore[arg-type, return-value]
    assert not calls
    longer = np.concatenate((frames, frames[:1]))
    assert len(cache.stored(KEY, len(longer), 60.0, lambda: longer)) == len(longer)
    path.write_bytes(good)


def test_no_half_written_file_is_left_when_rendering_fails():
    def broken() -> np.ndarray:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        cache.stored("never", 3, 60.0, broken)
    assert not list(cache.folder().glob("*never*"))


def test_another_process_renders_the_same_bytes(tmp_path):
    key = KEY
    code = (
        "import hashlib, numpy as np\n"
        "from mebench.datasets.synme.dataset import Synme\n"
        f"t = Synme().truth('onset:{key}', '{key}'); c = Synme().clip('{key}').frames.array()\n"
        "f = t.flow(t.apex, 'all').displacement\n"
        "print(*(hashlib.sha256(a.tobytes()).hexdigest() for a in (c, t.frames, t.landmarks, f)))\n"
    )
    environment = os.environ | {"MEBENCH_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    truth = DATA.truth(f"onset:{key}", key)
    flow = truth.flow(truth.apex, "all").displacement
    here = [hashlib.sha256(a.tobytes()).hexdigest() for a in (read_clip(key), truth.frames, truth.landmarks, flow)]
    assert run.stdout.split() == here


def test_check_and_fingerprint_say_what_is_there():
    report = DATA.check()
    assert report.complete and any(DATA.fingerprint() in line for line in report.lines)
    older = cache.folder().with_name("0123456789abcdef-00000000")
    older.mkdir(parents=True)
    (older / "old.mkv").write_bytes(bytes(3_000_000))
    assert cache.older_folders() == [older] and cache.usage(older) == (1, 3_000_000)
    assert any("3 MB of other states" in line for line in DATA.check().lines)
    assert cache.usage(older / "missing") == (0, 0)
    assert len(DATA.fingerprint()) == 16 and cache.folder().name.startswith(DATA.fingerprint())


def test_chosen_frames_are_those_of_the_whole_clip():
    data = DATA
    clip = data.clip("e-benchmark-02-1")
    chosen = range(clip.onset % 5, clip.frames.count, 5)
    few = data.clip_frames(clip.key, chosen)
    assert np.array_equal(few, clip.frames.array()[list(chosen)])
    source = "a-benchmark-01"
    part, whole = data.truth_at(source, clip.key, chosen), data.truth(source, clip.key)
    assert np.array_equal(part.frames, whole.frames[list(chosen)])
    assert np.array_equal(part.landmarks, whole.landmarks[list(chosen)])
    assert part.onset * 5 + chosen[0] == clip.onset
    last = len(chosen) - 2
    assert np.array_equal(part.flow(last, "all").displacement, whole.flow(chosen[last], "all").displacement, True)
    with pytest.raises(InputError, match="lack the onset"):
        data.truth_at(source, clip.key, range(clip.onset + 1, clip.frames.count))
    with pytest.raises(InputError, match=r"has \d+ frames"):
        data.clip_frames(clip.key, [clip.frames.count])
