"""Whether a method can do what a protocol asks, said before anything is generated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mebench.errors import ConfigError
from mebench.weights.catalogue import FILES


def refuse_unsuitable(
    name: str,
    config: dict[str, Any],
    facts: dict[str, Any],
    *,
    protocol: str,
    gains: Iterable[float | None],
) -> None:
    """Refuse a pairing of method and protocol that makes no sense, with the reason.

    name, config, facts: of the method, as ``run.json`` keeps them. protocol: its name. gains: of its tasks; a number
    where a magnified answer is asked for, None elsewhere. Raises :class:`ConfigError`.

    Magnifiers alone are run where magnification is asked for, with a factor that they can do; whole pipelines are not
    run there, because they end at the driver's own strength.
    """
    asked = set(gains)
    wanted = sorted(gain for gain in asked if gain is not None)
    magnifier = facts.get("magnifier") if isinstance(facts.get("magnifier"), str) else None
    if magnifier is not None:
        if None in asked:
            raise ConfigError(
                f"'{name}' is a magnifier and gives no other face; run it on a protocol that asks for magnification "
                f"(open-magnification), or name it in the pipeline of a method.yaml. '{protocol}' asks for none."
            )
        low, high = facts["factors"]
        if wanted and not low <= wanted[0] <= wanted[-1] <= high:
            raise ConfigError(
                f"'{name}' works for factors {low:g} to {high:g}, and '{protocol}' asks for {wanted[-1]:g}; "
                "demagnifiers are measured with: mebench train demagnification"
            )
    elif wanted and "pipeline" in config:
        raise ConfigError(
            f"'{protocol}' measures magnifiers without a backbone, and '{name}' is a whole pipeline that ends at the "
            "driver's own strength; run its magnifier instead: mebench run --protocol "
            f"{protocol} --method {config['pipeline'].get('magnifier', {}).get('name', 'warp')}"
        )


def seen_datasets(card: dict[str, Any] | None, facts: dict[str, Any]) -> dict[str, str]:
    """Datasets that a part of a method was trained on, each with the name of the part.

    card: of the method, with its own ``seen_datasets``. facts: of the method; weights that it names are looked up in
    the table of checkpoints.
    """
    seen = dict.fromkeys((card or {}).get("seen_datasets", []), "the method")
    for part, weights in _weights(facts):
        for dataset in FILES[weights].seen_datasets if weights in FILES else ():
            seen.setdefault(dataset, f"the {part} with the weights '{weights}'")
    return seen


def refuse_seen(name: str, seen: dict[str, str], held_out: Iterable[str], *, protocol: str) -> None:
    """Refuse a method of which a part has seen a dataset that a protocol holds out. Raises :class:`ConfigError`."""
    for dataset in held_out:
        if dataset in seen:
            raise ConfigError(
                f"'{protocol}' holds out '{dataset}', and {seen[dataset]} of '{name}' was trained on it; train it "
                "without that dataset, or run a protocol that holds nothing out."
            )


def _weights(facts: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """(part, name of its weights) of a pipeline's or a magnifier's facts."""
    for part in ("backbone", "magnifier", "demagnifier"):
        stage = facts.get(part)
        if isinstance(stage, dict) and isinstance(stage.get("weights"), str):
            yield part, stage["weights"]
    if isinstance(facts.get("weights"), str):
        yield "magnifier", facts["weights"]
