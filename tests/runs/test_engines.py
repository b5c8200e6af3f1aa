"""Other places than this machine's processes: the same bytes, nothing lost, nothing done twice."""

from __future__ import annotations

import importlib.util

import pytest
from test_execute import calls
from test_execute import log as log
from test_execute import page as page
from test_execute import start as start

from mebench.errors import ConfigError, InputError, StorageError
from mebench.runs.engines.choice import read_options

LOCAL_SLURM = {"engine": "slurm", "engine_options": {"cluster": "local", "poll": "0.1"}}


@pytest.fixture
def at_the_nodes(plugin, monkeypatch) -> None:
    """Jobs find the plug-in as they would find an installed package."""
    monkeypatch.setenv("PYTHONPATH", str(plugin))


def test_an_array_of_jobs_gives_the_same_bytes(start, exact_bytes, log, tmp_path, at_the_nodes):
    whole = exact_bytes(start(out=tmp_path / "here").folder)
    before = len(calls(log))
    there = start(out=tmp_path / "there", jobs=2, **LOCAL_SLURM).folder
    assert exact_bytes(there) == whole
    assert len(calls(log)) == 2 * before
    start(out=tmp_path / "there", jobs=2, **LOCAL_SLURM)
    assert len(calls(log)) == 2 * before  # nothing was left to do


@pytest.mark.slow
def test_a_job_that_dies_is_named_and_what_it_had_finished_is_kept(start, method_file, log, tmp_path, at_the_nodes):
    options = {"out": tmp_path / "runs", "jobs": 3, **LOCAL_SLURM}
    with pytest.raises(StorageError, match="ended without a result; its log is"):
        start(method_file(log=str(log), trouble="crash", subjects=["p"]), **options)
    assert 0 < len(list(tmp_path.glob("runs/*/tasks/*.json"))) < 6


@pytest.mark.slow
def test_an_error_that_stops_a_job_arrives_with_its_class(start, protocol_file, tmp_path, at_the_nodes):
    with pytest.raises(InputError, match="is corrupt; export or copy it again"):
        start(protocol=protocol_file(datasets=["fake-broken"]), jobs=1, **LOCAL_SLURM)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"engine": "cloud"}, "there is no engine 'cloud'; known: local, slurm, ray"),
        ({"engine_options": {"partition": "gpu"}}, "the engine local has no option 'partition'"),
        *(
            (
                {"engine": "slurm", "engine_options": {"poll": poll}},
                f"the engine option poll is '{poll}'; give a number",
            )
            for poll in ("soon", "-1", "nan", "inf")
        ),
        (
            {"engine": "slurm", "engine_options": {"cluster": "local", "bogus": "1"}},
            "does not take these engine options",
        ),
    ],
)
def test_engines_and_options_that_do_not_exist_are_refused(start, options, words):
    with pytest.raises(ConfigError, match=words):
        start(jobs=1, **options)


def test_options_are_read():
    assert read_options(["a=1", "b=x=y"]) == {"a": "1", "b": "x=y"}
    with pytest.raises(ConfigError, match="name=value"):
        read_options(["a"])


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="ray is installed")
def test_an_engine_that_is_not_installed_says_how_to_get_it(start):
    with pytest.raises(ConfigError, match=r"pip install 'mebench\[ray\]'"):
        start(engine="ray")
