# SPDX-License-Identifier: Apache-2.0
"""Heralded pairs that wait for a readout of their own, which a herald leads to: they decay until then."""

from collections import Counter
from itertools import product
from math import pi

import numpy as np
import pytest
from exact_statistics import all_hold, two_sided
from laboratory import (
    M1,
    PERIOD_PS,
    SAMPLES,
    Program,
    RATE_Hz,
    arm_settings,
    changed,
    devices,
    gaussian,
    nominal,
    readouts,
    station,
    tags,
)
from test_rounds import GATE_PS, POWER_W, READS, CENTRES_s, bins, laboratory, modelled, pulses_V
from two_node_wiring import WIRING

from heraldlink_physics.chain import link
from heraldlink_physics.device import Devices
from heraldlink_physics.qubit import idle_kraus
from heraldlink_physics.readout import confusion
from heraldlink_physics.register import Register
from heraldlink_sim.world import rack as words
from heraldlink_sim.world.play import World
from heraldlink_sim.world.rack import IN1, IN2


def waited(state: np.ndarray, devices: Devices, time_s: float) -> np.ndarray:
    """Both qubits of a pair, complex[4, 4], left to themselves."""
    pair = Register(("alice", "bob"), state)
    for site, arm in zip(pair.sites, devices.arms, strict=True):
        pair = pair.through(idle_kraus(arm.qubit, time_s), site)
    return pair.state


@pytest.mark.parametrize("basis", ["Z", "X"])
def test_a_heralded_pair_decays_until_it_is_read(basis):
    """Pump at 400 ns, readout waveform 5 us later, its drive at 400 ns and its gate at 1 us."""
    decays = {"t1_s": 8e-6, "t2_s": 12e-6, "thermal_population": 0.05}
    world = World(laboratory(round_sigma_rad=0.0, **decays), WIRING, 33)
    turned = {"turn_rad": pi / 2, "axis_rad": 3 * pi / 2} if basis == "X" else {}
    alice, bob = Program("alice", **turned), Program("bob", **turned)
    if turned:
        bob = Program("bob", turn_rad=pi / 2, axis_rad=3 * pi / 2 + world.fibre.at(1))
    rack = changed(nominal(alice, bob), "lasers", "hub_pump", power_W=4e-3)
    settings, arms = arm_settings(gaussian(0.2, 400e-9, 48e-9), 4e-3), world.devices.arms
    patterns = link(*arms, world.devices.midpoint, settings, settings, station()).model.patterns
    seen: Counter = Counter()
    for slot in range(1, 13):
        events = world.play(rack, slot).taggers
        after = [tags(events["hub_tc"], port) for port in (IN1, IN2)]
        c, d = ({int(k) for k in k[(t >= 0) & (t < 400_000)] if k >= 400} for t, k in after)
        answers = [
            dict(zip(*(x.tolist() for x in readouts(events[n])), strict=True)) for n in ("alice_tc", "bob_tc")
        ]
        for pattern, attempts in (("c", c - d), ("d", d - c)):
            for k in attempts & answers[0].keys() & answers[1].keys():
                seen[pattern, (answers[0][k] > 0) == (answers[1][k] > 0)] += 1
    p_values, undecayed = [], []
    for draw, pattern in ((0.4, "c"), (0.7, "d")):
        trials = seen[pattern, True] + seen[pattern, False]
        assert trials > 500
        for found, expected in (
            (p_values, equal(patterns[pattern].state, world.devices, basis)),
            (undecayed, equal(patterns[pattern].state, devices(), basis)),
        ):
            found.append(two_sided(seen[pattern, True], trials, expected, draw))
    assert all_hold(p_values)
    assert not all_hold(undecayed)


def equal(state: np.ndarray, devices: Devices, basis: str) -> float:
    """Probability of equal answers in Z after 5.6 us, or along X by a turn after 5 us."""
    hadamard = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    if basis == "X":
        turn = np.kron(hadamard, hadamard)
        state = turn @ waited(state, devices, 5e-6) @ turn.conj().T
        state = waited(state, devices, 0.6e-6)
    else:
        state = waited(state, devices, 5.6e-6)
    qubit = devices.arms[0].qubit
    read = confusion(0.0, 60.0, 1, gate_over_t1=2e-6 / qubit.t1_s, thermal=qubit.thermal_population)
    answers = np.kron(read, read).T @ np.diag(state).real
    return float(answers[0] + answers[3])


def test_a_readout_after_the_attempt_reads_both_bins_in_order():
    """A herald leads to a waveform with a gate for each bin; early and late pairs answer as modelled."""
    decays = {"t1_s": 8e-6, "t2_s": 8e-6, "thermal_population": 0.0}
    world = World(laboratory(round_sigma_rad=0.0, **decays), WIRING, 38)
    rack = changed(nominal(jumping("alice"), jumping("bob")), "lasers", "hub_pump", power_W=POWER_W)
    rack = changed(rack, "taggers", "hub_tc", combiners={5: words.Combiner(IN1, IN2, *GATE_PS)})
    seen: Counter = Counter()
    for slot in range(1, 5):
        events = world.play(rack, slot).taggers
        index, _ = readouts(events["alice_tc"], 1.2e-6)
        both = [readouts(events[n], 1.2e-6)[1].reshape(-1, 2) > 0 for n in ("alice_tc", "bob_tc")]
        pairs = bins(events["hub_tc"], len(events["hub_tc"]["START"]))
        for k, a, b in zip(index[::2].tolist(), *both, strict=True):
            if "both" not in pairs[k]:
                seen.update((pairs[k], late, answer) for late, answer in enumerate((a == b).tolist()))
    p_values = []
    for draw, (pair, late) in zip(
        (0.1, 0.3, 0.5, 0.7), product((("c", ""), ("", "d")), (False, True)), strict=True
    ):
        model = modelled(world.devices, late).model
        key = {"": ("none", "none"), "c": ("photon", "none"), "d": ("none", "photon")}[pair[late]]
        state = model.clicks[key] / np.trace(model.clicks[key])
        waited_s = (PERIOD_PS * 1e-12 - CENTRES_s[late]) + READS[late].start / RATE_Hz
        state = waited(state, world.devices, waited_s)
        read = confusion(0.0, 60.0 * 0.6, 1, gate_over_t1=1.2e-6 / 8e-6, thermal=0.0)
        answers = np.kron(read, read).T @ np.diag(state).real
        trials = seen[pair, late, True] + seen[pair, late, False]
        assert trials > 100
        p_values.append(two_sided(seen[pair, late, True], trials, answers[0] + answers[3], draw))
    assert all_hold(p_values)


def jumping(name: str) -> Program:
    """Attempts of two pulses without a gate; a herald leads to both gates."""
    found = Program(name)
    sync, gates = np.zeros(SAMPLES, np.uint8), np.zeros(SAMPLES, np.uint8)
    sync[2500:2750] |= M1
    for gate in READS:
        gates[gate] |= M1
    dark = np.zeros(SAMPLES, np.float32)
    none = np.zeros(SAMPLES, np.uint8)
    light = words.Waveform((pulses_V() / 0.25).astype(np.float32), sync)
    wait = words.ProgramStep((words.Waveform(dark, none), words.Waveform(dark, none)), 1, "A")
    attempts = words.ProgramStep((light, words.Waveform(dark, none)), 4000, None, "B", 3, 1)
    read = words.ProgramStep(
        (words.Waveform(dark, none), words.Waveform(dark, gates)), 1, None, None, None, 2
    )
    found.steps = (wait, attempts, read)
    return found
