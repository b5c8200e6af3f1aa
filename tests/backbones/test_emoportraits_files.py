"""EMOPortraits' published files, squares and masks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from test_emoportraits_backbone import SMALL, smooth

from mebench.backbones.emoportraits import backbone as emo
from mebench.backbones.emoportraits.checkpoint import check, convert, convert_pose, load_official
from mebench.backbones.emoportraits.networks import EmoPortraits
from mebench.backbones.emoportraits.preprocessing import (
    Square,
    fingerprint,
    masks_sha256,
    mesh_mask,
    published_square,
    read_mask,
    square_of,
    steady_square,
    to_pixels,
)
from mebench.errors import CheckpointError, InputError
from mebench.weights.add import resolve


@pytest.fixture(scope="module")
def built():
    torch.manual_seed(0)
    return EmoPortraits(SMALL)


@pytest.fixture
def content(built):
    """A stage-1 file as it is published: with entries that only training reads."""
    extra = {"discriminator_ds.0.weight": torch.zeros(3), "affine_match_loss.aligned_keypoints": torch.zeros(68, 3)}
    return {**built.model.state_dict(), **extra}


def test_training_only_entries_are_left_out(content, built, tmp_path):
    tensors = convert(content, tmp_path / "328_model.pth", SMALL)
    assert tensors.keys() == built.model.state_dict().keys()
    from safetensors.torch import save_file

    save_file(tensors, tmp_path / "model.safetensors")
    save_file(convert_pose(built.pose.state_dict()), tmp_path / "pose.safetensors")
    loaded = load_official(tmp_path / "model.safetensors", tmp_path / "pose.safetensors", SMALL)
    assert not loaded.training and not any(parameter.requires_grad for parameter in loaded.parameters())
    assert not any(name.endswith(("weight_orig", "weight_u")) for name in loaded.state_dict())
    image = smooth(1, 1, 3, 64, 64)
    whole = built.eval()
    with torch.no_grad():
        ours, theirs = (n.model.local_encoder_nw(image) for n in (loaded, whole))
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_differences_are_listed(content):
    del content["uv_generator_nw.projector.v.0"]
    content["decoder_nw.extra.weight"] = torch.zeros(1)
    content["pose_unsqueeze_nw.weight"] = torch.zeros(4, 4)
    with pytest.raises(CheckpointError) as raised:
        convert(content, "some.pth", SMALL)
    message = str(raised.value)
    assert message.startswith("some.pth does not fit EMOPortraits' stage-1 model")
    assert "missing uv_generator_nw.projector.v.0" in message
    assert "unexpected decoder_nw.extra.weight" in message
    assert "pose_unsqueeze_nw.weight [4, 4] instead of [1024, 32]" in message


def test_another_network_is_refused(built):
    with pytest.raises(CheckpointError, match="is not EMOPortraits' stage-1 model: it needs named tensors, and holds"):
        convert({"epoch": 3}, "other.pth")
    with pytest.raises(CheckpointError, match=r"head-pose network: missing .*unexpected bn\.running_mean"):
        convert_pose(built.model.state_dict(), "328_model.pth")
    broken = {**built.model.state_dict(), "pose_unsqueeze_nw.weight": torch.full((1024, 32), float("nan"))}
    with pytest.raises(CheckpointError, match=r"not finite in pose_unsqueeze_nw\.weight"):
        check(broken, "328_model.pth", SMALL)


def test_options_beside_the_file_must_be_the_released_ones(content, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "args.txt").write_text("dec_num_blocks: 4\nlr: 2e-4\n")
    with pytest.raises(CheckpointError, match=r"args\.txt describes another model"):
        convert(content, tmp_path / "checkpoints" / "328_model.pth", SMALL)


def test_a_family_is_decided_by_the_file():
    assert resolve("emoportraits", "328_model.pth").name == emo.OFFICIAL
    assert resolve("emoportraits", "head_pose_regressor.pth").name == emo.POSE


def test_published_square():
    # x 100..300, y 0.9*80=72 .. 80+1.2*250=380: side 200+308, centre 200, 226.
    assert published_square((100, 80, 300, 330), 1000, 1000) == Square(0, 26, 400)
    assert published_square((400, 400, 600, 650), 2000, 2000) == Square(500 - 270, 530 - 270, 540)
    assert published_square((400, 400, 601, 650), 2000, 2000).side % 2 == 0


def test_steady_square():
    assert steady_square((100, 80, 300, 330)) == Square(200 - 150, 205 - 150, 300)


def test_cut_and_paste_are_inverse():
    picture = smooth(3, 3, 96, 96)
    for square in (Square(20, 10, 40), Square(-8, 60, 64)):
        cut = square.cut(picture[None], 128)
        assert cut.shape == (1, 3, 128, 128)
        assert (square.paste(cut, picture)[0] - picture).abs().mean() < 0.01


@pytest.fixture(scope="module")
def portrait():
    """A photograph in the public domain (NASA), its upper part."""
    return np.ascontiguousarray(skimage.data.astronaut()[:320, 64:384])


def test_mesh_mask_covers_the_head(portrait):
    mask = mesh_mask(portrait)
    assert mask.shape == portrait.shape[:2] and 0.1 < mask.mean() < 0.6
    # The middle of the face, the hair above it and the neck below it; not the corners.
    rows, columns = np.nonzero(mask)
    assert mask[int(rows.mean()), int(columns.mean())]
    assert not mask[0, 0] and not mask[-1, 0]


def test_square_of_a_photograph(portrait):
    image = torch.from_numpy(portrait.astype(np.float32) / 255).movedim(-1, 0)
    square = square_of(image, "steady", "the picture")
    assert 60 < square.side < 320
    with pytest.raises(InputError, match="no face was found in the picture"):
        square_of(torch.full((3, 64, 64), 0.5), "steady", "the picture")


def test_the_hash_of_the_masks_covers_each(tmp_path):
    found = {masks_sha256(tmp_path / "absent"), masks_sha256(tmp_path)}
    assert len(found) == 1
    for name, value in (("a", 0), ("b", 0), ("b", 255)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((8, 8), value, np.uint8))
        assert masks_sha256(tmp_path) not in found
        found.add(masks_sha256(tmp_path))


def test_masks_of_the_user(tmp_path, portrait):
    wanted = tmp_path / f"{fingerprint(portrait)}.png"
    with pytest.raises(InputError, match=wanted.name):
        read_mask(tmp_path, portrait)
    mask = np.zeros(portrait.shape[:2], np.uint8)
    mask[40:80] = 255
    cv2.imwrite(str(wanted), mask)
    assert np.array_equal(read_mask(tmp_path, portrait), mask > 0)
    cv2.imwrite(str(wanted), mask[:10])
    with pytest.raises(InputError, match="the source is 320x320"):
        read_mask(tmp_path, portrait)
    assert np.array_equal(to_pixels(torch.from_numpy(portrait / np.float32(255)).movedim(-1, 0)), portrait)
