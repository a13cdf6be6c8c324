# SPDX-License-Identifier: Apache-2.0
"""How many clicks a readout gate holds, when the qubit may relax while it is read.

The qubit jumps between g and e at the rates of its T1 and thermal population, and clicks come as a Poisson
process whose rate is that of the present state: a Markov-modulated Poisson process (Fischer and
Meier-Hellstern, Performance Evaluation 18, 149 (1993)). The joint law of state and count solves a linear
equation, summed here by uniformisation (Jensen 1953): steps at one rate above all others, a Poisson number of
them, each a click, a jump or nothing. Every term is positive, so nothing cancels.
"""

from __future__ import annotations

from math import exp, lgamma, log, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import within

Real = NDArray[np.float64]


def count_probabilities(
    mean_g: float, mean_e: float, largest: int, *, gate_over_t1: float = 0.0, thermal: float = 0.0
) -> Real:
    """Probabilities of 0..``largest`` clicks, float[2, largest + 1], for a qubit in g and e at the beginning.

    ``mean_g``, ``mean_e``: mean clicks in the gate from a qubit that stays in g or e, dark counts included,
    0..1e4. ``gate_over_t1``: length of the gate in units of T1, 0..1e3. ``thermal``: excited population at
    rest, 0..0.5.
    """
    within("mean_g", mean_g, 0, 1e4)
    within("mean_e", mean_e, 0, 1e4)
    within("largest", largest, 0)
    within("gate_over_t1", gate_over_t1, 0, 1e3)
    within("thermal", thermal, 0, 0.5)
    clicks = np.array([mean_g, mean_e])
    jumps = gate_over_t1 * np.array([thermal, 1 - thermal])
    rate = float((clicks + jumps).max())
    if rate == 0:
        return np.eye(1, largest + 1).repeat(2, axis=0)
    return _uniformised(clicks / rate, jumps / rate, rate, largest)


def _uniformised(click: Real, jump: Real, rate: float, largest: int) -> Real:
    """Sum over a Poisson number of steps; ``click`` and ``jump`` are a step's probabilities in g and e."""
    stay = 1 - click - jump
    now = np.zeros((2, 2, largest + 1))  # state at the beginning, state now, clicks so far
    now[0, 0, 0] = now[1, 1, 0] = 1.0
    total = np.zeros((2, largest + 1))
    for step in range(_enough(rate)):
        total += exp(step * log(rate) - rate - lgamma(step + 1)) * now.sum(axis=1)
        after = stay[:, None] * now
        after[:, :, 1:] += click[:, None] * now[:, :, :-1]
        after[:, ::-1] += jump[:, None] * now
        now = after
    return total


def _enough(rate: float) -> int:
    """Steps beyond which a Poisson variable of this mean has less than 1e-16."""
    return int(rate + 9 * sqrt(rate) + 30)
