"""How a method is described to the processes that run it: an importable factory and JSON arguments."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from mebench.methods.build import build, with_backbone
from mebench.methods.card import MethodFile, read_method_file
from mebench.methods.contract import Method, Oracle
from mebench.methods.placing import CPU


@dataclass(frozen=True)
class MethodSpec:
    """A method before it is loaded.

    name, backbone: for people and for the name of the folder. given: what stands after ``--method``.
    factory: ``module:function``, called with ``arguments`` (JSON values); gives a :class:`Method` or :class:`Oracle`.
    config: what is hashed and shown, without the card. command: the command that gives the run, where it is not
    ``mebench run``. device: where the networks of the method work, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    """

    name: str
    backbone: str | None
    given: str
    factory: str
    arguments: dict[str, Any]
    config: dict[str, Any]
    card: dict[str, Any] | None
    command: str | None = None
    device: str = CPU

    @staticmethod
    def named(name: str | Path, backbone: str | None = None, device: str = CPU) -> MethodSpec:
        """The method of a baseline or of a ``method.yaml``; errors as for :func:`mebench.methods.load_method`."""
        file = with_backbone(read_method_file(name), backbone)
        content = file.model_dump(mode="json", exclude_none=True)
        return MethodSpec(
            name=file.name,
            backbone=file.pipeline.backbone.name if file.pipeline else None,
            given=str(name),
            factory="mebench.runs.spec:build_checked",
            arguments={"content": content},
            config=_configuration(content),
            card=content["card"],
            device=device,
        )

    def load(self) -> Method | Oracle:
        """Build the method; its networks are loaded, on the processor."""
        return load_factory(self.factory, self.arguments)


def _configuration(content: dict[str, Any]) -> dict[str, Any]:
    """What makes the method this one, on every machine: without the card and the folder of its own Python file."""
    config = {key: value for key, value in content.items() if key != "card"}
    plugin = config.get("plugin")
    if plugin and plugin.get("file"):
        config["plugin"] = {**plugin, "file": Path(plugin["file"]).name}
    return config


def load_factory(factory: str, arguments: dict[str, Any]) -> Method | Oracle:
    """Call the factory ``module:function`` with JSON ``arguments``."""
    module, _, function = factory.partition(":")
    method: Method | Oracle = getattr(import_module(module), function)(**arguments)
    return method


def build_checked(content: dict[str, Any]) -> Method | Oracle:
    """The method whose checked ``method.yaml`` holds ``content``: workers see the file as it was at the start."""
    return build(MethodFile.model_validate(content))
