"""The pages: which there are, and what each template is given."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from scipy import stats

from mebench import __version__, registry
from mebench.files import write_bytes, write_text
from mebench.home import packaged
from mebench.leaderboard.aggregates import LABEL, AggregateCell, AggregateResult
from mebench.leaderboard.folder import Submission
from mebench.leaderboard.licensed import motion_withheld, withheld
from mebench.leaderboard.reality import WHY, reality
from mebench.leaderboard.schema import TIERS
from mebench.leaderboard.site import exports, player, stow
from mebench.leaderboard.site.api import result_path
from mebench.leaderboard.site.boards import Board, Entry
from mebench.leaderboard.site.costs import COLUMNS, cost_row
from mebench.leaderboard.site.reference import dataset_facts, metric_document, protocol_text, slug
from mebench.leaderboard.submit import version_order
from mebench.protocol import Protocol
from mebench.runs.page.numerals import seconds
from mebench.runs.page.scores import FAMILIES, KINDS, score_table
from mebench.runs.schema import MetricInfo

STYLES = ("base.css", "scores.css", "player.css", "clips.css")
RUN_SCRIPTS = ("chart.js", "lens.js", "arrows.js", "player.js")
BUNDLES: dict[str, tuple[str, ...]] = {
    "board.js": ("site:board.js",),
    "compare.js": ("site:base.js", "site:stats.js", "site:compare.js"),
    "result.js": (
        *(f"run:{name}" for name in RUN_SCRIPTS),
        "site:base.js",
        "site:stats.js",
        "site:breakdown.js",
        "site:start.js",
    ),
}
"""Scripts of the site, and the files that each is made of: of ``site/script``, or of the page of a run."""

PLOT_STYLE = """:where(.plot) {
  --plot-background: white;
  display: block;
  height: auto;
  height: intrinsic;
  max-width: 100%;
}
:where(.plot text),
:where(.plot tspan) {
  white-space: pre;
}"""
"""The style that Observable Plot writes into each of its drawings; the content security policy allows it by its hash."""

T_QUANTILES = 200
"""Degrees of freedom for which the pages know the quantile; beyond, it differs from the normal one by less than 0.6 %."""


class Pages:
    """Writes every page below ``out``. address: of the site, or empty."""

    def __init__(
        self,
        out: Path,
        boards: Sequence[Board],
        protocols: Sequence[Protocol],
        facts: Mapping[str, MetricInfo],
        submissions: Sequence[Submission],
        address: str,
    ) -> None:
        self._out, self._protocols, self._facts, self._submissions = out, protocols, facts, submissions
        self._boards = [board for board in boards if board.entries]
        self._waiting = [board for board in boards if not board.entries]
        self.reality = reality(submissions, {protocol.name: protocol for protocol in protocols}, facts)
        self.count = 0
        loader = jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(packaged("site") / "templates"),
                jinja2.PackageLoader("mebench.runs.page", "templates"),
            ]
        )
        self._jinja = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._jinja.filters["slug"] = slug
        self._jinja.globals.update(tiers=TIERS, kinds=KINDS, seconds=seconds, first=stow.FIRST, address=address)
        self._stow = stow.Stow(out)
        self._jinja.globals.update(stow=self._stow.keep, stowed=stow.path)
        self._jinja.globals.update(cost_row=cost_row, cost_columns=COLUMNS)
        self._jinja.globals.update(version=__version__, parquet=exports.has_parquet(), why=WHY, label=LABEL)
        self._jinja.globals["plot_style_hash"] = base64.b64encode(hashlib.sha256(PLOT_STYLE.encode()).digest()).decode()
        self._t = [round(float(stats.t.ppf(0.975, k)), 6) for k in range(1, T_QUANTILES + 1)]

    def assets(self) -> None:
        """Styles, scripts, libraries and fonts."""
        run, site, assets = resources.files("mebench.runs.page"), packaged("site"), self._out / "assets"
        styles = [(run / "style" / name).read_text("utf-8") for name in STYLES]
        styles += [path.read_text("utf-8") for path in sorted((site / "style").glob("*.css"))]
        write_text(assets / "site.css", "\n".join(styles))
        for name, parts in BUNDLES.items():
            texts = []
            for part in parts:
                where, _, file = part.partition(":")
                texts.append(((run if where == "run" else site) / "script" / file).read_text("utf-8"))
            write_text(assets / name, "\n".join(texts))
        for library in ("table-core.js", "plot.js", "LICENSES.txt"):
            write_bytes(assets / library, (site / "vendor" / library).read_bytes())
        for font in sorted((site / "vendor/fonts").glob("*.woff2")):
            write_bytes(assets / "fonts" / font.name, font.read_bytes())

    def write(self) -> None:
        """Every page."""
        entries = [entry for board in self._boards for entry in board.entries]
        methods = sorted({entry.submission.manifest.method for entry in entries})
        self._page("index.html", "index.html", boards=self._boards, waiting=self._waiting, reality=self.reality)
        for board in self._boards:
            twin = [each for each in self.reality if each.twin == board.protocol.name]
            self._page("board.html", f"board/{board.protocol.name}.html", board=board, reality=twin)
            for entry in board.entries:
                self._result(entry, board)
        self._page("results.html", "results.html", rows=self._rows())
        self._page("compare.html", "compare.html", data=self._comparable())
        for method in methods:
            self._method(method, [e for e in entries if e.submission.manifest.method == method])
        self._reference()
        self._page("data.html", "data.html", boards=self._boards, submissions=self._submissions, methods=methods)

    def _reference(self) -> None:
        families = [
            (title, question, found)
            for family, (title, question) in FAMILIES.items()
            if (found := [facts for facts in self._facts.values() if facts["family"] == family])
        ]
        self._page("metrics.html", "metrics.html", families=families)
        for name, info in self._facts.items():
            document = metric_document(name)
            if document.plot is not None:
                write_bytes(self._out / "assets/metrics" / document.plot.name, document.plot.read_bytes())
            users = [protocol for protocol in self._protocols if name in protocol.metrics]
            shown = {board.protocol.name for board in self._boards}
            family = FAMILIES.get(info["family"], (info["family"].capitalize(), ""))
            self._page(
                "metric.html",
                f"metric/{slug(name)}.html",
                metric=info,
                family=family,
                document=document,
                users=users,
                boards=shown,
            )
        counts = {board.protocol.name: len(board.entries) for board in [*self._boards, *self._waiting]}
        self._page("protocols.html", "protocols.html", protocols=self._protocols, counts=counts)
        by_name = {board.protocol.name: board for board in self._boards}
        for protocol in self._protocols:
            known = [name for name in protocol.metrics if name in self._facts]
            self._page(
                "protocol.html",
                f"protocol/{protocol.name}.html",
                protocol=protocol,
                board=by_name.get(protocol.name),
                text=protocol_text(protocol.name),
                metrics=[self._facts[name] for name in known],
                families=FAMILIES,
                datasets=registry.names("datasets"),
                reality=[each for each in self.reality if protocol.name in (each.protocol, each.twin)],
                means=self._means(protocol),
            )
        datasets = dataset_facts()
        users_of = {d.name: [p for p in self._protocols if d.name in p.datasets] for d in datasets}
        self._page("datasets.html", "datasets.html", datasets=datasets, users=users_of, counts=counts)
        write_bytes(self._out / "assets/synme.jpg", (packaged("docs/images") / "synme.jpg").read_bytes())
        for dataset in datasets:
            sheet = "assets/synme.jpg" if dataset.name == "synme" else None
            self._page(
                "dataset.html",
                f"dataset/{dataset.name}.html",
                dataset=dataset,
                users=users_of[dataset.name],
                counts=counts,
                sheet=sheet,
            )

    def _means(self, protocol: Protocol) -> list[tuple[Submission, AggregateResult, list[AggregateCell]]]:
        """Results on ``protocol`` of which only means are known."""
        return [
            (submission, each, [cell for cell in each.table.cells if cell.value.mean is not None])
            for submission in self._submissions
            for each in submission.aggregates
            if (each.run.protocol.name, each.run.protocol.hash) == (protocol.name, protocol.hash)
        ]

    def _rows(self) -> list[dict[str, Any]]:
        """Every result of today, with its place in each kind of task."""
        rows = []
        for board in self._boards:
            placed = {
                (table.kind, row.entry.name): (row, table) for table in board.tables for row in table.rows if row.entry
            }
            for entry in board.entries:
                failed = sum(row["status"] == "failed" for row in entry.result.rows)
                found = {kind: placed.get((kind, entry.name)) for kind in KINDS}
                rows.append({"entry": entry, "board": board, "places": found, "failed": failed})
        return sorted(rows, key=lambda row: (row["entry"].title.casefold(), row["entry"].name))

    def _comparable(self) -> dict[str, Any]:
        """What the comparison page must know before it loads anything."""
        boards = [
            {
                "protocol": board.protocol.name,
                "title": board.protocol.title,
                "kinds": [[table.kind, table.title] for table in board.tables],
                "cross": board.protocol.statistics.cross,
                "metrics": [name for name, info in board.facts.items() if info["per"] == "clip"],
                "results": [
                    {"key": entry.name, "title": _named(entry), "json": result_path(entry)} for entry in _ordered(board)
                ],
            }
            for board in self._boards
        ]
        return {"boards": boards, "metrics": self._metric_facts(self._facts), "t": self._t}

    def _metric_facts(self, facts: Mapping[str, MetricInfo]) -> dict[str, Any]:
        kept = ("name", "unit", "direction", "ceiling", "decimals", "ranked", "family")
        return {
            name: {key: info[key] for key in kept}  # type: ignore[literal-required]
            for name, info in facts.items()
            if info["per"] == "clip"
        }

    def _method(self, method: str, entries: list[Entry]) -> None:
        newest = max(
            entries, key=lambda entry: (entry.newest, version_order(entry.submission.manifest.version))
        ).submission
        current = [entry for entry in entries if entry.newest]
        boards = {board.protocol.name: board for board in self._boards}
        places = {
            entry.name: [(table, row) for table in boards[entry.result.protocol].tables for row in table.rows]
            for entry in entries
        }
        own = {name: [(t, r) for t, r in found if r.entry and r.entry.name == name] for name, found in places.items()}
        facts = {
            name: info for entry in current for name, info in boards[entry.result.protocol].facts.items()
        } or self._facts
        best = {
            entry.name: min((r.place.rank for _, r in own[entry.name] if r.place), default=1e9) for entry in current
        }
        filmed = min((each for each in current if self._films(each)), key=lambda each: best[each.name], default=None)
        self._page(
            "method.html",
            f"method/{method}.html",
            submission=newest,
            versions=sorted(
                {(entry.submission.manifest.version, entry.submission.key) for entry in entries},
                key=lambda pair: version_order(pair[0]),
                reverse=True,
            ),
            entries=entries,
            current=current,
            places=own,
            failed=[
                (entry, row["task"]["key"], row["error"])
                for entry in current
                for row in entry.result.rows
                if row["status"] == "failed"
            ],
            badges=[
                (board.protocol.name, table.kind)
                for board in self._boards
                for table in board.tables
                if any(r.entry and r.place and r.entry.submission.manifest.method == method for r in table.rows)
            ],
            filmed=filmed,
            **self._motion(filmed, boards),
            **self._breakdown(current, facts),
        )

    def _result(self, entry: Entry, board: Board) -> None:
        result, facts = entry.result, board.facts
        summary: Any = {"cells": list(result.cells.values()), "metrics": facts}
        failed = [(row["task"]["key"], row["error"]) for row in result.rows if row["status"] == "failed"]
        places = [
            (table, row) for table in board.tables for row in table.rows if row.entry is entry and row.place is not None
        ]
        self._page(
            "result.html",
            entry.page,
            entry=entry,
            protocol=board.protocol,
            scores=score_table(summary, result.rows),
            confidence=f"{100 * board.protocol.statistics.confidence:g} %",
            failed=failed,
            places=places,
            **self._motion(entry, {board.protocol.name: board}),
            **self._breakdown([entry], facts),
        )

    def _films(self, entry: Entry) -> bool:
        """Whether there is anything for the player that may be shown today: pictures, or motion in their place."""
        result = entry.result
        if withheld(result.protocol) is None:
            return bool(result.previews)
        return bool(result.motions) and motion_withheld(result.protocol) is None

    def _motion(self, entry: Entry | None, boards: Mapping[str, Board]) -> dict[str, Any]:
        """What the player needs; no clips where none may be shown. media: address of the pictures."""
        shown = entry is not None and self._films(entry)
        if entry is None or not shown:
            return {"clips": [], "lens": True, "ranking": None, "tasks": {"planned": 0}}
        media, facts = f"../media/{entry.submission.key}/{entry.result.name}/", boards[entry.result.protocol].facts
        licensed = withheld(entry.result.protocol) is not None
        clips = player.drawn(entry.result, facts) if licensed else player.entries(entry.result, facts, media)
        return {"clips": clips, "lens": True, "ranking": None, "tasks": {"planned": entry.result.run.planned}}

    def _breakdown(self, entries: Sequence[Entry], facts: Mapping[str, MetricInfo]) -> dict[str, Any]:
        return {
            "breakdown": [(result_path(entry), _named(entry), entry.result.protocol) for entry in entries],
            "breakdown_data": {"root": "../", "metrics": self._metric_facts(facts), "t": self._t},
        }

    def _page(self, template: str, path: str, **content: Any) -> None:
        root = "../" * path.count("/")
        write_text(self._out / path, self._jinja.get_template(template).render(root=root, path=path, **content))
        self._stow.write(path)
        self.count += 1


def _named(entry: Entry) -> str:
    old = "" if entry.newest else f", version {entry.submission.manifest.version}"
    return entry.title[:80] + old


def _ordered(board: Board) -> list[Entry]:
    """Entries in the order of the first table: so that a comparison starts with the two best."""
    order = [row.entry for table in board.tables for row in table.rows if row.entry is not None]
    return list({entry.name: entry for entry in [*order, *board.entries]}.values())
