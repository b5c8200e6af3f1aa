"""The refinement stage (paper, section 3.3): warped source features and landmark drawings guide a generator that
starts from the identity code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.metaportrait.blocks import STYLE_HIDDEN, NormedDown, NormedUp, maybe_spectral, resize_bilinear

CODE = 256
"""Length of the published identity code."""

WIDTH = 32
"""Channels at the finest level of the generator; the coarsest has 16 times as many."""

START = 4
"""Side of the map that the identity code is turned into."""


class FeatureEncoder(nn.Module):
    """Source image to four maps, coarse to fine: bottleneck, two decoder outputs, and the last one with the image."""

    def __init__(self, channels: int, width: int, most: int, levels: int = 3) -> None:
        super().__init__()
        widths = [min(most, width * 2**level) for level in range(levels + 1)]
        self.encoder = nn.Module()
        self.encoder.down_blocks = nn.ModuleList(
            NormedDown(channels if level == 0 else widths[level], widths[level + 1]) for level in range(levels)
        )
        self.decoder = nn.Module()
        self.decoder.up_blocks = nn.ModuleList(
            NormedUp(widths[level + 1] * (1 if level == levels - 1 else 2), widths[level])
            for level in reversed(range(levels))
        )
        self.out_channels = [widths[levels], *(widths[level] for level in range(levels - 1, 0, -1))]
        self.out_channels.append(widths[0] + channels)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """``[B,3,H,W]`` to maps at H/8, H/4, H/2 and H."""
        skips = [image]
        for block in self.encoder.down_blocks:  # type: ignore[union-attr]
            skips.append(block(skips[-1]))
        x = skips.pop()
        maps = [x]
        for block in self.decoder.up_blocks:  # type: ignore[union-attr]
            made = block(x)
            x = torch.cat((made, skips.pop()), dim=1)
            maps.append(made)
        maps[-1] = x
        return maps


class EqualisedLinear(nn.Module):
    """A linear layer whose stored weight is multiplied by ``sqrt(2 / inputs)`` (equalised learning rate). Its tensor is
    called ``weight_orig``, like those of spectral norm, which it has nothing to do with."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Module()
        self.linear.register_parameter("bias", nn.Parameter(torch.zeros(outputs)))
        self.linear.register_parameter("weight_orig", nn.Parameter(torch.randn(outputs, inputs)))
        self.gain = math.sqrt(2 / inputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,inputs]`` to ``[B,outputs]``."""
        weight, bias = self.linear.weight_orig, self.linear.bias
        assert isinstance(weight, torch.Tensor) and isinstance(bias, torch.Tensor)
        return functional.linear(x, weight * self.gain, bias)


class IdentityNorm(nn.Module):
    """Instance norm scaled and shifted twice, by a guiding map and by the identity code, mixed by a predicted map."""

    def __init__(self, channels: int, guide: int, code: int, hidden: int = STYLE_HIDDEN) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Conv2d(guide, hidden, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(hidden, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, channels, 3, padding=1)
        self.mlp_attention = nn.Sequential(nn.Conv2d(channels, 1, 3, padding=1), nn.Sigmoid())
        self.adain = nn.Module()
        self.adain.style = EqualisedLinear(code, 2 * channels)

    def style(self, code: torch.Tensor) -> torch.Tensor:
        """Scale and shift ``[B,2C]`` of an identity code ``[B,code]``."""
        style: torch.Tensor = self.adain.style(code)  # type: ignore[operator]
        return style

    def forward(self, x: torch.Tensor, guide: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        """x: ``[B,C,H,W]``; guide: ``[B,guide,H,W]``; style: of :meth:`style`. The mix is read off x as it comes."""
        normed = functional.instance_norm(x)
        inner = self.mlp_shared(guide)
        by_map = normed * (1 + self.mlp_gamma(inner)) + self.mlp_beta(inner)
        scale, shift = style[..., None, None].chunk(2, dim=1)
        share = self.mlp_attention(x)
        mixed: torch.Tensor = share * by_map + (1 - share) * (scale * normed + shift)
        return mixed


class IdentityBlock(nn.Module):
    """Residual block with :class:`IdentityNorm` before each convolution."""

    def __init__(
        self, inputs: int, outputs: int, guide: int, code: int, *, spectral: bool, hidden: int = STYLE_HIDDEN
    ) -> None:
        super().__init__()
        middle = min(inputs, outputs)
        self.conv_0 = maybe_spectral(nn.Conv2d(inputs, middle, 3, padding=1), spectral)
        self.conv_1 = maybe_spectral(nn.Conv2d(middle, outputs, 3, padding=1), spectral)
        self.norm_0 = IdentityNorm(inputs, guide, code, hidden)
        self.norm_1 = IdentityNorm(middle, guide, code, hidden)
        self.projects = inputs != outputs
        if self.projects:
            self.conv_s = maybe_spectral(nn.Conv2d(inputs, outputs, 1, bias=False), spectral)
            self.norm_s = IdentityNorm(inputs, guide, code, hidden)

    def styles(self, code: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Scales and shifts of its norms for an identity code."""
        norms = (self.norm_0, self.norm_1, self.norm_s) if self.projects else (self.norm_0, self.norm_1)
        return tuple(norm.style(code) for norm in norms)

    def forward(self, x: torch.Tensor, guide: torch.Tensor, styles: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """``[B,inputs,H,W]`` to ``[B,outputs,H,W]``; the guide is resized to H x W."""
        guide = resize_bilinear(guide, x.shape[-2:])
        inner = self.conv_0(functional.leaky_relu(self.norm_0(x, guide, styles[0]), 0.2))
        inner = self.conv_1(functional.leaky_relu(self.norm_1(inner, guide, styles[1]), 0.2))
        skip = self.conv_s(self.norm_s(x, guide, styles[2])) if self.projects else x
        total: torch.Tensor = skip + inner
        return total


class IdentityStyles(NamedTuple):
    """What of the generator depends on the identity code alone. start: ``[B,C,4,4]``. norms: by block."""

    start: torch.Tensor
    norms: Mapping[str, tuple[torch.Tensor, ...]]

    def expand(self, batch: int) -> IdentityStyles:
        """The same identity for every item of a batch (only one item is stored)."""
        norms = {name: tuple(norm.expand(batch, -1) for norm in norms) for name, norms in self.norms.items()}
        return IdentityStyles(self.start.expand(batch, -1, -1, -1), norms)


class IdentityGenerator(nn.Module):
    """Identity code and four guiding maps, coarse to fine, to a frame of 256 px in [-1,1].

    ``levels``: the blocks in order, and which guiding map each reads. Between two blocks the size doubles.
    """

    def __init__(
        self,
        guides: list[int],
        channels: int,
        *,
        spectral: bool,
        code: int = CODE,
        width: int = WIDTH,
        middles: int = 2,
        hidden: int = STYLE_HIDDEN,
    ) -> None:
        """guides: channels of the four guiding maps. middles: blocks at full width between the first and the narrowing
        ones; the frame has ``64 * 2**middles`` pixels a side."""
        super().__init__()
        top = 16 * width
        names = ["head_0", *(f"G_middle_{i}" for i in range(middles))]
        self.levels = dict.fromkeys(names, 0) | {f"up_{i}": i for i in range(4)}
        widths = dict.fromkeys(names, (top, top)) | {f"up_{i}": (top >> i, top >> (i + 1)) for i in range(4)}
        self.conv1 = maybe_spectral(nn.ConvTranspose2d(code, top, START), spectral)
        for name, (before, after) in widths.items():
            guide = guides[self.levels[name]]
            self.add_module(name, IdentityBlock(before, after, guide, code, spectral=spectral, hidden=hidden))
        self.conv_img = nn.Conv2d(width, channels, 3, padding=1)

    def _block(self, name: str) -> IdentityBlock:
        block = self.get_submodule(name)
        assert isinstance(block, IdentityBlock)
        return block

    def styles(self, code: torch.Tensor) -> IdentityStyles:
        """code: ``[B,256]``."""
        norms = {name: self._block(name).styles(code) for name in self.levels}
        return IdentityStyles(self.conv1(code[..., None, None]), norms)

    def blocks(self, styles: IdentityStyles, guides: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        """The output of every block in order; the last is ``[B,32,256,256]``."""
        outputs: dict[str, torch.Tensor] = {}
        x = styles.start
        for name, level in self.levels.items():
            if outputs:
                x = resize_bilinear(x, (2 * x.shape[-2], 2 * x.shape[-1]))
            x = outputs[name] = self._block(name)(x, guides[level], styles.norms[name])
        return outputs

    def forward(self, styles: IdentityStyles, guides: list[torch.Tensor]) -> torch.Tensor:
        """``[B,3,256,256]`` in [-1,1], trained against frames in [0,1]."""
        return self.paint(self.blocks(styles, guides)["up_3"])

    def paint(self, x: torch.Tensor) -> torch.Tensor:
        """The output of the last block to the frame."""
        return torch.tanh(self.conv_img(functional.leaky_relu(x, 0.2)))
