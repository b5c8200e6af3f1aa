"""What ``mebench list`` shows, as JSON values. Plug-ins that cannot be loaded are listed with their error."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mebench import registry
from mebench.errors import MebenchError

if TYPE_CHECKING:
    from mebench.backbones.speeds import Speed

Entry = dict[str, Any]

_ROLE = re.compile(r":\w+:`~?([^`]+)`")
"""A reference of a docstring, such as ``:mod:`mebench.clip` ``: readers of a terminal want the name alone."""


def catalogue(kind: str) -> list[Entry]:
    """One entry a name, each with ``name`` and ``summary``, or with ``name`` and ``error``."""
    names, describe = _SOURCES[kind]
    return [_entry(name, describe) for name in names()]


def _entry(name: str, describe: Callable[[str], Entry]) -> Entry:
    try:
        return {"name": name, **describe(name)}
    except MebenchError as error:
        return {"name": name, "error": str(error)}


def _methods() -> tuple[str, ...]:
    from mebench.methods.card import method_names

    return method_names()


def _method(name: str) -> Entry:
    from mebench.methods.card import read_method_file

    file = read_method_file(name)
    pipeline = file.pipeline
    return {
        "summary": f"{file.card.title}. {file.card.summary}",
        "role": file.card.role,
        "backbone": pipeline.backbone.name if pipeline else None,
        "magnifier": pipeline.magnifier.name if pipeline and pipeline.magnifier else None,
        "licence": file.card.licence,
        "paper": file.card.paper,
    }


def _protocols() -> tuple[str, ...]:
    from mebench.protocol import protocol_names

    return protocol_names()


def _protocol(name: str) -> Entry:
    from mebench.protocol import load_protocol

    protocol = load_protocol(name)
    return {
        "summary": f"{protocol.title}. {protocol.summary}",
        "version": protocol.version,
        "hash": protocol.hash,
        "datasets": protocol.datasets,
        "metrics": protocol.metrics,
    }


def _metric(name: str) -> Entry:
    facts = dataclasses.asdict(registry.load("metrics", name).facts)
    return {**facts, "networks": list(facts["networks"])}


def _dataset(name: str) -> Entry:
    dataset = registry.load("datasets", name)
    return {"summary": _first_sentence(dataset), "domains": list(dataset.domains), "licence": dataset.terms.licence}


def _backbone(name: str) -> Entry:
    """What is known of a backbone, with its default weights loaded where they are there."""
    from mebench.backbones.speeds import speeds
    from mebench.weights.catalogue import FILES
    from mebench.weights.locate import place

    rows = [row for row in FILES.values() if any(need.startswith(f"backbone {name} ") for need in row.needed_by)]
    files = {row.name: {"there": place(row.name).is_file(), "licence": row.licence} for row in rows}
    loaded = registry.load("backbones", name)
    measured = {size: found[name] for size, found in speeds().items() if name in found}
    entry: Entry = {"weights": files, "speeds": measured}
    try:
        backbone = loaded()
    except MebenchError as error:
        texts = [f"{file} ({'there' if known['there'] else 'not here'})" for file, known in files.items()]
        return {**entry, "summary": "; ".join(texts) or _first_sentence(loaded), "unavailable": str(error)}
    facts = backbone.facts
    entry |= {
        "paper": facts.paper,
        "resolution": facts.resolution,
        "parameters": _parameters(backbone),
        "licence_of_code": "Apache-2.0" if loaded.__module__.startswith("mebench.") else None,
    }
    code = entry["licence_of_code"] or "its own"
    weights = ", ".join(f"{file} ({_terms(known)})" for file, known in files.items()) or facts.weights
    rates = "".join(f", {_rate(size, speed)}" for size, speed in measured.items())
    summary = (
        f"{entry['parameters'] / 1e6:.1f} M parameters, {facts.resolution} px{rates}; licence of the code: {code}; "
        f"weights: {weights}. {facts.paper}"
    )
    lines = [
        facts.paper,
        f"{entry['parameters'] / 1e6:.1f} M parameters, {facts.resolution} px; licence of the code: {code}",
        *(_rate(size, speed) for size, speed in measured.items()),
        *(f"{file}: {_terms(known)}" for file, known in files.items()),
    ]
    return {**entry, "summary": summary, "lines": lines}


def _terms(weights: dict[str, Any]) -> str:
    return f"{weights['licence']}, {'here' if weights['there'] else 'to be added'}"


def _rate(size: str, speed: Speed) -> str:
    times = speed["frames_per_second"] / speed["loop_frames_per_second"]
    what = "lite" if size == "lite" else "at published size"
    return f"{speed['frames_per_second']:.2g} frames/s {what} ({times:.1f} times a loop)"


def _parameters(thing: object) -> int:
    """Numbers in the networks that an object, or what it holds, holds: each counted once."""
    import torch

    tensors: dict[int, int] = {}
    seen: set[int] = set()
    waiting = [thing]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, torch.nn.Module):
            tensors.update({id(tensor): tensor.numel() for tensor in value.parameters()})
        elif isinstance(value, (dict, list, tuple)):
            waiting.extend(value.values() if isinstance(value, dict) else value)
        elif type(value).__module__.startswith("mebench.") and hasattr(value, "__dict__"):
            waiting.extend(vars(value).values())
    return sum(tensors.values())


def _plugin(kind: str) -> Callable[[str], Entry]:
    return lambda name: {"summary": _first_sentence(registry.load(kind, name))}


def _first_sentence(thing: object) -> str:
    text = " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())
    return _ROLE.sub(r"\1", text).replace("``", "")


_SOURCES: dict[str, tuple[Callable[[], tuple[str, ...]], Callable[[str], Entry]]] = {
    "methods": (_methods, _method),
    "protocols": (_protocols, _protocol),
    "metrics": (lambda: registry.names("metrics"), _metric),
    "datasets": (lambda: registry.names("datasets"), _dataset),
    "backbones": (lambda: registry.names("backbones"), _backbone),
    "magnifiers": (lambda: registry.names("magnifiers"), _plugin("magnifiers")),
    "detectors": (lambda: registry.names("detectors"), _plugin("detectors")),
}
