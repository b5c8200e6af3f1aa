"""The values that define the base model, in the layout of the published configuration files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from mebench.backbones.fomm.config import DiscriminatorConfig
from mebench.errors import ConfigError

Section = TypeVar("Section")


@dataclass(frozen=True)
class LadderConfig:
    """``ladder``: the encoder of the style code. z_dim: length of the code. The rest has one published value."""

    z_dim: int = 512
    need_feat: bool = False
    use_mask: bool = False
    label_nc: int = 0


@dataclass(frozen=True)
class DenseMotionConfig:
    """``dense_motion_params``. dec_lease: by how many blocks the decoder is shorter than the encoder, so that the
    motion field has 1 / 2**dec_lease of the image's size. AdaINc: length of the style code, equal to ``z_dim``."""

    block_expansion: int = 64
    max_features: int = 1024
    num_blocks: int = 5
    dec_lease: int = 2
    AdaINc: int = 512
    label_nc: int = 0
    ldmkimg: bool = True
    occlusion: bool = True
    Lwarp: bool = True


@dataclass(frozen=True)
class GeneratorConfig:
    """``generator``. with_gaze_htmap, with_mouth_line, with_ldmk_line: which maps guide the refinement. use_SN:
    spectral norm in the refinement's generator."""

    block_expansion: int = 64
    max_features: int = 512
    with_gaze_htmap: bool = True
    with_mouth_line: bool = True
    with_ldmk_line: bool = True
    use_IN: bool = True  # noqa: N815 (published name)
    use_SN: bool = True  # noqa: N815 (published name)
    with_ht: bool = False
    with_warp_im: bool = False
    num_channels: int = 3
    ladder: LadderConfig = field(default_factory=LadderConfig)
    dense_motion_params: DenseMotionConfig = field(default_factory=DenseMotionConfig)

    @classmethod
    def from_mapping(cls, params: Mapping[str, Any], num_channels: int = 3) -> GeneratorConfig:
        """Read a ``generator`` section; :class:`ConfigError` names an unknown key or a value that was never published."""
        values = dict(params)
        _refuse_unknown("generator", values, {entry.name for entry in fields(cls)})
        values["ladder"] = _section(LadderConfig, "ladder", values.get("ladder", {}))
        values["dense_motion_params"] = _section(
            DenseMotionConfig, "dense_motion_params", values.get("dense_motion_params", {})
        )
        config = cls(**{"num_channels": num_channels, **values})
        _refuse_unpublished(config)
        return config

    @property
    def guide_channels(self) -> int:
        """Channels that the guiding maps add to every warped feature: occlusion, irises, lines, mouth lines."""
        lines = 2 * self.num_channels * self.with_ldmk_line + self.num_channels * self.with_mouth_line
        return 1 + 8 * self.with_gaze_htmap + lines


BASE_256 = GeneratorConfig()
"""The published 256 px evaluation file."""

DISCRIMINATOR_256 = DiscriminatorConfig()
"""The discriminator of its training: one scale, images alone, no spectral norm."""


def read_discriminator(params: Mapping[str, Any]) -> DiscriminatorConfig:
    """Read a ``discriminator`` section; :class:`ConfigError` names an unknown key."""
    values = dict(params)
    _refuse_unknown("discriminator", values, {"scales", "block_expansion", "max_features", "num_blocks", "use_kp"})
    if values.get("use_kp"):
        raise ConfigError("MetaPortrait's discriminator sees images alone; leave use_kp false.")
    if "scales" in values:
        values["scales"] = tuple(values["scales"])
    return DiscriminatorConfig(**values)


_ONE_VALUE = {
    "use_IN": True,
    "with_ht": False,
    "with_warp_im": False,
    "ladder.need_feat": False,
    "ladder.use_mask": False,
    "ladder.label_nc": 0,
    "dense_motion_params.label_nc": 0,
    "dense_motion_params.ldmkimg": True,
    "dense_motion_params.occlusion": True,
    "dense_motion_params.Lwarp": True,
}
"""Switches of the published files that every published model leaves in one position."""


def _refuse_unpublished(config: GeneratorConfig) -> None:
    for name, wanted in _ONE_VALUE.items():
        value: Any = config
        for part in name.split("."):
            value = getattr(value, part)
        if value != wanted:
            raise ConfigError(f"MetaPortrait's {name} is {wanted} in every published model, not {value}.")
    if config.ladder.z_dim != config.dense_motion_params.AdaINc:
        raise ConfigError("MetaPortrait's ladder.z_dim and dense_motion_params.AdaINc must be equal.")
    if not 0 <= config.dense_motion_params.dec_lease < config.dense_motion_params.num_blocks:
        raise ConfigError("MetaPortrait's dec_lease must be smaller than num_blocks, and not negative.")


def _section(kind: type[Section], name: str, values: Mapping[str, Any]) -> Section:
    _refuse_unknown(name, values, {entry.name for entry in fields(kind)})  # type: ignore[arg-type]
    return kind(**values)


def _refuse_unknown(name: str, values: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(values) - known):
        raise ConfigError(
            f"MetaPortrait's {name} does not know {', '.join(unknown)}; known keys: {', '.join(sorted(known))}."
        )
