"""The networks that read an image: appearance, identity, expression and head pose."""

from __future__ import annotations

from typing import Any

import torch
import torchvision
from torch import nn
from torch.nn import functional

from mebench.backbones.emoportraits.blocks import ResidualBlock
from mebench.backbones.emoportraits.geometry import face_crop
from mebench.backbones.emoportraits.layers import PUBLISHED, Spectral, Standardised, Style
from mebench.backbones.emoportraits.options import Options, levels
from mebench.errors import ConfigError

POSE_SIDE = 128
"""Side of the image that the head-pose network sees."""

_FULL_LATTICE = 512
_LANDMARKS = 68
"""Sizes of two stored tensors that driving does not read."""

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, RGB."""


class AppearanceEncoder(nn.Module):
    """``local_encoder_nw``: images ``[B,3,S,S]`` to the source's volume ``[B,C*D,s,s]``, channel-major, depth next."""

    def __init__(self, options: Options, style: Style = PUBLISHED) -> None:
        super().__init__()
        widest = options.gen_max_channels
        width = min(int(options.gen_num_channels * options.enc_channel_mult), widest)
        size = options.image_size
        self.first = f"from_rgb_{size}px"
        self.add_module(self.first, style.conv(2, 3, width, 7, bias=True))
        self.blocks = []
        for number in range(levels(size, options.latent_volume_size)):
            name, wider = f"enc_{number}_block={size}px", min(2 * width, widest)
            self.add_module(name, ResidualBlock(2, width, wider, sampling="down", style=style))
            self.blocks.append(name)
            width, size = wider, size // 2
        outputs = options.latent_volume_channels * options.latent_volume_depth
        self.finale_layers = nn.Sequential(style.norm(width), nn.ReLU(), style.standard(2, width, outputs, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.get_submodule(self.first)(image)
        for name in self.blocks:
            x = self.get_submodule(name)(x)
        result: torch.Tensor = self.finale_layers(x)
        return result


class _Normalised(nn.Module):
    """Holds the mean and standard deviation with which a ResNet wants its images."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(_MEAN)[None, :, None, None])
        self.register_buffer("std", torch.tensor(_STD)[None, :, None, None])


class IdentityEncoder(_Normalised):
    """``idt_embedder_nw``: the masked source ``[B,3,H,W]`` to a map ``[B,C,4,4]``."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.side, self.size = options.idt_image_size, options.idt_output_size
        self.net = group_norm_resnet(options.idt_backbone, options.idt_output_channels)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        small = functional.interpolate(image, size=(self.side, self.side), mode="bilinear", align_corners=False)
        return functional.adaptive_avg_pool2d(resnet_map(self.net, (small - self.mean) / self.std), self.size)


class FaceEncoder(_Normalised):
    """``net_face``: an aligned face crop ``[B,3,n,n]`` to the expression vector ``[B,N]``."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.size = options.lpe_output_size
        outputs = options.lpe_output_channels_expression
        self.net = group_norm_resnet(options.lpe_face_backbone, outputs)
        self.pose_head = Spectral(0, (outputs, outputs * self.size**2))

    def forward(self, face: torch.Tensor) -> torch.Tensor:
        features = resnet_map(self.net, (face - self.mean) / self.std)
        vector: torch.Tensor = self.pose_head(functional.adaptive_avg_pool2d(features, self.size).flatten(1))
        return vector


class ExpressionEncoder(nn.Module):
    """``expression_embedder_nw``: image and head transform to the expression vector."""

    identity_grid: torch.Tensor

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.register_buffer("identity_grid", flat_lattice(options.expression_side))
        self.register_buffer("identity_grid_512", flat_lattice(_FULL_LATTICE))
        self.register_buffer("aligned_keypoints", torch.zeros(1, _LANDMARKS, 3))
        self.net_face = FaceEncoder(options)

    def align(self, image: torch.Tensor, transform: torch.Tensor) -> torch.Tensor:
        """The face crop ``[B,3,n,n]`` of images ``[B,3,H,W]`` under transforms ``[B,4,4]``."""
        return face_crop(image, transform, self.identity_grid)

    def forward(self, image: torch.Tensor, transform: torch.Tensor) -> torch.Tensor:
        vector: torch.Tensor = self.net_face(self.align(image, transform))
        return vector


def flat_lattice(side: int) -> torch.Tensor:
    """Points (u, v, 1) ``[1,side*side,3]``, u fastest, from -1 to 1."""
    v, u = torch.meshgrid(torch.linspace(-1, 1, side), torch.linspace(-1, 1, side), indexing="ij")
    return torch.stack((u, v, torch.ones_like(u)), -1).reshape(1, -1, 3)


def pose_network() -> nn.Module:
    """Nine numbers of the head pose (scale, rotation, translation) from an image; a ResNet-18 with batch norm."""
    network: nn.Module = torchvision.models.resnet18(weights=None, num_classes=9)
    return network


def head_numbers(network: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """``[B,9]`` of images ``[B,3,H,W]``, not normalised."""
    side = (POSE_SIDE, POSE_SIDE)
    numbers: torch.Tensor = network(functional.interpolate(image, size=side, mode="bilinear", align_corners=False))
    return numbers


def group_norm_resnet(name: str, outputs: int) -> nn.Module:
    """A torchvision ResNet with group norms under the names of its batch norms, a 1x1 convolution as ``fc``, and the
    weight parametrisations of the published encoders: convolutions that follow a norm inside a block are standardised
    (and have a bias), the others are spectrally normalised."""
    build = getattr(torchvision.models, name, None) if name.startswith("resnet") else None
    if build is None:
        raise ConfigError(f"EMOPortraits: there is no encoder '{name}'; known: resnet18, resnet34, resnet50, ...")
    network: Any = build(weights=None, norm_layer=lambda channels: nn.GroupNorm(32, channels))
    network.fc = Spectral(2, (outputs, network.fc.in_features, 1, 1))
    for module in list(network.modules()):
        for child_name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d):
                after_norm = child_name in ("conv2", "conv3")
                kind: Any = Standardised if after_norm else Spectral
                setattr(module, child_name, kind(2, child.weight.shape, child.stride[0], child.padding[0]))
    resnet: nn.Module = network
    return resnet


def resnet_map(network: Any, image: torch.Tensor) -> torch.Tensor:
    """The last map of a ResNet through its ``fc``, not pooled."""
    x = network.maxpool(network.relu(network.bn1(network.conv1(image))))
    x = network.layer4(network.layer3(network.layer2(network.layer1(x))))
    result: torch.Tensor = network.fc(x)
    return result
