# SPDX-License-Identifier: Apache-2.0
"""Rabi, Ramsey and T1 from waveform bytes to counted photons: exact randomised p-values, fixed seeds."""

from dataclasses import replace
from math import exp, pi

import numpy as np
from exact_statistics import all_hold, two_sided
from laboratory import M1, SAMPLES, Program, RATE_Hz, devices, nominal, readouts
from two_node_wiring import WIRING

from heraldlink_physics.device import Devices
from heraldlink_physics.readout import confusion
from heraldlink_sim.world import rack as words
from heraldlink_sim.world.play import World

SHOTS = 2000
GATE = slice(37_500, 62_000)
QUBIT = {"t1_s": 3.0e-6, "t2_s": 2.0e-6, "thermal_population": 0.04}


def laboratory(**qubit: float) -> Devices:
    both = devices()
    arms = tuple(replace(arm, qubit=replace(arm.qubit, **qubit)) for arm in both.arms)
    return replace(both, arms=arms)


def pulse_V(angle_rad: float, centre_s: float, axis_rad: float = 0.0, detuning_Hz: float = 0.0) -> np.ndarray:
    """A Gaussian drive, 2 ns sigma, whose phase in the qubit's frame is ``axis_rad`` at the start."""
    time_s = np.arange(SAMPLES) / RATE_Hz
    envelope = np.exp(-((time_s - centre_s) ** 2) / (2 * 2e-9**2)) * (abs(time_s - centre_s) < 16e-9)
    cycles = time_s * (5.0e9 + detuning_Hz)
    return angle_rad / (1.0e9 * envelope.sum() / RATE_Hz) * envelope * np.cos(2 * pi * cycles + axis_rad)


def gates(*slices: slice) -> np.ndarray:
    markers = np.zeros(SAMPLES, np.uint8)
    for item in slices:
        markers[item] |= M1
    return markers


def shots(drives_V: list[np.ndarray], *read: slice) -> tuple[words.ProgramStep, ...]:
    """One step per waveform, each read `SHOTS` times; no pump, a sync in each."""
    sync = np.zeros(SAMPLES, np.uint8)
    sync[2500:2750] |= M1
    first = words.Waveform(np.zeros(SAMPLES, np.float32), sync)
    steps = [
        words.ProgramStep((first, words.Waveform((volts / 0.25).astype(np.float32), gates(*read))), SHOTS)
        for volts in drives_V
    ]
    return (replace(steps[0], wait_trigger="A"), *steps[1:])


def p_values(
    world: World, drives_V: list[np.ndarray], excited: list[list[float]], *read: slice
) -> list[float]:
    """Exact p-values of "at least one photon" per waveform and gate, given each gate's population of e."""
    program = Program("alice")
    program.steps = shots(drives_V, *(read or (GATE,)))
    events = world.play(nominal(program), 1).taggers["alice_tc"]
    gate_s = ((read or (GATE,))[0].stop - (read or (GATE,))[0].start) / RATE_Hz
    _, photons = readouts(events, gate_s)
    clicked = (photons >= 1).reshape(len(drives_V), SHOTS, -1).sum(axis=1)
    model = world.devices.arms[0].readout
    seen = model.detector.efficiency(18e-6) / model.detector.max_efficiency * gate_s / model.gate_s
    dark = model.detector.dark_rate(18e-6) * gate_s
    qubit = world.devices.arms[0].qubit
    means = (photons * seen + dark for photons in (model.photons_g, model.photons_e))
    read = confusion(*means, 1, gate_over_t1=gate_s / qubit.t1_s, thermal=qubit.thermal_population)
    g, e = read[:, 1]
    draws = np.random.default_rng(1).random(clicked.size)
    expected = np.array(excited)
    return [
        two_sided(int(count), SHOTS, g + (e - g) * float(population), float(draw))
        for count, population, draw in zip(clicked.ravel(), expected.ravel(), draws, strict=True)
    ]


def test_rabi_oscillation():
    angles = np.linspace(0, 4 * pi, 10)
    drives = [pulse_V(angle, 2e-6) for angle in angles]
    found = p_values(World(laboratory(), WIRING, 3), drives, [[np.sin(angle / 2) ** 2] for angle in angles])
    assert all_hold(found)


