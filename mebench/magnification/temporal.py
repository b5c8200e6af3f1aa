"""What counts as motion over time: the difference from the reference frame, or a band of temporal frequencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from mebench.errors import ConfigError

Filter = Literal["static", "ideal", "butterworth", "iir"]
"""``static``: no filter. ``ideal``: a band of the Fourier transform. ``butterworth``: causal, first order at each end.
``iir``: the difference of two first-order low-passes. H.-Y. Wu et al., "Eulerian Video Magnification for Revealing
Subtle Changes in the World", SIGGRAPH 2012, section 4."""


@dataclass(frozen=True)
class Temporal:
    """A filter over time whose output is zero at the reference frame.

    low, high: the pass band in Hz; ``static`` ignores it. Micro-expressions last 0.04 to 0.5 s and are not periodic, so
    that ``static`` is the default everywhere; the wide band suits them better than the narrow ones used for heartbeats.
    Raises :class:`ConfigError` for an unknown filter or an empty band.
    """

    kind: Filter = "static"
    low: float = 0.2
    high: float = 10.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Filter):
            raise ConfigError(f"there is no temporal filter '{self.kind}'; known: {', '.join(get_args(Filter))}.")
        if not 0.0 < self.low < self.high:
            raise ConfigError(f"the pass band must have 0 < low < high, not {self.low:g} to {self.high:g} Hz.")

    def __call__(self, signal: torch.Tensor, reference: int, fps: float | None) -> torch.Tensor:
        """``[T,...]`` to the same shape: the filtered signal minus its value at frame ``reference``.

        fps: frames per second. Raises :class:`ConfigError` when a band is wanted and the rate is unknown, or when the
        band lies above half of it.
        """
        if self.kind == "static":
            return signal - signal[reference]
        if fps is None or not fps > 0.0:
            raise ConfigError(f"the temporal filter '{self.kind}' needs the frame rate; give fps, or use 'static'.")
        if self.low >= fps / 2.0:
            raise ConfigError(
                f"a clip of {fps:g} frames per second holds no frequencies from {self.low:g} Hz on; lower the band."
            )
        filtered = torch.from_numpy(self._filtered(signal.numpy(), fps)).to(signal.dtype)
        return filtered - filtered[reference]

    def _filtered(self, signal: NDArray[np.float32], fps: float) -> NDArray[np.float64]:
        # The start value is taken out, so that a recursive filter does not answer to the step from 0.
        moved = signal.astype(np.float64) - signal[:1]
        if self.kind == "ideal":
            spectrum = np.fft.rfft(moved, axis=0)
            frequency = np.fft.rfftfreq(len(moved), 1.0 / fps)
            spectrum[(frequency < self.low) | (frequency > self.high)] = 0.0
            return np.asarray(np.fft.irfft(spectrum, n=len(moved), axis=0))
        if self.kind == "butterworth":
            if self.high >= fps / 2.0:
                sections = butter(1, self.low, "highpass", fs=fps, output="sos")
            else:
                sections = butter(1, [self.low, self.high], "bandpass", fs=fps, output="sos")
            return np.asarray(sosfilt(sections, moved, axis=0))
        fast, slow = (1.0 - np.exp(-2.0 * np.pi * cut / fps) for cut in (self.high, self.low))
        return _low_pass(moved, fast) - _low_pass(moved, slow)


def _low_pass(signal: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """``y <- (1 - rate) y + rate x``, from zero."""
    result = np.empty_like(signal)
    state = np.zeros_like(signal[0])
    for index, value in enumerate(signal):
        state = (1.0 - rate) * state + rate * value
        result[index] = state
    return result
