"""Micro-AU networks against the golden files."""

from __future__ import annotations

import pytest
import torch
from detector_golden import DetectorGolden, is_residual, of, statistics, stride_in
from torch.nn import functional

from mebench.detectors.infusenet import InfuseNetwork
from mebench.detectors.infusion import latent_difference
from mebench.detectors.led import EulerianDynamics, LedNetwork
from mebench.detectors.off_apexnet import OffApexNetwork
from mebench.detectors.resnet import feature_map, residual_network
from mebench.detectors.sssnet import SssNetwork
from mebench.detectors.ststnet import StstNetwork

SHALLOW = {"sssnet": SssNetwork, "off_apexnet": OffApexNetwork, "ststnet": StstNetwork}


@pytest.mark.golden(reads=of(*SHALLOW))
def test_shallow_networks(golden, fill):
    case = DetectorGolden(golden, fill)
    config = {name: tuple(value) if isinstance(value, list) else value for name, value in case.config.items()}
    network = case.filled(SHALLOW[case.spec["network"]](**config))
    x = case.input("x").requires_grad_()
    logits = network(x)
    loss = functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(case.arrays["labels"]).float())
    (gradient,) = torch.autograd.grad(loss, x)
    case.compare("out_logits", logits)
    case.compare("out_bce", loss)
    for name in filter(lambda name: name.startswith("out_grad_x"), case.arrays):
        step = stride_in(name)
        ours = statistics(gradient) if name.endswith("stats") else gradient[..., ::step, ::step]
        case.compare(name, ours)
    case.done("labels")


@pytest.mark.golden(reads=is_residual)
def test_residual_networks(golden, fill):
    case = DetectorGolden(golden, fill)
    network = case.filled(residual_network(case.spec["network"], **case.config))
    x = case.input("x")
    with torch.no_grad():
        maps = feature_map(network, x)
        case.compare("out_logits", network(x))
    for name in filter(lambda name: name.startswith("out_features"), case.arrays):
        case.compare(name, statistics(maps) if name.endswith("stats") else maps[:, :: stride_in(name)])
    case.done()


@pytest.mark.golden(reads=of("led"))
def test_led(golden, fill):
    case = DetectorGolden(golden, fill)
    start = {name: case.config[name] for name in ("alpha", "r1", "r2")}
    dynamics = EulerianDynamics(**start)
    network = case.filled(LedNetwork(**case.config["net"]))
    with torch.no_grad():
        mixed = dynamics(case.input("x"))
        case.compare("out_W", dynamics.mixing(case.config["frames"]))
        for name in filter(lambda name: name.startswith("out_led"), case.arrays):
            step = stride_in(name)
            case.compare(name, statistics(mixed) if name.endswith("stats") else mixed[..., ::step, ::step])
        case.compare("out_logits", network(case.input("clip")))
    case.done()


def canonical(network: InfuseNetwork) -> dict[str, torch.Tensor]:
    """Tensors that several names point at, under the one name by which they are filled."""
    state = network.state_dict()
    shared = {f"{part}." for part in ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")}
    aliases = (*shared, "spatial_model.fc.", "spatial_model_mag.fc.")
    return {name: tensor for name, tensor in state.items() if not name.startswith(aliases)}


@pytest.mark.golden(reads=of("infusenet"))
def test_infusenet(golden, fill):
    case = DetectorGolden(golden, fill)
    size = {name: value for name, value in case.config.items() if name != "size"}
    network = InfuseNetwork(norm="batch", **size).eval()
    shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    assert shapes == case.spec["state_dict"]
    tensors = canonical(network)
    assert sorted(tensors) == case.spec["canonical_names"]
    with torch.no_grad():
        for name, tensor in tensors.items():
            if tensor.is_floating_point():
                tensor.copy_(torch.from_numpy(fill.fill_array(name, tuple(tensor.shape), case.seed)))
        inputs = [case.input(name) for name in ("flow", "onset", "apex", "pseudo_apex")]
        singly = [network(*(tensor[i : i + 1] for tensor in inputs)) for i in range(len(inputs[0]))]
        for position, branch in enumerate(("flow", "mag")):
            case.compare(f"out_{branch}_logits", network(*inputs)[position])
            case.compare(f"out_{branch}_logits_one_by_one", torch.cat([outputs[position] for outputs in singly]))
        start, end = network.mag_encoder(inputs[1]), network.mag_encoder(inputs[2])
        difference = latent_difference(network.mag_manipulator, start, end, network.amplification)
        decoded = network.mag_decoder(end + difference)
        ours = {"encoder": start[:, ::4], "difference": difference[:, ::4], "decoded": decoded}
        for name, values in ours.items():
            case.compare(f"out_{name}_stride8", values[..., ::8, ::8])
        case.compare("out_difference_stats", statistics(difference))
        case.compare("out_decoded_stats", statistics(decoded))
    case.done()


@pytest.mark.golden(reads=of("infusenet"))
def test_infusenet_by_sample_does_not_depend_on_companions(golden, fill):
    case = DetectorGolden(golden, fill)
    torch.manual_seed(0)
    network = InfuseNetwork().eval()
    inputs = [case.input(name) for name in ("flow", "onset", "apex", "pseudo_apex")]
    with torch.no_grad():
        together = network(*inputs)[1]
        alone = torch.cat([network(*(tensor[i : i + 1] for tensor in inputs))[1] for i in range(len(inputs[0]))])
        still = network(torch.zeros_like(inputs[0]), *(torch.zeros_like(tensor) for tensor in inputs[1:]))[1]
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)
    assert torch.isfinite(still).all()
