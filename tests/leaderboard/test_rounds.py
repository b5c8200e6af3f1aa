"""Sealed rounds: nothing that is handed out tells the answer, and only what was scored before the end is sealed."""

from __future__ import annotations

import datetime
import json
import re
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import board_run
import pytest
import yaml

from mebench import strict_yaml
from mebench.datasets.synme.dataset import Synme, plan_of
from mebench.datasets.synme.domains import BENCHMARK_DOMAINS
from mebench.datasets.synme.identity import identity
from mebench.datasets.synme.keys import parse_clip
from mebench.errors import ConfigError, InputError
from mebench.leaderboard.rounds import record, scoring
from mebench.leaderboard.rounds.answer import HandedOut, answer_round
from mebench.leaderboard.rounds.organise import (
    check_round,
    close_round,
    note_received,
    open_round,
    read_secret,
    secret_file,
)
from mebench.leaderboard.rounds.record import (
    Received,
    Revealed,
    Round,
    commitment,
    is_sealed,
    load_round,
    outputs_digest,
    scores_digest,
    template,
    write_round,
)
from mebench.leaderboard.rounds.scoring import score_round
from mebench.leaderboard.rounds.sealed import sealed_tasks
from mebench.leaderboard.submit import submit
from mebench.leaderboard.verify import verify
from mebench.protocol import Protocol, load_protocol, model

SPLIT = "r" + "0123456789abcdef" * 2
LATER = datetime.datetime(2999, 1, 2, tzinfo=datetime.timezone.utc)
DEADLINE = datetime.datetime(2999, 1, 1, tzinfo=datetime.timezone.utc)

TINY = {
    "name": "tiny",
    "version": 1,
    "title": "Tiny",
    "summary": "Four tasks of few frames.",
    "datasets": ["synme"],
    "split": "benchmark",
    "domains": ["a", "d"],
    "selection": {"seed": 1, "crossed": {"drivers": 2, "sources": 2}},
    "max_fps": 9.0,
    "size": 256,
    "metrics": ["psnr"],
}


def written(path: Path, **changes: Any) -> Path:
    path.write_text(yaml.safe_dump({**TINY, **changes}))
    return path


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an open round below ``rounds`` and its tasks; the secret is in a home of its own."""
    folder = tmp_path_factory.mktemp("round")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEBENCH_HOME", str(folder / "home"))
        open_round("spring", written(folder / "tiny.yaml"), DEADLINE, folder / "tasks", root=folder / "rounds")
    yield folder


@pytest.fixture
def at(opened: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the tree of rounds, read by everything, with the home of the organisers."""
    root = Path(shutil.copytree(opened / "rounds", tmp_path / "rounds"))
    monkeypatch.setenv("MEBENCH_HOME", str(opened / "home"))
    places = {"rounds": root}
    for module in (record, model):
        real = module.packaged
        monkeypatch.setattr(module, "packaged", lambda name, real=real: places.get(name) or real(name))
    return root


def test_people_of_a_round_are_nobody_else_and_named_by_the_secret_alone() -> None:
    first, other = identity("a", SPLIT, 3), identity("a", "r" + "0" * 32, 3)
    assert len({first.shapes, other.shapes, identity("a", "benchmark", 3).shapes}) == 3
    plans = [plan_of(parse_clip(f"a-{split}-03-2")) for split in (SPLIT, "r" + "0" * 32, "benchmark")]
    assert len({plan.noise_key for plan in plans}) == 3
    assert len({plan.au.tobytes() + plan.pose.tobytes() for plan in plans}) == 3
    assert len(Synme().portraits(SPLIT)) == 8 * len(BENCHMARK_DOMAINS)
    for bad in ("r" + "0" * 31, "r" + "0" * 33, "R" + "0" * 32, "r" + "g" * 32, "round"):
        with pytest.raises((ConfigError, InputError)):
            Synme().clips(bad)  # type: ignore[arg-type]
        with pytest.raises(InputError):
            parse_clip(f"a-{bad}-03-2")
        with pytest.raises(ConfigError, match="split"):
            strict_yaml.parse(yaml.safe_dump({**TINY, "split": bad}), Protocol)


