"""The verification curves of the identity networks on the open set: ``mebench validate identity``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme import cache
from mebench.errors import MissingWeights
from mebench.files import write_json
from mebench.metrics.identity import arcface_faces, dlib_faces
from mebench.metrics.identity.arcface_faces import PACK
from mebench.metrics.identity.dlib_faces import POINTS, RECOGNITION
from mebench.metrics.identity.faces import Embedding, Recogniser
from mebench.metrics.identity.verification import Verification, verify_open_set
from mebench.weights import facts, state

RATES = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
"""False-accept rates of the table."""

DIGITS = 4

_STYLE = (
    "text{font:10px system-ui,sans-serif;fill:#333}.t{font-weight:600}.m{fill:none;stroke:#0b5a94;stroke-width:2}"
    ".a{stroke:#999;stroke-width:.8;fill:none}.g{fill:#0b5a94;opacity:.75}.i{fill:#c2410c;opacity:.6}"
    ".l{stroke:#333;stroke-width:1;stroke-dasharray:3 2}"
)
WIDTH, HEIGHT = 250.0, 130.0
BINS = 40


@dataclass(frozen=True)
class IdentityNetwork:
    """title: in words. recogniser: picture to embedding. weights: files that it loads. metrics: whose pages show the
    curve. threshold: the distance that a metric uses, if one does."""

    title: str
    recogniser: Recogniser
    weights: tuple[str, ...]
    metrics: tuple[str, ...]
    threshold: float | None = None


NETWORKS = {
    "dlib": IdentityNetwork(
        "dlib face recognition ResNet, Euclidean distance",
        dlib_faces.embedding,
        (RECOGNITION, POINTS),
        ("csim[dlib]", "leak[dlib]", "verified[dlib]"),
        threshold=0.3,
    ),
    "arcface": IdentityNetwork(
        "ArcFace (buffalo_l), Euclidean distance of normed embeddings",
        arcface_faces.embedding,
        (PACK,),
        ("csim[arcface]",),
    ),
}


def verify_networks(people: int, folder: Path, note: Callable[[str], None]) -> dict[str, Any]:
    """The record of every network that is on this machine, by name. people: of each domain. folder: where embeddings are
    kept, so that it can be stopped: for this renderer and these network files alone."""
    found: dict[str, Any] = {}
    for name, network in NETWORKS.items():
        place = folder / f"identity-{name}-{_mark(network)}"

        def remembered(
            person: str, look: Callable[[], list[Embedding | None]], place: Path = place
        ) -> list[Embedding | None]:
            path = place / f"{person}.json"
            if path.is_file():
                kept = json.loads(path.read_text("utf-8"))
                return [None if values is None else np.array(values) for values in kept]
            pair = look()
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, [None if embedding is None else embedding.tolist() for embedding in pair])
            return pair

        try:
            found[name] = as_record(verify_open_set(network.recogniser, "train", people, remembered))
        except MissingWeights as error:
            note(f"{name}: no curve; {error}")
    return found


def _mark(network: IdentityNetwork) -> str:
    """Changes with the pictures and with the network files, eight hexadecimal digits."""
    files = [state(weights).sha256 or "" for weights in network.weights]
    return hashlib.sha256(" ".join((cache.folder().name, *files)).encode()).hexdigest()[:8]


def as_record(found: Verification) -> dict[str, Any]:
    """JSON values: all distances, and what the table and the command print."""
    return {
        "genuine": [round(float(d), DIGITS) for d in np.sort(found.genuine)],
        "impostor": [round(float(d), DIGITS) for d in np.sort(found.impostor)],
        "missed": found.missed,
        "auc": round(found.auc, DIGITS),
        "rates": list(RATES),
        "thresholds": [round(found.threshold(rate), DIGITS) for rate in RATES],
        "verified": [round(found.verified(rate), DIGITS) for rate in RATES],
    }


def section(name: str, record: Mapping[str, Any]) -> list[str]:
    """The part of a metric's page about its network."""
    genuine, impostor = record["genuine"], record["impostor"]
    lines = [
        "## Verification curve of the network on the open set",
        "",
        f"![Verification](verification-{name}.svg)",
        "",
        f"{NETWORKS[name].title}. People of the open set's train split, each seen twice (the portrait, and the onset frame "
        f"of a clip): {len(genuine)} genuine pairs, {len(impostor)} pairs of two people of one domain, in the same light "
        f"and camera; no face was found in {record['missed']} pictures. AUC {record['auc']:.3f}; median distance "
        f"{float(np.median(genuine)):.2f} and {float(np.median(impostor)):.2f}. Printed and drawn by `mebench validate "
        "identity`.",
        "",
        "| false accepts | distance below | genuine pairs accepted |",
        "|---|---|---|",
    ]
    rows = zip(record["rates"], record["thresholds"], record["verified"], strict=True)
    return [
        *lines,
        *(f"| {100 * rate:g} % | {threshold:.3f} | {100 * share:.1f} % |" for rate, threshold, share in rows),
        "",
    ]


