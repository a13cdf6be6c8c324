# SPDX-License-Identifier: Apache-2.0
"""Qubits that emit, from waveform bytes to tags: single click and Barrett-Kok against closed forms."""

from collections import Counter
from dataclasses import replace
from itertools import product
from math import asin, exp, pi, sqrt

import numpy as np
import pytest
from exact_statistics import all_hold, two_sided
from laboratory import M1, SAMPLES, Program, changed, devices, nominal, readouts, without_heralds
from test_plans_played import DRIVE, steps_of
from test_rounds import GATE_PS, SPLIT_PS, pulses_V, turn_V
from two_node_wiring import WIRING

from heraldlink.config import load_experiment
from heraldlink.sequences import GeneratorLimits, generator_program_of
from heraldlink.sequences.experiments import plan_of
from heraldlink_physics.device import Devices, EmitterSource
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.model import Emitter, Midpoint
from heraldlink_physics.single_click import single_click
from heraldlink_physics.two_rounds import barrett_kok
from heraldlink_sim.world import rack as words
from heraldlink_sim.world.play import World
from heraldlink_sim.world.rack import IN1, IN2

ATTEMPTS, GATE = 15_000, slice(25_000, 50_000)
EMISSION = {"alice": 0.9, "bob": 0.5}
VISIBILITY, FAST_rad, CHANGE_rad = 0.85, 0.3, 0.4
PREPARED_s, FLIPPED_s, ANALYSED_s = 200e-9, 650e-9, 1500e-9


def laboratory() -> Devices:
    """Emitters with unequal efficiencies and a readout without error, no dark counts."""
    both = devices()
    arms = [
        replace(
            arm,
            emitter=EmitterSource(EMISSION[arm.name]),
            carver=replace(arm.carver, extinction_dB=200.0),
            pump_extinction_dB=250.0,
            qubit=replace(arm.qubit, dephasing=0.0),
            readout=replace(arm.readout, photons_g=0.0, photons_e=60.0),
        )
        for arm in both.arms
    ]
    midpoint = replace(
        both.midpoint,
        detectors=tuple(replace(item, dark_rate_Hz=0.0) for item in both.midpoint.detectors),
        mode_match=VISIBILITY,
        fast_phase_sigma_rad=FAST_rad,
        round_phase_sigma_rad=CHANGE_rad,
        phase_diffusion_rad2_per_s=0.0,
    )
    return replace(both, arms=tuple(arms), midpoint=midpoint)


def rack_of(drives: dict[str, np.ndarray], rounds: int) -> words.RackState:
    programs = []
    for name in ("alice", "bob"):
        markers = np.zeros((2, SAMPLES), np.uint8)
        markers[0, 2500:2750] = M1
        markers[1, GATE] = M1
        light_V = pulses_V((400e-9, 900e-9)[:rounds])
        waveforms = [
            words.Waveform((volts / 0.25).astype(np.float32), bits)
            for volts, bits in zip((light_V, drives[name]), markers, strict=True)
        ]
        program = Program(name)
        program.steps = (words.ProgramStep(tuple(waveforms), ATTEMPTS, "A"),)
        programs.append(program)
    rack = without_heralds(nominal(*programs))
    return changed(rack, "taggers", "hub_tc", combiners={5: words.Combiner(IN1, IN2, *GATE_PS)})


def turns_V(*turns: tuple[float, float, float]) -> np.ndarray:
    """Drives of (centre in s, angle, axis)."""
    return sum(
        (turn_V(centre_s, axis) * (angle / (pi / 2)) for centre_s, angle, axis in turns), np.zeros(SAMPLES)
    )


def efficiencies(laboratory: Devices) -> tuple[float, float]:
    """From a bright qubit to a click, the beam splitter apart, as the device files say."""
    seen = laboratory.midpoint.detectors[0].efficiency(18e-6)
    a, b = (
        arm.emitter.emission
        * arm.path_transmission
        * arm.transducer.chip_to_fibre
        * seen
        * arm.transducer.kappa_external_Hz
        / (arm.transducer.kappa_external_Hz + arm.transducer.kappa_internal_Hz)
        for arm in laboratory.arms
    )
    return a, b


def clicks(events: dict, begin_ps: int, end_ps: int, attempts: int = ATTEMPTS) -> list[str]:
    """Per attempt "", "c", "d" or "both"."""
    ports = np.zeros((2, attempts), bool)
    for row, port in enumerate((IN1, IN2)):
        index = np.searchsorted(events["START"], events[port], side="right") - 1
        after_ps = events[port] - events["START"][index.clip(min=0)]
        ports[row, index[(index >= 0) & (after_ps >= begin_ps) & (after_ps < end_ps)]] = True
    return [("", "c", "d", "both")[c + 2 * d] for c, d in ports.T.tolist()]


def equal_answers(events: dict) -> np.ndarray:
    a, b = (readouts(events[name], 2e-6)[1] > 0 for name in ("alice_tc", "bob_tc"))
    return a == b


def test_single_click_with_a_bright_population_set_by_the_drive():
    world = World(laboratory(), WIRING, 51)
    alpha = 0.3
    drive = turns_V((PREPARED_s, 2 * asin(sqrt(alpha)), 0.0))
    rack = rack_of({"alice": drive, "bob": drive}, 1)
    seen: Counter = Counter()
    equal: Counter = Counter()
    for slot in range(1, 5):
        events = world.play(rack, slot).taggers
        found = clicks(events["hub_tc"], *GATE_PS)
        seen.update(found)
        equal.update(key for key, same in zip(found, equal_answers(events), strict=True) if same)
    a, b = efficiencies(world.devices)
    model = single_click(Emitter(alpha, a), Emitter(alpha, b), Midpoint(VISIBILITY)).patterns
    p_values = []
    for draw, (key, pattern) in zip((0.2, 0.5, 0.9), model.items(), strict=True):
        p_values.append(two_sided(seen[key], 4 * ATTEMPTS, pattern.probability, draw))
        populations = np.diag(pattern.state).real
        p_values.append(two_sided(equal[key], seen[key], float(populations[0] + populations[3]), draw))
    assert all_hold(p_values)


