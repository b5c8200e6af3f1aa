"""The options that define the networks, in the layout of the published ``args.txt``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mebench.errors import ConfigError

_ONLY: dict[str, Any] = {
    "pred_volume_num_blocks": 0,
    "lpe_final_pooling_type": "avg",
    "norm_layer_type": "gn",
    "use_sn": True,
    "use_ws": True,
    "gen_activation_type": "relu",
    "gen_upsampling_type": "trilinear",
    "gen_downsampling_type": "avgpool",
    "warp_block_type": "res",
    "tex_use_skip_resblock": True,
    "estimate_head_pose_from_keypoints": True,
    "cat_em": False,
    "unet_first": False,
    "volume_rendering": False,
    "use_back": False,
    "use_tensor": False,
    "dec_pred_seg": False,
    "dec_bigger": False,
    "gen_use_adanorm": False,
    "gen_use_adaconv": False,
    "dec_use_adanorm": False,
    "dec_use_adaconv": False,
}
"""Options that name another network when they differ; the released values are the ones that are written here."""

_ALIASES = {
    "gen_latent_texture_size": "latent_volume_size",
    "gen_latent_texture_depth": "latent_volume_depth",
    "gen_latent_texture_channels": "latent_volume_channels",
}
"""The volume has two sets of options; they describe one volume and must agree."""


def levels(large: int, small: int) -> int:
    """``log2(large / small)``; :class:`ConfigError` unless it is a whole number, 0 or more."""
    count = max(large // max(small, 1), 1).bit_length() - 1
    if small < 1 or small << count != large:
        raise ConfigError(f"EMOPortraits: the size {large} must be {small} times a power of two.")
    return count


@dataclass(frozen=True)
class Options:
    """Everything that fixes the names and shapes of the tensors. The defaults are those of the released weights."""

    image_size: int = 512
    gen_num_channels: int = 32
    gen_max_channels: int = 512
    enc_channel_mult: float = 4
    latent_volume_channels: int = 96
    latent_volume_depth: int = 16
    latent_volume_size: int = 64
    gen_embed_size: int = 4
    gen_dummy_input_size: int = 8
    gen_max_channels_unet3d: int = 512
    source_volume_num_blocks: int = 3
    warp_output_size: int = 64
    warp_channel_mult: float = 1
    idt_backbone: str = "resnet50"
    idt_image_size: int = 256
    idt_output_size: int = 4
    idt_output_channels: int = 512
    lpe_face_backbone: str = "resnet18"
    exp_image_size: int = 256
    lpe_output_size: int = 4
    lpe_output_channels_expression: int = 128
    dec_num_blocks: int = 6
    dec_channel_mult: float = 2
    dec_max_channels: int = 512
    im_dec_num_lrs_per_resolution: int = 2
    im_dec_ch_div_factor: float = 1.5
    grid_sample_padding_mode: str = "zeros"

    def __post_init__(self) -> None:
        for large, small in (
            (self.image_size, self.latent_volume_size),
            (self.warp_output_size, self.gen_embed_size),
            (self.latent_volume_size, self.gen_dummy_input_size),
        ):
            levels(large, small)
        if self.grid_sample_padding_mode not in ("zeros", "border", "reflection"):
            raise ConfigError(f"EMOPortraits: grid_sample_padding_mode '{self.grid_sample_padding_mode}' is unknown.")
        if self.idt_output_size != self.gen_embed_size:
            raise ConfigError("EMOPortraits: idt_output_size and gen_embed_size must be equal; their maps are added.")

    @property
    def expression_side(self) -> int:
        """Side of the aligned face crop that the expression encoder sees."""
        return self.exp_image_size // 2

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Options:
        """Read options by name; those of training and of data are ignored, absent ones take the released values.

        Raises :class:`ConfigError` naming an option that asks for a network which is not built here.
        """
        other = [
            f"{name} = {values[name]!r} (built: {value!r})"
            for name, value in _ONLY.items()
            if name in values and values[name] != value
        ]
        if other:
            raise ConfigError(f"EMOPortraits: these options ask for another network: {', '.join(other)}.")
        taken = {entry.name: values[entry.name] for entry in fields(cls) if entry.name in values}
        for alias, name in _ALIASES.items():
            if alias in values and values[alias] != taken.setdefault(name, values[alias]):
                raise ConfigError(f"EMOPortraits: {alias} = {values[alias]} and {name} = {taken[name]} must be equal.")
        return cls(**taken)


RELEASED = Options()
"""The released stage-1 model."""


def read_args(text: str) -> dict[str, Any]:
    """The content of a published ``args.txt``: ``key: value`` a line, typed by looks (int, float, bool, else str).

    Raises :class:`ConfigError` naming a line of another form.
    """
    values: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise ConfigError(f"EMOPortraits' args.txt, line {number}: expected 'key: value', found '{line.strip()}'.")
        values[name.strip()] = _typed(value.strip())
    return values


def _typed(value: str) -> Any:
    if value in ("True", "False"):
        return value == "True"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
