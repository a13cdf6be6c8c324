# SPDX-License-Identifier: Apache-2.0
"""Each cause that reaches light or qubits over a wire changes what the tags say, by the right amount."""

import math
from dataclasses import replace

import numpy as np
import pytest
from laboratory import (
    GATE_PS,
    M1,
    PERIOD_PS,
    LASER_Hz,
    Program,
    changed,
    devices,
    gated,
    nominal,
    readouts,
    without_heralds,
)
from scipy import stats
from test_play_statistics import ATTEMPTS, AXES, FIRST, LEVEL, nominal_settings
from two_node_wiring import WIRING

from heraldlink_physics.chain import link
from heraldlink_physics.readout import mean_counts
from heraldlink_physics.settings import DetectorSettings, GateSettings
from heraldlink_sim.world import rack as words
from heraldlink_sim.world.play import World
from heraldlink_sim.world.rack import IN1, IN2, IN3, START

SLOTS = range(1, 31)


@pytest.fixture(scope="module")
def world():
    return World(devices(), WIRING, seed=5)


def clicking(world: World, rack: words.RackState, gate_ps=GATE_PS) -> tuple[int, int]:
    """Attempts with any click in the gate, and all attempts."""
    found = 0
    for slot in SLOTS:
        c, d = gated(world.play(without_heralds(rack), slot).taggers["hub_tc"], gate_ps, FIRST)
        found += len(c | d)
    return found, ATTEMPTS * len(SLOTS)


def agrees(world: World, rack: words.RackState, probability: float, gate_ps=GATE_PS) -> bool:
    found, trials = clicking(world, rack, gate_ps)
    return stats.binomtest(found, trials, probability).pvalue > LEVEL


def any_click(model) -> float:
    return sum(pattern.probability for pattern in model.model.patterns.values())


def modelled(a: dict, b: dict | None = None, midpoint: dict | None = None) -> float:
    """Click probability with other settings of the arms and the midpoint than the nominal ones."""
    arm, station = nominal_settings()
    laboratory = devices()
    arms = (replace(arm, **a), replace(arm, **(a if b is None else b)))
    return any_click(link(*laboratory.arms, laboratory.midpoint, *arms, replace(station, **(midpoint or {}))))


@pytest.mark.parametrize("change", [{"emitting": False}, {"shutter_open": False}])
def test_a_laser_that_sends_nothing_leaves_dark_counts(world, change):
    probability = modelled({"laser_power_W": 0.0})
    assert probability < 1e-4
    assert agrees(world, changed(nominal(), "lasers", "hub_pump", **change), probability)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_pump_power(world, factor):
    rack = changed(nominal(), "lasers", "hub_pump", power_W=1e-3 * factor)
    assert agrees(world, rack, modelled({"laser_power_W": 1e-3 * factor}))


def test_a_detector_is_dead_after_a_click(world):
    """Bright attempts outside the gate give many photons each, of which one or two in a pulse can click."""
    rack = changed(nominal(), "lasers", "hub_pump", power_W=0.3)
    rack = changed(rack, "taggers", "hub_tc", combiners={5: words.Combiner(IN1, IN2, 700_000, 800_000)})
    for port, detector in zip((IN1, IN2), devices().midpoint.detectors, strict=True):
        times_ps = world.play(without_heralds(rack), 1).taggers["hub_tc"][port]
        assert len(times_ps) > 1000
        assert np.diff(times_ps).min() >= round(detector.dead_time_s * 1e12)


def test_a_closed_attenuator_channel_blocks_its_arm_alone(world):
    channels = nominal().attenuators["hub_voa"].channels
    closed = (channels[0], replace(channels[1], open=False), *channels[2:])
    rack = changed(nominal(), "attenuators", "hub_voa", channels=closed)
    assert agrees(world, rack, modelled({}, {"attenuation_dB": math.inf}))


