"""What holds for every magnifier."""

from __future__ import annotations

import pytest
import torch
from bumps import clip, face, field, warped

from mebench.errors import ConfigError, InputError
from mebench.magnification.contract import Magnifier
from mebench.magnification.flow_blend import FlowBlend
from mebench.magnification.flow_frame import FlowFrame
from mebench.magnification.flow_reference import FlowReference
from mebench.magnification.flowmag import FlowMagMagnifier
from mebench.magnification.flowmag_lite import FlowMagLite, load
from mebench.magnification.flowmag_lite_network import LiteNetwork
from mebench.magnification.flowmag_network import FlowMag, FlowMagConfig
from mebench.magnification.warp import FlowWarp

REDUCING = [FlowReference(), FlowFrame(), FlowBlend()]


def small_flowmag(align: bool) -> FlowMagMagnifier:
    torch.manual_seed(0)
    return FlowMagMagnifier(FlowMag(FlowMagConfig(ndf=4)), align=align)


ENLARGING = [FlowWarp(), load(), small_flowmag(True), small_flowmag(False)]
ALL = REDUCING + ENLARGING


def named(magnifier: Magnifier) -> str:
    return magnifier.name


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
    result = magnifier.magnify(moving, usable_factor(magnifier), 1)
    assert isinstance(magnifier, Magnifier)
    assert torch.equal(result[1], before[1]) and torch.equal(moving, before)
    assert result.shape == moving.shape and result.dtype == torch.float32
    assert float(result.min()) >= 0 and float(result.max()) <= 1
    assert not torch.equal(result[0], before[0])


@pytest.mark.parametrize("magnifier", [*REDUCING, FlowWarp(), load()], ids=named)
def test_factor_one_changes_nothing(magnifier, moving):
    assert torch.equal(magnifier.magnify(moving, 1.0, 1), moving)


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


@pytest.mark.parametrize("magnifier", [*REDUCING, FlowWarp(), load()], ids=named)
def test_the_same_clip_gives_the_same_bytes(magnifier, moving):
    factor = usable_factor(magnifier)
    first, second = (magnifier.magnify(moving, factor, 1) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("size", [(200, 300), (96, 80)])
@pytest.mark.parametrize("magnifier", [FlowBlend(), FlowWarp(), load()], ids=named)
def test_other_sizes(magnifier, size, moving):
    resized = torch.nn.functional.interpolate(moving, size=size, mode="bilinear")
    result = magnifier.magnify(resized, usable_factor(magnifier), 1)
    assert result.shape == resized.shape and bool(torch.isfinite(result).all())


def test_an_untrained_small_magnifier_moves_little(moving):
    torch.manual_seed(0)
    result = FlowMagLite(LiteNetwork()).magnify(moving, 4.0, 1)
    assert float((result - moving).abs().mean()) < 0.05
