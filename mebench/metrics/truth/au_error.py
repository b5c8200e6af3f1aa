"""The action units that the output shows, read from its motion, against those that were asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from mebench.errors import Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import BLINK, Sample
from mebench.motion.flow import Flow

WORST = 4.0
"""Times the true intensity: as with the gain, an output 16 times too weak or strong is as wrong as can be."""

DAMPING = 0.05
"""Weight of small intensities, as a share of the mean squared motion of one unit: units that move the same skin (6 and
12, 9 and 10) share what the flow cannot tell apart."""


class AuError:
    """``sqrt(sum_t |a_t - a*_t|^2 / sum_t |a*_t|^2)``, a* the true intensities of the 24 facial units.

    ``a_t`` is fitted to the output's measured flow by damped non-negative least squares: the motion of each unit at
    intensity 1 is known exactly, and an affine motion of the head and both blinks are fitted beside them. Estimator and
    damping read too little; the factor that fits the true answer's own measured motion best, at least 1, makes it up for
    all outputs of a task alike. Over all frames from onset to offset. 0: every unit at every moment as it should be; a
    still clip reads 1.
    """

    facts = MetricFacts(
        name="au_error",
        version=1,
        family="truth",
        unit="times",
        direction="lower",
        ceiling=0.0,
        floor=1.0,
        worst=WORST,
        networks=(),
        summary="Error of the intensity curves of all action units, read from the output's motion by the face model.",
        source="linear fit of the renderer's action units to measured flow, non-negative; flow: dis-fine",
        traps=(
            "The true answer does not read 0 but the error of flow and fit.",
            "Units that move the same skin in the same way can take each other's place.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 4; :class:`~mebench.errors.Unavailable` without a truth that knows its units."""
        true = facial(sample)
        energy = float(np.square(true).sum())
        if energy == 0.0:
            raise Unavailable("the clip shows no action unit.")
        shown = sample.once_a_task(_calibration) * _fitted(sample, sample.output_flows)
        return min(WORST, float(np.sqrt(np.square(shown - true).sum() / energy)))


def facial(sample: Sample) -> NDArray[np.float64]:
    """True intensities of the facial units above those of the onset, ``[K,24]``, in the frames of the expression."""
    if sample.truth is None or sample.truth.units is None:
        raise Unavailable("the true intensities are known on the open set alone.")
    units = sample.truth.action_units.astype(np.float64)
    return units[list(sample.expression_frames), : BLINK.start] - units[sample.onset, : BLINK.start]


def _fitted(sample: Sample, flows: Flow) -> NDArray[np.float64]:
    return sample.once_a_task(_model).fit(flows[list(sample.expression_frames)])


def _calibration(sample: Sample) -> float:
    """What the intensities read from the true answer must be multiplied by to come nearest to the true ones."""
    shown = _fitted(sample, sample.reference_flows)
    energy = float(np.square(shown).sum())
    return max(1.0, float((shown * facial(sample)).sum()) / energy) if energy > 0.0 else 1.0


@dataclass(frozen=True, eq=False)
class UnitModel:
    """points: int64 ``[N,2]`` pixels (x, y). solve: float64 ``[26,2N]``, to the right-hand side of the normal equations.
    factor: upper triangle ``[26,26]`` of their Cholesky factor."""

    points: NDArray[np.int64]
    rows: NDArray[np.float64]
    factor: NDArray[np.float64]

    def fit(self, flows: Flow) -> NDArray[np.float64]:
        """Intensities of the facial units ``[K,24]`` that explain flows ``[K,S,S,2]`` best."""
        x, y = self.points.T
        seen = flows[:, y, x].astype(np.float64).reshape(len(flows), -1)
        right = np.linalg.solve(self.factor.T, self.rows @ seen.T).T
        return np.stack([nnls(self.factor, side)[0] for side in right])[:, : BLINK.start]


def _model(sample: Sample) -> UnitModel:
    """The motion of the units on the face's pixels, without what an affine motion of the head explains."""
    assert sample.truth is not None and sample.truth.units is not None
    points, displacement = sample.truth.units()
    nearest = np.rint(points).astype(np.int64)
    inside = ((nearest >= 0) & (nearest < sample.output.shape[1])).all(axis=1)
    inside[inside] = sample.face[nearest[inside, 1], nearest[inside, 0]]
    nearest, rows = nearest[inside], displacement[:, inside].astype(np.float64).reshape(len(displacement), -1)
    plane, _ = np.linalg.qr(np.column_stack((np.ones(len(nearest)), nearest - nearest.mean(axis=0))))
    head = np.kron(plane, np.eye(2))  # x and y alternate along the rows
    rows = rows - (rows @ head) @ head.T
    normal = rows @ rows.T
    normal += DAMPING * np.trace(normal) / len(normal) * np.eye(len(normal))
    return UnitModel(nearest, rows, np.linalg.cholesky(normal).T)


METRIC = AuError()
