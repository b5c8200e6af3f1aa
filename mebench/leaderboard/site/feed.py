"""``feed.xml``: an Atom feed (RFC 4287) with one entry a submission, the newest first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from mebench.leaderboard.folder import Submission

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""

MOST = 100
"""Entries of a feed: more than anybody reads, few enough for a reader to fetch."""


def feed(submissions: Sequence[Submission], pages: Mapping[str, str], address: str) -> str:
    """The feed. pages: of the methods that have one. address: of the site, with a slash at its end; empty leaves links
    relative to the feed."""
    newest = sorted(submissions, key=lambda s: (s.manifest.created, s.key), reverse=True)[:MOST]
    updated = newest[0].manifest.created.isoformat() if newest else "1970-01-01"
    entries = "".join(_entry(each, pages.get(each.manifest.method, "index.html"), address) for each in newest)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">\n'
        "<title>mebench: new submissions</title>\n<id>tag:mebench,2026:submissions</id>\n"
        f"<updated>{updated}T00:00:00Z</updated>\n"
        f'<link rel="self" href="{_text(address)}feed.xml"/>\n<link rel="alternate" href="{_text(address)}index.html"/>\n'
        f"{entries}</feed>\n"
    )


def _entry(submission: Submission, page: str, address: str) -> str:
    card, manifest = submission.card, submission.manifest
    protocols = ", ".join(sorted({result.protocol for result in submission.results}))
    authors = "".join(f"<author><name>{_text(name)}</name></author>" for name in card.authors)
    return (
        f"<entry>\n<title>{_text(card.title)}, version {_text(manifest.version)}</title>\n"
        f"<id>tag:mebench,2026:submission/{_text(submission.key)}</id>\n"
        f"<updated>{manifest.created.isoformat()}T00:00:00Z</updated>\n{authors}\n"
        f'<link rel="alternate" href="{_text(address + page)}"/>\n'
        f"<summary>{_text(card.summary)} Protocols: {_text(protocols)}.</summary>\n</entry>\n"
    )


def _text(value: str) -> str:
    return escape(_FORBIDDEN.sub("\ufffd", value), {'"': "&quot;"})
