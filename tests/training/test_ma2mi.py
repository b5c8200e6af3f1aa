"""MA2MI: what is rebuilt, that it learns, that it continues, and that MIACNet takes its encoders."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from mebench.detectors.miacnet import MiacNetwork, MotionStem
from mebench.errors import CheckpointError, InputError
from mebench.training.ma2mi import Ma2miNetwork, Ma2miPreset, MacroPairs, pretrain, reconstruction_losses, start_from


def shifting(people: int = 3, clips: int = 3, frames: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Textures that shift by a pixel or two: uint8 ``[N,112,112,3]`` and their labels."""
    rng = np.random.default_rng(0)
    pictures, labels = [], []
    for person in range(people):
        texture = cv2.GaussianBlur(rng.random((140, 140)).astype(np.float32), (0, 0), 3)
        texture = (255 * (texture - texture.min()) / np.ptp(texture)).astype(np.uint8)
        for clip in range(clips):
            for frame in range(frames):
                dx, dy = (2 * frame, 0) if clip % 2 else (0, 2 * frame)
                pictures.append(np.repeat(texture[10 + dy : 122 + dy, 10 + dx : 122 + dx, None], 3, axis=2))
                labels.append((person, person * clips + clip, frame))
    return np.stack(pictures), np.array(labels, dtype=np.int32)


def test_the_stem_reads_direction():
    rng = np.random.default_rng(1)
    texture = cv2.GaussianBlur(rng.random((120, 120)).astype(np.float32), (0, 0), 2)
    texture = (texture - texture.min()) / np.ptp(texture)
    first, right, down = texture[4:116, 4:116], texture[4:116, 3:115], texture[3:115, 4:116]
    stem = MotionStem()
    read = [stem(torch.from_numpy(np.stack((first, moved)))[None])[0].mean(dim=(1, 2)) for moved in (right, down)]
    assert read[0][0] > 5 * abs(read[0][1])
    assert read[1][1] > 5 * abs(read[1][0])
    still = stem(torch.from_numpy(np.stack((first, first)))[None])[0]
    assert not still[[0, 1, 4]].any()


def test_the_code_learns_to_move_pixels():
    """Four pairs by heart: error against copying the earlier frame."""
    torch.manual_seed(0)
    frames, labels = shifting(people=2, clips=2, frames=2)
    pairs = MacroPairs(frames, labels)
    network = Ma2miNetwork()
    optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
    pair = pairs.draw(4, np.random.default_rng(0))
    copied = float(reconstruction_losses(pair[:, :1], pair)[0])
    for _ in range(60):
        loss = reconstruction_losses(network(pair)[0], pair)[0]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.6 * copied


def test_it_continues_and_starts_miacnet(tmp_path):
    frames, labels = shifting()
    preset = Ma2miPreset(steps=6, batch=2, held_out=1)
    pretrain(frames, labels, preset, tmp_path / "whole", say=lambda text: None)
    lines: list[str] = []
    pretrain(frames, labels, preset, tmp_path / "parts", say=lines.append, stop_at=3)
    pretrain(frames, labels, preset, tmp_path / "parts", say=lines.append)
    whole, parts = ((tmp_path / name / "ma2mi.safetensors").read_bytes() for name in ("whole", "parts"))
    assert whole == parts
    assert any("continuing at step 3" in line for line in lines)
    assert "rebuilt" in lines[-1]
    assert "swapped" in lines[-1]

    network = MiacNetwork()
    before = network.action.code.weight.clone()
    start_from(tmp_path / "whole" / "ma2mi.safetensors")(network)
    assert not torch.equal(network.action.code.weight, before)


def test_losses():
    pair = torch.rand(2, 2, 112, 112)
    assert [float(loss) for loss in reconstruction_losses(pair[:, 1:], pair)] == [0.0, 0.0]
    image, gradient = reconstruction_losses(pair[:, :1], pair)
    assert float(image) > 0.0
    assert float(gradient) > 0.0


def test_refusals(tmp_path):
    frames, labels = shifting(people=1)
    with pytest.raises(InputError, match="too few"):
        pretrain(frames, labels, Ma2miPreset(held_out=1), tmp_path, say=lambda text: None)
    with pytest.raises(InputError, match="no clip of two frames"):
        MacroPairs(frames[:1], labels[:1])
    from safetensors.torch import save_file

    save_file({"other": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="does not fit MIACNet"):
        start_from(tmp_path / "other.safetensors")(MiacNetwork())
