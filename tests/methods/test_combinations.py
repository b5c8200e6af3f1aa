"""Every method with every backbone: it is built, or one sentence says why not."""

from __future__ import annotations

from functools import cache
from itertools import product

import pytest
import torch
from skimage.data import astronaut

from mebench import registry
from mebench.clip import Driving, Source
from mebench.errors import ConfigError
from mebench.methods.build import build, load_method, with_backbone
from mebench.methods.card import method_names, read_method_file
from mebench.motion.warp import resize, warp

BACKBONES = registry.names("backbones")
SCALING = {"fomm", "fpb-fomm"}
"""Backbones with key points whose motion can be multiplied."""

ALONE = {"still", "truth", "driving-copy", "flow-transfer"}


@pytest.fixture(scope="module")
def loaded():
    """Loaders that keep what they have loaded: networks are frozen and may be shared."""
    real = registry.load

    @cache
    def shared(group: str, name: str):
        factory, kept = real(group, name), {}

        def load(**options: object) -> object:
            key = repr(sorted(options.items()))
            if key not in kept:
                kept[key] = factory(**options)
            return kept[key]

        return load

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "load", shared)
        yield


@pytest.fixture(scope="module")
def pair() -> tuple[Source, Driving]:
    """A photograph, and the same with the mouth pulled down by three and six pixels."""
    face = resize(torch.from_numpy(astronaut()[0:200, 125:325].copy()).movedim(-1, 0)[None] / 255.0, 256)
    y, x = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")
    bump = torch.exp(-((x - 128.0) ** 2 + (y - 180.0) ** 2) / (2 * 20.0**2))
    pulled = [warp(face, torch.stack((0 * bump, -pixels * bump))[None])[0] for pixels in (3.0, 6.0)]
    return Source("s", face[0]), Driving("d", torch.stack((face[0], *pulled)).clamp(0, 1), 25.0, 0, 2, 2)


def test_the_baselines_are_those_that_are_promised():
    promised = (
        "direct keypoint-scaling eulerian-demag phase-demag oh2018-demag warp-demag magplus magplus-only magplus-tta"
    )
    assert set(method_names()) == {*ALONE, *promised.split(), "fpb-fomm"}


@pytest.mark.parametrize(
    ("method", "backbone"), list(product(method_names(), BACKBONES)), ids=lambda name: name.replace("-", "_")
)
def test_every_method_with_every_backbone(method, backbone, loaded, tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    file = read_method_file(method)
    if method in ALONE:
        with pytest.raises(ConfigError, match=f"'{method}' uses no backbone; leave --backbone out"):
            with_backbone(file, backbone)
        return
    if method == "keypoint-scaling" and backbone not in SCALING:
        with pytest.raises(ConfigError, match=f"'{backbone}' with these options has no key-point motion to multiply"):
            build(with_backbone(file, backbone))
        return
    facts = build(with_backbone(file, backbone)).facts()
    assert facts["backbone"]["name"] == backbone and facts["backbone"]["weights_sha256"]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_runs_between_magnifier_and_demagnifier(backbone, loaded, pair):
    made = load_method("warp-demag", backbone).generate(*pair)
    height, width = made.frames.shape[-2:]
    assert made.frames.shape[:2] == (3, 3) and height == width
    assert float(made.frames.min()) >= 0.0 and float(made.frames.max()) <= 1.0
    moved = (made.frames[2] - made.frames[0]).abs().mean(dim=0)
    mouth = slice(int(0.6 * height), int(0.8 * height)), slice(int(0.4 * width), int(0.6 * width))
    assert float(moved[mouth].mean()) > float(moved[: height // 8].mean())


def test_an_unknown_backbone_is_named_with_those_that_are_known():
    with pytest.raises(ConfigError, match=r"no backbone called 'nerf'; known: .*fomm"):
        load_method("magplus", "nerf")
