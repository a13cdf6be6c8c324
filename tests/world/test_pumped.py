# SPDX-License-Identifier: Apache-2.0
"""Pump light at the taps, and the mixing chambers under its heat, against sums and differential equations."""

from dataclasses import replace

import numpy as np
import pytest
from laboratory import PERIOD_PS, SAMPLES, Program, changed, devices, nominal, without_heralds
from scipy.integrate import solve_ivp
from two_node_wiring import TICK_PS, WIRING

from heraldlink_physics.cryostat import mixing_chamber_K, relaxed
from heraldlink_physics.errors import PhysicsError
from heraldlink_sim.world.play import World
from heraldlink_sim.world.pumped import incident_W
from heraldlink_sim.world.rack import SwitchState
from heraldlink_sim.world.wiring import SwitchRoute

ROUTE = SwitchRoute("hub_switch", 1, 9)
ROUTED = replace(WIRING, node_a=replace(WIRING.node_a, pump_route=ROUTE))


def switched(connections: dict[int, int]):
    return replace(nominal(), switches={"hub_switch": SwitchState(connections)})


def test_power_in_front_of_the_carver_is_the_product_of_what_is_on_its_way():
    device = devices().arms[0]
    expected_W = 1e-3 * device.splitter * device.insertion * 10**-2.9
    assert incident_W(nominal(), WIRING, WIRING.node_a, device) == pytest.approx(expected_W, rel=1e-12)
    dark = changed(nominal(), "lasers", "hub_pump", shutter_open=False)
    assert incident_W(dark, WIRING, WIRING.node_a, device) == 0


@pytest.mark.parametrize(
    ("connections", "passes"), [({1: 9}, True), ({}, False), ({1: 10}, False), ({2: 9}, False)]
)
def test_light_goes_where_the_switch_sends_it(connections, passes):
    world, rack = World(devices(), ROUTED, seed=3), switched(connections)
    assert (incident_W(rack, ROUTED, ROUTED.node_a, world.devices.arms[0]) > 0) is passes
    lit = world.play(without_heralds(rack), 4).taggers["hub_tc"]
    both = World(devices(), WIRING, seed=3).play(without_heralds(nominal()), 4).taggers["hub_tc"]
    same = all(np.array_equal(lit[name], both[name]) for name in both)
    assert same is passes


def test_mean_transmission_is_the_sum_over_all_samples_of_the_slot():
    program = Program("alice", bright=20, calibrations=10, attempts=300)
    steps = list(program.steps)
    steps[4] = replace(steps[4], goto=7)  # one round, then the end
    rack = without_heralds(nominal(alice=program))
    generator = replace(rack.generators["alice_awg"], steps=tuple(steps))
    rack = replace(rack, generators={**rack.generators, "alice_awg": generator})
    carver = devices().arms[0].carver
    floor = 10 ** (-carver.extinction_dB / 10)
    open_ps = 0.0
    for step in steps[:5]:
        for sample in step.waveforms[0].samples.astype(float) * 0.25:
            phase = np.pi / 2 * sample / carver.v_pi_V
            open_ps += step.repeat * (1 - floor) * np.sin(phase) ** 2 * PERIOD_PS / SAMPLES
    found = World(devices(), WIRING, seed=1).play(rack, 2).carvers["alice"]
    assert found == pytest.approx(floor + open_ps / TICK_PS, rel=1e-9)


def test_a_node_that_does_not_play_lets_only_its_carvers_floor_through():
    rack = changed(nominal(), "delays", "alice_dg", armed=False)
    events = World(devices(), WIRING, seed=1).play(rack, 2)
    assert events.carvers["alice"] == 10 ** (-devices().arms[0].carver.extinction_dB / 10)
    assert events.carvers["bob"] > events.carvers["alice"]


def test_at_the_steady_temperature_cooling_and_heat_are_equal():
    base_K, heat_W, cooling = 0.011, 3e-6, 0.05
    steady_K = mixing_chamber_K(base_K, heat_W, cooling)
    assert cooling * steady_K**2 == pytest.approx(cooling * base_K**2 + heat_W, rel=1e-12)
    assert mixing_chamber_K(base_K, 0, cooling) == base_K
    with pytest.raises(PhysicsError, match="heat_W"):
        mixing_chamber_K(base_K, -1e-9, cooling)


def test_relaxing_is_the_solution_of_its_differential_equation():
    now_K, target_K, constant_s = 0.012, 0.031, 60.0
    solution = solve_ivp(
        lambda _, temperature_K: (target_K - temperature_K) / constant_s,
        (0, 100),
        [now_K],
        rtol=1e-10,
        atol=1e-12,
    )
    assert relaxed(now_K, target_K, 100.0, constant_s) == pytest.approx(solution.y[0, -1], rel=1e-8)
    halfway_K = relaxed(now_K, target_K, 40.0, constant_s)
    assert relaxed(halfway_K, target_K, 60.0, constant_s) == pytest.approx(
        relaxed(now_K, target_K, 100.0, constant_s), rel=1e-12
    )
