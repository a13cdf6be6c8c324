# SPDX-License-Identifier: Apache-2.0
"""Two pump pulses in an attempt: clicks of both rounds and answers of both qubits, against the model."""

from collections import Counter
from dataclasses import replace
from itertools import product
from math import exp, pi

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
    clicks,
    devices,
    gaussian,
    nominal,
    readouts,
    station,
    tags,
    without_heralds,
)
from two_node_wiring import WIRING

from heraldlink_physics.carving import pump_pulse
from heraldlink_physics.chain import LinkModel, link
from heraldlink_physics.device import Devices
from heraldlink_physics.settings import (
    OtherPulse,
)
from heraldlink_sim.world import rack as words
from heraldlink_sim.world.play import World
from heraldlink_sim.world.rack import IN1, IN2

ATTEMPTS, CENTRES_s, SIGMA_s, SYNC_PS = 15_000, (400e-9, 900e-9), 30e-9, 200_000
GATE_PS, SPLIT_PS = (50_000, 950_000), 450_000
LOADED_s = 0.9e-6
"""Second pulse after the waveform's start."""
READS = (slice(15_000, 30_000), slice(37_500, 52_500))
PULSE_V = 0.2
POWER_W = 15e-3


def laboratory(phase_sigma_rad: float = 0.2, round_sigma_rad: float = 0.3, **qubit: float) -> Devices:
    """Devices that read a qubit without error, whose fibres stand still."""
    both = devices()
    arms = []
    for arm in both.arms:
        readout = replace(arm.readout, photons_g=0.0, photons_e=60.0)
        heating = replace(arm.heating, pulse_photons=0.02, decay_s=1e-6)
        arms.append(replace(arm, readout=readout, heating=heating, qubit=replace(arm.qubit, **qubit)))
    midpoint = replace(
        both.midpoint,
        phase_diffusion_rad2_per_s=0.0,
        fast_phase_sigma_rad=phase_sigma_rad,
        round_phase_sigma_rad=round_sigma_rad,
    )
    return replace(both, arms=tuple(arms), midpoint=midpoint)


def pulses_V(centres_s: tuple[float, ...] = CENTRES_s) -> np.ndarray:
    time_s = np.arange(SAMPLES) / RATE_Hz
    return sum(
        np.where(abs(time_s - centre) < 5 * SIGMA_s, gaussian(PULSE_V, centre, SIGMA_s), 0.0)
        for centre in centres_s
    )


def program(name: str, axis_rad: float | None = None, centres_s: tuple[float, ...] = CENTRES_s) -> Program:
    """Attempts of two pulses, each qubit read in its gate after a pi/2 turn about ``axis_rad`` (None: Z)."""
    found = Program(name)
    markers = np.zeros((2, SAMPLES), np.uint8)
    markers[0, 2500:2750] |= M1
    drive_V = np.zeros(SAMPLES)
    for gate in READS:
        markers[1, gate] |= M1
        if axis_rad is not None:
            drive_V += turn_V(gate.start / RATE_Hz - 60e-9, axis_rad)
    waveforms = [
        words.Waveform((volts / 0.25).astype(np.float32), bits)
        for volts, bits in zip((pulses_V(centres_s), drive_V), markers, strict=True)
    ]
    found.steps = (words.ProgramStep(tuple(waveforms), ATTEMPTS, "A"),)
    return found


def turn_V(centre_s: float, axis_rad: float) -> np.ndarray:
    time_s = np.arange(SAMPLES) / RATE_Hz
    envelope = np.where(
        abs(time_s - centre_s) < 50e-9, np.exp(-((time_s - centre_s) ** 2) / (2 * 10e-9**2)), 0.0
    )
    peak_V = pi / 2 / (1.0e9 * envelope.sum() / RATE_Hz)
    return peak_V * envelope * np.cos(2 * pi * 5.0e9 * time_s + axis_rad)


def rack_of(axis_rad: float | None = None, turn_rad: float = 0.0) -> words.RackState:
    turned = None if axis_rad is None else axis_rad + turn_rad
    rack = without_heralds(nominal(program("alice", axis_rad), program("bob", turned)))
    rack = changed(rack, "lasers", "hub_pump", power_W=POWER_W)
    combiners = {5: words.Combiner(IN1, IN2, *GATE_PS)}
    return changed(rack, "taggers", "hub_tc", combiners=combiners)