def test_pump_off_resonance(world):
    off_Hz = 299792458 / (299792458 / LASER_Hz + 2e-9)
    rack = changed(nominal(), "lasers", "hub_pump", frequency_Hz=off_Hz)
    assert agrees(world, rack, modelled({"laser_frequency_Hz": off_Hz}))


@pytest.mark.parametrize("scale", [0.5, 0.8])
def test_scaled_waveform(world, scale):
    rack = nominal(Program("alice", pulse_V=0.2 * scale), Program("bob", pulse_V=0.2 * scale))
    envelope_V = nominal_settings()[0].envelope_V * scale
    assert agrees(world, rack, modelled({"envelope_V": envelope_V}))


def test_generator_amplitude_scales_like_the_waveform(world):
    channels = (words.GeneratorChannel(True, 0.3), words.GeneratorChannel(True, 0.5))
    rack = nominal()
    for name in ("alice_awg", "bob_awg"):
        rack = changed(rack, "generators", name, channels=channels)
    assert agrees(world, rack, modelled({"envelope_V": nominal_settings()[0].envelope_V * 0.6}))


@pytest.mark.parametrize("moved_s", [50e-9, -120e-9])
def test_moved_sync_marker_moves_the_gate_over_the_pulse(world, moved_s):
    rack = nominal(Program("alice", sync_s=200e-9 + moved_s), Program("bob"))
    assert agrees(world, rack, modelled({"sync_ps": 200_000 + round(moved_s * 1e12)}, {}))


@pytest.mark.parametrize("gate_ps", [(600_000, 1_000_000), (200_000, 600_000)])
def test_gate_off_the_pulse(world, gate_ps):
    combiners = {5: words.Combiner(IN1, IN2, *gate_ps)}
    rack = changed(nominal(), "taggers", "hub_tc", combiners=combiners)
    assert agrees(world, rack, modelled({}, midpoint={"gate": GateSettings(*gate_ps)}), gate_ps)


def test_late_trigger_of_one_node_separates_the_pulses(world):
    late = {"AB": words.DelayOutput(1e-6 + 100e-9, 2.5)}
    rack = changed(nominal(), "delays", "bob_dg", outputs=late)
    assert agrees(world, rack, modelled({}, {"start_ps": 1_100_000}))


@pytest.mark.parametrize("bias_A", [0.0, 11e-6])
def test_detector_bias(world, bias_A):
    rack = changed(nominal(), "detectors", "hub_eos", bias_A=(bias_A, bias_A))
    detectors = (DetectorSettings(bias_A), DetectorSettings(bias_A))
    assert agrees(world, rack, modelled({}, midpoint={"detectors": detectors}))
    if bias_A == 0:
        assert clicking(world, rack)[0] == 0


def test_a_node_without_trigger_lets_the_other_ones_photons_arrive(world):
    rack = changed(nominal(), "delays", "bob_dg", armed=False)
    silent = {"envelope_V": np.zeros_like(nominal_settings()[0].envelope_V)}
    assert agrees(world, rack, modelled({}, silent))
    events = world.play(rack, 1).taggers
    assert not len(events["hub_tc"][IN3])
    assert not len(events["bob_tc"][START])


def test_outcomes_of_a_slot_that_one_node_missed_are_of_its_qubit_alone(world):
    """A herald of alice's photon alone leaves her qubit excited."""
    rack, excited, read = changed(nominal(), "delays", "bob_dg", armed=False), 0, 0
    for slot in SLOTS:
        index, photons = readouts(world.play(rack, slot).taggers["alice_tc"])
        excited += int((photons[index >= FIRST] >= 1).sum())
        read += int((index >= FIRST).sum())
    assert read > 500
    assert excited / read > 0.85


