# SPDX-License-Identifier: Apache-2.0
"""Pair sources as arms of the general model: squeezed thermal light in Fock space, microwave at the qubit.

S(r)|n, 0> = cosh(r)**-(n+1) sum over k of tanh(r)**k sqrt(C(n+k, k)) |n+k, k> (microwave, optical); the
thermal occupation mixes n. Added noise and loss on the microwave are a loss tau followed by a gain G
(Caruso, Giovannetti and Holevo, New J. Phys. 8, 310 (2006)): G = 1 + eta n_add, tau = eta/G.
Qubit levels: microwave 0, 1, and 2 or more, which is incoherent with both.
"""

from __future__ import annotations

from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.arm_state import ArmState
from heraldlink_physics.errors import CutOffError
from heraldlink_physics.model import Arm
from heraldlink_physics.permanents import Matrix

FEWEST_PHOTON_LEVELS = 4
FEWEST_THERMAL_LEVELS = 6
MOST_LEVELS = 400
MOST_PHOTON_LEVELS = 24
"""Beyond this the closed form of `heraldlink_physics.pair_source` is the way."""


def pair_arm(
    arm: Arm, *, photons: int | None = None, thermal: int | None = None, tolerated_tail: float = 1e-11
) -> ArmState:
    """State of one transducer with `photons` optical and `thermal` initial microwave levels.

    By default as many as the tolerated tail needs. Raises `CutOffError` where a given cut-off, or the largest
    possible one, leaves more than that.
    """
    occupation = arm.n_bar * (1 + arm.n_thermal)
    photons = _levels(
        "photons", occupation, photons, FEWEST_PHOTON_LEVELS, MOST_PHOTON_LEVELS, tolerated_tail
    )
    thermal = _levels("thermal", arm.n_thermal, thermal, FEWEST_THERMAL_LEVELS, MOST_LEVELS, tolerated_tail)
    return ArmState(_loaded(arm, photons, thermal), ((photons,),), (arm.efficiency,))


def _levels(name: str, mean: float, given: int | None, least: int, most: int, tolerated_tail: float) -> int:
    """Levels that a thermal distribution of this mean needs for half of the tolerated tail."""
    ratio = mean / (1 + mean)
    needed = max(least, ceil(log(max(tolerated_tail / 2, 1e-300)) / log(ratio))) if ratio > 0 else least
    levels = given if given is not None else min(needed, most)
    if ratio**levels > tolerated_tail:
        raise CutOffError(f"{name} cut-off of a pair source", levels, ratio**levels, needed, tolerated_tail)
    return levels


def _loaded(arm: Arm, photons: int, thermal: int) -> Matrix:
    """complex[3, photons, 3, photons]: what the squeezer, the noise and the loss leave."""
    gain = 1 + arm.microwave_efficiency * arm.n_added
    tau = arm.microwave_efficiency / gain
    ratio = arm.n_thermal / (1 + arm.n_thermal)
    state = np.zeros((3, photons, 3, photons), dtype=np.complex128)
    k = np.arange(photons)
    for n in range(thermal):
        amplitudes = _squeezed(arm.n_bar, n, photons)
        weight = ratio**n / (1 + arm.n_thermal)
        populations = weight * amplitudes**2
        empty = (1 - tau) ** (n + k) / gain
        once = _one_of(n + k, tau) / gain**2 + empty * (gain - 1) / gain
        state[0, k, 0, k] += populations * empty
        state[1, k, 1, k] += populations * once
        state[2, k, 2, k] += populations * (1 - empty - once)
        step = weight * amplitudes[:-1] * amplitudes[1:] * _kept_step(n + k[:-1], tau) / gain**1.5
        state[0, k[:-1], 1, k[1:]] += (1 - 2 * arm.dephasing) * step
        state[1, k[1:], 0, k[:-1]] += (1 - 2 * arm.dephasing) * step
    return state


def _squeezed(n_bar: float, n: int, photons: int) -> NDArray[np.float64]:
    """Amplitudes of |n+k, k> in S(r)|n, 0>, float[photons]."""
    steps = np.sqrt(n_bar / (1 + n_bar) * (n + np.arange(1, photons)) / np.arange(1, photons))
    amplitudes = (1 + n_bar) ** (-(n + 1) / 2) * np.concatenate(([1.0], np.cumprod(steps)))
    return np.asarray(amplitudes, dtype=np.float64)


def _one_of(m: NDArray[np.int64], tau: float) -> NDArray[np.float64]:
    """Probability that exactly one of m photons survives the loss."""
    return np.asarray(m * tau * (1 - tau) ** np.maximum(m - 1, 0), dtype=np.float64)


def _kept_step(m: NDArray[np.int64], tau: float) -> NDArray[np.float64]:
    """<0|loss(|m><m+1|)|1>: all m photons of both sides lost together, the other side's last one kept."""
    return np.asarray((1 - tau) ** m * np.sqrt(tau * (m + 1)), dtype=np.float64)
