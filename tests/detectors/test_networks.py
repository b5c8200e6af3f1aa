"""What the golden files cannot show: the order of pooling and normalisation, and sizes of the whole networks."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from mebench.detectors.infusenet import InfuseVitNetwork
from mebench.detectors.led import EulerianDynamics, LedNetwork
from mebench.detectors.magnified import LateFusionNetwork, MagnifiedNetwork
from mebench.detectors.resnet import residual_network
from mebench.detectors.sssnet import SssNetwork
from mebench.detectors.ststnet import StstNetwork
from mebench.detectors.vit_tiny import VisionTransformer


def test_sssnet_pools_before_it_normalises():
    """A negative scale turns maxima into minima, so the order shows."""
    torch.manual_seed(0)
    network = SssNetwork(h_dims=(4, 8, 16)).eval()
    with torch.no_grad():
        network.bn1.weight.mul_(-1.0)
        network.bn2.weight.mul_(-1.0)
        x = torch.rand(2, 3, 64, 64)
        a = network.bn1(functional.max_pool2d(network.conv1(x).relu(), 3))
        b = network.bn2(functional.max_pool2d(network.conv2(a).relu(), 2))
        torch.testing.assert_close(network(x), network.fc(network.fc1(b.flatten(1)).relu()))


def test_ststnet_normalises_before_it_pools():
    torch.manual_seed(0)
    network = StstNetwork().eval()
    with torch.no_grad():
        for norm in (network.bn1, network.bn2, network.bn3):
            norm.weight.mul_(-1.0)
        x = torch.rand(2, 3, 28, 28)
        streams = [
            functional.max_pool2d(norm(convolution(x).relu()), 3, padding=1)
            for convolution, norm in (
                (network.conv1, network.bn1),
                (network.conv2, network.bn2),
                (network.conv3, network.bn3),
            )
        ]
        expected = network.fc(functional.avg_pool2d(torch.cat(streams, 1), 2).flatten(1))
        torch.testing.assert_close(network(x), expected)


def test_eulerian_dynamics_is_the_difference_of_two_low_pass_filters():
    alpha, r1, r2 = 10.0, 0.4, 0.05
    mixing = EulerianDynamics(alpha, r1, r2).mixing(4)
    assert float(mixing[0, 2].detach()) == pytest.approx(alpha * ((1 - r1) ** 2 - (1 - r2) ** 2), rel=1e-5)
    assert float(mixing[1, 3].detach()) == pytest.approx(alpha * ((1 - r1) ** 2 * r1 - (1 - r2) ** 2 * r2), rel=1e-5)
    assert float(mixing[3, 3].detach()) == pytest.approx(alpha * (r1 - r2), rel=1e-5)
    assert torch.equal(mixing.tril(-1), torch.zeros(4, 4))


def parameters(network: torch.nn.Module) -> float:
    return sum(parameter.numel() for parameter in network.parameters()) / 1e6


def test_sizes_of_the_published_networks():
    """Millions of parameters with 12 outputs; ImageNet heads have 0.5 M more (2 M more for ResNet50)."""
    assert parameters(residual_network("resnet18")) == pytest.approx(11.18, abs=0.01)
    assert parameters(residual_network("resnet34")) == pytest.approx(21.29, abs=0.01)
    assert parameters(residual_network("resnet50")) == pytest.approx(23.53, abs=0.01)
    assert parameters(residual_network("resnet10t")) == pytest.approx(4.93, abs=0.01)
    assert parameters(VisionTransformer()) == pytest.approx(5.53, abs=0.01)


@pytest.mark.parametrize("build", [MagnifiedNetwork, LateFusionNetwork, lambda: InfuseVitNetwork(size=64)])
def test_magnified_networks_do_not_depend_on_companions(build):
    torch.manual_seed(0)
    network = build().eval()
    inputs = [torch.rand(2, 3, 64, 64) for _ in range(4)]
    with torch.no_grad():
        outputs = network(*inputs)
        alone = network(*(tensor[:1] for tensor in inputs))
    last, single = (out[-1] if isinstance(out, tuple) else out for out in (outputs, alone))
    assert last.shape == (2, 12)
    torch.testing.assert_close(last[:1], single, atol=1e-5, rtol=1e-4)


def test_led_takes_other_sizes():
    assert LedNetwork(frames=8, size=40).eval()(torch.rand(1, 1, 8, 40, 40) * 255).shape == (1, 12)
