# SPDX-License-Identifier: Apache-2.0
"""Pump power from the microwave side: how often a pump pulse leaves the qubit excited.

The pulse leaves (1 + n_bar)(1 + n_th) - 1 thermal microwave photons (PHYSICS section 1), no matter what is
lost of the light. Of a thermal mode of mean x the qubit, loaded as PHYSICS section 2 has it, is excited with
probability x/(1 + x).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.likelihood import fit_binomial
from heraldlink.calibration.measured import Measured
from heraldlink.errors import RunFailed

Real = NDArray[np.float64]
Integers = NDArray[np.int64]


def pump_scale(photons: Callable[[float], float], shots: Integers, excited: Integers) -> Measured:
    """True over declared pump power from excited readouts of |g>, of |e>, and after pump pulses, int64[3].

    ``photons``: mean loaded microwave photons that the model expects if the pump is so many times what is
    declared; rising. Raises RunFailed if a pulse excites nothing, or more than any pump could.
    """
    share = (excited + 0.5) / (shots + 1)
    chance = (share[2] - share[0]) / (share[1] - share[0]) if share[1] > share[0] else 0.0
    if not 5 * float(np.sqrt(share[2] / shots[2])) < share[2] - share[0] or not chance < 0.9:
        raise RunFailed(f"pairs: pump pulses leave the qubit excited in a share of {chance:.3f}")

    def model(values: Real) -> Real:
        loaded = photons(float(np.exp(values[0])))
        after = values[1] + (values[2] - values[1]) * loaded / (1 + loaded)
        return np.array([values[1], values[2], after], dtype=np.float64)

    start = np.array([np.log(_solved(photons, chance / (1 - chance))), share[0], share[1]])
    fit = fit_binomial(excited, shots, model, start)
    scale = float(np.exp(fit.values[0]))
    return Measured(scale, scale * fit.sigma(0))


def _solved(photons: Callable[[float], float], wanted: float) -> float:
    """The scale at which so many photons are expected, by bisection between 1/1000 and 1000."""
    low, high = np.log(1e-3), np.log(1e3)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if photons(float(np.exp(middle))) < wanted else (low, middle)
    return float(np.exp((low + high) / 2))
