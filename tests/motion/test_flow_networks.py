"""Learned flow estimators: files, sizes, and what is said without weights."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models.optical_flow import raft_small

from mebench.errors import CheckpointError, ConfigError, MissingWeights
from mebench.motion.flow import DisFine
from mebench.motion.flow_networks import NetworkFlow, convert_raft, load_flow, raft_flow
from mebench.motion.pwclite import PwcLite, PwcLiteConfig
from mebench.weights.add import add

RNG = np.random.default_rng(0)
FRAMES = RNG.integers(0, 256, (2, 70, 130, 3), dtype=np.uint8)


def test_the_default_is_dense_inverse_search():
    assert isinstance(load_flow(), DisFine)
    with pytest.raises(ConfigError, match="known: dis-fine, dis-steady, pwclite-lite, raft, pwclite, or the path"):
        load_flow("gma")


@pytest.mark.parametrize(("name", "file"), [("raft", "raft_large_C_T_SKHT_V2"), ("pwclite", "pwclite_ar.tar")])
def test_missing_weights_say_what_to_put_where(name, file, tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    with pytest.raises(MissingWeights, match=rf"{file}.*mebench weights add"):
        load_flow(name)


def test_torchvisions_file_loads_and_gives_flow_at_any_size(tmp_path):
    torch.manual_seed(0)
    network = raft_small(weights=None)
    save_file(convert_raft(network.state_dict()), tmp_path / "raft.safetensors")
    estimate = raft_flow(tmp_path / "raft.safetensors", iterations=1)
    flow = estimate(*FRAMES)
    assert estimate.name == "raft-small" and flow.shape == (70, 130, 2) and flow.dtype == np.float32
    assert np.array_equal(flow, estimate(*FRAMES)) and np.isfinite(flow).all()
    with pytest.raises(CheckpointError, match="does not fit RAFT"):
        convert_raft({**network.state_dict(), "more": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="no feature encoder"):
        convert_raft({"weight": torch.zeros(1)})


def test_frames_are_padded_to_what_the_network_takes():
    seen = []

    def network(first, second):
        seen.append((first.shape, float(first.max()), float((first - second).abs().max())))
        return torch.stack((torch.full(first.shape[-2:], 1.0), torch.full(first.shape[-2:], -2.0)))[None]

    flow = NetworkFlow("mine", network, 64)(FRAMES[0], FRAMES[0])
    assert seen == [((1, 3, 128, 192), 1.0, 0.0)]
    assert flow.shape == (70, 130, 2) and (flow == [1.0, -2.0]).all()
    NetworkFlow("mine", network, 8, 128)(FRAMES[0, ..., 0], FRAMES[1, ..., 0])
    assert seen[1][0] == (1, 3, 128, 136)


def test_a_published_pwclite_is_an_estimator(tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    torch.manual_seed(0)
    torch.save({"epoch": 3, "state_dict": PwcLite().state_dict()}, tmp_path / "pwclite_ar.tar")
    add("pwclite-ar", tmp_path / "pwclite_ar.tar")
    estimate = load_flow("pwclite")
    assert estimate.name == "pwclite" and estimate(*FRAMES).shape == (70, 130, 2)


def test_a_file_of_another_width_is_an_estimator_too(tmp_path):
    torch.manual_seed(0)
    narrow = PwcLite(PwcLiteConfig(width=0.25))
    save_file(narrow.state_dict(), tmp_path / "mine.safetensors")
    estimate = load_flow(str(tmp_path / "mine.safetensors"))
    assert estimate.name == "mine"
    with torch.no_grad():
        pair = [torch.from_numpy(np.pad(image, ((0, 58), (0, 62), (0, 0)), "edge")) for image in FRAMES]
        frames = torch.cat([image.movedim(-1, 0) for image in pair])[None] / 255.0
        expected = narrow(frames).forward[0][0, :, :70, :130].movedim(0, -1).numpy()
    assert np.allclose(estimate(*FRAMES), expected, atol=1e-4)


def test_both_ways_and_less_noise_err_less():
    """A smooth texture moved by a known bump of one pixel, fresh noise of 3 grey levels in both frames."""
    rng = np.random.default_rng(1)
    texture = cv2.GaussianBlur(rng.normal(0.0, 1.0, (160, 160)).astype(np.float32), (0, 0), 2.5)
    texture = 128.0 + 40.0 * texture / texture.std()
    y, x = np.mgrid[0:160, 0:160].astype(np.float32)
    motion = np.exp(-((x - 80) ** 2 + (y - 80) ** 2) / (2 * 25.0**2)).astype(np.float32)
    moved = cv2.remap(texture, x - motion, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    frames = [np.clip(image + rng.normal(0.0, 3.0, image.shape), 0, 255).astype(np.uint8) for image in (texture, moved)]
    exact = np.stack((motion, np.zeros_like(motion)), axis=-1)
    inner = slice(20, 140)
    errors = [
        float(np.hypot(*np.moveaxis((load_flow(name)(*frames) - exact)[inner, inner], -1, 0)).mean())
        for name in ("dis-fine", "dis-steady")
    ]
    assert errors[1] < 0.95 * errors[0] < 0.3
    assert not load_flow("dis-steady")(frames[0], frames[0]).any()
