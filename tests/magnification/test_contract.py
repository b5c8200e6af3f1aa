"""What holds for every magnifier."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bumps import clip, face, field, warped

from mebench import registry
from mebench.errors import ConfigError, InputError, MissingWeights
from mebench.magnification.contract import Magnifier, magnify
from mebench.magnification.eulerian import Eulerian
from mebench.magnification.flow_blend import FlowBlend
from mebench.magnification.flow_frame import FlowFrame
from mebench.magnification.flow_reference import FlowReference
from mebench.magnification.flowmag import FlowMagMagnifier
from mebench.magnification.flowmag_lite import FlowMagLite, load
from mebench.magnification.flowmag_lite_network import LiteNetwork
from mebench.magnification.flowmag_network import FlowMag, FlowMagConfig
from mebench.magnification.oh2018 import Oh2018
from mebench.magnification.oh2018_network import OhConfig, ShapeOnly, TextureShape
from mebench.magnification.phase import Phase, load_riesz
from mebench.magnification.warp import FlowWarp

REDUCING = [FlowReference(), FlowFrame(), FlowBlend()]


def small_flowmag(align: bool) -> FlowMagMagnifier:
    torch.manual_seed(0)
    return FlowMagMagnifier(FlowMag(FlowMagConfig(ndf=4)), align=align)


def small_oh2018(layout: type[ShapeOnly] | type[TextureShape], **options: bool) -> Oh2018:
    torch.manual_seed(0)
    return Oh2018(layout(OhConfig(width=4, encoder=1, shape=1, texture=1, decoder=1)), **options)


EULERIAN = [Eulerian(), Eulerian("ideal"), Phase(orientations=4), load_riesz(), load_riesz(temporal="iir")]
OH = [small_oh2018(ShapeOnly), small_oh2018(TextureShape), small_oh2018(ShapeOnly, detail=False, align=False)]
EXACT_AT_ONE = [*REDUCING, FlowWarp(), load(), *EULERIAN, *OH[:2]]
"""Magnifiers that declare factor 1 to change nothing; the others paint the frame anew."""

ENLARGING = [FlowWarp(), load(), small_flowmag(True), small_flowmag(False), *EULERIAN, *OH]
ALL = REDUCING + ENLARGING


def named(magnifier: Magnifier) -> str:
    return magnifier.name


def test_these_are_all_magnifiers_and_each_declares_its_factors():
    """What is tested below holds for the whole registry."""
    assert {magnifier.name for magnifier in ALL} == set(registry.names("magnifiers"))
    for magnifier in ALL:
        low, high = magnifier.factors
        assert 0.0 <= low <= 1.0 <= high and low < high, magnifier.name


@pytest.fixture(scope="module")
def moving() -> torch.Tensor:
    """Three frames; the second is the neutral one."""
    motion = field(0, 3.0)
    return clip(warped(face(), motion), face(), warped(face(), 0.5 * motion))


def usable_factor(magnifier: Magnifier) -> float:
    return 0.25 if magnifier.factors[1] <= 1 else 4.0


@pytest.mark.parametrize("magnifier", ALL, ids=named)
def test_the_reference_frame_comes_back_unchanged(magnifier, moving):
    before = moving.clone()
    result = magnify(magnifier, moving, usable_factor(magnifier), 1, fps=24.0)
    assert isinstance(magnifier, Magnifier)
    assert torch.equal(result[1], before[1]) and torch.equal(moving, before)
    assert result.shape == moving.shape and result.dtype == torch.float32
    assert float(result.min()) >= 0 and float(result.max()) <= 1
    assert not torch.equal(result[0], before[0])


@pytest.mark.parametrize("magnifier", EXACT_AT_ONE, ids=named)
def test_factor_one_changes_nothing(magnifier, moving):
    assert torch.equal(magnify(magnifier, moving, 1.0, 1, fps=24.0), moving)
    assert torch.equal(magnify(magnifier, moving, torch.ones(256, 256), 1, fps=24.0), moving)


@pytest.mark.parametrize("magnifier", ALL, ids=named)
def test_a_map_of_one_value_is_that_factor(magnifier, moving):
    factor = usable_factor(magnifier)
    by_map = magnify(magnifier, moving, torch.full((256, 256), factor), 1, fps=24.0)
    assert torch.allclose(by_map, magnify(magnifier, moving, factor, 1, fps=24.0), atol=1e-5)


@pytest.mark.parametrize("magnifier", EXACT_AT_ONE, ids=named)
def test_a_map_changes_what_it_points_at(magnifier, moving):
    """Left half at the factor, right half at 1: far on the right the clip stays, on the left it moves as before."""
    factor = usable_factor(magnifier)
    ramp = ((140.0 - torch.arange(256)) / 20.0).clamp(0.0, 1.0)
    everywhere = magnify(magnifier, moving, factor, 1, fps=24.0)
    half = magnify(magnifier, moving, (1.0 + (factor - 1.0) * ramp).expand(256, 256).contiguous(), 1, fps=24.0)
    right, left = (half - moving)[..., 190:].abs().mean(), (half - everywhere)[..., :90].abs().mean()
    changed = (everywhere - moving)[..., 190:].abs().mean(), (everywhere - moving)[..., :90].abs().mean()
    # Demagnifiers that paint from the reference also show its pixels where the factor is 1.
    assert right <= 0.2 * changed[0] or isinstance(magnifier, FlowReference)
    assert left <= 0.2 * changed[1]


@pytest.mark.parametrize("magnifier", ALL, ids=named)
def test_unusable_maps_are_refused(magnifier, moving):
    with pytest.raises(ConfigError, match=r"\[256, 256\], not \[128, 256\]"):
        magnify(magnifier, moving, torch.ones(128, 256), 1)
    for wrong in (float("nan"), -1.0, 1e4):
        factors = torch.ones(256, 256)
        factors[3, 5] = wrong
        with pytest.raises(ConfigError, match=f"'{magnifier.name}' works for factors"):
            magnify(magnifier, moving, factors, 1)


@pytest.mark.parametrize("magnifier", [Eulerian("butterworth"), Phase(temporal="ideal")], ids=named)
def test_a_band_needs_a_frame_rate(magnifier, moving):
    with pytest.raises(ConfigError, match="needs the frame rate"):
        magnifier.magnify(moving, 2.0, 1)
    with pytest.raises(ConfigError, match="lower the band"):
        magnifier.magnify(moving, 2.0, 1, fps=0.3)


@pytest.mark.parametrize("magnifier", [*REDUCING, FlowWarp(), load()], ids=named)
def test_factor_close_to_one_is_close_to_the_clip(magnifier, moving):
    factor = 0.999 if magnifier.factors[1] <= 1 else 1.001
    difference = (magnifier.magnify(moving, factor, 1) - moving).abs()
    # Sampling by a displacement of a few thousandths of a pixel; bicubic steps at edges stay below one grey level.
    assert float(difference.mean()) < 0.1 / 255 or isinstance(magnifier, FlowReference)
    assert float(difference.quantile(0.99)) < 1 / 255 or isinstance(magnifier, FlowReference)


@pytest.mark.parametrize("magnifier", ALL, ids=named)
@pytest.mark.parametrize("factor", [-1.0, float("nan"), 1e4])
def test_a_factor_out_of_range_is_refused(magnifier, factor, moving):
    with pytest.raises(ConfigError, match=f"'{magnifier.name}' works for factors"):
        magnifier.magnify(moving, factor, 1)


def test_enlarging_and_reducing_do_not_mix(moving):
    with pytest.raises(ConfigError, match=r"factors 1 to 64, not 0\.5"):
        FlowWarp().magnify(moving, 0.5, 1)
    with pytest.raises(ConfigError, match="factors 0 to 1, not 2"):
        FlowBlend().magnify(moving, 2.0, 1)


@pytest.mark.parametrize("magnifier", ALL, ids=named)
def test_unusable_clips_are_refused(magnifier, moving):
    factor = usable_factor(magnifier)
    broken = moving.clone()
    broken[0, 0, 5, 5] = float("nan")
    with pytest.raises(InputError, match="NaN"):
        magnifier.magnify(broken, factor, 1)
    with pytest.raises(InputError, match="one frame"):
        magnifier.magnify(moving[:1], factor, 0)
    with pytest.raises(InputError, match="reference frame 7"):
        magnifier.magnify(moving, factor, 7)
    with pytest.raises(InputError, match="shape"):
        magnifier.magnify(moving[:, :1], factor, 1)
    with pytest.raises(InputError, match="at least 16 pixels"):
        magnifier.magnify(moving[..., :8, :8], factor, 1)


@pytest.mark.parametrize("magnifier", [*REDUCING, FlowWarp(), load(), EULERIAN[0], EULERIAN[3], OH[1]], ids=named)
def test_the_same_clip_gives_the_same_bytes(magnifier, moving):
    factor = usable_factor(magnifier)
    first, second = (magnifier.magnify(moving, factor, 1) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("size", [(200, 300), (97, 81)])
@pytest.mark.parametrize("magnifier", [FlowBlend(), FlowWarp(), load(), EULERIAN[0], *EULERIAN[2:4], *OH], ids=named)
def test_other_sizes(magnifier, size, moving):
    resized = torch.nn.functional.interpolate(moving, size=size, mode="bilinear")
    result = magnifier.magnify(resized, usable_factor(magnifier), 1)
    assert result.shape == resized.shape and bool(torch.isfinite(result).all())


def test_an_untrained_small_magnifier_moves_little(moving):
    torch.manual_seed(0)
    result = FlowMagLite(LiteNetwork()).magnify(moving, 4.0, 1)
    assert float((result - moving).abs().mean()) < 0.05


@pytest.mark.parametrize("maker", [FlowWarp, FlowBlend])
def test_the_flow_estimator_can_be_chosen_and_is_named(maker, moving, tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    assert maker().flow == ("dis-fine" if maker is FlowWarp else "dis-steady")
    with pytest.raises(MissingWeights, match="raft_large"):
        maker(flow="raft")
    with pytest.raises(ConfigError, match="no flow estimator 'farneback'"):
        maker(flow="farneback")
    seen = []

    def nothing_moves(first, second):
        seen.append(first.shape)
        return np.zeros((*first.shape[:2], 2), np.float32)

    magnifier = maker()
    magnifier._estimator = nothing_moves
    magnifier.magnify(moving, usable_factor(magnifier), 1)
    assert set(seen) == {(256, 256, 3)}
