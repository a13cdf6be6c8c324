# SPDX-License-Identifier: Apache-2.0
"""What a click leaves in a detector: recovery, afterpulses in later gates, latching."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf

import numpy as np
import physics_bench as bench
import pytest
from scipy import integrate

from heraldlink_physics.chain import link
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.snspd import Snspd

QUIET = bench.devices("improved").midpoint.detectors[0]


def ringing(probability: float, decay_s: float = 1e-7, **changes: float) -> Snspd:
    return replace(QUIET, afterpulse_probability=probability, afterpulse_decay_s=decay_s, **changes)


@pytest.mark.parametrize(
    ("gate_s", "period_s", "decay_s"),
    [(3e-7, 1e-6, 2e-7), (1e-7, 2e-7, 5e-7), (4e-7, 5e-6, 1e-6), (9e-8, 1e-7, 1e-7)],
)
def test_afterpulses_in_gates_are_the_integral_over_click_and_delay(
    gate_s: float, period_s: float, decay_s: float
) -> None:
    detector = ringing(0.02, decay_s)
    dead_s = detector.dead_time_s

    def meets(click_s: float) -> float:
        total = 0.0
        for k in range(1, 400):
            begin = k * period_s - click_s - dead_s
            if k * period_s >= dead_s + gate_s:
                total += exp(-begin / decay_s) - exp(-(begin + gate_s) / decay_s)
        return total

    expected = 0.02 * integrate.quad(meets, 0, gate_s)[0] / gate_s
    assert detector.afterpulses_in_gates(gate_s, period_s) == pytest.approx(expected, rel=1e-9)
    assert QUIET.afterpulses_in_gates(gate_s, period_s) == 0.0


def test_afterpulses_are_dark_counts_of_the_link() -> None:
    """Against the mean clicks per gate of the link without them, detector by detector."""
    found, settings = (
        bench.devices("improved"),
        bench.arm_settings("improved", 30.0, attempt_period_ps=600_000),
    )
    gates = bench.midpoint_settings(gate=(0, 400_000))
    loud = replace(found.midpoint, detectors=(ringing(0.05, 2e-7), QUIET))
    quiet_link = link(*found.arms, found.midpoint, settings, settings, gates)
    loud_link = link(*found.arms, loud, settings, settings, gates)
    mean = [-np.log1p(-p) for p in quiet_link.midpoint.dark_probability]
    photons = sum(a.n_bar * (1 + a.n_thermal) * a.efficiency for a in quiet_link.arms) / 2
    clicks = mean[0] + photons * quiet_link.midpoint.detector_efficiency[0]
    expected = mean[0] + clicks * ringing(0.05, 2e-7).afterpulses_in_gates(4e-7, 6e-7)
    assert -np.log1p(-loud_link.midpoint.dark_probability[0]) == pytest.approx(expected, rel=1e-12)
    assert loud_link.midpoint.dark_probability[1] == quiet_link.midpoint.dark_probability[1]
    assert expected > 1.5 * mean[0]


def test_the_efficiency_comes_back_after_the_dead_time() -> None:
    detector = replace(QUIET, recovery_s=2e-8)
    assert detector.recovered(QUIET.dead_time_s * 0.999) == 0.0
    assert detector.recovered(QUIET.dead_time_s + 2e-8) == pytest.approx(1 - exp(-1))
    assert QUIET.recovered(QUIET.dead_time_s) == 1.0
    assert not QUIET.latches(1e12)
    assert replace(QUIET, latch_rate_Hz=1e6).latches(1e6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"afterpulse_probability": 0.95},
            r"probability = 0\.95 is impossible: allowed are 0 to 0\.9",
        ),
        ({"recovery_s": -1e-9}, "recovery_s = -1e-09"),
        ({"latch_rate_Hz": 0.0}, "latch_rate_Hz = 0"),
        ({"afterpulse_decay_s": inf}, "afterpulse_decay_s = inf"),
        ({"max_efficiency": 1.01}, r"max_efficiency = 1\.01 is impossible: allowed are 0 to 1"),
    ],
)
def test_impossible_detectors_are_refused(changes: dict[str, float], words: str) -> None:
    with pytest.raises(PhysicsError, match=words):
        replace(QUIET, **changes)
    with pytest.raises(PhysicsError, match="after_s = -1"):
        QUIET.recovered(-1.0)