def test_without_the_first_node_there_is_no_reference_and_no_herald(world):
    events = world.play(changed(nominal(), "delays", "alice_dg", armed=False), 1).taggers
    assert not len(events["hub_tc"][START])
    assert len(events["hub_tc"][IN1]) > 5
    assert (readouts(events["bob_tc"])[0] < FIRST).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda rack: changed(rack, "generators", "alice_awg", running=False),
        lambda rack: changed(rack, "delays", "alice_dg", outputs={"AB": words.DelayOutput(1e-6, 0.0)}),
    ],
)
def test_a_generator_plays_only_when_it_runs_and_is_triggered(world, change):
    assert not len(world.play(change(nominal()), 1).taggers["alice_tc"][START])


def test_markers_leave_with_their_channels_output(world):
    channels = (words.GeneratorChannel(False, 0.5), words.GeneratorChannel(True, 0.5))
    events = world.play(changed(nominal(), "generators", "alice_awg", channels=channels), 1).taggers
    assert not len(events["alice_tc"][START])
    assert len(events["alice_tc"][IN3]) > 0


def equal_outcomes(world: World, rack: words.RackState, phase_of=None) -> tuple[int, int]:
    """Pairs of port c with equal answers, and all of them, over slots whose fibre phase is near 0."""
    equal = pairs = 0
    for slot in SLOTS:
        events = world.play(rack, slot).taggers
        c, d = gated(events["hub_tc"], first=FIRST)
        both = [
            dict(zip(*(x.tolist() for x in readouts(events[n])), strict=True)) for n in ("alice_tc", "bob_tc")
        ]
        for k in (c - d) & both[0].keys() & both[1].keys():
            equal += (both[0][k] >= 1) == (both[1][k] >= 1)
            pairs += 1
    return equal, pairs


def measured(basis: str, turn_rad: float = 0.0) -> words.RackState:
    angle, axis = AXES[basis]
    axis += math.pi if angle < 0 else 0.0
    return nominal(
        Program("alice", turn_rad=abs(angle), axis_rad=axis),
        Program("bob", turn_rad=abs(angle), axis_rad=axis + turn_rad),
    )


def test_turned_axis_undoes_the_fibres_phase_in_x_and_y():
    still = replace(devices(), midpoint=replace(devices().midpoint, phase_diffusion_rad2_per_s=0.0))
    world = World(still, WIRING, seed=5)
    phase = world.fibre.at(1)
    for basis in "XY":
        equal, pairs = equal_outcomes(world, measured(basis, phase))
        assert equal / pairs > 0.85, basis
        equal, pairs = equal_outcomes(world, measured(basis, phase + math.pi))
        assert equal / pairs < 0.15, basis


@pytest.mark.parametrize("name", ["alice_mw", "bob_mw"])
def test_a_source_on_its_internal_reference_makes_x_and_y_vanish_and_leaves_z(name):
    still = replace(devices(), midpoint=replace(devices().midpoint, phase_diffusion_rad2_per_s=0.0))
    world = World(still, WIRING, seed=5)
    for basis in "XYZ":
        rack = measured(basis, world.fibre.at(1))
        equal, pairs = equal_outcomes(world, changed(rack, "microwaves", name, reference_external=False))
        if basis == "Z":
            kept, of = equal_outcomes(world, rack)
            assert stats.fisher_exact([[equal, pairs - equal], [kept, of - kept]]).pvalue > LEVEL
        else:
            assert stats.binomtest(equal, pairs, 0.5).pvalue > LEVEL, basis


def test_readout_needs_red_pump_and_tone_and_bias(world):
    rack = nominal()
    cases = {
        "pump": changed(rack, "lasers", "hub_readout_pump", emitting=False),
        "tone": changed(rack, "microwaves", "alice_mw", output_on=False),
        "bias": changed(rack, "detectors", "alice_eos", bias_A=(0.0, 0.0)),
    }
    for name, case in cases.items():
        index, photons = readouts(world.play(case, 1).taggers["alice_tc"])
        assert (photons[(index >= 300) & (index < 400)] >= 1).mean() < 0.1, name
    index, photons = readouts(world.play(rack, 1).taggers["alice_tc"])
    assert (photons[(index >= 300) & (index < 400)] >= 1).mean() > 0.9


