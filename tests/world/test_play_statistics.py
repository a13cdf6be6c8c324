# SPDX-License-Identifier: Apache-2.0
"""Played slots against the physics model, as exact binomial tests; seeds are fixed, so a verdict is final."""

import math

import numpy as np
import pytest
from laboratory import (
    GATE_PS,
    PERIOD_PS,
    Program,
    RATE_Hz,
    arm_settings,
    devices,
    gated,
    nominal,
    readouts,
    station,
    tags,
    without_heralds,
)
from scipy import stats
from two_node_wiring import WIRING

from heraldlink_physics.chain import LinkModel, link
from heraldlink_physics.settings import ArmSettings, MidpointSettings
from heraldlink_sim.world.play import World
from heraldlink_sim.world.rack import IN1, IN3, START

LEVEL = 1e-3
BRIGHT, SHOTS, ATTEMPTS = 200, 100, 5000
FIRST = BRIGHT + 2 * SHOTS
CONFUSION_THRESHOLD = 1


def nominal_settings() -> tuple[ArmSettings, MidpointSettings]:
    """Settings of the nominal rack, written down here and not read from it."""
    envelope_V = 0.2 * np.exp(-((np.arange(62_500) / RATE_Hz - 400e-9) ** 2) / (2 * 48e-9**2))
    return arm_settings(envelope_V), station()


def predicted() -> LinkModel:
    """The model of the nominal rack."""
    settings, midpoint = nominal_settings()
    laboratory = devices()
    return link(*laboratory.arms, laboratory.midpoint, settings, settings, midpoint)


@pytest.fixture(scope="module")
def world():
    return World(devices(), WIRING, seed=11)


def test_click_patterns_have_the_models_probabilities(world):
    rack, slots = without_heralds(nominal()), range(1, 41)
    only_c = only_d = both = 0
    for slot in slots:
        c, d = gated(world.play(rack, slot).taggers["hub_tc"], first=FIRST)
        only_c, only_d, both = only_c + len(c - d), only_d + len(d - c), both + len(c & d)
    trials = ATTEMPTS * len(slots)
    patterns = predicted().model.patterns
    for count, pattern in ((only_c, "c"), (only_d, "d"), (both, "both")):
        assert stats.binomtest(count, trials, patterns[pattern].probability).pvalue > LEVEL, pattern


def test_arrival_times_follow_the_profile(world):
    rack = without_heralds(nominal())
    times = np.concatenate(
        [
            after[index >= FIRST]
            for slot in range(1, 21)
            for after, index in [tags(world.play(rack, slot).taggers["hub_tc"], IN1)]
        ]
    )
    inside = times[(times >= GATE_PS[0]) & (times < GATE_PS[1])]
    profile = predicted().profiles[0]
    assert stats.kstest(inside, lambda t: profile.cumulative(np.asarray(t))).pvalue > LEVEL


def test_dark_counts_come_at_all_times(world):
    dark = nominal(Program("alice", pulse_V=0.0), Program("bob", pulse_V=0.0))
    count = sum(len(world.play(dark, slot).taggers["hub_tc"][IN1]) for slot in range(1, 201))
    rate_Hz = predicted().dark_rates_Hz[0]
    assert stats.poisson(rate_Hz * 20).sf(count - 1) > LEVEL
    assert stats.poisson(rate_Hz * 20).cdf(count) > LEVEL


def test_hardware_counters_count_every_sync_and_gate(world):
    events = world.play(without_heralds(nominal()), 1).taggers
    assert len(events["hub_tc"][START]) == FIRST + ATTEMPTS
    assert len(events["hub_tc"][IN3]) == FIRST + ATTEMPTS
    assert len(events["alice_tc"][IN3]) == 2 * SHOTS
    assert np.all(np.diff(events["alice_tc"][START]) == PERIOD_PS)


def test_a_herald_leads_to_one_readout_of_its_attempt_at_both_nodes(world):
    events = world.play(nominal(), 3).taggers
    c, d = gated(events["hub_tc"], first=FIRST)
    for node in ("alice_tc", "bob_tc"):
        index, _ = readouts(events[node])
        record_ends = {k for k in c | d if events["hub_tc"][START][k] > 69_999_000_000}
        assert set(index[index >= FIRST].tolist()) == (c | d) - record_ends
        assert len(index) == len(set(index.tolist()))


