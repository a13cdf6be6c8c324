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
from heraldlink_physics.errors import CutOffError, PhysicsError, within
from heraldlink_physics.model import Arm
from heraldlink_physics.permanents import Matrix

FEWEST_PHOTON_LEVELS = 4
FEWEST_THERMAL_LEVELS = 6
MOST_PHOTON_LEVELS = 40
MOST_THERMAL_LEVELS = 400
"""Beyond these the closed form of `heraldlink_physics.pair_source`, which has no cut-off, is the way."""


def pair_arm(
    arm: Arm, *, photons: int | None = None, thermal: int | None = None, tolerated_tail: float = 1e-11
) -> ArmState:
    """State of one transducer with `photons` optical and `thermal` initial microwave levels.

    By default as many as the tolerated tail needs. Raises `CutOffError` where a given cut-off leaves more
    than that, `PhysicsError` where no allowed one is enough.
    """
    occupation = arm.n_bar * (1 + arm.n_thermal)
    photons = _levels("photon", occupation, photons, FEWEST_PHOTON_LEVELS, MOST_PHOTON_LEVELS, tolerated_tail)
    thermal = _levels(
        "thermal", arm.n_thermal, thermal, FEWEST_THERMAL_LEVELS, MOST_THERMAL_LEVELS, tolerated_tail
    )
    return ArmState(_loaded(arm, photons, thermal), ((photons,),), (arm.efficiency,))


def _levels(name: str, mean: float, given: int | None, least: int, most: int, tolerated_tail: float) -> int:
    """Levels that a thermal distribution of this mean needs for half of the tolerated tail."""
    ratio = mean / (1 + mean)
    needed = max(least, ceil(log(max(tolerated_tail / 2, 1e-300)) / log(ratio))) if ratio > 0 else least
    if needed > most:
        raise PhysicsError(
            f"a mean of {mean:g} needs {needed} {name} levels: allowed are up to {most}; "
            "the closed form has no cut-off"
        )
    levels = needed if given is None else given
    within(f"{name} levels", levels, 2, most)
    if ratio**levels > tolerated_tail:
        raise CutOffError(f"{name} cut-off of a pair source", levels, ratio**levels, needed, tolerated_tail)
    return levels


def _loaded(arm: Arm, photons: int, thermal: int) -> Matrix:
    """complex[3, photons, 3, photons]: what the squeezer, the noise and the loss leave."""
    gain = 1 + arm.microwave_efficiency * arm.n_added
    tau = arm.microwave_efficiency / gain
    n, k = np.arange(thermal)[:, None], np.arange(photons)
    amplitudes = _squeezed(arm.n_bar, n, k)
    weights = (arm.n_thermal / (1 + arm.n_thermal)) ** n / (1 + arm.n_thermal)
    microwave = n + k
    lost = (1 - tau) ** microwave
    one_left = microwave * tau * (1 - tau) ** np.maximum(microwave - 1, 0)
    empty, once = lost / gain, one_left / gain**2 + lost * (gain - 1) / gain**2
    populations = weights * amplitudes**2
    # |m><m+1| loses m photons on both sides and keeps the other side's last one.
    kept = lost[:, :-1] * np.sqrt(tau * (microwave[:, :-1] + 1)) / gain**1.5
    steps = (weights * amplitudes[:, :-1] * amplitudes[:, 1:] * kept).sum(axis=0)
    state = np.zeros((3, photons, 3, photons), dtype=np.complex128)
    for level, share in enumerate((empty, once, 1 - empty - once)):
        state[level, k, level, k] = (populations * share).sum(axis=0)
    state[0, k[:-1], 1, k[1:]] = (1 - 2 * arm.dephasing) * steps
    state[1, k[1:], 0, k[:-1]] = (1 - 2 * arm.dephasing) * steps
    return state


def _squeezed(n_bar: float, n: NDArray[np.int64], k: NDArray[np.int64]) -> NDArray[np.float64]:
    """Amplitudes of |n+k, k> in S(r)|n, 0>, float[thermal, photons]."""
    steps = np.sqrt(n_bar / (1 + n_bar) * (n + k) / np.maximum(k, 1))
    steps[:, 0] = 1
    amplitudes = np.cumprod(steps, axis=1) * (1 + n_bar) ** (-(n + 1) / 2)
    return np.asarray(amplitudes, dtype=np.float64)