@pytest.mark.parametrize("detuning_Hz", [10e9, 0.8e9, -250e9])
def test_readout_photons_follow_the_red_pumps_frequency(world, detuning_Hz):
    """A blue pump, one half a linewidth away and one 2 nm away read a qubit as badly as the model says."""
    laser_Hz = LASER_Hz - 10e9 + detuning_Hz
    rack = changed(nominal(), "lasers", "hub_readout_pump", frequency_Hz=laser_Hz)
    found = []
    for slot in range(1, 21):
        index, photons = readouts(world.play(rack, slot).taggers["alice_tc"])
        found.append((photons[(index >= 300) & (index < 400)] >= 1).sum())
    device = devices().arms[0]
    _, mean = mean_counts(
        device,
        pump_frequency_Hz=laser_Hz,
        pump_power_W=20e-6 * device.splitter * device.insertion,
        gate_s=2e-6,
        bias_A=18e-6,
    )
    assert stats.binomtest(int(sum(found)), 2000, -math.expm1(-mean)).pvalue > LEVEL


def test_heralds_end_with_the_record(world):
    rack = changed(nominal(), "taggers", "hub_tc", record=words.RecordState(True, 20_000_000_000))
    events = world.play(rack, 1).taggers
    assert events["alice_tc"][IN3].max() < 20_000_000_000 + 2 * PERIOD_PS


def test_the_jump_needs_the_outputs_of_the_hub(world):
    outputs = {1: words.TaggerOutput(True, "TSCO5"), 2: words.TaggerOutput(False, "TSCO5")}
    events = world.play(changed(nominal(), "taggers", "hub_tc", outputs=outputs), 1).taggers
    assert (readouts(events["alice_tc"])[0] >= FIRST).any()
    assert not (readouts(events["bob_tc"])[0] >= FIRST).any()


def test_a_generator_still_playing_misses_the_tick(world):
    events = world.play(nominal(), 1, playing=frozenset({"bob_awg"}))
    assert not len(events.taggers["bob_tc"][START])
    assert events.ends_ps["bob_awg"] == 0
    assert events.ends_ps["alice_awg"] > FIRST * PERIOD_PS


def test_a_marker_that_never_falls_is_one_edge_per_program_at_most(world):
    program = Program("alice")
    always = [
        replace(
            step,
            waveforms=(
                words.Waveform(step.waveforms[0].samples, np.full_like(step.waveforms[0].markers, M1)),
                step.waveforms[1],
            ),
        )
        for step in program.steps
    ]
    program.steps = tuple(always)
    assert not len(world.play(nominal(program), 1).taggers["alice_tc"][START])


def test_a_herald_that_returns_too_late_reads_the_next_attempts_qubit(world):
    """With more than a period of delay, the readout meets an attempt without a herald: mostly |g>."""
    slow = replace(
        WIRING,
        node_a=replace(WIRING.node_a, herald_delay_ps=PERIOD_PS),
        node_b=replace(WIRING.node_b, herald_delay_ps=PERIOD_PS),
    )
    late, excited = World(devices(), slow, seed=5), []
    for slot in SLOTS[:10]:
        events = late.play(nominal(), slot).taggers
        c, d = gated(events["hub_tc"], first=FIRST)
        index, photons = readouts(events["alice_tc"])
        read = index >= FIRST
        assert {k - 1 for k in index[read].tolist()} <= c | d
        excited += (photons[read] >= 1).tolist()
    assert np.mean(excited) < 0.1


def test_light_that_meets_no_waveform_of_the_other_node_arrives_as_strays(world):
    """Node B's generator at another sample rate: no common attempt, yet its photons come."""
    lone = changed(nominal(), "generators", "bob_awg", sample_rate_Hz=10e9)
    events = [world.play(without_heralds(rack), 1).taggers["hub_tc"] for rack in (lone, nominal())]
    both = len(events[1][IN1]) + len(events[1][IN2])
    assert len(events[0][IN1]) + len(events[0][IN2]) > 0.5 * both
