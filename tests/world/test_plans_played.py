# SPDX-License-Identifier: Apache-2.0
"""Shipped sequences, compiled and played: photons follow the formulas that their reference page gives.

Exact randomised p-values with Holm's correction at fixed seeds; each also has a formula that must fail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import cos, exp, pi, sin

import numpy as np
from exact_statistics import all_hold, two_sided
from laboratory import devices, nominal, readouts
from two_node_wiring import WIRING

from heraldlink.config import load_experiment
from heraldlink.sequences import GeneratorLimits, NodeDrive, SlotPlan, generator_program_of
from heraldlink.sequences.experiments import plan_of
from heraldlink_drivers.roles import GeneratorProgram
from heraldlink_physics.device import Devices
from heraldlink_sim.world import rack as words
from heraldlink_sim.world.play import World
from heraldlink_sim.world.rack import IN3, START

ENDS = ("alice", "bob")
DRIVE = NodeDrive((0.5, 0.5), 0.2, 0.25, 5.0e9, 1.0e9, phase_switch=False)


def with_qubits(**qubit: float) -> Devices:
    both = devices()
    arms = tuple(replace(arm, qubit=replace(arm.qubit, **qubit)) for arm in both.arms)
    return replace(both, arms=arms)


def steps_of(program: GeneratorProgram) -> tuple[words.ProgramStep, ...]:
    waves = {
        name: tuple(words.Waveform(a, b) for a, b in zip(wave.channels, wave.markers, strict=True))
        for name, wave in program.waveforms.items()
    }
    return tuple(
        words.ProgramStep(waves[s.waveform], s.repeat, s.wait, s.event, s.jump_to, s.goto)
        for s in program.steps
    )


def played(laboratory: Devices, plan: SlotPlan, seed: int) -> Mapping[str, words.Mapping]:
    """Events of every tagger in one slot of the plan, at both ends."""
    rack = nominal()
    generators = {
        f"{node}_awg": replace(
            rack.generators[f"{node}_awg"],
            steps=steps_of(generator_program_of(plan, node, DRIVE, GeneratorLimits())),
        )
        for node in ENDS
    }
    return World(laboratory, WIRING, seed).play(replace(rack, generators=generators), 1).taggers


def clicked(events: words.Mapping, plan: SlotPlan) -> list[int]:
    """Readouts of each part with a photon or more; every attempt has one gate."""
    index, photons = readouts(events)
    return [int(np.sum(photons[np.isin(index, plan.indices(p.name))] >= 1)) for p in plan.parts]


def fits(laboratory: Devices, counts: Sequence[int], shots: int, populations: Sequence[float]) -> bool:
    """Whether the counts come from qubits with these populations of e, read for 2 us."""
    model = laboratory.arms[0].readout
    seen = model.detector.efficiency(18e-6) / model.detector.max_efficiency * 2e-6 / model.gate_s
    dark = model.detector.dark_rate(18e-6) * 2e-6
    g, e = (1 - exp(-mean * seen - dark) for mean in (model.photons_g, model.photons_e))
    draws = np.random.default_rng(1).random(len(counts))
    found = [
        two_sided(count, shots, g + (e - g) * population, float(draw))
        for count, population, draw in zip(counts, populations, draws, strict=True)
    ]
    return all_hold(found)


def test_rabi_shows_the_true_over_the_declared_scale() -> None:
    settings = load_experiment("sequences/rabi.yaml")
    plan = plan_of(settings, ENDS)
    laboratory = with_qubits(rabi_rad_per_Vs=1.05e9)
    for node in ENDS:
        counts = clicked(played(laboratory, plan, 21)[f"{node}_tc"], plan)
        right, wrong = ([sin(r * angle / 2) ** 2 for angle in settings.angles_rad] for r in (1.05, 1.0))
        assert fits(laboratory, counts, settings.shots, right)
        assert not fits(laboratory, counts, settings.shots, wrong)


def test_ramsey_fringes_are_slower_where_the_qubit_is_higher() -> None:
    settings = load_experiment("sequences/ramsey.yaml")
    plan = plan_of(settings, ENDS)
    laboratory = with_qubits(frequency_Hz=5.0e9 + 150e3, t1_s=1.0, t2_s=6e-6)
    counts = clicked(played(laboratory, plan, 22)["alice_tc"], plan)

    def populations(offset_Hz: float) -> list[float]:
        beat_Hz = settings.fringe_Hz - offset_Hz
        delays_s = [delay_ps * 1e-12 for delay_ps in settings.delays_ps]
        return [(1 + exp(-t / 6e-6) * cos(2 * pi * beat_Hz * t)) / 2 for t in delays_s]

    assert fits(laboratory, counts, settings.shots, populations(150e3))
    assert not fits(laboratory, counts, settings.shots, populations(-150e3))


def test_t1_decays_from_the_pulse_to_the_gate() -> None:
    settings = load_experiment("sequences/t1.yaml")
    plan = plan_of(settings, ENDS)
    laboratory = with_qubits(t1_s=200e-6, t2_s=100e-6, thermal_population=0.03)
    counts = clicked(played(laboratory, plan, 23)["bob_tc"], plan)
    for t1_s, right in ((200e-6, True), (20e-6, False)):
        decay = [0.03 + 0.94 * exp(-delay_ps * 1e-12 / t1_s) for delay_ps in settings.delays_ps]
        assert fits(laboratory, counts, settings.shots, decay) is right


def test_every_attempt_is_numbered_alike_at_all_taggers() -> None:
    for kind, gates in (
        ("g2", (1, 0)),
        ("readout", (1, 1)),
        ("microwave_link", (1, 1)),
        ("time_bin", (2, 2)),
    ):
        plan = plan_of(load_experiment(f"sequences/{kind}.yaml"), ENDS)
        events = played(devices(), plan, 24)
        attempts = sum(part.count for part in plan.parts)
        assert [len(events[name][START]) for name in ("hub_tc", "alice_tc", "bob_tc")] == [attempts] * 3
        found = [len(events[f"{node}_tc"][IN3]) for node in ENDS]
        assert found == [attempts * number for number in gates]
