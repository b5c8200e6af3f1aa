"""A magnifier that is not trained: its latents are computed once a clip, and nothing else changes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from bump_clips import bump_clip

from mebench.detectors.fixed_magnifier import FixedMagnifier, LatentMaps, LatentTo
from mebench.detectors.frame_inputs import ColourTriple
from mebench.detectors.infusenet import InfuseNetwork, InfuseVitNetwork
from mebench.detectors.magnified import LateFusionNetwork, MagnifiedNetwork
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.schedule import Schedule
from mebench.detectors.settings import Settings
from mebench.detectors.table import trained
from mebench.errors import ConfigError

SIZE = 32
FIXED = Settings(fixed_magnifier=True)


def small_network():
    return MagnifiedNetwork("resnet10t")


def detector(build=small_network, settings=FIXED):
    plain = NetworkDetector("on-magnified", build, ColourTriple(SIZE), Schedule(epochs=2, rate=1e-3))
    return settings.applied(plain)


@pytest.fixture
def clips(tmp_path):
    """Three clips of ten frames, kept in a folder."""
    rng = np.random.default_rng(0)
    film = rng.integers(0, 255, (10, 256, 256, 3), dtype=np.uint8)
    made = [bump_clip(f"k{n}", "x", rng.random(12) < 0.5, n) for n in range(3)]

    def reader(clip):
        whole = film.copy()
        whole[[clip.onset, clip.apex]] = clip.read_pair().frames
        return lambda chosen: whole[list(chosen)]

    return [dataclasses.replace(clip, read_frames=reader(clip), place=tmp_path / clip.key) for clip in made]


@pytest.mark.parametrize(
    "build",
    [
        small_network,
        InfuseNetwork,
        pytest.param(LateFusionNetwork, marks=pytest.mark.slow),
        pytest.param(lambda: InfuseVitNetwork(size=SIZE), marks=pytest.mark.slow),
    ],
    ids=["magnified", "infusenet", "late-fusion", "infusenet-vit-tiny"],
)
def test_answers_are_those_of_the_same_weights_on_frames(tmp_path, clips, build):
    fixed = detector(build)
    fixed.schedule = dataclasses.replace(fixed.schedule, epochs=1)
    fixed.fit(clips, seed=3)
    torch.manual_seed(3)
    fresh = build().state_dict()
    learnt = fixed.network.state_dict()
    parts = [name for name in fresh if "encoder" in name or "manipulator" in name]
    assert parts
    assert all(torch.equal(fresh[name], learnt[name]) for name in parts)
    assert any(not torch.equal(fresh[name], learnt[name]) for name in fresh if name not in parts and "num" not in name)
    fixed.save(tmp_path / "weights.safetensors")
    plain = detector(build, Settings())
    plain.load(tmp_path / "weights.safetensors")
    assert type(plain) is NetworkDetector
    np.testing.assert_allclose(plain.logits(clips), fixed.logits(clips), atol=5e-3)


def test_latents_are_computed_once_and_kept(tmp_path, clips, monkeypatch):
    first = detector()
    first.fit(clips, seed=3)
    said = first.logits(clips)
    kept = sorted(path.name for path in tmp_path.rglob("latent-*.npz"))
    assert 3 < len(kept) <= 9  # the apex of each clip, and up to two frames near it

    def refuse(*arrays):
        raise AssertionError("computed again")

    again = [dataclasses.replace(clip, _memory={}) for clip in clips]
    with monkeypatch.context() as patch:
        patch.setattr(FixedMagnifier, "increment", refuse)
        second = detector()
        second.fit(again, seed=3)
        assert np.array_equal(second.logits(again), said)
        other = detector()
        with pytest.raises(AssertionError, match="computed again"):
            other.fit(again, seed=4)  # other random weights of the magnifier
    path = next(tmp_path.rglob("latent-*-5.npz"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    clip = dataclasses.replace(next(clip for clip in clips if clip.place == path.parent), _memory={})
    whole = clips[int(path.parent.name[1:])].once(LatentTo(first.recipe.magnifier, SIZE, 5))
    assert np.array_equal(clip.once(LatentTo(first.recipe.magnifier, SIZE, 5)), whole)


def test_the_same_pseudo_apexes_are_drawn(clips):
    torch.manual_seed(0)
    network = small_network()
    recipe, plain = LatentMaps(FixedMagnifier(network.branch), SIZE), ColourTriple(SIZE)
    for epoch in range(4):
        flow, *frames = (torch.from_numpy(array)[None] for array in plain.drawn(clips[0], epoch, 45))
        with torch.no_grad():
            latent = network.branch.latent(*frames)
        same, *increments = (torch.from_numpy(array)[None] for array in recipe.drawn(clips[0], epoch, 45))
        assert torch.equal(same, flow)
        torch.testing.assert_close(torch.cat(increments, dim=1), latent, atol=2e-5, rtol=1e-3)
    with pytest.raises(ConfigError, match="cannot be mirrored"):
        recipe.mirrored((flow,))


def test_the_table_says_so():
    assert trained(FIXED.training(detector(settings=Settings()))).endswith("magnifier fixed")
    flow = NetworkDetector("plain", small_network, None, Schedule(epochs=2, rate=1e-3))
    assert "magnifier" not in FIXED.training(flow)
