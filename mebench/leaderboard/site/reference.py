"""Reference pages: what is said of metrics, protocols and datasets, from their own facts."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from mebench import registry
from mebench.datasets.contract import Terms
from mebench.errors import MebenchError
from mebench.home import packaged


def slug(metric: str) -> str:
    """Name of a metric as a file name: ``csim[dlib]`` is ``csim-dlib``, as in ``docs/metrics``."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", metric).strip("-")


@dataclass(frozen=True)
class MetricDocument:
    """body: the sections of ``docs/metrics/<slug>.md`` as HTML. plot: its picture, None where there is none."""

    body: Markup
    plot: Path | None


def metric_document(metric: str) -> MetricDocument:
    """What ``docs/metrics`` says of a metric beyond its facts; empty for a metric of a plug-in."""
    folder = packaged("docs/metrics")
    file, picture = folder / f"{slug(metric)}.md", folder / f"{slug(metric)}.svg"
    if not file.is_file():
        return MetricDocument(Markup(""), None)
    text = file.read_text("utf-8")
    sections = text[text.index("\n## ") :] if "\n## " in text else ""
    sections = re.sub(r"!\[[^\]]*\]\([^)]*\)\n*", "", sections)  # the picture stands above, with words of its own
    sections = re.sub(r"\[([^\]]*)\]\((?!https://)[^)]*\)", r"\1", sections)  # links between files of the repository
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(sections)
    html = html.replace(
        "<table>", '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table class="list">'
    )
    return MetricDocument(Markup(html.replace("</table>", "</table></div>")), picture if picture.is_file() else None)


@dataclass(frozen=True)
class DatasetFacts:
    """What a dataset says of itself. terms: None where it could not be asked, with the reason in ``problem``."""

    name: str
    summary: str
    domains: tuple[str, ...]
    terms: Terms | None
    problem: str | None = None


def dataset_facts() -> list[DatasetFacts]:
    """Of every registered dataset, the open set first. No dataset is opened: its class and its terms are asked."""
    found = [_facts(name) for name in registry.names("datasets")]
    return sorted(found, key=lambda facts: (not (facts.terms and facts.terms.may_show_frames), facts.name))


def _facts(name: str) -> DatasetFacts:
    try:
        kind: Any = registry.load("datasets", name)
        dataset = kind()
        terms, domains = dataset.terms, tuple(str(domain) for domain in dataset.domains)
    except MebenchError as error:
        return DatasetFacts(name, "", (), None, str(error))
    summary = re.sub(r" \([^)]*:class:[^)]*\)", "", (inspect.getdoc(kind) or "").split("\n\n")[0])
    return DatasetFacts(name, re.sub(r":\w+:`~?([^`]*)`|``", r"\1", summary), domains, terms)


def protocol_text(name: str) -> str | None:
    """The file of a protocol as it is written; None for that of a round, which lies elsewhere."""
    file = packaged("protocols") / f"{name}.yaml"
    return file.read_text("utf-8") if file.is_file() else None
