"""Where the training of PWCLite starts: features of unit variance, and flow near zero.

D. Mishkin, J. Matas, "All You Need Is a Good Init", ICLR 2016, arXiv 1511.06422: every layer of the feature pyramid is
scaled to unit variance on a few frames, here channel by channel and with the mean taken out. With torch's own start the
features fade from layer to layer, all costs are near zero, and thousands of steps pass before the network sees motion.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from mebench.motion.pwclite import PwcLite

_SLOPE = 0.1
"""Of the leaky rectifiers between the layers."""

_NEAR_STILL = 0.05


def start(network: PwcLite, frames: torch.Tensor) -> PwcLite:
    """The network, its weights drawn anew from torch's generator. frames: ``[N,3,H,W]`` in [0,1], sides multiples of 64."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, _SLOPE)
            _bias(module).data.zero_()
    hooks = [
        module.register_forward_hook(_to_unit_variance)
        for part in (network.feature_pyramid_extractor, network.conv_1x1)
        for module in part.modules()
        if isinstance(module, nn.Conv2d)
    ]
    with torch.no_grad():
        levels = network.feature_pyramid_extractor(frames)
        for narrow, level in zip(network.conv_1x1, levels, strict=False):
            narrow(level)
    for hook in hooks:
        hook.remove()
    # A fresh network sees 16 px everywhere, from where no pixel matches.
    for name, parameter in network.named_parameters():
        if name.startswith(("flow_estimators.predict_flow", "context_networks.convs.6")):
            parameter.data.mul_(_NEAR_STILL)
    return network


def _to_unit_variance(module: nn.Conv2d, _: Any, output: torch.Tensor) -> torch.Tensor:
    mean, deviation = output.mean((0, 2, 3)), output.std((0, 2, 3)) + 1e-3
    module.weight.div_(deviation[:, None, None, None])
    bias = _bias(module)
    bias.sub_(mean).div_(deviation)
    return (output - mean[:, None, None]) / deviation[:, None, None]


def _bias(module: nn.Conv2d) -> torch.Tensor:
    if module.bias is None:
        raise TypeError("every convolution of PWCLite has a bias.")
    return module.bias
