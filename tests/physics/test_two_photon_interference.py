# SPDX-License-Identifier: Apache-2.0
"""HOM dips of unheralded pair sources (1/3), coherent pulses (1/2) and single photons (1)."""

from __future__ import annotations

from math import exp, factorial, sqrt

import numpy as np
import pytest

from heraldlink_physics.arm_state import ArmState
from heraldlink_physics.general import conditional
from heraldlink_physics.model import Arm, Midpoint
from heraldlink_physics.pair_source import pair_source

EFFICIENCY = 0.4


def coincidences(arm: ArmState, visibility: float, *, phase_known: bool = True) -> float:
    midpoint = Midpoint(visibility, coherent=phase_known)
    return float(np.trace(conditional(arm, arm, midpoint).state("both")).real)


def dip(arm: ArmState, *, phase_known: bool = True) -> float:
    return 1 - coincidences(arm, 1.0, phase_known=phase_known) / coincidences(
        arm, 0.0, phase_known=phase_known
    )


def light(state: np.ndarray) -> ArmState:
    cut = len(state)
    return ArmState.of(state.reshape(1, cut, 1, cut), ((cut,),), (EFFICIENCY,))


def thermal(mean: float, cut: int = 14) -> ArmState:
    return light(np.diag((mean / (1 + mean)) ** np.arange(cut) / (1 + mean)).astype(complex))


def coherent(mean: float, cut: int = 14) -> ArmState:
    ket = np.array([exp(-mean / 2) * sqrt(mean**n / factorial(n)) for n in range(cut)])
    return light(np.outer(ket, ket).astype(complex))


def closed_form(n_bar: float, visibility: float) -> float:
    """Coincidences of two thermal modes: 1 - N_c - N_d + N_cd, each 1/det(1 + n M)."""
    x = EFFICIENCY * n_bar / 2
    return 1 - 2 / ((1 + x) ** 2 - visibility * x**2) + 1 / (1 + 2 * x) ** 2


@pytest.mark.parametrize("n_bar", [1e-3, 0.02, 0.1])
def test_thermal_light_follows_its_closed_form(n_bar: float) -> None:
    arm = Arm(n_bar, EFFICIENCY)
    for visibility in (0.0, 0.3, 1.0):
        expected = closed_form(n_bar, visibility)
        both = pair_source(arm, arm, Midpoint(visibility)).patterns["both"].probability
        assert both == pytest.approx(expected, abs=1e-12)
        assert coincidences(thermal(n_bar), visibility) == pytest.approx(expected, abs=1e-12)


def test_unheralded_pair_sources_dip_by_a_third() -> None:
    for n_bar in (1e-3, 1e-4):
        arm = Arm(n_bar, EFFICIENCY, 0.2)
        parallel, crossed = (
            pair_source(arm, arm, Midpoint(v)).patterns["both"].probability for v in (1.0, 0.0)
        )
        assert 1 - parallel / crossed == pytest.approx(1 / 3, abs=2 * n_bar)
    assert dip(thermal(1e-4, 5)) == pytest.approx(1 / 3, abs=1e-4)


def test_coherent_pulses_without_a_phase_dip_by_a_half() -> None:
    assert dip(coherent(1e-3, 6), phase_known=False) == pytest.approx(0.5, abs=1e-3)


def test_single_photons_dip_to_nothing() -> None:
    one = light(np.diag([0, 1]).astype(complex))
    assert dip(one) == pytest.approx(1, abs=1e-12)
    for visibility in (0.0, 0.25, 0.9):
        expected = EFFICIENCY**2 * (1 - visibility) / 2
        assert coincidences(one, visibility) == pytest.approx(expected, rel=1e-12)
