"""The file ``method.yaml``: what a method is made of, and the card that describes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mebench import registry, strict_yaml
from mebench.errors import ConfigError
from mebench.home import packaged
from mebench.methods.own_file import sha256_of
from mebench.names import meant


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Stage(_Strict):
    """One part of a pipeline: its registered name and the options of its loader."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)


class Plugin(Stage):
    """A class with ``generate`` or ``reveal``: the entry point ``name``; or, with ``file``, the class ``name`` in that
    Python file, whose path starts at the ``method.yaml``. sha256: of the file and
    of the modules beside it that it imports, filled in when it is read."""

    file: str | None = None
    sha256: str | None = None


class MagnifierStage(Stage):
    """The magnifier, and how much: a number, or ``auto`` (displacement brought to that of an ordinary expression)."""

    factor: float | Literal["auto"] = "auto"


class DemagnifierStage(Stage):
    """The demagnifier, and what the motion is divided by: the ``nominal`` factor; the gain ``magnified``, measured on
    the magnified driver; or the gain ``output``, which is that times the share of the motion that the backbone is
    measured to carry over, so that the output ends at the driver's own intensity."""

    by: Literal["output", "magnified", "nominal"] = "output"


class ScalingStage(_Strict):
    """In the place of a magnifier: motion multiplied inside the backbone, key points or the like. factor: as for the
    magnifier."""

    factor: float | Literal["auto"] = "auto"


class PipelineConfig(_Strict):
    """Magnifier, backbone, demagnifier. Without a magnifier the backbone is driven by the clip itself."""

    magnifier: MagnifierStage | None = None
    scaling: ScalingStage | None = None
    backbone: Stage
    demagnifier: DemagnifierStage | None = None

    @model_validator(mode="after")
    def _pair(self) -> PipelineConfig:
        if self.magnifier is not None and self.scaling is not None:
            raise ValueError("give either 'magnifier' or 'scaling'; both would enlarge the motion twice")
        if self.demagnifier is not None and self.magnifier is None and self.scaling is None:
            raise ValueError("a demagnifier without a magnifier would shrink ordinary motion; remove it or add one")
        return self


class Card(_Strict):
    """Who made it, from what, and under which terms; shown on the leaderboard."""

    title: str
    summary: str
    authors: list[str] = Field(min_length=1)
    paper: str | None = None
    code: str | None = None
    licence: str
    training_data: list[str] = Field(default_factory=list)
    seen_datasets: list[str] = Field(default_factory=list)
    role: Literal["floor", "ceiling", "baseline", "method"] = "method"
    track: Literal["frozen", "adapted"] = "frozen"
    """``adapted``: something of it is fitted to the very clips that it is measured on. Not ranked with those that are frozen."""


class MethodFile(_Strict):
    """A whole ``method.yaml``: either a ``pipeline`` or a class (``plugin``), and the card."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    version: int = Field(ge=1)
    pipeline: PipelineConfig | None = None
    plugin: Plugin | None = None
    card: Card

    @model_validator(mode="after")
    def _one_of(self) -> MethodFile:
        if (self.pipeline is None) == (self.plugin is None):
            raise ValueError("give either 'pipeline' or 'plugin', not both or none")
        return self


def method_names() -> tuple[str, ...]:
    """Names of the baselines that ship, sorted."""
    return tuple(sorted(path.parent.name for path in packaged("baselines").glob("*/method.yaml")))


def magnifier_file(name: str) -> MethodFile:
    """The registered magnifier ``name`` as a method without a backbone, for protocols that measure magnifiers."""
    card = Card(
        title=f"Magnifier {name}",
        summary=f"The magnifier '{name}' with its default options, applied to the driving clip itself.",
        authors=["The mebench developers"],
        licence="Apache-2.0",
        role="baseline",
    )
    return MethodFile(name=name, version=1, plugin=Plugin(name="magnifier", options={"magnifier": name}), card=card)


def read_method_file(name: str | Path) -> MethodFile:
    """The method called ``name`` in ``baselines/``, the ``method.yaml`` (or its folder) at a path, or a magnifier.

    Raises :class:`ConfigError` when there is none, naming those that exist, or when the file is wrong.
    """
    path = Path(name)
    if path.suffix == ".py":
        raise ConfigError(f"{name} is Python; give the method.yaml that names it, or the folder that this lies in.")
    if path.is_dir() and (path / "method.yaml").is_file():
        path = path / "method.yaml"
    elif not path.is_file():
        path = packaged("baselines") / str(name) / "method.yaml"
    if not path.is_file() and str(name) in registry.names("magnifiers"):
        return magnifier_file(str(name))
    if not path.is_file():
        _refuse_path(Path(name), str(name))
        known = ", ".join(method_names())
        near = meant(str(name), method_names())
        raise ConfigError(
            f"there is no method called '{name}'{near}; known: {known}; or give the path of a method.yaml."
        )
    return _with_own_file(strict_yaml.load(path, MethodFile), path)


def _refuse_path(path: Path, given: str) -> None:
    """:class:`ConfigError` for what was meant as a path, not as a name."""
    if path.is_dir():
        raise ConfigError(f"the folder {given} has no method.yaml; 'mebench new method NAME' writes one that runs.")
    if "/" in given or "\\" in given or path.suffix in (".yaml", ".yml"):
        raise ConfigError(
            f"there is no {given} here ({path.absolute()}); give the path of a method.yaml or of its folder."
        )


def _with_own_file(file: MethodFile, path: Path) -> MethodFile:
    """The same method with the path of its Python file made absolute, and its hash."""
    if file.plugin is None or file.plugin.file is None:
        return file
    own = (path.parent / file.plugin.file).resolve()
    if not own.is_file():
        raise ConfigError(f"{path} names the file '{file.plugin.file}', which is not there ({own}).")
    plugin = file.plugin.model_copy(update={"file": str(own), "sha256": sha256_of(own)})
    return file.model_copy(update={"plugin": plugin})
