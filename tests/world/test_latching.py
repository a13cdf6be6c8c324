# SPDX-License-Identifier: Apache-2.0
"""A detector that gets too many photons falls silent for the slot, and none before its limit."""

from dataclasses import replace

import numpy as np
import pytest
from laboratory import PERIOD_PS, changed, devices, nominal, without_heralds
from two_node_wiring import WIRING

from heraldlink_physics.transducer import PLANCK_J_s
from heraldlink_sim.world.play import World
from heraldlink_sim.world.rack import IN1, IN2, AttenuatorChannel, RackState


def limited(rate_Hz: float):
    """Only detector c can latch."""
    found = devices()
    c, d = found.midpoint.detectors
    return replace(found, midpoint=replace(found.midpoint, detectors=(replace(c, latch_rate_Hz=rate_Hz), d)))


def brighter(state: RackState, attenuation_dB: float) -> RackState:
    channels = state.attenuators["hub_voa"].channels
    lit = (AttenuatorChannel(attenuation_dB, True),) * 2 + channels[2:]
    return changed(state, "attenuators", "hub_voa", channels=lit)


def expected_Hz(world: World, rack: RackState) -> float:
    """Clicks of c per second in the brightest part, the bright pulses of both arms, written out here."""
    arm, midpoint = world.devices.arms[0], world.devices.midpoint
    attenuation_dB = rack.attenuators["hub_voa"].channels[0].attenuation_dB
    time_s = np.arange(0, 800e-9, 80e-12)
    envelope_V = 0.2 * np.exp(-((time_s - 400e-9) ** 2) / 2 / 48e-9**2)
    open_s = np.sum(np.sin(np.pi / 2 * envelope_V / arm.carver.v_pi_V) ** 2) * 80e-12
    energy_J = 1e-3 * arm.splitter * arm.insertion * 10 ** (-attenuation_dB / 10) * open_s
    photons = 2 * energy_J * midpoint.bright_transmission / (PLANCK_J_s * 192.025e12) / 2
    return photons * midpoint.detectors[0].efficiency(18e-6) / (PERIOD_PS * 1e-12)


@pytest.mark.parametrize("attenuation_dB", [29.0, 20.0])
def test_a_detector_latches_above_its_rate_and_not_below(attenuation_dB):
    rack = brighter(without_heralds(nominal()), attenuation_dB)
    rate_Hz = expected_Hz(World(devices(), WIRING, 5), rack)
    free = World(devices(), WIRING, 5).play(rack, 3).taggers["hub_tc"]
    below = World(limited(1.01 * rate_Hz + 7), WIRING, 5).play(rack, 3).taggers["hub_tc"]
    above = World(limited(0.99 * rate_Hz), WIRING, 5).play(rack, 3).taggers["hub_tc"]
    assert all(np.array_equal(free[name], below[name]) for name in free)
    assert len(free[IN1]) > 50
    assert len(above[IN1]) == 0
    assert len(above[IN2]) > 50


def test_a_latched_detector_is_back_when_the_light_is_gone():
    world = World(limited(100.0), WIRING, 5)
    rack = without_heralds(nominal())
    assert len(world.play(rack, 1).taggers["hub_tc"][IN1]) == 0
    dark = brighter(rack, 90.0)
    quiet = World(devices(), WIRING, 5).play(dark, 2).taggers["hub_tc"]
    assert np.array_equal(world.play(dark, 2).taggers["hub_tc"][IN1], quiet[IN1])
