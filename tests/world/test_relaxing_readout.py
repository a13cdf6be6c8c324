# SPDX-License-Identifier: Apache-2.0
"""Photons of a qubit that relaxes while it is read, against the exact law of their number and their times."""

import math
from dataclasses import replace

import numpy as np
import pytest
from laboratory import devices
from scipy import integrate, stats

from heraldlink_physics.counting import count_probabilities
from heraldlink_sim.world.photons import ReadoutLight, jump_times_ps, readout_clicks
from heraldlink_sim.world.readouts import Readouts

GATE_PS, PERIOD_PS, SHOTS = 2_000_000, 5_000_000, 6000
QUBIT = devices().arms[0].qubit
LEVEL = 1e-3


def gates() -> Readouts:
    begins = PERIOD_PS * np.arange(SHOTS, dtype=np.int64)
    nothing = np.zeros(SHOTS, dtype=np.int64)
    return Readouts(begins, begins + GATE_PS, nothing, nothing, nothing, np.zeros((SHOTS, 4)))


@pytest.mark.parametrize(("t1_s", "thermal"), [(6e-6, 0.0), (1e-6, 0.2)])
@pytest.mark.parametrize("start", [False, True])
def test_counts_per_gate_have_the_exact_distribution(t1_s, thermal, start):
    qubit = replace(QUBIT, t1_s=t1_s, t2_s=t1_s, thermal_population=thermal)
    light = ReadoutLight(0.2e6 + 10.0, 1.5e6 + 10.0, 10.0)
    rng = np.random.default_rng(12)
    clicks = readout_clicks(gates(), np.full(SHOTS, start), light, qubit, 500, rng)
    counts = np.bincount((clicks - 500) // PERIOD_PS, minlength=SHOTS)
    largest = int(np.quantile(counts, 0.97))
    law = count_probabilities(0.4, 3.0, largest, gate_over_t1=2e-6 / t1_s, thermal=thermal)[int(start)]
    seen = np.bincount(counts.clip(max=largest + 1), minlength=largest + 2)
    assert stats.chisquare(seen, SHOTS * np.append(law, 1 - law.sum())).pvalue > LEVEL


def test_clicks_fade_as_the_qubit_decays():
    qubit = replace(QUBIT, t1_s=1e-6, t2_s=1e-6)
    clicks = readout_clicks(
        gates(), np.ones(SHOTS, bool), ReadoutLight(0.5e6, 2e6, 0.0), qubit, 0, np.random.default_rng(3)
    )
    total = integrate.quad(lambda t: 0.5 + 1.5 * math.exp(-t), 0, 2)[0]

    def law(t_ps):
        t = np.asarray(t_ps) * 1e-6
        return (0.5 * t + 1.5 * (1 - np.exp(-t))) / total

    assert stats.kstest((clicks % PERIOD_PS)[::4], law).pvalue > LEVEL


def test_a_qubit_without_t1_never_jumps():
    lengths = np.full(5, GATE_PS)
    assert np.all(np.isinf(jump_times_ps(np.ones(5, bool), lengths, QUBIT, np.random.default_rng(1))))
