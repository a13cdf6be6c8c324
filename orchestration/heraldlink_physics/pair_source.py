# SPDX-License-Identifier: Apache-2.0
"""Two transducers that make microwave-optical pairs, heralded by one click.

A two-mode squeezer on thermal microwave and optical vacuum, added noise, losses, and a no-click operator are
all Gaussian, so every matrix element that a herald leaves in the qubits is a closed form in 2 by 2
determinants: exact for any photon number, with no cut-off. With a_m the microwave, a_o the optical mode,
<a_o† a_o> = n_bar (1+n_th), <a_m† a_m> = n_th + n_bar (1+n_th), <a_o a_m> = sqrt(n_bar (1+n_bar)) (1+n_th).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from heraldlink_physics.clicks import Elements, PhotonClicks, single_click_model
from heraldlink_physics.detection import DarkSets, Form, dark_sets
from heraldlink_physics.model import Arm, HeraldModel, Midpoint
from heraldlink_physics.spread import Spread


@dataclass(frozen=True, slots=True)
class Source:
    """Second moments of one arm, alone and given that its qubit was found empty.

    Additive noise n and loss eta turn "qubit empty" into 1/(1+eta n) :exp(-lambda a_m† a_m):,
    lambda = eta/(1+eta n).
    """

    optical: float
    """Mean optical photons."""
    empty: float
    """Probability of an empty qubit mode."""
    optical_if_empty: float
    excited: float
    """<b† b :exp(-b† b):> / `empty`, b the loaded mode."""
    correlation: float
    """Pull of the optical on the loaded mode given an empty qubit."""

    @staticmethod
    def of(arm: Arm) -> Source:
        """Moments of a transducer; see the module's and the class's docstring."""
        optical = arm.n_bar * (1 + arm.n_thermal)
        microwave = arm.n_thermal + optical
        eta, noise = arm.microwave_efficiency, arm.n_added
        damp = 1 / (1 + eta * noise)
        weaken = 1 / (1 + microwave * eta * damp)
        return Source(
            optical=optical,
            empty=damp * weaken,
            optical_if_empty=optical * (1 + eta * noise - eta) * damp * weaken,
            excited=eta * noise * damp + eta * damp**2 * microwave * weaken,
            correlation=sqrt(eta * arm.n_bar * (1 + arm.n_bar)) * (1 + arm.n_thermal) * damp * weaken,
        )


def pair_source(a: Arm, b: Arm, midpoint: Midpoint) -> HeraldModel:
    """Herald probabilities and two-qubit states of two pulsed pair sources; exact for any parameters."""
    clicks = pair_clicks(a, b, midpoint)
    return single_click_model(clicks, midpoint, (a.dephasing, b.dephasing))


def pair_clicks(a: Arm, b: Arm, midpoint: Midpoint) -> PhotonClicks:
    """Which detectors photons make click, with what that leaves in the qubits."""
    source_a, source_b = Source.of(a), Source.of(b)
    sets: DarkSets = dark_sets(a.efficiency, b.efficiency, midpoint)
    d_then_cd = _conditional(source_a, source_b, sets.d_then_cd)
    c_then_cd = _conditional(source_a, source_b, sets.c_then_cd)
    none_then_c = _conditional(source_a, source_b, sets.none_then_c)
    any_c = _elements([item.gap for item in none_then_c])
    only_c = _elements([item.gap for item in d_then_cd])
    return PhotonClicks(
        none=_elements([item.more for item in d_then_cd]),
        c=only_c,
        d=_elements([item.gap for item in c_then_cd]),
        both=any_c.plus(only_c.scaled(-1)).clipped(),
    )


def _conditional(a: Source, b: Source, dark: Form) -> list[Spread]:
    """Probabilities, all with the detectors of `dark` dark: nothing else, A, B, both qubits being empty.

    Then <01|01>, <10|10>, <11|11>, <01|10> in Fock space. With Q = N (1+N)^-1 of the Gaussian state of the
    two loaded modes these are Q_BB, Q_AA, Q_AA Q_BB + Q_AB**2, Q_AB, times the chance of two empty modes.
    """
    either = dark.plus_one(a.optical, b.optical).inverse()
    a_empty = a.empty * dark.plus_one(a.optical_if_empty, b.optical).inverse()
    b_empty = b.empty * dark.plus_one(a.optical, b.optical_if_empty).inverse()
    x_a, x_b = a.optical_if_empty, b.optical_if_empty
    inverse = dark.plus_one(x_a, x_b).inverse()
    vacuum = a.empty * b.empty * inverse
    determinant = dark.determinant()
    q_aa = a.excited - a.correlation**2 * (dark.aa + x_b * determinant) * inverse
    q_bb = b.excited - b.correlation**2 * (dark.bb + x_a * determinant) * inverse
    q_ab = -(a.correlation * b.correlation) * dark.ab * inverse
    one_each = q_aa * q_bb + q_ab * q_ab
    return [either, a_empty, b_empty, vacuum, vacuum * q_bb, vacuum * q_aa, vacuum * one_each, vacuum * q_ab]


def _elements(values: list[float]) -> Elements:
    total, a_empty, b_empty, vacuum, fock_01, fock_10, fock_11, coherence = values
    excited_both = (total - a_empty) - (b_empty - vacuum)
    return Elements(
        gg=vacuum,
        ge=a_empty - vacuum,
        eg=b_empty - vacuum,
        ee=excited_both,
        coherence=coherence,
        fock_01=fock_01,
        fock_10=fock_10,
        fock_11=fock_11,
    ).clipped()
