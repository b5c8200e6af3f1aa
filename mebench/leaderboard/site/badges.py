"""A picture that authors put on their own page: where a method stands on a board."""

from __future__ import annotations

from xml.sax.saxutils import escape

from mebench.leaderboard.site.boards import Board, Row
from mebench.runs.page.scores import KINDS

_ADVANCE = 6.4
"""Pixels a character takes on average at 11 px in the sans-serif faces that browsers choose; the text is fitted to it."""


def badge(left: str, right: str) -> str:
    """An SVG of two words side by side, both as text."""
    widths = [round(12 + _ADVANCE * len(text)) for text in (left, right)]
    whole = sum(widths)
    label = escape(f"{left}: {right}", {'"': "&quot;"})

    def word(text: str, x: int, width: int) -> str:
        return (
            f'<text x="{x + width / 2:g}" y="14" text-anchor="middle" textLength="{width - 12}" '
            f'lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
        )

    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" viewBox="0 0 {whole} 20" role="img" '
        f'aria-label="{label}"><title>{label}</title>'
        f'<rect width="{whole}" height="20" rx="3" fill="#21698f"/>'
        f'<path d="M0 3a3 3 0 0 1 3-3h{widths[0] - 3}v20H3a3 3 0 0 1-3-3Z" fill="#2b3134"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{word(left, 0, widths[0])}{word(right, widths[0], widths[1])}</g></svg>\n"
    )


def board_badges(board: Board) -> dict[str, str]:
    """SVG by file name, ``<method>--<protocol>--<kind>.svg``: the best place among the method's backbones. Methods without a
    place have none."""
    made = {}
    for table in board.tables:
        best: dict[str, Row] = {}
        for row in table.rows:  # the best first
            if row.entry is not None and row.place is not None:
                best.setdefault(row.entry.submission.manifest.method, row)
        for method, row in best.items():
            assert row.entry is not None  # asked above
            kind = KINDS[table.kind].lower()
            place = f"rank {row.rank_text.replace('–', ' to ')} of {table.ranked}, {row.entry.tier}"
            made[f"{method}--{board.protocol.name}--{table.kind}.svg"] = badge(
                f"mebench {board.protocol.name}, {kind}", place
            )
    return made
