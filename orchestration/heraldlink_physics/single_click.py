# SPDX-License-Identifier: Apache-2.0
"""Two emitters heralded by one click: each qubit emits a photon from its bright state e."""

from __future__ import annotations

from math import sqrt

from heraldlink_physics.clicks import Elements, PhotonClicks, single_click_model
from heraldlink_physics.detection import Form, dark_sets
from heraldlink_physics.model import Emitter, HeraldModel, Midpoint
from heraldlink_physics.spread import Spread


def single_click(a: Emitter, b: Emitter, midpoint: Midpoint) -> HeraldModel:
    """Herald probabilities and two-qubit states, exact for any parameters; F and F_meas are the same.

    For equal nodes P = (1-α)² 2pq + 2α(1-α)[ηq + (1-η)2pq] + α²[η²(1+V)q/2 + 2η(1-η)q + (1-η)²2pq], q = 1-p,
    and F = α(1-α)q{η(1+sqrt(V) exp(-σ²/2)) + (1-η)2p}/P, both without double excitation.
    """
    return single_click_model(emitter_clicks(a, b, midpoint), midpoint, (a.dephasing, b.dephasing))


def emitter_clicks(a: Emitter, b: Emitter, midpoint: Midpoint) -> PhotonClicks:
    """Which detectors the emitted photons make click, with what that leaves in the qubits."""
    sets = dark_sets(a.efficiency, b.efficiency, midpoint)
    d_then_cd = _conditional(a, b, sets.d_then_cd)
    any_c = _elements([item.gap for item in _conditional(a, b, sets.none_then_c)])
    only_c = _elements([item.gap for item in d_then_cd])
    return PhotonClicks(
        none=_elements([item.more for item in d_then_cd]),
        c=only_c,
        d=_elements([item.gap for item in _conditional(a, b, sets.c_then_cd)]),
        both=any_c.plus(only_c.scaled(-1)).clipped(),
    )


def _conditional(a: Emitter, b: Emitter, dark: Form) -> list[Spread]:
    """gg, ge, eg, ee and <eg|ge>, each with the detectors of `dark` dark.

    An extra photon from double excitation stays unseen with 1 - M_aa share, independently of all else, and
    its mere existence, known or not, ends the coherence.
    """
    stay_a, stay_b = 1.0 - dark.aa, 1.0 - dark.bb
    extra_a = 1.0 - dark.aa * (a.double_excitation * a.extra_share)
    extra_b = 1.0 - dark.bb * (b.double_excitation * b.extra_share)
    lit_a, lit_b = a.bright * (1 - a.inert), b.bright * (1 - b.inert)
    dim_a, dim_b = 1 - lit_a, 1 - lit_b
    swap = _coherence(a) * _coherence(b)
    both = (stay_a * stay_b + dark.ab * dark.ab) * extra_a * extra_b
    nobody = Spread(1.0, 1.0, 0.0) * (dim_a * dim_b)
    return [
        nobody,
        stay_b * extra_b * (dim_a * lit_b),
        stay_a * extra_a * (lit_a * dim_b),
        both * (lit_a * lit_b),
        -dark.ab * swap,
    ]


def _coherence(item: Emitter) -> float:
    """Between g and e with one photon."""
    single = item.bright * (1 - item.bright) * (1 - item.double_excitation)
    return (1 - item.inert) * sqrt(single)


def _elements(values: list[float]) -> Elements:
    gg, ge, eg, ee, coherence = values
    return Elements(gg, ge, eg, ee, coherence, fock_01=ge, fock_10=eg, fock_11=ee).clipped()