def modelled(laboratory: Devices, late: bool, sharp: bool = True) -> LinkModel:
    """The model of one round, from settings written down here."""
    midpoint = replace(laboratory.midpoint, fast_phase_sigma_rad=0.0) if sharp else laboratory.midpoint
    arms = []
    for arm in laboratory.arms:
        settings = [arm_settings(pulses_V((centre,)), POWER_W) for centre in CENTRES_s]
        energy_J = pump_pulse(arm, settings[1 - late]).energy_J
        before_ps = 500_000 if late else PERIOD_PS - 500_000
        arms.append(replace(settings[late], others=(OtherPulse(energy_J, before_ps),)))
    gate = (SPLIT_PS, GATE_PS[1]) if late else (GATE_PS[0], SPLIT_PS)
    return link(*laboratory.arms, midpoint, *arms, station(gate))


def clicked(events: dict, begin_ps: int, end_ps: int, attempts: int = ATTEMPTS) -> list[str]:
    """Per attempt "", "c", "d" or "both"."""
    found = clicks(events, (begin_ps, end_ps), attempts)
    return [("", "c", "d", "both")[c + 2 * d] for c, d in found.T.tolist()]


def bins(events: dict, attempts: int = ATTEMPTS) -> list[tuple[str, str]]:
    early = clicked(events, GATE_PS[0], SPLIT_PS, attempts)
    return list(zip(early, clicked(events, SPLIT_PS, GATE_PS[1], attempts), strict=True))


def test_clicks_of_both_rounds_are_independent_and_as_the_model_says():
    world = World(laboratory(), WIRING, 31)
    slots = range(1, 5)
    seen = Counter(pair for slot in slots for pair in bins(world.play(rack_of(), slot).taggers["hub_tc"]))
    models = [modelled(world.devices, late).model.patterns for late in (False, True)]
    assert models[1]["c"].probability != pytest.approx(models[0]["c"].probability, rel=1e-3)
    chances = [{key: item.probability for key, item in patterns.items()} for patterns in models]
    for chance in chances:
        chance[""] = 1 - sum(chance.values())
    draws = np.random.default_rng(2).random(16)
    found = [
        two_sided(seen[early, late], ATTEMPTS * len(slots), chances[0][early] * chances[1][late], u)
        for (early, late), u in zip(product(("", "c", "d", "both"), repeat=2), draws.tolist(), strict=True)
    ]
    assert all_hold(found)
    assert seen["c", "c"] + seen["d", "d"] > 50


def xx(world: World, late: bool, pattern: str) -> float:
    """<XX> of a round at a phase of zero."""
    state = modelled(world.devices, late).model.patterns[pattern].state
    return float(2 * (state[0, 3] + state[1, 2]).real)


def parities(world: World, rack: words.RackState, slots: range) -> Counter:
    """How often the four answers of a two-click herald have an even number of e, by herald pattern."""
    found: Counter = Counter()
    for slot in slots:
        events = world.play(rack, slot).taggers
        answers = [
            (readouts(events[name], (READS[0].stop - READS[0].start) / RATE_Hz)[1] > 0).reshape(ATTEMPTS, 2)
            for name in ("alice_tc", "bob_tc")
        ]
        for k, pair in enumerate(bins(events["hub_tc"])):
            if pair[0] in tuple("cd") and pair[1] in tuple("cd"):
                excited = sum(int(answer[k].sum()) for answer in answers)
                found[pair, excited % 2 == 0] += 1
    return found