def test_barrett_kok_with_unequal_arms():
    """P = eta_a eta_b / 2 and, with a port twice for Psi+, <XX> = ±V exp(-sigma²/2)."""
    world = World(laboratory(), WIRING, 52)
    drive = turns_V((PREPARED_s, pi / 2, 0.0), (FLIPPED_s, pi, 0.0), (ANALYSED_s, pi / 2, 1.0))
    events = [world.play(rack_of({"alice": drive, "bob": drive}, 2), slot).taggers for slot in range(1, 5)]
    same: Counter = Counter()
    for one in events:
        bins = zip(
            clicks(one["hub_tc"], GATE_PS[0], SPLIT_PS),
            clicks(one["hub_tc"], SPLIT_PS, GATE_PS[1]),
            equal_answers(one).tolist(),
            strict=True,
        )
        same.update((early == late, equal) for early, late, equal in bins if {early, late} <= {"c", "d"})
    a, b = efficiencies(world.devices)
    closed = barrett_kok(a, b, Midpoint(VISIBILITY, CHANGE_rad))
    assert closed.probability == pytest.approx(a * b / 2)
    heralds, trials = sum(same.values()), len(events) * ATTEMPTS
    assert heralds > 2000
    kept = VISIBILITY * exp(-(CHANGE_rad**2) / 2)
    assert closed.fidelity == pytest.approx((1 + kept) / 2)
    p_values = [two_sided(heralds, trials, closed.probability, 0.4)]
    for sign, port in ((1, True), (-1, False)):
        of = same[port, True] + same[port, False]
        p_values.append(two_sided(same[port, True], of, (1 + sign * kept) / 2, 0.6))
    assert all_hold(p_values)
    wrong = ((a + b) / 2) ** 2 / 2
    assert not all_hold([two_sided(heralds, trials, wrong, 0.4)])


def test_the_shipped_barrett_kok_sequence():
    """configs/sequences/barrett_kok.yaml, compiled: Z never agrees, X and Y as often as V and phase allow."""
    settings, world = load_experiment("sequences/barrett_kok.yaml"), World(laboratory(), WIRING, 54)
    plan = plan_of(settings, ("alice", "bob"))
    rack = without_heralds(nominal())
    for name in plan.nodes:
        program = generator_program_of(plan, name, DRIVE, GeneratorLimits())
        rack = changed(rack, "generators", f"{name}_awg", steps=steps_of(program))
    rack = changed(rack, "taggers", "hub_tc", combiners={5: words.Combiner(IN1, IN2, *plan.gate_ps)})
    split_ps = settings.pulse_centre_ps + settings.round_separation_ps // 2 - settings.sync_begin_ps
    events = [world.play(rack, slot).taggers for slot in (1, 2, 3)]
    seen: Counter = Counter()
    for one in events:
        played = len(one["hub_tc"]["START"])
        early = clicks(one["hub_tc"], plan.gate_ps[0], split_ps, played)
        late = clicks(one["hub_tc"], split_ps, plan.gate_ps[1], played)
        answers = equal_answers(one).tolist()
        for part, basis in zip(plan.parts, settings.bases, strict=True):
            pairs = [(early[k], late[k], answers[k]) for k in plan.indices(part.name)]
            seen.update((basis, x == y, equal) for x, y, equal in pairs if {x, y} <= {"c", "d"})
    a, b = efficiencies(world.devices)
    trials, kept = len(events) * 3 * settings.attempts, VISIBILITY * exp(-(CHANGE_rad**2) / 2)
    p_values = [two_sided(sum(seen.values()), trials, a * b / 2, 0.3)]
    for draw, (basis, same) in zip((0.1, 0.4, 0.6, 0.9), product("XY", (True, False)), strict=True):
        of = seen[basis, same, True] + seen[basis, same, False]
        chance = (1 + (kept if same else -kept)) / 2
        p_values.append(two_sided(seen[basis, same, True], of, chance, draw))
    assert all_hold(p_values)
    assert seen["Z", True, True] + seen["Z", False, True] == 0
    assert seen["Z", True, False] > 100


def test_emitters_are_the_same_in_whichever_order_slots_are_played():
    drive = turns_V((PREPARED_s, pi / 2, 0.0), (FLIPPED_s, 0.8 * pi, 0.0), (ANALYSED_s, pi / 2, 1.0))
    rack = rack_of({"alice": drive, "bob": drive}, 2)
    first, second = (World(laboratory(), WIRING, 53) for _ in range(2))
    played = {slot: first.play(rack, slot).taggers for slot in (1, 2)}
    for slot in (2, 1):
        for tagger, events in second.play(rack, slot).taggers.items():
            assert all(np.array_equal(times, played[slot][tagger][name]) for name, times in events.items())


def test_one_emitter_and_one_transducer_make_no_link():
    mixed = laboratory().arms[0], devices().arms[1]
    with pytest.raises(PhysicsError, match="two of a kind"):
        replace(devices(), arms=mixed)
    with pytest.raises(PhysicsError, match=r"emission = 1.1 .* allowed are 0 to 1"):
        EmitterSource(1.1)
