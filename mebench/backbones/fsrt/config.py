"""The values that define an FSRT network, in the layout of the published configuration files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from mebench.backbones.fomm.config import DetectorConfig
from mebench.errors import ConfigError

Section = TypeVar("Section")


@dataclass(frozen=True)
class OctaveConfig:
    """Octaves of the position encodings: number and first one, of pixels and of key points."""

    pix_octaves: int = 16
    pix_start_octave: int = -1
    kp_octaves: int = 4
    kp_start_octave: int = -1


@dataclass(frozen=True)
class EncoderConfig(OctaveConfig):
    """``encoder_kwargs``, and the widths that the published code fixes.

    stem_width: of the first convolution. width: of a token. heads, head_dim, mlp_dim: of the self-attention layers.
    """

    encode_with_expression: bool = True
    num_conv_blocks: int = 3
    num_att_blocks: int = 5
    stem_width: int = 96
    width: int = 768
    heads: int = 12
    head_dim: int = 64
    mlp_dim: int = 1536


@dataclass(frozen=True)
class DecoderConfig(OctaveConfig):
    """``decoder_kwargs``, and the widths that the published code fixes.

    input_mlp_dim: between the two layers of the input MLP. render_dims: hidden layers of the render MLP.
    """

    num_att_blocks: int = 2
    input_mlp_dim: int = 720
    heads: int = 12
    head_dim: int = 64
    mlp_dim: int = 1536
    render_dims: tuple[int, ...] = (1536, 1536, 1536, 1536)


@dataclass(frozen=True)
class ExpressionConfig:
    """The expression encoder: channels of each key point, hidden layers of its MLP."""

    features_per_kp: int = 32
    hidden: tuple[int, ...] = (640, 1280, 640)


_SMALL: dict[str, Any] = {"heads": 6, "mlp_dim": 768, "render_dims": (1536, 768)}
"""What ``small_decoder`` changes."""


@dataclass(frozen=True)
class FsrtConfig:
    """Everything that fixes the names and shapes of the tensors. image_size: side of the pixel grid."""

    num_kp: int = 10
    expression_size: int = 256
    image_size: int = 256
    detector: DetectorConfig = field(default_factory=DetectorConfig)
    expression: ExpressionConfig = field(default_factory=ExpressionConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)

    @classmethod
    def from_mapping(
        cls, model: Mapping[str, Any], detector: Mapping[str, Any] | None = None, image_size: int = 256
    ) -> FsrtConfig:
        """Read the section ``model`` and the parameters of the key-point detector; a missing key takes its default.

        Raises :class:`ConfigError` that names an unknown key.
        """
        known = {"encoder_kwargs", "decoder_kwargs", "small_decoder", "expression_size", "num_kp", "expression_kwargs"}
        _refuse_unknown("model", model, known)
        config = cls(
            num_kp=model.get("num_kp", 10),
            expression_size=model.get("expression_size", 256),
            image_size=image_size,
            detector=_section(DetectorConfig, "kp_detector", detector or {}),
            expression=_section(ExpressionConfig, "expression_kwargs", model.get("expression_kwargs", {})),
            encoder=_section(EncoderConfig, "encoder_kwargs", model.get("encoder_kwargs", {})),
        )
        small = _SMALL if model.get("small_decoder", False) else {}
        decoder = _section(DecoderConfig, "decoder_kwargs", {**small, **model.get("decoder_kwargs", {})})
        return replace(config, decoder=decoder)

    def with_small_decoder(self) -> FsrtConfig:
        """The variant with ``small_decoder: true``."""
        return replace(self, decoder=replace(self.decoder, **_SMALL))

    def without_source_expression(self) -> FsrtConfig:
        """The variant with ``encode_with_expression: false``."""
        return replace(self, encoder=replace(self.encoder, encode_with_expression=False))


VOX_256 = FsrtConfig()
"""The published ``vox256`` and ``vox256_2Source``: they differ in the number of source images of their training."""


def _section(kind: type[Section], name: str, values: Mapping[str, Any]) -> Section:
    _refuse_unknown(name, values, {entry.name for entry in fields(kind)})  # type: ignore[arg-type]
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def _refuse_unknown(name: str, values: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(values) - known):
        raise ConfigError(f"FSRT's {name} does not know {', '.join(unknown)}; known keys: {', '.join(sorted(known))}.")