@pytest.mark.parametrize("turn_rad", [0.0, 0.7])
def test_both_bins_read_along_x_keep_the_phase_that_the_rounds_share(turn_rad):
    """<XXXX> = <XX><XX>'/2 (exp(-sigma_r²/2) + cos(2 phi) exp(-2 sigma² - sigma_r²/2))."""
    world = World(laboratory(phase_sigma_rad=0.3, round_sigma_rad=0.4), WIRING, 32)
    phase_rad = world.fibre.at(1)
    found = parities(world, rack_of(pi / 2, phase_rad + turn_rad), range(1, 7))
    kept = (exp(-(0.4**2) / 2) + np.cos(2 * turn_rad) * exp(-2 * 0.3**2 - 0.4**2 / 2)) / 2
    p_values, aligned, heralds = [], 0, 0
    for draw, (early, late) in zip((0.3, 0.6, 0.2, 0.8), product("cd", repeat=2), strict=True):
        product_of_means = xx(world, False, early) * xx(world, True, late)
        even, odd = (found[(early, late), parity] for parity in (True, False))
        assert even + odd > 40
        p_values.append(two_sided(even, even + odd, (1 + product_of_means * kept) / 2, draw))
        aligned, heralds = aligned + (even if early == late else odd), heralds + even + odd
    assert all_hold(p_values)
    assert not all_hold([two_sided(aligned, heralds, 0.5, 0.5)])


def test_a_lone_node_is_gated_by_the_first_nodes_sync():
    """Bob pulses alone; the window counts from alice's sync, which she plays without light."""
    world = World(laboratory(), WIRING, 34)
    alice = Program("alice", pulse_V=0.0)
    rack = without_heralds(nominal(alice))
    lit = arm_settings(gaussian(0.2, 400e-9, 48e-9))
    dark = replace(lit, envelope_V=np.zeros(SAMPLES))
    model = link(*world.devices.arms, world.devices.midpoint, dark, lit, station((0, 200_000))).model
    combiners = {5: words.Combiner(IN1, IN2, 0, 200_000)}
    rack = changed(rack, "taggers", "hub_tc", combiners=combiners)
    found = trials = 0
    for slot in range(1, 31):
        events = world.play(rack, slot).taggers["hub_tc"]
        for port in (IN1, IN2):
            after_ps, index = tags(events, port)
            found += int(((after_ps >= 0) & (after_ps < 200_000) & (index >= 400)).sum())
        trials += 5000
    assert found > 20
    chance = sum(item.probability for item in model.patterns.values())
    assert all_hold([two_sided(found, trials, chance, 0.5)])


def test_rounds_are_the_same_in_whichever_order_slots_are_played():
    first, second = (World(laboratory(), WIRING, 35) for _ in range(2))
    rack = rack_of(0.0)
    played = {slot: first.play(rack, slot) for slot in (1, 2, 3)}
    for slot in (3, 1, 2):
        other = second.play(rack, slot)
        for tagger, events in played[slot].taggers.items():
            assert all(np.array_equal(times, other.taggers[tagger][name]) for name, times in events.items())
    third = World(laboratory(), WIRING, 36).play(rack, 1).taggers["hub_tc"][IN1]
    assert not np.array_equal(third, played[1].taggers["hub_tc"][IN1])


def test_pulses_that_never_overlap_are_rounds_of_their_own():
    """Alice early, bob late: each arm alone in its half of the gate, and both may click in one attempt."""
    world = World(laboratory(), WIRING, 37)
    rack = rack_of()
    for name, centre_s in zip(("alice", "bob"), CENTRES_s, strict=True):
        steps = program(name, None, (centre_s,)).steps
        rack = changed(rack, "generators", f"{name}_awg", steps=steps)
    seen = Counter(pair for slot in (1, 2) for pair in bins(world.play(rack, slot).taggers["hub_tc"]))
    p_values = []
    for late in (False, True):
        clicks = sum(count for pair, count in seen.items() if pair[late])
        chance = lone_chance(world.devices, late)
        p_values.append(two_sided(clicks, 2 * ATTEMPTS, chance, 0.5))
    assert all_hold(p_values)
    assert sum(count for pair, count in seen.items() if all(pair)) > 5


def lone_chance(laboratory: Devices, late: bool) -> float:
    """Probability of any click in a round in which one node pulses alone."""
    lit = arm_settings(pulses_V(CENTRES_s[late : late + 1]), POWER_W)
    dark = replace(lit, envelope_V=np.zeros(SAMPLES))
    arms = (dark, lit) if late else (lit, dark)
    gate = (SPLIT_PS, GATE_PS[1]) if late else (GATE_PS[0], SPLIT_PS)
    model = link(*laboratory.arms, laboratory.midpoint, *arms, station(gate)).model
    return sum(item.probability for item in model.patterns.values())
