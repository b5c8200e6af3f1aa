"""FID against ``pytorch-fid``: the same random Inception file on both sides, its features and its command line."""

from __future__ import annotations

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from mebench.metrics.encoders.inception import convert
from mebench.metrics.encoders.inception_network import fid_inception, inception_features
from mebench.statistics.distances import frechet

PUBLISHED = "pt_inception-2015-12-05-6726825d.pth"
WIDTH = 64
"""Of the first block: more pictures than this make a covariance of full rank within a few seconds."""

COUNT = 66


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file with the names and shapes of the published one, and random values with the gain that keeps signals alive."""
    folder = tmp_path_factory.mktemp("torch") / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    network = fid_inception()
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if name.endswith(("running_var", "bn.weight")):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
        elif tensor.is_floating_point():
            fan_in = max(1, tensor[0].numel()) if tensor.ndim > 1 else 100
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * (2.0 / fan_in) ** 0.5)
    torch.save(network.state_dict(), folder / PUBLISHED)
    return folder / PUBLISHED


@pytest.fixture(scope="module")
def network(published):
    tensors = convert(torch.load(published, weights_only=True), published)
    built = fid_inception()
    built.load_state_dict(tensors, strict=False)
    return built.eval().requires_grad_(False)


def pictures(seed, contrast):
    """Smooth random pictures uint8 [COUNT,32,32,3]."""
    coarse = np.random.default_rng(seed).normal(128.0, contrast, (COUNT, 6, 6, 3)).astype(np.float32)
    return np.clip([cv2.resize(one, (32, 32), interpolation=cv2.INTER_CUBIC) for one in coarse], 0, 255).astype(
        np.uint8
    )


def tensor(images):
    return torch.from_numpy(images).movedim(-1, 1).float() / 255.0


def test_features_are_those_of_pytorch_fid(network, published, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(published.parents[2]))
    from pytorch_fid.inception import InceptionV3

    theirs = InceptionV3([0, 1, 2, 3]).eval()
    images = tensor(pictures(0, 40.0)[:2])
    with torch.inference_mode():
        for width, block in zip((64, 192, 768, 2048), theirs(images), strict=True):
            pooled = torch.nn.functional.adaptive_avg_pool2d(block, 1).flatten(1)
            ours = inception_features(network, images, width)
            assert ours.shape == (2, width)
            torch.testing.assert_close(ours, pooled, rtol=1e-4, atol=1e-5)
            assert pooled.std() > 1e-3


def test_the_distance_is_that_of_their_command_line(network, published, tmp_path):
    sets = (pictures(1, 40.0), pictures(2, 50.0))
    for name, images in zip("ab", sets, strict=True):
        (tmp_path / name).mkdir()
        for index, image in enumerate(images):
            cv2.imwrite(str(tmp_path / name / f"{index:03d}.png"), image[..., ::-1])
    command = [
        sys.executable,
        "-m",
        "pytorch_fid",
        "a",
        "b",
        "--dims",
        str(WIDTH),
        "--device",
        "cpu",
        "--num-workers",
        "0",
    ]
    environment = {**os.environ, "TORCH_HOME": str(published.parents[2]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = float(done.stdout.strip().rpartition(" ")[2])
    with torch.inference_mode():
        rows = np.concatenate([inception_features(network, tensor(images), WIDTH).double().numpy() for images in sets])
    real = np.arange(2 * COUNT) >= COUNT
    ours = frechet(rows, np.arange(2 * COUNT), real)(~real * 1.0, real * 1.0)
    assert theirs > 1e-3
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_another_network_is_refused(published):
    from mebench.errors import CheckpointError

    content = torch.load(published, weights_only=True)
    content.pop("Mixed_7c.branch_pool.conv.weight")
    with pytest.raises(CheckpointError, match="Mixed_7c"):
        convert(content, published)
