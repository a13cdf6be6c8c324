# SPDX-License-Identifier: Apache-2.0
"""A qubit left to itself.

Relaxation to a thermal population at rate 1/T1 and decay of the coherence at 1/T2 are the Bloch equations
(Krantz et al., Appl. Phys. Rev. 6, 021318 (2019), section III.B; as a channel: Nielsen and Chuang,
section 8.3.5, generalised amplitude damping). Basis g = (1, 0), e = (0, 1).
"""

from __future__ import annotations

from math import exp, inf

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.device import Qubit
from heraldlink_physics.errors import within

State = NDArray[np.complex128]


def kept(qubit: Qubit, time_s: float) -> tuple[float, float]:
    """What is left after ``time_s``: of the population's distance from rest, and of the coherence, 0..1."""
    within("time_s", time_s, 0)
    return _decay(time_s, qubit.t1_s), _decay(time_s, qubit.t2_s)


def _decay(time_s: float, constant_s: float) -> float:
    return 1.0 if constant_s == inf else exp(-time_s / constant_s)


def idle_kraus(qubit: Qubit, time_s: float) -> State:
    """Kraus operators of waiting ``time_s`` in the qubit's own frame, complex[8, 2, 2].

    Relaxation towards g and e, without and with a phase flip for the dephasing beyond it: sum K rho K†.
    """
    population, coherence = kept(qubit, time_s)
    root = population**0.5
    flip = 0.5 * (1 - coherence / root) if root > 0 else 0.5
    down, up = 1 - qubit.thermal_population, qubit.thermal_population
    lost = (1 - population) ** 0.5
    damping = [
        down**0.5 * np.array([[1, 0], [0, root]]),
        down**0.5 * np.array([[0, lost], [0, 0]]),
        up**0.5 * np.array([[root, 0], [0, 1]]),
        up**0.5 * np.array([[0, 0], [lost, 0]]),
    ]
    phase = np.diag([1.0, -1.0])
    straight = [(1 - flip) ** 0.5 * item for item in damping]
    turned = [flip**0.5 * phase @ item for item in damping]
    return np.array(straight + turned, dtype=np.complex128)
