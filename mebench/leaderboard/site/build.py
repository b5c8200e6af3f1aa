"""``mebench site build``: the whole site in a folder, the same bytes for the same submissions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from mebench import registry
from mebench.errors import ConfigError
from mebench.files import storage_errors, write_bytes, write_text
from mebench.home import packaged
from mebench.leaderboard.folder import read_all
from mebench.leaderboard.licensed import shown_files
from mebench.leaderboard.schema import TIERS
from mebench.leaderboard.site import exports
from mebench.leaderboard.site.boards import Board, Entry, make_board
from mebench.protocol import Protocol, load_protocol, protocol_names
from mebench.runs.page.numerals import seconds
from mebench.runs.page.scores import FAMILIES, KINDS, score_table
from mebench.runs.schema import MetricInfo

MARK = ".mebench-site"
"""Stands in a built site: only a folder that has it, or an empty one, is replaced."""


@dataclass(frozen=True)
class Built:
    """folder: the site. pages: how many. broken: submissions that could not be read, with the reason."""

    folder: Path
    pages: int
    broken: dict[str, str]


def build_site(
    out: Path | str, submissions: Path | str | None = None, *, facts: Mapping[str, MetricInfo] | None = None
) -> Built:
    """Write the site into ``out``.

    submissions: the tree (default: the one of this checkout or wheel). facts: of all metrics; asked of the registry when
    left out. A submission that cannot be read is left out and named. :class:`ConfigError` when ``out`` holds anything but
    a site.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARK).exists())):
        raise ConfigError(f"{out} is there and is no site; give an empty folder.")
    with storage_errors(out):
        shutil.rmtree(out, ignore_errors=True)
    found, broken = read_all(Path(submissions) if submissions else packaged("submissions"))
    known = dict(facts) if facts is not None else all_facts()
    protocols = [load_protocol(name) for name in protocol_names()]
    boards = [make_board(protocol, found, known) for protocol in protocols if protocol.selection is not None]
    site = _Site(out, boards, protocols, known)
    write_text(out / MARK, "made by mebench site build\n")
    site.assets()
    site.pages()
    for board in boards:
        if board.entries:
            site.json(f"api/v1/boards/{board.protocol.name}.json", exports.board_json(board))
            write_text(out / "data" / f"{board.protocol.name}.csv", exports.board_csv(board))
    for submission in found:
        site.json(f"api/v1/submissions/{submission.key}.json", exports.submission_json(submission))
        for result in submission.results:
            data = (result.folder / "clips.csv").read_bytes()
            write_bytes(out / "data" / submission.key / result.name / "clips.csv", data)
            for picture in shown_files(result.folder, result.protocol):
                write_bytes(out / "media" / submission.key / result.name / picture.name, picture.read_bytes())
    site.json("api/v1/index.json", exports.index_json([b for b in boards if b.entries], found))
    site.json("api/v1/metrics.json", exports.metrics_json(known))
    return Built(out, site.count, broken)


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


class _Site:
    def __init__(
        self, out: Path, boards: list[Board], protocols: list[Protocol], facts: Mapping[str, MetricInfo]
    ) -> None:
        self._out, self._boards, self._protocols, self._facts = out, boards, protocols, facts
        self.count = 0
        self._jinja = jinja2.Environment(
            loader=jinja2.ChoiceLoader(
                [
                    jinja2.FileSystemLoader(packaged("site") / "templates"),
                    jinja2.PackageLoader("mebench.runs.page", "templates"),
                ]
            ),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals.update(tiers=TIERS, kinds=KINDS, seconds=seconds)

    def assets(self) -> None:
        """Style and script, one file each: the run page's base below the board's own."""
        page, site = resources.files("mebench.runs.page") / "style", packaged("site")
        styles = [(page / name).read_text("utf-8") for name in ("base.css", "scores.css")]
        styles += [path.read_text("utf-8") for path in sorted((site / "style").glob("*.css"))]
        write_text(self._out / "assets" / "site.css", "\n".join(styles))
        scripts = [path.read_text("utf-8") for path in sorted((site / "script").glob("*.js"))]
        write_text(self._out / "assets" / "site.js", "\n".join(scripts))

    def pages(self) -> None:
        """Every page."""
        boards = [board for board in self._boards if board.entries]
        self._page("index.html", "index.html", boards=boards, waiting=[b for b in self._boards if not b.entries])
        for board in boards:
            self._page("board.html", f"board/{board.protocol.name}.html", board=board, boards=boards)
        entries = [entry for board in boards for entry in board.entries]
        methods = sorted({entry.submission.manifest.method for entry in entries})
        for method in methods:
            self._method(method, [e for e in entries if e.submission.manifest.method == method])
        for board in boards:
            for entry in board.entries:
                self._result(entry, board)
        families = [
            (title, question, [f for f in self._facts.values() if f["family"] == family])
            for family, (title, question) in FAMILIES.items()
            if any(f["family"] == family for f in self._facts.values())
        ]
        self._page("metrics.html", "metrics.html", families=families, protocols=self._protocols)
        counts = {board.protocol.name: len(board.entries) for board in self._boards}
        self._page("protocols.html", "protocols.html", protocols=self._protocols, counts=counts)

    def _method(self, method: str, entries: list[Entry]) -> None:
        newest = sorted(entries, key=lambda entry: (entry.newest, entry.submission.manifest.created))[-1].submission
        self._page("method.html", f"method/{method}.html", submission=newest, entries=entries)

    def _result(self, entry: Entry, board: Board) -> None:
        result = entry.result
        facts = {name: self._facts[name] for name in board.protocol.metrics if name in self._facts}
        summary: Any = {"cells": list(result.cells.values()), "metrics": facts}
        failed = [(row["task"]["key"], row["error"]) for row in result.rows if row["status"] == "failed"]
        previews = [path.name for path in shown_files(result.folder, result.protocol) if path.suffix == ".jpg"]
        places = [
            (table.title, row.place) for table in board.tables for row in table.rows if row.entry is entry and row.place
        ]
        self._page(
            "result.html",
            entry.page,
            entry=entry,
            protocol=board.protocol,
            scores=score_table(summary, result.rows),
            confidence=f"{100 * board.protocol.statistics.confidence:g} %",
            failed=failed,
            previews=previews,
            places=places,
        )

    def _page(self, template: str, path: str, **content: Any) -> None:
        root = "../" * path.count("/")
        write_text(self._out / path, self._jinja.get_template(template).render(root=root, path=path, **content))
        self.count += 1

    def json(self, path: str, value: Any) -> None:
        """One file of the interface."""
        write_text(self._out / path, json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n")
