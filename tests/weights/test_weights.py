"""The table of weights, adding published files, and fetching them from a server."""

from __future__ import annotations

import json
import pickle
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from typer.testing import CliRunner

from mebench.cli.app import app
from mebench.errors import CheckpointError, ConfigError, InputError, MissingWeights, StorageError
from mebench.magnification.flowmag_network import FlowMag, FlowMagConfig
from mebench.weights import FILES, facts, find, place, sha256, state
from mebench.weights.add import add
from mebench.weights.fetch import fetch
from mebench.weights.locate import shipped_folder


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FlowMag checkpoint in the published layout, of small width."""
    torch.manual_seed(3)
    model = FlowMag(FlowMagConfig(ndf=4))
    state_dict = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    state_dict["module.mm_loss_fn.flow_net.flowNet.conv.weight"] = torch.zeros(2, 2)
    path = tmp_path_factory.mktemp("published") / "raft_chkpt_00140.pth"
    torch.save({"state_dict": state_dict, "optimizer_state_dict": {}, "epoch": 140}, path)
    return path


# The table


@pytest.mark.parametrize("name", FILES)
def test_rows_are_complete(name: str) -> None:
    row = facts(name)
    assert row.name == name
    for text in (row.what, row.trained_on, row.paper, row.licence, row.published, *row.needed_by):
        assert text.strip() == text and text
    assert row.needed_by
    assert (row.kind == "package") == (row.package is not None)
    assert (row.kind == "added") == (row.converter is not None)
    assert (row.kind in ("added", "placed")) == bool(row.official)
    assert facts(row.file) is row


@pytest.mark.parametrize("name", [n for n, row in FILES.items() if row.kind not in ("added", "placed")])
def test_files_that_come_with_the_installation_have_the_known_hash(name: str) -> None:
    remedy = "run: cd mebench/weights/files && sha256sum *.safetensors *.tflite > SHA256SUMS"
    assert state(name).state == "ok", f"{state(name)}; if the file was replaced on purpose, {remedy}"
    assert find(name) == place(name)


def test_every_shipped_file_is_in_the_table_and_small() -> None:
    known = {row.file for row in FILES.values() if row.kind == "shipped"}
    shipped = [path for path in shipped_folder().iterdir() if path.name != "SHA256SUMS"]
    assert {path.name for path in shipped} == known
    assert sum(path.stat().st_size for path in shipped) < 45e6


def test_missing_weights_say_what_to_put_where(own_home: Path) -> None:
    with pytest.raises(MissingWeights) as caught:
        find("vox-adv-cpk")
    for part in ("vox-adv-cpk.pth.tar", "first-order-model", "mebench weights add vox-adv-cpk", str(own_home)):
        assert part in str(caught.value)


def test_unknown_names() -> None:
    with pytest.raises(ConfigError, match=r"no weights called 'vgg'; known: fomm-lite"):
        facts("vgg")


def test_altered_file_is_noticed(published: Path) -> None:
    added = add("flowmag-raft", published)
    assert state("flowmag-raft").state == "ok"
    data = bytearray(added.path.read_bytes())
    data[-1] ^= 1
    added.path.write_bytes(data)
    assert state("flowmag-raft").state == "altered"


# Adding


def test_add_converts_once_and_records(published: Path, own_home: Path) -> None:
    added = add("flowmag", published)
    assert added.name == "flowmag-raft"
    assert added.path == own_home / "weights" / "flowmag-raft" / "flowmag-raft.safetensors" == find("flowmag-raft")
    kept = load_file(added.path)
    original = torch.load(published, weights_only=True)["state_dict"]
    assert set(kept) == {n.removeprefix("module.") for n in original if "mm_loss_fn" not in n}
    assert all(torch.equal(tensor, original[f"module.{name}"]) for name, tensor in kept.items())
    noted = json.loads((own_home / "weights" / "flowmag-raft" / "record.json").read_text())
    assert noted["official_sha256"] == sha256(published) == added.official_sha256
    assert noted["sha256"] == sha256(added.path)
    assert any("Commercial use: unclear" in remark for remark in added.remarks)


def test_adding_twice_gives_the_same_bytes(published: Path) -> None:
    assert add("flowmag", published).sha256 == add("flowmag-raft", published).sha256


def test_old_serialisation_is_read(published: Path, tmp_path: Path) -> None:
    """Published files of that time are plain pickles, not zip files."""
    path = tmp_path / "arflow_chkpt_00140.pth"
    torch.save(torch.load(published, weights_only=True), path, _use_new_zipfile_serialization=False)
    assert path.read_bytes()[:2] != b"PK"
    assert add("flowmag", path).name == "flowmag-arflow"


def test_family_with_another_file_name_asks(published: Path, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(published.read_bytes())
    with pytest.raises(ConfigError, match=r"'flowmag-raft' .* or 'flowmag-arflow'"):
        add("flowmag", path)
    assert add("flowmag-arflow", path).name == "flowmag-arflow"


def test_wrong_network_names_the_keys(published: Path, tmp_path: Path, own_home: Path) -> None:
    with pytest.raises(CheckpointError, match=r"not a FOMM checkpoint: it needs the entries kp_detector and generator"):
        add("vox-cpk", published)
    content = torch.load(published, weights_only=True)
    del content["state_dict"]["module.generator.up_layers.4.conv.bias"]
    content["state_dict"]["module.generator.extra"] = torch.zeros(1)
    torch.save(content, tmp_path / "raft_chkpt_00140.pth")
    with pytest.raises(CheckpointError) as caught:
        add("flowmag", tmp_path / "raft_chkpt_00140.pth")
    assert "missing: generator.up_layers.4.conv.bias" in str(caught.value)
    assert "unexpected: generator.extra" in str(caught.value)
    assert not (own_home / "weights").exists()


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('code ran')",)


@pytest.mark.parametrize("layout", ["pickle", "torch"])
def test_files_that_could_run_code_are_refused(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "vox-cpk.pth.tar"
    if layout == "pickle":
        path.write_bytes(pickle.dumps({"generator": _Bomb()}))
    else:
        torch.save({"generator": _Bomb(), "kp_detector": {}}, path)
    with pytest.raises(CheckpointError, match="can run code"):
        add("fomm", path)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04" + bytes(100), b"\x80\x04junk"])
def test_broken_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vox-cpk.pth.tar"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=re.escape(str(path))) as refused:
        add("fomm", path)
    assert "weights_only" not in str(refused.value)  # torch's advice to read it without care


def test_missing_file_and_unpacked_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        add("fomm", tmp_path / "vox-cpk.pth.tar")
    (tmp_path / "vox-cpk.pth").mkdir()
    with pytest.raises(InputError, match="must not be unpacked"):
        add("fomm", tmp_path / "vox-cpk.pth")
    with pytest.raises(ConfigError, match="part of the installation"):
        (tmp_path / "a").write_bytes(b"")
        add("alexnet", tmp_path / "a")


def test_known_hash_is_enforced(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, "flowmag-raft", replace(FILES["flowmag-raft"], sha256="0" * 64))
    with pytest.raises(CheckpointError, match="other values than the published file"):
        add("flowmag-raft", published)
    assert state("flowmag-raft").state == "missing"


def test_a_full_disk_is_one_sentence(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.torch.save_file", refuse)
    with pytest.raises(StorageError, match="the disk is full; free some space and start the same command again"):
        add("flowmag", published)
    assert state("flowmag-raft").state == "missing"


# Fetching, from a server on this machine


class _Server(BaseHTTPRequestHandler):
    """Serves one file with ranges. ``breaks``: bytes after which the first answers are cut off."""

    def __init__(self, shelf: dict[str, object], *arguments: object) -> None:
        self.shelf = shelf
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        body: bytes = self.shelf["body"]  # type: ignore[assignment]
        tag = self.shelf.get("tag", '"one"')
        self.shelf.setdefault("requests", []).append(dict(self.headers))  # type: ignore[union-attr]
        if self.path.endswith(".html"):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"<html>are you sure?</html>")
            return
        if self.path.endswith("absent.pth"):
            self.send_error(404)
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and self.headers.get("If-Range") == tag else 0
        if start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("ETag", str(tag))
        self.end_headers()
        breaks: list[int] = self.shelf.get("breaks", [])  # type: ignore[assignment]
        stop = breaks.pop(0) if breaks else len(body)
        self.wfile.write(body[start:stop])

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def shelf(published: Path) -> Iterator[dict[str, object]]:
    content: dict[str, object] = {"body": published.read_bytes(), "requests": []}
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Server, content))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    content["url"] = f"http://127.0.0.1:{server.server_port}/raft_chkpt_00140.pth"
    yield content
    server.shutdown()
    server.server_close()
    thread.join()


def test_fetch_adds_and_cleans_up(shelf: dict[str, object], published: Path, own_home: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    added = fetch("flowmag", str(shelf["url"]), sha256(published), lambda have, total: steps.append((have, total)))
    assert added.name == "flowmag-raft" and added.official_sha256 == sha256(published)
    assert steps[-1] == (published.stat().st_size,) * 2
    assert sorted(p.name for p in (own_home / "weights" / "flowmag-raft").iterdir()) == [
        "flowmag-raft.safetensors",
        "record.json",
    ]


def test_broken_download_goes_on_where_it_stopped(shelf: dict[str, object], published: Path) -> None:
    shelf["breaks"] = [50_000, 120_000]
    for reached in (50_000, 120_000):
        with pytest.raises(InputError, match=f"broke off after {reached} .*run the same command again"):
            fetch("flowmag", str(shelf["url"]))
    assert fetch("flowmag", str(shelf["url"])).official_sha256 == sha256(published)
    asked = [request.get("Range") for request in shelf["requests"]]  # type: ignore[attr-defined]
    assert asked == [None, "bytes=50000-", "bytes=120000-"]


def test_changed_file_starts_anew(shelf: dict[str, object], published: Path) -> None:
    shelf["breaks"] = [50_000]
    with pytest.raises(InputError, match="broke off"):
        fetch("flowmag", str(shelf["url"]))
    shelf["tag"] = '"two"'
    assert fetch("flowmag", str(shelf["url"])).official_sha256 == sha256(published)


def test_complete_partial_file_needs_no_byte_more(shelf: dict[str, object], published: Path, own_home: Path) -> None:
    folder = own_home / "weights" / "flowmag-raft" / "download"
    folder.mkdir(parents=True)
    (folder / "raft_chkpt_00140.pth.partial").write_bytes(published.read_bytes())
    (folder / "raft_chkpt_00140.pth.json").write_text(json.dumps({"address": shelf["url"], "version": '"one"'}))
    assert fetch("flowmag", str(shelf["url"])).official_sha256 == sha256(published)


def test_fetch_refuses_what_does_not_fit(shelf: dict[str, object], own_home: Path) -> None:
    url = str(shelf["url"])
    with pytest.raises(CheckpointError, match="SHA-256"):
        fetch("flowmag", url, "0" * 64)
    with pytest.raises(InputError, match="web page"):
        fetch("flowmag-raft", url.replace(".pth", ".html"))
    with pytest.raises(InputError, match="error 404"):
        fetch("flowmag-raft", url.replace("raft_chkpt_00140", "absent"))
    shelf["body"] = b"no checkpoint at all"
    with pytest.raises(CheckpointError):
        fetch("flowmag", url)
    assert not list(own_home.rglob("*.pth*")) and state("flowmag-raft").state == "missing"


def test_fetch_without_an_address_says_where_it_is_published() -> None:
    with pytest.raises(ConfigError, match=r"dangeng/flowmag .*mebench weights add flowmag-raft PATH"):
        fetch("flowmag-raft")
    with pytest.raises(ConfigError, match="no http or https"):
        fetch("flowmag-raft", "file:///etc/passwd")
    with pytest.raises(ConfigError, match="name one of them"):
        fetch("fomm")


def test_nobody_listens(own_home: Path) -> None:
    with pytest.raises(InputError, match="broke off after 0 bytes"):
        fetch("flowmag-raft", "http://127.0.0.1:9/raft_chkpt_00140.pth")


# The command


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["weights", *arguments])
    return result.exit_code, result.output


def test_commands(published: Path, own_home: Path) -> None:
    code, text = run("add", "flowmag", str(published))
    assert code == 0 and sha256(published) in text and "all as they should be" in text
    code, text = run("check", "flowmag-raft")
    assert code == 0 and "flowmag-raft: there" in text
    code, text = run("where", "flowmag-raft")
    assert code == 0 and str(find("flowmag-raft")) in text
    code, text = run("check", "vox-cpk")
    assert code == 2 and "mebench weights add vox-cpk PATH" in text
    code, text = run("list", "--json")
    rows = {row["name"]: row for row in json.loads(text)}
    assert code == 0 and set(rows) == set(FILES)
    assert rows["flowmag-raft"]["state"] == "ok" and rows["vox-cpk"]["state"] == "missing"
    code, text = run("list", "vox-cpk", "alexnet")
    for part in ("NeurIPS 2019", "first-order-model", "vox-cpk.pth.tar", str(own_home), "BSD-3-Clause", "c7c231f5"):
        assert part in text
    code, text = run("list")
    assert code == 0 and "not added" in text and len(text.splitlines()) < 40
    code, text = run("add", "flowmag", str(own_home / "nothing.pth"))
    assert code == 2 and "Traceback" not in text and "does not exist" in text


def test_fetch_shows_the_licence_first(shelf: dict[str, object]) -> None:
    code, text = run("fetch", "flowmag", "--url", str(shelf["url"]))
    assert code == 0
    assert text.index("licence: MIT") < text.index("tensors")
