# SPDX-License-Identifier: Apache-2.0
"""Photons that cavities shaped and fibres turned, from bytes to tags, against calculations of their own."""

import math
from dataclasses import replace

import numpy as np
import pytest
from laboratory import Program, changed, devices, nominal, tags, without_heralds
from scipy import integrate, stats
from two_node_wiring import WIRING

from heraldlink_physics.transducer import PLANCK_J_s
from heraldlink_sim.world.play import World
from heraldlink_sim.world.rack import IN1, IN2, Combiner

LEVEL = 1e-3
GATE_PS = (0, 1_500_000)
BRIGHT = 200


def with_arms(**changes):
    found = devices()
    return replace(found, arms=tuple(replace(arm, **changes) for arm in found.arms))


@pytest.mark.parametrize("linewidth_Hz", [1e6, 4e6])
def test_clicks_behind_a_filter_come_as_its_differential_equation_says(linewidth_Hz):
    """d psi/dt = kappa/2 (xi - psi) for the pump's amplitude xi, the transducer's cavity being fast."""
    world = World(with_arms(filter_linewidth_Hz=linewidth_Hz), WIRING, seed=31)
    rack = without_heralds(nominal())
    rack = changed(rack, "taggers", "hub_tc", combiners={5: Combiner(IN1, IN2, *GATE_PS)})
    seen = []
    for slot in range(1, 25):
        for port in (IN1, IN2):
            after_ps, index = tags(world.play(rack, slot).taggers["hub_tc"], port)
            seen.append(after_ps[(index >= 400) & (after_ps >= GATE_PS[0]) & (after_ps < GATE_PS[1])])
    clicks_us = np.concatenate(seen) * 1e-6
    kappa = 2 * math.pi * linewidth_Hz * 1e-6
    centre = 0.4 + 0.1 - 0.2 - 0.1  # pulse, photon's path, sync and its cable (us)

    def slope(t, psi):
        xi = math.sin(math.pi / 2 * 0.2 / 0.25 * math.exp(-((t - centre) ** 2) / 2 / 0.048**2))
        return kappa / 2 * (xi - psi)

    times = np.linspace(-0.3, 1.5, 3601)
    psi = integrate.solve_ivp(
        slope, (-0.3, 1.5), [0.0], t_eval=times, rtol=1e-8, atol=1e-12, max_step=0.01
    ).y[0]
    law = integrate.cumulative_simpson(psi**2, x=times, initial=0.0)
    start = np.interp(0.0, times, law)
    assert len(clicks_us) > 150
    found = stats.kstest(clicks_us, lambda t: (np.interp(t, times, law) - start) / (law[-1] - start))
    assert found.pvalue > LEVEL


@pytest.mark.parametrize("misaligned_rad", [0.0, 0.9, math.pi / 2])
def test_misaligned_polarisations_take_the_fringe_of_bright_pulses(misaligned_rad):
    """Clicks of c among the first hundred bright pulses of each slot, the fibres' phase being known."""
    found = devices()
    midpoint = replace(found.midpoint, polarisation_misalignment_rad=misaligned_rad, fast_phase_sigma_rad=0.0)
    world = World(replace(found, midpoint=midpoint), WIRING, seed=8)
    rack = without_heralds(nominal(Program("alice", attempts=1), Program("bob", attempts=1)))
    arm, detector = found.arms[0], midpoint.detectors[0]
    time_s = np.arange(0, 800e-9, 80e-12)
    envelope_V = 0.2 * np.exp(-((time_s - 400e-9) ** 2) / 2 / 48e-9**2)
    open_s = np.sum(np.sin(np.pi / 2 * envelope_V / arm.carver.v_pi_V) ** 2) * 80e-12
    energy_J = 1e-3 * arm.splitter * arm.insertion * 10**-2.9 * open_s
    photons = energy_J * midpoint.bright_transmission / (PLANCK_J_s * 192.025e12)
    visibility = midpoint.mode_match * math.cos(misaligned_rad) ** 2
    pulls = []
    for slot in range(1, 31):
        _, index = tags(world.play(rack, slot).taggers["hub_tc"], IN1)
        seen = len(set(index[index < BRIGHT // 2].tolist()))
        mean = photons * (1 + math.sqrt(visibility) * math.cos(world.fibre.at(slot)))
        click = -math.expm1(-mean * detector.efficiency(18e-6))
        pulls.append((seen - click * BRIGHT / 2) / math.sqrt(click * (1 - click) * BRIGHT / 2))
    chi2 = stats.chi2(len(pulls)).cdf(np.sum(np.square(pulls)))
    assert LEVEL < chi2 < 1 - LEVEL