def test_a_protocol_that_gives_answers_away_is_no_round(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give their answer away"):
        template(written(tmp_path / "self.yaml", selection={"seed": 1, "self": {"clips": 2}}))
    named = [{"dataset": "synme", "key": "a-benchmark-02-0"}], [{"dataset": "synme", "key": "f-benchmark-04"}]
    listed = {"seed": 1, "listed": {"drivers": named[0], "sources": named[1]}}
    with pytest.raises(ConfigError, match="give their answer away"):
        template(written(tmp_path / "listed.yaml", selection=listed))
    with pytest.raises(ConfigError, match="of 'synme' alone"):
        template("cross-identity")
    assert "split" not in template("open-cross-identity")


def test_the_commitment_binds_name_seed_and_salt() -> None:
    seed, salt = "0" * 32, "1" * 64
    others = [("summer", seed, salt), ("spring", "f" + seed[1:], salt), ("spring", seed, "f" + salt[1:])]
    assert commitment("spring", seed, salt) not in {commitment(*each) for each in others}


def public_bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_that_is_handed_out_tells_what_only_the_organisers_know(opened: Path, at: Path) -> None:
    seed, salt = read_secret("spring")
    known = load_round("spring")
    protocol, _, tasks = sealed_tasks(known, seed)
    secrets = [seed, salt, protocol.hash, protocol.tasks_hash, *(each.task.hash for each in tasks)]
    secrets += [name for each in tasks for name in (each.task.key, each.task.source, each.task.driving)]
    files = public_bytes(opened / "tasks") | {"round.yaml": (at / "spring/round.yaml").read_bytes()}
    for name, data in files.items():
        for secret in secrets:
            assert secret.encode() not in data and secret[:12].encode() not in data, name
    assert set(files) - {"round.yaml", "README.md", "tasks.csv", "tasks.json"} == {
        "sources/s01.png", "sources/s02.png", "driving/d01.mkv", "driving/d02.mkv",
    }  # fmt: skip
    listing = json.loads(files["tasks.json"])
    assert set(listing) == {"schema_version", "round", "scoring_size", "licence", "tasks", "pixels_sha256"}
    keys = {"key", "source", "driving", "fps", "frames", "onset", "apex", "offset", "return"}
    assert all(set(entry) == keys for entry in listing["tasks"])


def test_containers_and_times_of_files_tell_nothing(opened: Path) -> None:
    tasks = opened / "tasks"
    assert {path.stat().st_mtime for path in tasks.rglob("*")} == {0.0}
    for path in tasks.glob("driving/*.mkv"):
        with av.open(str(path)) as container:
            tags = set(container.metadata) | set(container.streams.video[0].metadata)
        assert tags <= {"MEBENCH_FPS", "MEBENCH_FRAMES", "MEBENCH_SHA256", "ENCODER", "DURATION", "encoder"}
    for path in tasks.glob("sources/*.png"):
        data, place, chunks = path.read_bytes(), 8, set()
        while place < len(data):
            size, kind = struct.unpack(">I4s", data[place : place + 8])
            chunks.add(kind)
            place += size + 12
        assert chunks == {b"IHDR", b"IDAT", b"IEND"}


def test_public_names_stand_in_an_order_of_the_seed(at: Path) -> None:
    known = load_round("spring")
    seen = set()
    for digit in "0379":
        _, _, tasks = sealed_tasks(known, digit * 32)
        seen.add(tuple(each.task.driving_domain + each.task.source_domain for each in tasks))
    assert len(seen) > 1


def test_the_seed_is_kept_until_the_deadline_and_then_checks(opened: Path, at: Path) -> None:
    assert secret_file("spring").stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError, match="revealed after that"):
        close_round("spring")
    with pytest.raises(ConfigError, match="not over"):
        check_round("spring")
    with pytest.raises(ConfigError, match="opened once"):
        open_round("spring", opened / "tiny.yaml", DEADLINE, opened / "more", root=at)
    with pytest.raises(ConfigError, match="no protocol called"):
        load_protocol("round-spring")
    closed = close_round("spring", now=LATER)
    assert closed.revealed is not None and read_secret("spring") == (closed.revealed.seed, closed.revealed.salt)
    assert load_protocol("round-spring").split == f"r{closed.revealed.seed}"
    assert "round-spring" in model.protocol_names()
    assert check_round("spring") == []
    with pytest.raises(ConfigError, match="was closed on"):
        close_round("spring", now=LATER)
    write_round(closed.model_copy(update={"tasks_sha256": "0" * 64}), at)
    assert "other tasks or pictures" in check_round("spring")[0]
    another = Revealed(date=LATER.date(), seed="0" * 32, salt=closed.revealed.salt)
    write_round(closed.model_copy(update={"revealed": another}), at)
    assert "not the one that was committed to" in check_round("spring")[0]


def test_only_the_organisers_can_score_before_the_end(
    at: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "stranger"))
    with pytest.raises(ConfigError, match="only its organisers"):
        score_round("spring", tmp_path, "mine")