def test_ramsey_fringe_of_a_turning_axis_decays_with_t2():
    fringe_Hz, t2_s = 2.0e6, QUBIT["t2_s"]
    delays_s = np.array([0.05, 0.1, 0.25, 0.4, 0.7, 1.0, 1.5]) * 1e-6
    drives = [
        pulse_V(pi / 2, 2.9e-6 - delay) + pulse_V(pi / 2, 2.9e-6, axis_rad=2 * pi * fringe_Hz * delay)
        for delay in delays_s
    ]
    world = World(laboratory(t1_s=1e6, t2_s=t2_s), WIRING, 4)
    excited = [[(1 + exp(-t / t2_s) * np.cos(2 * pi * fringe_Hz * t)) / 2] for t in delays_s]
    assert all_hold(p_values(world, drives, excited))


def detuned_fringe(detuning_Hz: float, expected_Hz: float) -> bool:
    """Both pulses of a Ramsey sequence from a generator that is off by ``detuning_Hz``."""
    delays_s = np.linspace(0.1e-6, 1.6e-6, 8)
    drives = [
        pulse_V(pi / 2, 2.5e-6 - delay, detuning_Hz=detuning_Hz)
        + pulse_V(pi / 2, 2.5e-6, detuning_Hz=detuning_Hz)
        for delay in delays_s
    ]
    excited = [[(1 + np.cos(2 * pi * expected_Hz * delay)) / 2] for delay in delays_s]
    return all_hold(p_values(World(laboratory(), WIRING, 5), drives, excited))


def test_ramsey_fringe_shows_how_far_the_generator_is_off():
    assert detuned_fringe(1.0e6, 1.0e6)
    assert not detuned_fringe(1.02e6, 1.0e6)


def test_t1_decay_to_the_thermal_population():
    delays_s = np.array([0.05, 0.3, 0.8, 1.5, 2.5]) * 1e-6
    drives = [pulse_V(pi, 3e-6 - delay) for delay in delays_s]
    world = World(laboratory(**QUBIT), WIRING, 6)
    warm = QUBIT["thermal_population"]
    excited = [[warm + (1 - 2 * warm) * exp(-delay / QUBIT["t1_s"])] for delay in delays_s]
    assert all_hold(p_values(world, drives, excited))


def test_each_gate_reads_a_fresh_qubit_turned_by_the_drives_before_it():
    first, second = slice(10_000, 25_000), slice(37_500, 52_500)
    drives = [pulse_V(pi, 0.4e-6), pulse_V(pi, 2.5e-6), pulse_V(pi / 2, 0.4e-6) + pulse_V(pi, 2.5e-6)]
    excited = [[1.0, 0.0], [0.0, 1.0], [0.5, 1.0]]
    assert all_hold(p_values(World(laboratory(), WIRING, 7), drives, excited, first, second))
    assert not all_hold(p_values(World(laboratory(), WIRING, 7), drives, excited[::-1], first, second))


def test_a_fresh_qubit_is_thermal():
    warm = QUBIT["thermal_population"]
    world = World(laboratory(**QUBIT), WIRING, 8)
    assert all_hold(p_values(world, [np.zeros(SAMPLES)], [[warm]]))
    assert not all_hold(p_values(world, [np.zeros(SAMPLES)], [[0.0]]))


def test_calibration_shots_and_pairs_do_not_depend_on_who_reads_first():
    program = Program("alice")
    program.steps = shots([pulse_V(angle, 2e-6) for angle in (0.4, 1.7)], GATE)
    worlds = [World(laboratory(**QUBIT), WIRING, 9) for _ in range(2)]
    played = [[worlds[0].play(nominal(program), slot) for slot in (1, 2)]]
    played += [[worlds[1].play(nominal(program), slot) for slot in (2, 1)][::-1]]
    for one, other in zip(*played, strict=True):
        for tagger, events in one.taggers.items():
            for name, times in events.items():
                assert np.array_equal(times, other.taggers[tagger][name])