def test_calibration_shots_have_the_readout_errors(world):
    device = devices().arms[0]
    seen = {"g": 0, "e": 0}
    for slot in range(1, 41):
        index, photons = readouts(world.play(nominal(), slot).taggers["bob_tc"])
        bright = photons >= CONFUSION_THRESHOLD
        seen["g"] += int(bright[(index >= BRIGHT) & (index < BRIGHT + SHOTS)].sum())
        seen["e"] += int(bright[(index >= BRIGHT + SHOTS) & (index < FIRST)].sum())
    seen_share = device.readout.detector.efficiency(18e-6) / device.readout.detector.max_efficiency
    dark = device.readout.detector.dark_rate(18e-6) * 2e-6
    for state, photons in (("g", device.readout.photons_g), ("e", device.readout.photons_e)):
        click = -math.expm1(-photons * seen_share - dark)
        assert stats.binomtest(seen[state], 40 * SHOTS, click).pvalue > LEVEL, state


def _turn(angle, axis):
    cos, sin = math.cos(angle / 2), math.sin(angle / 2)
    return np.array([[cos, -1j * sin * np.exp(-1j * axis)], [-1j * sin * np.exp(1j * axis), cos]])


AXES = {"X": (-math.pi / 2, math.pi / 2), "Y": (math.pi / 2, 0.0), "Z": (0.0, 0.0)}


@pytest.mark.parametrize("basis", ["X", "Y", "Z"])
def test_outcomes_of_heralded_pairs_follow_the_models_state(basis):
    """Both readouts' click patterns, Ψ+ and Ψ− apart, against model state, rotation and readout errors."""
    world = World(devices(), WIRING, seed=23)
    angle, axis = AXES[basis]
    alice = Program("alice", turn_rad=abs(angle), axis_rad=axis + (math.pi if angle < 0 else 0.0))
    bob = Program("bob", turn_rad=abs(angle), axis_rad=alice.axis_rad)
    rack, slots = nominal(alice, bob), range(1, 31)
    device = devices().arms[0]
    scale = device.readout.detector.efficiency(18e-6) / device.readout.detector.max_efficiency
    dark = device.readout.detector.dark_rate(18e-6) * 2e-6
    clicks = [
        -math.expm1(-mean * scale - dark) for mean in (device.readout.photons_g, device.readout.photons_e)
    ]
    errors = np.array([[1 - clicks[0], clicks[0]], [1 - clicks[1], clicks[1]]])
    model = predicted().model.patterns
    turn = np.kron(_turn(angle, axis), _turn(angle, axis))
    expected, variance, seen = np.zeros(2), np.zeros(2), np.zeros(2)
    for slot in slots:
        events = world.play(rack, slot).taggers
        c, d = gated(events["hub_tc"], first=FIRST)
        answers = [
            dict(zip(*(item.tolist() for item in readouts(events[node])), strict=True))
            for node in ("alice_tc", "bob_tc")
        ]
        phase = np.diag([1, np.exp(1j * world.fibre.at(slot))])
        for sign, (pattern, attempts) in enumerate((("c", c - d), ("d", d - c))):
            pairs = [
                (a, b) for k in attempts for a, b in [(answers[0].get(k), answers[1].get(k))] if a is not None
            ]
            state = model[pattern].state
            whole = turn @ np.kron(np.eye(2), phase)
            ideal = np.diag(whole @ state @ whole.conj().T).real.reshape(2, 2)
            read = errors.T @ ideal @ errors
            equal = float(np.trace(read))
            seen[sign] += sum((a >= 1) == (b >= 1) for a, b in pairs)
            expected[sign] += equal * len(pairs)
            variance[sign] += equal * (1 - equal) * len(pairs)
    assert variance.min() > 100
    assert np.all(2 * stats.norm.sf(np.abs(seen - expected) / np.sqrt(variance)) > LEVEL)