def no_curve(name: str) -> list[str]:
    """The same where the network was not there."""
    row = facts(NETWORKS[name].weights[0])
    return [
        "## Verification curve of the network on the open set",
        "",
        f"There is none here: the weights {row.name} may not be given on with mebench (licence: {row.licence}), and they were "
        f"not on the machine that made this page. Get {' and '.join(row.official)}, {row.published}; `mebench weights list` "
        "says where to put them, and `mebench validate identity` then draws the curve.",
        "",
    ]


def picture(name: str, record: Mapping[str, Any]) -> str:
    """SVG text: on the left the curve, on the right the distances of both kinds of pairs."""
    network = NETWORKS[name]
    genuine, impostor = np.array(record["genuine"]), np.array(record["impostor"])
    title = escape(f"{name}: verification on the open set")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 200" width="640" height="200" role="img">'
        f"<title>{title}</title><style>{_STYLE}</style>"
        '<rect width="100%" height="100%" fill="#fff"/>'
        + _curve(Verification(genuine, impostor, 0))
        + _histograms(genuine, impostor, network.threshold)
        + "</svg>\n"
    )


def _curve(found: Verification) -> str:
    """Share of accepted genuine pairs over the rate of false accepts, on a logarithmic axis."""
    least = 1.0 / len(found.impostor)
    rates = np.geomspace(least, 1.0, 60)
    shares = found.curve(np.minimum(rates, 1.0 - least))
    xs = WIDTH * np.log(rates / least) / np.log(1.0 / least)
    points = " ".join(f"{x:.1f},{HEIGHT * (1.0 - y):.1f}" for x, y in zip(xs, shares, strict=True))
    ticks = [rate for rate in (0.001, 0.01, 0.1, 1.0) if rate >= least]
    parts = ['<text class="t" y="-10">genuine pairs accepted</text>', _axes("rate of false accepts")]
    parts.append(f'<polyline class="m" points="{points}"/>')
    parts += [_tick(WIDTH * float(np.log(rate / least) / np.log(1.0 / least)), f"{100 * rate:g} %") for rate in ticks]
    parts += [
        f'<text x="-4" y="{HEIGHT * (1 - y) + 3:.1f}" text-anchor="end">{100 * y:g} %</text>' for y in (0, 0.5, 1)
    ]
    return f'<g transform="translate(46,28)">{"".join(parts)}</g>'


def _histograms(genuine: NDArray[np.float64], impostor: NDArray[np.float64], threshold: float | None) -> str:
    """Shares of pairs by distance; each kind scaled to its own largest bin."""
    most = float(max(genuine.max(), impostor.max())) * 1.02
    edges = np.linspace(0.0, most, BINS + 1)
    parts = ['<text class="t" y="-10">distances: genuine (blue), impostors (orange)</text>', _axes("distance")]
    for kind, values in (("i", impostor), ("g", genuine)):
        counts = np.histogram(values, edges)[0] / 1.0
        heights = HEIGHT * counts / counts.max()
        parts += [
            f'<rect class="{kind}" x="{WIDTH * k / BINS:.1f}" y="{HEIGHT - h:.1f}" width="{WIDTH / BINS:.1f}" '
            f'height="{h:.1f}"/>'
            for k, h in enumerate(heights)
            if h > 0.0
        ]
    if threshold is not None:
        x = WIDTH * threshold / most
        parts.append(f'<path class="l" d="M{x:.1f} 0V{HEIGHT:g}"/><text x="{x + 3:.1f}" y="8">{threshold:g}</text>')
    parts += [_tick(WIDTH * value / most, f"{value:g}") for value in _round_values(most)]
    return f'<g transform="translate(370,28)">{"".join(parts)}</g>'


def _round_values(most: float) -> Sequence[float]:
    step = next(step for step in (0.1, 0.2, 0.5, 1.0) if most / step <= 6.0 or step == 1.0)
    return [round(step * k, 1) for k in range(int(most / step) + 1)]


def _axes(label: str) -> str:
    return (
        f'<path class="a" d="M0 0V{HEIGHT:g}H{WIDTH:g}"/>'
        f'<text x="{WIDTH / 2:g}" y="{HEIGHT + 26:g}" text-anchor="middle">{label}</text>'
    )


def _tick(x: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{HEIGHT + 13:g}" text-anchor="middle">{text}</text>'
