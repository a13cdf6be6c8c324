# SPDX-License-Identifier: Apache-2.0
"""Cavities that jump and polarisations that walk: their laws, and that the rate falls where they are away."""

import math
from dataclasses import replace

import numpy as np
import pytest
from laboratory import LASER_Hz, devices, gated, nominal, without_heralds
from scipy import integrate, stats
from two_node_wiring import WIRING

from heraldlink_physics.clock import Clock
from heraldlink_physics.device import Devices
from heraldlink_physics.fibre import Fibre
from heraldlink_physics.polarisation import misalignment_rad, stokes
from heraldlink_physics.transducer import pair_rate_Hz
from heraldlink_sim.world.drifts import STILL, Drift, Drifts, PolarisationWalk, Telegraph
from heraldlink_sim.world.play import World

TICK_s = 0.1
LEVEL = 1e-3


def jumping(jump_Hz: float, rate_Hz: float) -> Devices:
    found = devices()
    a, b = found.arms
    cavity = replace(a.transducer, frequency_jump_Hz=jump_Hz, frequency_jump_rate_Hz=rate_Hz)
    return replace(found, arms=(replace(a, transducer=cavity), b))


def test_a_state_does_not_depend_on_what_was_asked_before():
    for make in (lambda: Telegraph(5, "a", 2.0, TICK_s), lambda: PolarisationWalk(5, 0.3, 0.05, TICK_s)):
        walking, jumped = make(), make()
        walked = [walking.at(slot) for slot in range(2500)]
        assert [jumped.at(slot) for slot in (2499, 3, 1024, 1025)] == [
            walked[s] for s in (2499, 3, 1024, 1025)
        ]


def test_telegraph_jumps_as_often_as_its_rate_says():
    """From one tick to the next the state differs with (1 - exp(-2 r T))/2, whatever it was."""
    for rate_Hz in (0.3, 2.0, 50.0):
        telegraph = Telegraph(9, "b", rate_Hz, TICK_s)
        states = np.array([telegraph.at(slot) for slot in range(8000)])
        odd = (1 - math.exp(-2 * rate_Hz * TICK_s)) / 2
        for state in (False, True):
            chosen = np.flatnonzero(states[:-1] == state)
            flips = int((states[chosen + 1] != state).sum())
            assert stats.binomtest(flips, len(chosen), odd).pvalue > LEVEL, (rate_Hz, state)
    assert not any(Telegraph(9, "b", 0.0, TICK_s).at(slot) for slot in range(50))


def test_polarisation_forgets_itself_as_rotational_diffusion_does():
    """<cos Theta> after n steps is f^n, f = (1 + 2 <cos w>)/3 over the rotations' angles (a Maxwell law)."""
    diffusion, steps = 0.4, 20
    sigma = math.sqrt(2 * diffusion * TICK_s)
    density = stats.maxwell(scale=sigma)
    mean_cos = integrate.quad(lambda w: math.cos(w) * density.pdf(w), 0, 12 * sigma)[0]
    expected = ((1 + 2 * mean_cos) / 3) ** steps
    assert expected == pytest.approx(math.exp(-2 * diffusion * steps * TICK_s), rel=0.05)
    cosines = [math.cos(2 * PolarisationWalk(seed, 0.0, diffusion, TICK_s).at(steps)) for seed in range(800)]
    error = np.std(cosines) / math.sqrt(len(cosines))
    assert 2 * stats.norm.sf(abs(np.mean(cosines) - expected) / error) > LEVEL


def test_a_walk_begins_where_the_file_says():
    walk = PolarisationWalk(1, 0.4, 1e-9, TICK_s)
    assert walk.at(0) == pytest.approx(misalignment_rad(stokes(0.4)), abs=1e-9)
    assert walk.at(1) == pytest.approx(0.4, abs=1e-3)
    assert PolarisationWalk(1, 0.4, 0.0, TICK_s).at(7) is None
    assert Drifts(devices(), 3, TICK_s).at(8) == STILL


