"""Training of FSRT: the published terms that golden files hardly see, and the recipe of the small variant."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from plane_store import write_plane_store

from mebench.backbones.fsrt.decoder import Decoder
from mebench.backbones.fsrt.encoding import pixel_centres
from mebench.backbones.fsrt.lite import LiteConfig
from mebench.backbones.fsrt.lite_checkpoint import load_lite
from mebench.training import lite_run
from mebench.training.face_frames import FrameSet
from mebench.training.face_pairs import FrameStore, PairSampler
from mebench.training.fsrt_lite import TRAINING, LiteRecipe
from mebench.training.fsrt_losses import (
    FsrtLosses,
    Scene,
    covariance_loss,
    crop_shift_scale,
    learning_rate,
    variance_loss,
)
from mebench.training.lite_run import LitePreset, train_lite

SMALL = LiteConfig(
    grid=16,
    features_per_kp=2,
    expression_hidden=16,
    expression_size=4,
    stem_width=4,
    width=16,
    heads=2,
    head_dim=8,
    mlp_dim=16,
    input_mlp_dim=32,
    render_dims=(32,),
)


def test_covariance_is_that_of_numpy():
    vectors = 5 * torch.randn(6, 9, generator=torch.Generator().manual_seed(0))
    expected = np.square(np.cov(vectors.numpy(), rowvar=False)).sum() / 9
    assert covariance_loss(vectors).item() == pytest.approx(expected, rel=1e-4)


def test_variance_runs_along_the_features():
    flat = torch.arange(3.0)[:, None].expand(3, 8)
    assert variance_loss(flat).item() == pytest.approx(0.99)
    assert variance_loss(10 * torch.randn(4, 64, generator=torch.Generator().manual_seed(0))) == 0


def test_crops_move_key_points():
    """A point at the left border of a crop is at -1 in it, whatever was cut off elsewhere."""
    shift, scale = crop_shift_scale(torch.tensor([[32.0, 16.0, 8.0, 40.0]]), 256)
    left = 32 / 128 - 1
    bottom = (256 - 40) / 128 - 1
    moved = (torch.tensor([[left, bottom]]) + shift) * scale
    assert moved.tolist()[0] == pytest.approx([-1.0, 1.0], abs=1e-6)


def test_published_schedule():
    assert learning_rate(0) == 0 and learning_rate(1250) == pytest.approx(5e-5)
    assert learning_rate(2500) == pytest.approx(1e-4) and learning_rate(4_002_500) == pytest.approx(1.6e-5)


def test_strided_image_has_gradients_in_one_grid():
    torch.manual_seed(0)
    config = LiteConfig(num_kp=3, expression_size=4, width=16, heads=2, head_dim=8, mlp_dim=16).networks()
    decoder = Decoder(config)
    keys = decoder.key_values(torch.randn(1, 5, 16))
    scene = Scene(torch.zeros(1, 3, 2), torch.zeros(1, 4, requires_grad=True), keys, {})
    losses = FsrtLosses(*[None] * 3, decoder)
    image = losses.strided_image(scene, 8, phase=2)
    whole = losses.colours(scene, pixel_centres(8)).mT.reshape(1, 3, 8, 8)
    torch.testing.assert_close(image, whole, atol=1e-6, rtol=1e-5)
    (without,) = torch.autograd.grad(image[..., 0::2, :].sum(), scene.expression, retain_graph=True)
    (inside,) = torch.autograd.grad(image[..., 1::2, 0::2].sum(), scene.expression)
    assert without.abs().max() == 0 and inside.abs().max() > 0


@pytest.fixture(scope="module")
def planes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planes")
    write_plane_store(folder, identities=3, clips=1, frames=3)
    return folder


def quick(steps: int) -> LitePreset:
    return LitePreset(SMALL, steps, frames=FrameSet(3, 1, 3), held_out=1, batch=2)


def test_lite_learns(planes):
    """On one pair that never changes the motion error falls."""
    recipe = LiteRecipe(FrameStore(planes), quick(100))
    recipe.train_pairs.draw = lambda index: PairSampler.draw(recipe.train_pairs, 3)
    losses = [recipe.step(index, 0.3)["motion"] for index in range(20)]
    assert np.mean(losses[-3:]) < 0.85 * losses[0]


def test_lite_run_continues(planes, tmp_path, monkeypatch):
    monkeypatch.setattr(lite_run, "frame_store", lambda *args, **options: planes)
    monkeypatch.setattr(lite_run, "LOG_EVERY", 2)
    said = []
    options = {"processes": 1, "say": said.append}
    whole = train_lite(TRAINING, quick(4), tmp_path / "whole", **options)
    train_lite(TRAINING, quick(4), tmp_path / "parts", stop_at=2, **options)
    parts = train_lite(TRAINING, quick(4), tmp_path / "parts", **options)
    assert whole.name == "fsrt-lite.safetensors" and "continuing at step 2 of 4" in said
    ours, theirs = load_lite(whole).state_dict(), load_lite(parts).state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
