"""The values that define a FOMM network, in the layout of the published configuration files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from mebench.errors import ConfigError

Section = TypeVar("Section")


@dataclass(frozen=True)
class DetectorConfig:
    """``kp_detector_params``. The defaults are those of vox-256 and vox-adv-256."""

    block_expansion: int = 32
    max_features: int = 1024
    num_blocks: int = 5
    scale_factor: float = 0.25
    temperature: float = 0.1
    single_jacobian_map: bool = False


@dataclass(frozen=True)
class DenseMotionConfig:
    """``generator_params.dense_motion_params``. kp_variance: variance of the key-point gaussians in [-1,1] units."""

    block_expansion: int = 64
    max_features: int = 1024
    num_blocks: int = 5
    scale_factor: float = 0.25
    kp_variance: float = 0.01


@dataclass(frozen=True)
class GeneratorConfig:
    """``generator_params``."""

    block_expansion: int = 64
    max_features: int = 512
    num_down_blocks: int = 2
    num_bottleneck_blocks: int = 6
    estimate_occlusion_map: bool = True
    dense_motion_params: DenseMotionConfig = field(default_factory=DenseMotionConfig)


@dataclass(frozen=True)
class DiscriminatorConfig:
    """``discriminator_params``. sn: spectral norm (vox-256). use_kp: key-point heatmaps as input (vox-adv-256)."""

    scales: tuple[float, ...] = (1,)
    block_expansion: int = 32
    max_features: int = 512
    num_blocks: int = 4
    sn: bool = False
    use_kp: bool = False
    kp_variance: float = 0.01


@dataclass(frozen=True)
class FommConfig:
    """``model_params``: everything that fixes the names and shapes of the tensors."""

    num_kp: int = 10
    num_channels: int = 3
    estimate_jacobian: bool = True
    kp_detector_params: DetectorConfig = field(default_factory=DetectorConfig)
    generator_params: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator_params: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)

    @classmethod
    def from_mapping(cls, params: Mapping[str, Any]) -> FommConfig:
        """Read ``model_params`` (``common_params`` and one section a network; a missing section takes its defaults).

        Raises :class:`ConfigError` that names an unknown key.
        """
        known = {"common_params", "kp_detector_params", "generator_params", "discriminator_params"}
        _refuse_unknown("model_params", params, known)
        common = dict(params.get("common_params", {}))
        _refuse_unknown("common_params", common, {"num_kp", "num_channels", "estimate_jacobian"})
        generator = dict(params.get("generator_params", {}))
        dense = _section(DenseMotionConfig, "dense_motion_params", generator.pop("dense_motion_params", {}))
        discriminator = dict(params.get("discriminator_params", {}))
        if "scales" in discriminator:
            discriminator["scales"] = tuple(discriminator["scales"])
        return cls(
            **common,
            kp_detector_params=_section(DetectorConfig, "kp_detector_params", params.get("kp_detector_params", {})),
            generator_params=_section(GeneratorConfig, "generator_params", {**generator, "dense_motion_params": dense}),
            discriminator_params=_section(DiscriminatorConfig, "discriminator_params", discriminator),
        )


VOX_256 = FommConfig(discriminator_params=DiscriminatorConfig(sn=True))
"""The published ``vox-256`` file: discriminator with spectral norm, not used in its training."""

VOX_ADV_256 = FommConfig(discriminator_params=DiscriminatorConfig(use_kp=True))
"""The published ``vox-adv-256`` file: key-point-conditioned discriminator. The inference networks equal VOX_256."""


def _section(kind: type[Section], name: str, values: Mapping[str, Any]) -> Section:
    _refuse_unknown(name, values, {entry.name for entry in fields(kind)})  # type: ignore[arg-type]
    return kind(**values)


def _refuse_unknown(name: str, values: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(values) - known):
        raise ConfigError(f"FOMM's {name} does not know {', '.join(unknown)}; known keys: {', '.join(sorted(known))}.")