def test_links_in_what_is_handed_in_are_refused(opened: Path, at: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.mkv"
    theirs.write_bytes(b"")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/t01.mkv").symlink_to(theirs)
    with pytest.raises(InputError, match="is a link"):
        score_round("spring", tmp_path / "mine", "mine")
    (tmp_path / "mine/t01.mkv").unlink()
    (tmp_path / "mine/t01").mkdir()
    (tmp_path / "mine/t01/0.png").symlink_to(theirs)
    with pytest.raises(InputError, match="is a link"):
        scoring._refuse_links(tmp_path / "mine", {"t01": "t01"})


def test_a_method_answers_from_pictures_alone(opened: Path, tmp_path: Path) -> None:
    assert answer_round(opened / "tasks", "driving-copy", tmp_path / "videos") == {}
    assert sorted(path.name for path in (tmp_path / "videos").iterdir()) == [f"t0{n}.mkv" for n in range(1, 5)]
    for change in ({"source": "../../etc/passwd"}, {"driving": "driving/d01.mkv/../../x"}, {"onset": "0"}):
        folder = Path(shutil.copytree(opened / "tasks", tmp_path / "hostile", dirs_exist_ok=True))
        listing = json.loads((folder / "tasks.json").read_text())
        listing["tasks"][0].update(change)
        (folder / "tasks.json").write_text(json.dumps(listing))
        with pytest.raises(InputError, match="no round has"):
            HandedOut(folder)


@pytest.fixture
def finished(at: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """A submission of ``mine`` on a closed round; what the organisers noted of it can be changed."""
    protocol = load_round("spring").protocol(read_secret("spring")[0])
    facts = {name: {**board_run._KNOWN["psnr"], "name": name} for name in protocol.metrics}
    monkeypatch.setattr(board_run, "PROTOCOL", "round-spring")
    monkeypatch.setattr(board_run, "FACTS", facts)

    def make(noted: dict[str, Any]) -> Path:
        rows = [board_run.row(t, i, 0.6, "mineNone") for i, t in enumerate(board_run.tasks())]
        true = {"outputs": outputs_digest(rows), "scores": scores_digest(rows, list(facts))}  # type: ignore[arg-type]
        note_received("spring", "mine", **{**true, **noted})
        close_round("spring", now=LATER)
        run = board_run.write_run(tmp_path / "run", "mine", None, 0.6)
        return submit([run], "mine", out=tmp_path / "tree", films=0).folder

    return make


def tier(folder: Path) -> str:
    submission = verify(folder, facts=board_run.FACTS).submission
    assert submission is not None
    return next(iter(submission.tiers.values()))


def test_what_was_scored_before_the_end_is_sealed(finished: Callable[..., Path], at: Path) -> None:
    folder = finished({})
    assert tier(folder) == "sealed"
    known = load_round("spring")
    write_round(known.model_copy(update={"revealed": None}), at)
    assert tier(folder) == "self-reported"
    assert known.revealed is not None
    write_round(known.model_copy(update={"commitment": "0" * 64}), at)
    assert tier(folder) == "self-reported"


@pytest.mark.parametrize("noted", [{"outputs": "0" * 64}, {"scores": "0" * 64}], ids=["outputs", "scores"])
def test_other_outputs_or_other_numbers_are_not_sealed(finished: Callable[..., Path], noted: dict[str, str]) -> None:
    assert tier(finished(noted)) == "self-reported"


def test_a_round_of_ones_own_seals_nothing(tmp_path: Path) -> None:
    rows: list[Any] = [board_run.row(t, i, 0.6, "x") for i, t in enumerate(board_run.tasks())]
    assert not is_sealed("mine", "open-mini", "0" * 64, rows, ["psnr"])
    assert not is_sealed("mine", "round-nowhere", "0" * 64, rows, ["psnr"])
    assert not is_sealed("mine", "round-../../x", "0" * 64, rows, ["psnr"])


def test_entries_are_counted(at: Path) -> None:
    first = note_received("spring", "twice", "0" * 64, "1" * 64)
    again = note_received("spring", "twice", "0" * 64, "2" * 64)
    other = note_received("spring", "twice", "3" * 64, "2" * 64)
    assert [each.entries for each in (first, again, other)] == [1, 1, 2]


def test_every_round_of_this_tree_is_whole() -> None:
    for path in sorted(record.rounds_folder().glob("*/round.yaml")):
        known = load_round(path.parent.name)
        assert isinstance(known, Round) and all(isinstance(each, Received) for each in known.received.values())
        if known.revealed is None:
            assert not (path.parent / "protocol.yaml").exists() and not known.received
        else:
            known.refuse_another(known.revealed.seed, known.revealed.salt)
            assert load_protocol(f"round-{known.name}").hash == known.protocol(known.revealed.seed).hash
        assert not re.search(r"seed: [0-9a-f]{32}", path.read_text()) or known.revealed


@pytest.mark.slow
def test_a_round_from_its_opening_to_the_board(opened: Path, at: Path, tmp_path: Path) -> None:
    answer_round(opened / "tasks", "flow-transfer", tmp_path / "videos")
    scored = score_round("spring", tmp_path / "videos", "flow-transfer", out=tmp_path / "runs", jobs=0)
    assert scored.received is not None and scored.missing == () and scored.result.summary["tasks"]["ok"] == 4
    with pytest.raises(ConfigError):
        submit([scored.result.folder], "flow-transfer", out=tmp_path / "tree")
    close_round("spring", now=LATER)
    anybody = score_round("spring", tmp_path / "videos", "flow-transfer", out=tmp_path / "theirs", jobs=0)
    assert anybody.same is True
    card = tmp_path / "card.yaml"
    given = {"name": "flow-transfer", "title": "Flow", "summary": "Flow.", "authors": ["A"], "licence": "CC0-1.0"}
    card.write_text(yaml.safe_dump({**given, "seen_datasets": [], "open_weights": True}))
    done = submit([scored.result.folder], "flow-transfer", out=tmp_path / "tree", card=card, films=0)
    submission = verify(done.folder).submission
    assert submission is not None and set(submission.tiers.values()) == {"sealed"}
