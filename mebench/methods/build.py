"""From ``method.yaml`` to something that generates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mebench import registry
from mebench.errors import ConfigError
from mebench.methods.card import MethodFile, PipelineConfig, Stage, read_method_file
from mebench.methods.contract import Method, Oracle
from mebench.methods.own_file import load_class
from mebench.names import meant


def load_method(name: str | Path, backbone: str | None = None) -> Method | Oracle:
    """Build the method ``name`` (a baseline, or a path to a ``method.yaml``), its networks loaded and frozen.

    backbone: replaces the backbone of a pipeline. Raises :class:`ConfigError` when the method has none to replace.
    """
    return build(with_backbone(read_method_file(name), backbone))


def with_backbone(file: MethodFile, backbone: str | None) -> MethodFile:
    """The same method on another backbone (its options reset); ``None`` and the same name change nothing."""
    if backbone is None or (file.pipeline is not None and file.pipeline.backbone.name == backbone):
        return file
    if file.pipeline is None:
        raise ConfigError(f"the method '{file.name}' uses no backbone; leave --backbone out.")
    if backbone not in registry.names("backbones"):
        known = ", ".join(registry.names("backbones"))
        near = meant(backbone, registry.names("backbones"))
        raise ConfigError(f"there is no backbone called '{backbone}'{near}; known: {known}.")
    pipeline = file.pipeline.model_copy(update={"backbone": Stage(name=backbone)})
    return file.model_copy(update={"pipeline": pipeline})


def build(file: MethodFile) -> Method | Oracle:
    """The method that a checked file describes."""
    if file.pipeline is not None:
        return _pipeline(file.name, file.pipeline)
    assert file.plugin is not None  # MethodFile holds one of the two
    factory = (
        load_class(Path(file.plugin.file), file.plugin.name)
        if file.plugin.file is not None
        else registry.load("methods", file.plugin.name)
    )
    method = _call(factory, file.plugin, "method")
    method.name = file.name
    if not isinstance(method, (Method, Oracle)):
        raise ConfigError(
            f"the method '{file.plugin.name}' lacks 'generate(source, driving)' or 'facts()'; mebench new method writes both."
        )
    return method


def _pipeline(name: str, config: PipelineConfig) -> Method:
    from mebench.methods.pipeline import Pipeline

    magnifier = _magnifier(config.magnifier)
    demagnifier = _magnifier(config.demagnifier)
    backbone = _call(registry.load("backbones", config.backbone.name), config.backbone, "backbone")
    if config.scaling is not None and not getattr(backbone, "scales_motion", False):
        raise ConfigError(
            f"'{name}' multiplies motion inside the backbone, and '{config.backbone.name}' with these options has no "
            "key-point motion to multiply; take fomm or fpb-fomm in relative mode, or a method with a magnifier."
        )
    enlarging = config.magnifier or config.scaling
    return Pipeline(
        name,
        backbone,
        magnifier=magnifier,
        scaling=config.scaling is not None,
        factor=enlarging.factor if enlarging else 1.0,
        demagnifier=demagnifier,
        demagnify_by=config.demagnifier.by if config.demagnifier else "output",
        recipe=_recipe(config.magnifier, magnifier) if config.magnifier else None,
    )


def _recipe(stage: Stage, magnifier: Any) -> dict[str, Any] | None:
    """What a magnifier's frames depend on beside the clip and its code, for keeping them; None where that is not known: for
    magnifiers of other packages, and for flow by networks with weights of their own."""
    by_networks = "flow" in stage.options or bool(getattr(magnifier, "adapt_flow", None))
    if by_networks or not type(magnifier).__module__.startswith("mebench."):
        return None
    from mebench.weights.locate import find, sha256

    weights = getattr(magnifier, "weights", None)
    given = Path(str(stage.options.get("weights", "")))
    digest = None
    if weights:
        digest = sha256(given if given.suffix else find(weights))
    return {"magnifier": stage.name, "options": stage.options, "weights": digest}


def _magnifier(stage: Stage | None) -> Any:
    return None if stage is None else _call(registry.load("magnifiers", stage.name), stage)


def _call(factory: object, stage: Stage, what: str = "magnifier") -> Any:
    if not callable(factory):
        raise ConfigError(f"the {what} '{stage.name}' is not callable.")
    try:
        return factory(**stage.options)
    except TypeError as error:
        if "argument" in str(error):
            raise ConfigError(f"the {what} '{stage.name}' does not take these options: {error}.") from error
        raise