def test_the_filter_stays_where_it_is_when_the_cavity_jumps():
    found = Drift((5e8, 0.0), 0.2).applied(jumping(5e8, 1.0))
    assert found.arms[0].transducer.optical_frequency_Hz == 192.02e12 + 5e8
    assert found.arms[0].filter_offset_Hz == -5e8
    assert found.arms[1] == devices().arms[1]
    assert found.midpoint.polarisation_misalignment_rad == 0.2


def test_the_rate_falls_in_the_slots_in_which_the_cavity_is_away():
    """Clicks as of a laboratory whose cavity always is away; their number in proportion to the pairs."""
    jump_Hz, rack = 2e9, without_heralds(nominal())
    world = World(jumping(jump_Hz, 3.0), WIRING, seed=4)
    away = [slot for slot in range(1, 60) if world.drifts.at(slot).cavity_shift_Hz[0]][:8]
    home = [slot for slot in range(1, 60) if not world.drifts.at(slot).cavity_shift_Hz[0]][:8]
    assert len(away) == len(home) == 8

    def clicked(lab: World, slots: list[int]) -> int:
        patterns = (gated(lab.play(rack, slot).taggers["hub_tc"], first=400) for slot in slots)
        return sum(len(c | d) for c, d in patterns)

    still = World(devices(), WIRING, seed=4)
    assert clicked(world, home) == clicked(still, home)
    moved = World(Drift((jump_Hz, 0.0)).applied(devices()), WIRING, seed=4)
    seen, nominal_clicks = clicked(world, away), clicked(still, away)
    assert seen == clicked(moved, away)
    a, shifted = devices().arms[0].transducer, Drift((jump_Hz, 0.0)).applied(devices()).arms[0].transducer
    ratio = (1 + pair_rate_Hz(shifted, LASER_Hz, 1.0) / pair_rate_Hz(a, LASER_Hz, 1.0)) / 2
    total = seen + nominal_clicks
    assert stats.binomtest(seen, total, ratio / (1 + ratio)).pvalue > LEVEL
    assert stats.binomtest(seen, total, 0.5, alternative="less").pvalue < LEVEL


def imperfect() -> Devices:
    """Every optional imperfection at once."""
    found = devices()
    wire = replace(
        found.midpoint.detectors[0],
        recovery_s=2e-8,
        afterpulse_probability=0.05,
        latch_rate_Hz=5e6,
        pulse_ohm=1e4,
        noise_V=0.01,
    )
    arms = []
    for arm in found.arms:
        cavity = replace(arm.transducer, frequency_jump_Hz=3e8, frequency_jump_rate_Hz=4.0)
        qubit = replace(arm.qubit, t1_s=8e-6, t2_s=6e-6, thermal_population=0.05)
        arms.append(
            replace(
                arm,
                transducer=cavity,
                qubit=qubit,
                filter_linewidth_Hz=2e7,
                fibre=Fibre(100.0),
                clock=Clock(300, 1e-9),
            )
        )
    midpoint = replace(
        found.midpoint,
        detectors=(wire, wire),
        polarisation_misalignment_rad=0.2,
        polarisation_diffusion_rad2_per_s=0.05,
        round_phase_sigma_rad=0.1,
    )
    return replace(found, arms=tuple(arms), midpoint=midpoint)


def test_everything_at_once_is_the_same_in_any_order_of_slots():
    rack, slots = nominal(), (3, 1, 2)
    forward, backward = World(imperfect(), WIRING, seed=6), World(imperfect(), WIRING, seed=6)
    first = {slot: forward.play(rack, slot) for slot in slots}
    second = {slot: backward.play(rack, slot) for slot in reversed(slots)}
    assert {forward.drifts.at(slot) for slot in range(30)} != {forward.drifts.at(0)}
    for slot in slots:
        for tagger, events in first[slot].taggers.items():
            for name, times in events.items():
                assert np.array_equal(times, second[slot].taggers[tagger][name]), (slot, tagger, name)
                assert np.all(np.diff(times) >= 0)
