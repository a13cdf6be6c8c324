# SPDX-License-Identifier: Apache-2.0
"""HOM dip and g2 of unheralded thermal pulses from sampled tags, against closed forms of thermal light."""

from collections import Counter
from dataclasses import replace
from math import exp

import numpy as np
from exact_statistics import all_hold, two_sided
from laboratory import (
    M1,
    SAMPLES,
    Program,
    arm_settings,
    changed,
    clicks,
    devices,
    gaussian,
    nominal,
    readouts,
    without_heralds,
)
from two_node_wiring import WIRING

from heraldlink_physics.chain import arm
from heraldlink_physics.device import Devices
from heraldlink_sim.world import rack as words
from heraldlink_sim.world.play import World
from heraldlink_sim.world.rack import IN1, IN2

SIGMA_s, CENTRE_s, POWER_W = 48e-9, 700e-9, 1.25
SHIFTS_s = (0.0, 48e-9, 96e-9, 288e-9)
ATTEMPTS, GATE_PS, READ = 4000, (0, 1_000_000), slice(25_000, 50_000)


def laboratory() -> Devices:
    """Equal arms without noise: V is the pulses' overlap, a qubit is read without error."""
    both = devices()
    cold = {"n_0": 0.0, "pulse_photons": 0.0, "average_photons": 0.0}
    arms = [
        replace(
            item,
            n_added=0.0,
            carver=replace(item.carver, extinction_dB=200.0),
            heating=replace(item.heating, **cold),
            qubit=replace(item.qubit, dephasing=0.0),
            readout=replace(item.readout, photons_g=0.0, photons_e=60.0),
        )
        for item in both.arms
    ]
    silent = tuple(replace(item, dark_rate_Hz=0.0) for item in both.midpoint.detectors)
    return replace(both, arms=tuple(arms), midpoint=replace(both.midpoint, mode_match=1.0, detectors=silent))


def pulse_V(centre_s: float) -> np.ndarray:
    """Power of standard deviation `SIGMA_s`; a small voltage's power is its square."""
    return gaussian(0.02, centre_s, SIGMA_s * 2**0.5)


def rack_of(alice_V: list[np.ndarray], bob_V: list[np.ndarray], attempts: int) -> words.RackState:
    programs = []
    for name, volts in (("alice", alice_V), ("bob", bob_V)):
        markers = np.zeros((2, SAMPLES), np.uint8)
        markers[0, 2500:2750] = M1
        markers[1, READ] = M1
        dark = words.Waveform(np.zeros(SAMPLES, np.float32), markers[1])
        program = Program(name)
        steps = [
            words.ProgramStep((words.Waveform((v / 0.25).astype(np.float32), markers[0]), dark), attempts)
            for v in volts
        ]
        program.steps = (replace(steps[0], wait_trigger="A"), *steps[1:])
        programs.append(program)
    rack = changed(without_heralds(nominal(*programs)), "lasers", "hub_pump", power_W=POWER_W)
    return changed(rack, "taggers", "hub_tc", combiners={5: words.Combiner(IN1, IN2, *GATE_PS)})


def seen_photons(laboratory: Devices) -> tuple[float, float]:
    """Mean pairs per pulse, and the share of one arm's photons that click if both detectors were one."""
    source = arm(laboratory.arms[0], arm_settings(pulse_V(CENTRE_s), POWER_W)).arm
    return source.n_bar, source.efficiency * laboratory.midpoint.detectors[0].efficiency(18e-6)


def clicked(events: dict) -> tuple[np.ndarray, np.ndarray]:
    """Attempts with a click at c, at d, in the order of their syncs."""
    c, d = clicks(events, GATE_PS, len(events["START"]))
    return c, d


def both_click(x: float, overlap: float) -> float:
    """Coincidences of two equal thermal pulses of ``x`` seen photons each (PHYSICS section 2)."""
    return 1 - 2 / ((1 + x / 2) ** 2 - overlap * x * x / 4) + 1 / (1 + x) ** 2


def test_the_hom_dip_of_unheralded_pair_sources_is_a_third():
    world = World(laboratory(), WIRING, 41)
    n_bar, share = seen_photons(world.devices)
    x = n_bar * share
    assert 0.02 < x < 0.08
    rack = rack_of([pulse_V(CENTRE_s)] * len(SHIFTS_s), [pulse_V(CENTRE_s + t) for t in SHIFTS_s], ATTEMPTS)
    coincidences, slots = np.zeros(len(SHIFTS_s), int), 40
    for slot in range(1, slots + 1):
        c, d = clicked(world.play(rack, slot).taggers["hub_tc"])
        coincidences += (c & d).reshape(len(SHIFTS_s), -1).sum(axis=1)
    chances = [both_click(x, exp(-(t**2) / (4 * SIGMA_s**2))) for t in SHIFTS_s]
    draws = np.random.default_rng(4).random(len(SHIFTS_s)).tolist()
    counts = list(zip(coincidences.tolist(), chances, draws, strict=True))
    assert all_hold([two_sided(k, slots * ATTEMPTS, chance, u) for k, chance, u in counts])
    dip, far = int(coincidences[0]), int(coincidences[-1])
    assert all_hold([two_sided(dip, dip + far, 2 / 5, 0.5)])
    assert not all_hold([two_sided(dip, dip + far, 1 / 2, 0.5)])


def test_g2_of_one_node_alone():
    """Thermal light on both detectors, and its clicks against the qubit that is read in every attempt."""
    world = World(laboratory(), WIRING, 42)
    n_bar, share = seen_photons(world.devices)
    load = world.devices.arms[1].qubit.loading_efficiency
    rack = rack_of([np.zeros(SAMPLES)], [pulse_V(CENTRE_s)], 18_000)
    seen: Counter[str] = Counter()
    for slot in range(1, 11):
        events = world.play(rack, slot).taggers
        c, d = clicked(events["hub_tc"])
        _, photons = readouts(events["bob_tc"])
        excited = photons > 0
        seen += Counter(both=int((c & d).sum()), c=int(c.sum()), e=int(excited.sum()))
        seen += Counter(click=int((c | d).sum()), click_e=int(((c | d) & excited).sum()))
    x, trials = n_bar * share, 180_000
    click, qubit = x / (1 + x), n_bar * load / (1 + n_bar * load)
    together = click + qubit - (1 - 1 / (1 + n_bar * (1 - (1 - share) * (1 - load))))
    chances = {
        "c": (x / 2) / (1 + x / 2),
        "both": 1 - 2 / (1 + x / 2) + 1 / (1 + x),
        "click": click,
        "e": qubit,
        "click_e": together,
    }
    found = {key: two_sided(seen[key], trials, chance, 0.5) for key, chance in chances.items()}
    assert all_hold(list(found.values())), found
    coherent = (1 - exp(-x / 2)) ** 2
    assert not all_hold([two_sided(seen["both"], trials, coherent, 0.5)])
    assert not all_hold([two_sided(seen["click_e"], trials, click * qubit, 0.5)])
