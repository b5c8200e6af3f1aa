"""EMOPortraits' networks, geometry and driven path against the golden files, with folded and unfolded weights."""

from __future__ import annotations

import pytest
import torch
from emoportraits_golden import EmoGolden, is_emoportraits

from mebench.backbones.emoportraits.encoders import head_numbers
from mebench.backbones.emoportraits.geometry import head_transform, homogeneous, mix_poses, rigid_warp


@pytest.fixture(params=[False, True], ids=["stored", "folded"])
def case(request, golden, fill):
    loaded = EmoGolden(golden, fill)
    return loaded.folded() if request.param else loaded


@pytest.mark.golden(reads=is_emoportraits)
def test_names_and_shapes(golden, fill):
    case = EmoGolden(golden, fill)
    for network, listed in ((case.model, "state_dict"), (case.networks.pose, "pose_state_dict")):
        ours = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
        assert ours == case.spec[listed]


@pytest.mark.golden(reads=is_emoportraits)
@torch.no_grad()
def test_every_output(case):
    """Sub-networks on their own inputs, then the driven path; every recorded output is compared."""
    _geometry(case)
    _sub_networks(case)
    _driven_path(case)
    missed = set(case.spec["outputs"]) - case.compared
    assert not missed, f"recorded, but not compared: {sorted(missed)}"


def _geometry(case: EmoGolden) -> None:
    theta = head_transform(case.input("in.srt"))
    case.compare("theta.matrix", theta)
    case.compare("theta.inverse", torch.linalg.inv(theta))
    case.compare("mix.theta_new", mix_poses(theta[:1], theta[1:2]))
    case.compare("mix.theta_old", mix_poses(theta[:1], theta[1:2], "old"))


def _sub_networks(case: EmoGolden) -> None:
    model, images = case.model, case.input("in.images")
    case.compare("pose.raw", head_numbers(case.networks.pose, images))
    theta = case.networks.transform(images)
    case.compare("pose.theta", theta)
    case.compare("identity.embed", model.idt_embedder_nw(images[:1]))
    case.compare("appearance.latent", model.local_encoder_nw(images[:1]))
    aligned = model.expression_embedder_nw.align(images, theta)
    case.compare("expression.aligned", aligned)
    case.compare("expression.vector", model.expression_embedder_nw.net_face(aligned))
    identity = case.input("in.idt_embed")
    case.compare("warp_embed.source", model.embed(identity, case.input("in.expr_source")))
    case.compare("warp_embed.target", model.embed(identity, case.input("in.expr_target")))
    embedding, volume = case.input("in.warp_embed"), case.input("in.volume")
    for name, generator in (("xy", model.xy_generator_nw), ("uv", model.uv_generator_nw)):
        case.compare(f"{name}.warp", generator(embedding))
        case.compare(f"{name}.delta", generator.delta(embedding))
    case.compare("volume_source.out", model.volume_source_nw(volume))
    case.compare("volume_process.out", model.volume_process_nw(volume))
    rotation = rigid_warp(model.points, theta[1:2])
    case.compare("rotation_warp", rotation)
    case.compare("warped_volume", model.warped(volume, model.uv_generator_nw(embedding), rotation))
    features = model.decoder_nw.res_decoder(case.input("in.features2d"))
    case.compare("decoder.features", features)
    case.compare("decoder.image", model.decoder_nw.img_decoder(features))


def _driven_path(case: EmoGolden) -> None:
    model, networks = case.model, case.networks
    image = case.input("in.source")[None]
    source = model.encode(image, image, networks.transform(image))
    for name, ours in {
        "theta": source.transform,
        "expr": source.expression,
        "volume": source.volume,
        "xy_warp": source.xy_warp,
    }.items():
        case.compare(f"full.source_{name}", ours)
    case.compare("full.idt_embed", source.identity)
    case.compare("full.canonical_volume", source.canonical)
    drivers = sorted(name for name in case.spec["inputs"] if name.startswith("in.driver"))
    frames = torch.stack([case.input(name) for name in drivers])
    theta = networks.transform(frames)
    expression = model.express(frames, theta)
    pictures = model.render(source, theta, expression).clamp(0, 1)
    mixed = mix_poses(source.transform, theta)
    mixed_expression = model.express(frames, mixed)
    mixed_pictures = model.render(source, mixed, mixed_expression).clamp(0, 1)
    for name, which in ((name.removeprefix("in.driver"), slice(i, i + 1)) for i, name in enumerate(drivers)):
        case.compare(f"full.driver_theta{name}", homogeneous(theta[which]))
        case.compare(f"full.driver_expr{name}", expression[which])
        case.compare(f"full.image{name}", pictures[which])
        case.compare(f"full.mix_theta{name}", mixed[which])
        case.compare(f"full.mix_expr{name}", mixed_expression[which])
        case.compare(f"full.mix_image{name}", mixed_pictures[which])
