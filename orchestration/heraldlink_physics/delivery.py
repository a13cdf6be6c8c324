# SPDX-License-Identifier: Apache-2.0
"""Entanglement at a stated time: try until it succeeds, keep the pair, deliver something in any case.

Humphreys et al., Nature 558, 268 (2018): pairs come at a rate r_ent and decay at a rate r_dec towards the
mixed state, eta_link = r_ent / r_dec; a node that has no pair when the time is up delivers the mixed state.
"""

from __future__ import annotations

from math import exp, expm1, log, log1p

from heraldlink_physics.errors import within


def delivered_fidelity(link_efficiency: float, wait: float) -> float:
    """Fidelity of what is delivered a time `wait` / r_dec after the start; eta_link > 0, wait >= 0.

    F = 1/4 + 3/4 times the integral of r_ent exp(-r_ent t) exp(-r_dec (T - t)) over t from 0 to T.
    """
    within("link_efficiency", link_efficiency, 1e-12)
    within("wait", wait, 0)
    rate_gap = abs(link_efficiency - 1)
    slower = exp(-min(link_efficiency, 1.0) * wait)
    if rate_gap * wait < 1e-8:
        kept = link_efficiency * wait * slower
    else:
        kept = -link_efficiency * slower * expm1(-rate_gap * wait) / rate_gap
    return (1 + 3 * kept) / 4


def best_wait(link_efficiency: float) -> float:
    """The wait, in units of 1/r_dec, that delivers the best state: ln(eta)/(eta - 1)."""
    within("link_efficiency", link_efficiency, 1e-12)
    gap = link_efficiency - 1
    return log1p(gap) / gap if abs(gap) > 1e-12 else 1.0


def best_delivered_fidelity(link_efficiency: float) -> float:
    """F = (1 + 3 eta**(1/(1-eta)))/4 at the best wait; 1/4 (1 + 3/e) at eta = 1."""
    return (1 + 3 * exp(-best_wait(link_efficiency))) / 4


def entangling_link_efficiency() -> float:
    """The eta_link at which the best delivered state begins to be entangled, about 0.83."""
    low, high = 0.5, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        below = best_wait(middle) > log(3)
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2
