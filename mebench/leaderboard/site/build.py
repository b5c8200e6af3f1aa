"""``mebench site build``: the whole site in a folder, the same bytes for the same submissions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mebench import registry
from mebench.errors import ConfigError
from mebench.files import storage_errors, write_bytes, write_text
from mebench.home import packaged
from mebench.leaderboard.folder import Submission, read_all
from mebench.leaderboard.licensed import shown_files
from mebench.leaderboard.reality import Reality, reality_json
from mebench.leaderboard.site import api, exports
from mebench.leaderboard.site.badges import board_badges
from mebench.leaderboard.site.boards import Board, make_board
from mebench.leaderboard.site.feed import feed
from mebench.leaderboard.site.pages import Pages
from mebench.leaderboard.site.reference import protocol_text
from mebench.protocol import load_protocol, protocol_names
from mebench.runs.schema import MetricInfo

MARK = ".mebench-site"
"""Stands in a built site: only a folder that has it, or an empty one, is replaced."""


@dataclass(frozen=True)
class Built:
    """folder: the site. pages: how many. broken: submissions that could not be read, with the reason. parquet: whether the
    tables were written as Parquet too."""

    folder: Path
    pages: int
    broken: dict[str, str]
    parquet: bool


def build_site(
    out: Path | str,
    submissions: Path | str | Sequence[Path] | None = None,
    *,
    facts: Mapping[str, MetricInfo] | None = None,
    address: str = "",
) -> Built:
    """Write the site into ``out``.

    submissions: the tree, or several, of which the first with a method has it (default: the one of this checkout or wheel). facts: of all metrics; asked of the registry when
    left out. address: where the site will stand (``https://...``), for the links of the feed and of badges; without it they
    are relative. A submission that cannot be read is left out and named. :class:`ConfigError` when ``out`` holds anything
    but a site.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARK).exists())):
        raise ConfigError(f"{out} is there and is no site; give an empty folder.")
    if address and not address.startswith(("https://", "http://")):
        raise ConfigError(f"'{address}' is no address of a site; it starts with https://.")
    with storage_errors(out):
        shutil.rmtree(out, ignore_errors=True)
    found, broken = _read(submissions or packaged("submissions"))
    known = dict(facts) if facts is not None else all_facts()
    protocols = [load_protocol(name) for name in protocol_names()]
    boards = [make_board(protocol, found, known) for protocol in protocols if protocol.selection is not None]
    write_text(out / MARK, "made by mebench site build\n")
    root = address.rstrip("/") + "/" if address else ""
    pages = Pages(out, boards, protocols, known, found, root)
    pages.assets()
    pages.write()
    shown = [board for board in boards if board.entries]
    files = _Files(out)
    files.interface(shown, found, known, pages.reality)
    parquet = files.tables(shown)
    files.submitted(found)
    for protocol in protocols:
        if (text := protocol_text(protocol.name)) is not None:
            write_text(out / "data" / "protocols" / f"{protocol.name}.yaml", text)
    methods = {e.submission.manifest.method for b in shown for e in b.entries}
    write_text(out / "feed.xml", feed(found, {name: f"method/{name}.html" for name in methods}, root))
    return Built(out, pages.count, broken, parquet)


def _read(submissions: Path | str | Sequence[Path]) -> tuple[list[Submission], dict[str, str]]:
    roots = [Path(submissions)] if isinstance(submissions, str | Path) else list(submissions)
    found: list[Submission] = []
    broken: dict[str, str] = {}
    for root in roots:
        if not root.is_dir():
            raise ConfigError(f"{root} is no folder; give a tree of submissions, as mebench submit writes it.")
        taken = {each.manifest.method for each in found} | {name.partition("/")[0] for name in broken}
        more, unread = read_all(root)
        found += [each for each in more if each.manifest.method not in taken]
        broken |= {name: reason for name, reason in unread.items() if name.partition("/")[0] not in taken}
    return sorted(found, key=lambda each: (each.manifest.method, each.manifest.version)), broken


def all_facts() -> dict[str, MetricInfo]:
    """The facts of every metric that can be loaded here."""
    from mebench.runs.plan import metric_info

    facts = {}
    for name in registry.names("metrics"):
        try:
            facts[name] = metric_info(registry.load("metrics", name))
        except ConfigError:
            continue  # `mebench doctor` names plug-ins that fail to load; a site can be built without them
    return facts


class _Files:
    """Everything but the pages."""

    def __init__(self, out: Path) -> None:
        self._out = out

    def interface(
        self,
        boards: list[Board],
        found: list[Submission],
        facts: Mapping[str, MetricInfo],
        compared: Sequence[Reality],
    ) -> None:
        """Below ``api/v1``."""
        entries = {entry.name: entry for board in boards for entry in board.entries}
        for board in boards:
            self._json(f"boards/{board.protocol.name}.json", api.board(board))
            peaks = amplitudes(board)
            for entry in board.entries:
                self._json(f"results/{entry.slug}.json", api.result(entry, board.protocol, board.facts, peaks))
        for each in found:
            own = {r.name: e for r in each.results if (e := entries.get(f"{each.key}/{r.name}"))}
            self._json(f"submissions/{each.key}.json", api.submission(each, own))
        self._json("index.json", api.index(boards, found))
        self._json("metrics.json", api.ApiMetrics(metrics=[dict(info) for info in facts.values()]))
        protocols = [load_protocol(name) for name in protocol_names()]
        told = [{"name": p.name, "hash": p.hash, "content": p.content()} for p in protocols]
        self._json("protocols.json", api.ApiProtocols(protocols=told))
        self._json("reality.json", api.ApiReality(**reality_json(compared)))
        write_text(self._out / "api/v1/schema.json", json.dumps(api.schema(), sort_keys=True) + "\n")

    def tables(self, boards: list[Board]) -> bool:
        """Below ``data``; gives whether Parquet could be written."""
        parquet = True
        for board in boards:
            name = board.protocol.name
            for stem, columns, lines in (
                (name, exports.CSV_COLUMNS, exports.means),
                (f"{name}-clips", exports.CLIP_COLUMNS, exports.clips),
            ):
                write_text(self._out / "data" / f"{stem}.csv", exports.as_csv(columns, lines(board)))
                data = exports.as_parquet(columns, lines(board))
                parquet = parquet and data is not None
                if data is not None:
                    write_bytes(self._out / "data" / f"{stem}.parquet", data)
            for file, text in board_badges(board).items():
                write_text(self._out / "badges" / file, text)
        return parquet

    def submitted(self, found: list[Submission]) -> None:
        """The tables of single clips as they were submitted, and the pictures that may be shown."""
        for each in found:
            for result in each.results:
                data = (result.folder / "clips.csv").read_bytes()
                write_bytes(self._out / "data" / each.key / result.name / "clips.csv", data)
                for picture in shown_files(result.folder, result.protocol):
                    if picture.suffix == ".jpg":
                        write_bytes(self._out / "media" / each.key / result.name / picture.name, picture.read_bytes())

    def _json(self, path: str, value: api.Model) -> None:
        text = json.dumps(value.model_dump(mode="json"), ensure_ascii=False, allow_nan=False, sort_keys=True)
        write_text(self._out / "api/v1" / path, text + "\n")


def amplitudes(board: Board) -> dict[str, float]:
    """Peak of the reference's expression by task, in pixels at the scoring size: it is the same for every method, and a
    failed clip does not know it."""
    return {
        row["task"]["key"]: row["curves"]["peak_px"]
        for entry in board.entries
        for row in entry.result.rows
        if row["curves"] is not None
    }
