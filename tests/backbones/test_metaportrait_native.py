"""Native mode: landmarks and codes of the user are found by the pixels of the image, and what is wrong is named."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from test_metaportrait_checkpoint import SMALL

from mebench.backbones.contract import Backbone, BackboneFacts
from mebench.backbones.metaportrait import backbone as metaportrait
from mebench.backbones.metaportrait.generator import MetaPortrait
from mebench.backbones.metaportrait.native import NativeInputs, fingerprint
from mebench.errors import ConfigError, InputError, MissingWeights

FACTS = BackboneFacts("metaportrait", "metaportrait-base", "0" * 64, 256, "relative", "nothing", "none", {})


def picture(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, (48, 40), interpolation=cv2.INTER_CUBIC)


def landmarks(seed: int) -> np.ndarray:
    return 0.2 + 0.6 * np.random.default_rng(7).random((669, 2)) + 0.01 * np.random.default_rng(seed).random((669, 2))


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image.astype(np.float32) / 255).movedim(-1, 0)


def put(path, seed: int, points=None, code=None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture(seed), cv2.COLOR_RGB2BGR))
    if points is not None:
        np.save(path.with_name(f"{path.stem}_ldmk.npy"), points)
    if code is not None:
        np.save(path.with_name(f"{path.stem}_id.npy"), code)


@pytest.fixture
def folder(tmp_path):
    """A source with its code, and a clip of three frames in the authors' folders."""
    put(tmp_path / "src_0.png", 0, landmarks(0), np.random.default_rng(1).normal(size=(1, 256)))
    for seed in (1, 2, 3):
        put(tmp_path / "clip" / "imgs" / f"{seed:08d}.png", seed)
        (tmp_path / "clip" / "ldmks").mkdir(exist_ok=True)
        np.save(tmp_path / "clip" / "ldmks" / f"{seed:08d}_ldmk.npy", landmarks(seed))
    return tmp_path


def test_inputs_are_found_by_their_pixels(folder):
    inputs = NativeInputs(folder)
    found = inputs.landmarks([picture(3), picture(1)], "driving clip")
    np.testing.assert_allclose(found, np.stack([landmarks(3), landmarks(1)]), atol=1e-6)
    assert inputs.code(picture(0)).shape == (1, 256)
    assert not (folder / "wanted").exists()


def test_missing_images_are_written_and_named(folder):
    inputs = NativeInputs(folder)
    with pytest.raises(InputError, match=r"1 of 2 images of the driving clip have no 669 landmarks in .*wanted"):
        inputs.landmarks([picture(1), picture(9)], "driving clip")
    (written,) = (folder / "wanted").iterdir()
    assert fingerprint(picture(9)).startswith(written.stem)
    np.save(written.with_name(f"{written.stem}_ldmk.npy"), landmarks(9))
    again = NativeInputs(folder).landmarks([picture(1), picture(9)], "driving clip")
    np.testing.assert_allclose(again[1], landmarks(9), atol=1e-6)


def test_the_hash_covers_landmarks_and_codes_of_complete_images(folder):
    first = NativeInputs(folder).sha256()
    put(folder / "wanted" / "picture.png", 9)
    assert NativeInputs(folder).sha256() == first
    (folder / "src_0.png").rename(folder / "renamed.png")
    for end in ("ldmk", "id"):
        (folder / f"src_0_{end}.npy").rename(folder / f"renamed_{end}.npy")
    assert NativeInputs(folder).sha256() == first
    found = {first}
    for change in (
        lambda: np.save(folder / "clip" / "ldmks" / "00000002_ldmk.npy", landmarks(12)),
        lambda: np.save(folder / "renamed_id.npy", np.zeros(256)),
        lambda: np.save(folder / "wanted" / "picture_ldmk.npy", landmarks(9)),
    ):
        change()
        assert NativeInputs(folder).sha256() not in found
        found.add(NativeInputs(folder).sha256())


def test_a_source_needs_a_code(folder):
    with pytest.raises(InputError, match=r"00000001\.png has no identity code; put 00000001_id\.npy beside it"):
        NativeInputs(folder).code(picture(1))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((478, 2)), r"holds float64 \[478, 2\], and .* needs numbers \[669, 2\]"),
        (np.full((669, 2), np.nan), "not finite"),
        (np.array(["a"]), "needs numbers"),
    ],
)
def test_wrong_arrays_are_named(folder, array, message):
    np.save(folder / "src_0_ldmk.npy", array)
    with pytest.raises(InputError, match=message):
        NativeInputs(folder).landmarks([picture(0)], "source")


def test_code_of_another_recogniser_is_refused(folder):
    np.save(folder / "src_0_id.npy", np.zeros(512))
    with pytest.raises(InputError, match=r"holds float64 \[512\], and .* needs numbers \[256\]"):
        NativeInputs(folder).code(picture(0))


def test_damaged_files_are_named(folder):
    (folder / "src_0_ldmk.npy").write_bytes(b"no array")
    with pytest.raises(InputError, match=r"src_0_ldmk\.npy cannot be read as a NumPy array"):
        NativeInputs(folder).landmarks([picture(0)], "source")
    (folder / "broken.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"broken\.png cannot be read as an image"):
        NativeInputs(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="does not exist; create it"):
        NativeInputs(tmp_path / "absent")


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MetaPortrait(SMALL, spectral=False, width=2, hidden=4).eval().requires_grad_(False)


def test_native_backbone_keeps_the_contract(folder, network, monkeypatch):
    animator = metaportrait.NativeMetaPortrait(network, NativeInputs(folder), FACTS, subpixel=False)
    assert isinstance(animator, Backbone)
    identity = animator.enroll(tensor(picture(0)))
    clip = torch.stack([tensor(picture(seed)) for seed in (1, 2, 3)])
    whole = animator.drive(identity, clip, clip[0])
    assert whole.shape == (3, 3, 256, 256) and whole.min() >= 0 and whole.max() <= 1
    monkeypatch.setattr(metaportrait, "NATIVE_BATCH", {"cpu": 8})
    assert (animator.drive(identity, clip, clip[0]) - whole).abs().max() < 1e-5
    assert (whole[1] - whole[0]).abs().max() > 1e-4
    other = metaportrait.NativeMetaPortrait(
        network, NativeInputs(folder), replace(FACTS, mode="absolute"), subpixel=True
    )
    assert (other.drive(identity, clip[1:2], clip[0]) - whole[1]).abs().max() > 1e-4


def test_the_published_weights_need_the_folder_and_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="whose networks were never published; give the folder"):
        metaportrait.load(weights="metaportrait-base")
    with pytest.raises(MissingWeights, match=r"ckpt_base\.pth\.tar.*mebench weights add metaportrait-base"):
        metaportrait.load(weights="metaportrait-base", native=str(tmp_path))
