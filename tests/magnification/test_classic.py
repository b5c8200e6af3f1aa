"""Eulerian and phase-based magnification: how much motion they make, and what their parts promise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from bumps import clip, face, field, image, psnr, warped

from mebench.errors import ConfigError
from mebench.magnification.eulerian import Eulerian
from mebench.magnification.laplacian import compose, decompose
from mebench.magnification.phase import Phase, load_riesz
from mebench.magnification.steerable import pyramid
from mebench.magnification.temporal import Temporal
from mebench.motion.flow import DisFine

STEERABLE, RIESZ, LINEAR = Phase(align=False), load_riesz(align=False), Eulerian(align=False)


def reached(magnifier, amplitude: float, factor: float) -> tuple[float, float, float]:
    """Measured gain, PSNR of the result and of the unmagnified frame against the exact warp, in the moving region."""
    motion = field(0, amplitude)
    where = np.hypot(motion[..., 0], motion[..., 1]) > 0.1 * amplitude
    frames, answer = clip(face(), warped(face(), motion)), clip(warped(face(), factor * motion))[0]
    result = magnifier.magnify(frames, factor, 0)
    flow = DisFine()(image(frames[0]), image(result[1]))
    gain = float((flow * motion)[where].sum() / (motion**2)[where].sum())
    return gain, psnr(result[1], answer, where), psnr(frames[1], answer, where)


@pytest.mark.parametrize(
    ("magnifier", "least_gain", "better_by"),
    # Linear Eulerian magnification raises contrast where the bound is broken: it moves less and gains little.
    [(STEERABLE, 3.0, 6.0), (RIESZ, 2.0, 4.0), (LINEAR, 1.5, 1.5)],
    ids=["steerable", "riesz", "eulerian"],
)
def test_half_a_pixel_enlarged_four_times(magnifier, least_gain, better_by):
    gain, quality, copied = reached(magnifier, 0.5, 4.0)
    assert least_gain < gain < 4.4 and quality > copied + better_by


@pytest.mark.parametrize("magnifier", [STEERABLE, RIESZ], ids=["steerable", "riesz"])
def test_phase_takes_motion_away(magnifier):
    gain, quality, copied = reached(magnifier, 2.0, 0.25)
    assert gain < 0.75 and quality > copied + 4.0


def test_noise_is_shifted_and_not_amplified():
    """Flicker of two grey levels, as coarse as a brow, on a still face: the phase method leaves its size at factor 8,
    the linear one multiplies it."""
    rng = np.random.default_rng(0)
    blurred = cv2.GaussianBlur(rng.normal(size=(256, 256)).astype(np.float32), (0, 0), 4)
    noise = (2 / 255 * blurred / blurred.std())[..., None]
    frames = clip(face(), np.clip(face() + noise, 0, 1).astype(np.float32))
    after = {m.name: float((m.magnify(frames, 8.0, 0)[1] - frames[0]).std()) for m in (STEERABLE, LINEAR)}
    assert after["phase"] < 4 * 2 / 255 < after["eulerian"]


@pytest.mark.parametrize("size", [(64, 64), (61, 75)])
@pytest.mark.parametrize("bands_per_octave", [1, 2])
@pytest.mark.parametrize("orientations", [2, 4, 7])
def test_the_steerable_pyramid_gives_the_picture_back(size, bands_per_octave, orientations):
    torch.manual_seed(0)
    images = torch.rand(2, *size)
    bands = pyramid(*size, orientations, bands_per_octave)
    spectrum = bands.spectrum(images)
    result = spectrum * bands.residual
    for band in bands.all():
        bands.add(result, band, bands.coefficients(spectrum, band))
    assert float((bands.images(result) - images).abs().max()) < 1e-5


def test_a_shift_turns_the_phase_of_its_band():
    """A wave of 8 px along x, shifted by half a pixel: 2 pi / 16 in the band that holds it."""
    x = torch.arange(64, dtype=torch.float32).expand(64, 64)
    waves = torch.stack([torch.cos(2 * np.pi * (x - shift) / 8) for shift in (0.0, 0.5)])
    bands = pyramid(64, 64, 4, 1)
    spectrum = bands.spectrum(waves)
    strongest = max(bands.all(), key=lambda band: float(bands.coefficients(spectrum, band).abs().mean()))
    found = bands.coefficients(spectrum, strongest)
    turn = torch.angle(found[1] * found[0].conj())
    assert float((turn.abs() - 2 * np.pi / 16).abs().max()) < 1e-3


@pytest.mark.parametrize("size", [(64, 64), (61, 75)])
def test_the_laplacian_pyramid_gives_the_picture_back(size):
    torch.manual_seed(0)
    images = torch.rand(2, 3, *size)
    levels = decompose(images)
    assert len(levels) >= 4 and float((compose(levels) - images).abs().max()) < 1e-5


@pytest.mark.parametrize("kind", ["ideal", "butterworth", "iir"])
def test_bands_pass_what_lies_in_them(kind):
    """3 Hz passes a band of 1 to 6 Hz, a slow drift and 20 Hz hardly do."""
    fps, time = 100.0, torch.arange(2000) / 100.0
    band = Temporal(kind, 1.0, 6.0)

    def passed(hertz: float) -> float:
        signal = torch.sin(2 * np.pi * hertz * time)[:, None]
        result = band(signal, 0, fps)
        assert result.shape == signal.shape and float(result[0].abs()) == 0.0
        return float(result[100:].std() / signal[100:].std())

    assert passed(3.0) > 0.6
    assert passed(0.1) < 0.35 * passed(3.0) and passed(20.0) < 0.5 * passed(3.0)


def test_static_is_the_difference_from_the_reference():
    signal = torch.tensor([[1.0], [4.0], [2.0]])
    assert Temporal()(signal, 2, None).flatten().tolist() == [-1.0, 2.0, 0.0]


def test_wrong_options_are_refused():
    with pytest.raises(ConfigError, match="no temporal filter 'fast'"):
        Eulerian("fast")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="0 < low < high"):
        Phase(low=3.0, high=2.0)
    with pytest.raises(ConfigError, match="'steerable' or 'riesz'"):
        Phase("laplacian")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="1 or 2 bands"):
        Phase(bands_per_octave=3)
