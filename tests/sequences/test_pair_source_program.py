# SPDX-License-Identifier: Apache-2.0
"""The compiled slot: steps, markers, pulses, rotations; and what is refused."""

from dataclasses import replace
from math import cos, pi, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.errors import ConfigurationError
from heraldlink.sequences import (
    READOUT,
    GeneratorLimits,
    NodeDrive,
    PairSourceSequence,
    Rotation,
    analysis_rotation,
    check,
    generator_program,
    midpoint_tagger,
    shapes,
    with_analysis,
)
from heraldlink_drivers.roles import MARKER_1, MARKER_2

SEQUENCE = PairSourceSequence(
    name="test", sample_rate_Hz=12.5e9, tick_rate_Hz=10.0, attempt_period_ps=5_000_000, bright_pulses=1000,
    calibration_shots=100, attempts=12_000, pulse_centre_ps=400_000, pulse_sigma_ps=48_000,
    bright_sigma_ps=48_000,
    sync_begin_ps=200_000, sync_width_ps=20_000, rotation_begin_ps=400_000, rotation_sigma_ps=10_000,
    readout_begin_ps=1_000_000, readout_width_ps=2_000_000, record_ps=70_000_000_000,
)  # fmt: skip
DRIVE = NodeDrive((0.5, 0.4), 0.2, 0.1, 5.0e9, 1.0e9, phase_switch=True)
RATE = 12.5e9


def edges_ps(markers: np.ndarray, bit: int) -> list[tuple[int, int]]:
    high = np.concatenate(([0], ((markers & bit) != 0).astype(np.int8), [0]))
    step = np.diff(high)
    return [
        (int(a * 80), int(b * 80))
        for a, b in zip(np.flatnonzero(step == 1), np.flatnonzero(step == -1), strict=True)
    ]


def drive_of(volts: np.ndarray, frequency_Hz: float) -> tuple[float, float]:
    """Rotation angle and axis that a resonant drive makes, by demodulation."""
    t = np.arange(volts.size) / RATE
    area = 2 * np.sum(volts * np.exp(-2j * pi * frequency_Hz * t)) / RATE
    return DRIVE.rabi_rad_per_Vs * abs(area), float(np.angle(area)) % (2 * pi)


def test_steps_of_the_slot() -> None:
    steps = generator_program(SEQUENCE, DRIVE).steps
    assert [(step.waveform, step.repeat) for step in steps] == [
        ("bright_i", 500), ("bright_q", 500), ("cal_g", 100), ("cal_e", 100), ("attempt", 12_000),
        ("readout", 1),
    ]  # fmt: skip
    assert [step.wait for step in steps] == ["A"] + [None] * 5
    assert (steps[4].event, steps[4].jump_to, steps[4].goto) == ("B", 6, 1)
    assert (steps[5].event, steps[5].goto) == (None, 5)


def test_parts_with_nothing_to_play_are_left_out() -> None:
    steps = generator_program(replace(SEQUENCE, bright_pulses=0, calibration_shots=0), DRIVE).steps
    assert [step.waveform for step in steps] == ["attempt", "readout", "attempt"]
    assert [step.wait for step in steps] == ["A", None, None]
    assert [(step.jump_to, step.goto) for step in steps] == [(2, 1), (None, 3), (2, 1)]


def test_markers_say_what_the_bench_must_know() -> None:
    waves = generator_program(SEQUENCE, DRIVE).waveforms
    sync, gate, pulse = [(200_000, 220_000)], [(1_000_000, 3_000_000)], [(208_000, 592_000)]
    expected = {
        "bright_i": (sync, [], [], pulse), "bright_q": (sync, pulse, [], pulse),
        "cal_g": (sync, [], gate, []),
        "cal_e": (sync, [], gate, []), "attempt": (sync, [], [], []), "readout": ([], [], gate, []),
    }  # fmt: skip
    for name, wanted in expected.items():
        one, two = waves[name].markers
        found = (
            edges_ps(one, MARKER_1),
            edges_ps(one, MARKER_2),
            edges_ps(two, MARKER_1),
            edges_ps(two, MARKER_2),
        )
        assert found == wanted, name


@pytest.mark.parametrize("phase_switch", [False, True])
def test_the_plan_gives_the_bytes_of_the_pulses_drawn_one_by_one(phase_switch: bool) -> None:
    """As the program was written before there were plans: every waveform from `shapes`, by hand."""
    sequence = replace(SEQUENCE, pulse_centre_ps=400_013, bright_sigma_ps=47_001, rotation_begin_ps=400_001)
    program = generator_program(sequence, replace(DRIVE, phase_switch=phase_switch), "Y", -2.0)
    at_ps = shapes.time_ps(62_500, 12_500_000_000)
    dark, low = np.zeros(62_500), np.zeros(62_500, dtype=np.uint8)
    bright = shapes.pump_envelope_V(at_ps, 400_013, 47_001, 0.1)
    pulse = shapes.pump_envelope_V(at_ps, 400_013, 48_000, 0.2)
    excite, turn = (
        shapes.qubit_drive_V(at_ps, 400_001, 10_000, 5.0e9, 1.0e9, rotation)
        for rotation in (Rotation(pi, 0.0), analysis_rotation("Y", -2.0))
    )
    sync = shapes.marker(62_500, 2500, 2750, MARKER_1)
    gate = shapes.marker(62_500, 12_500, 37_500, MARKER_1)
    window = shapes.marker(62_500, (400_013 - 4 * 47_001) // 80, (400_013 + 4 * 47_001) // 80, MARKER_2)
    switched = sync | window if phase_switch else sync
    expected = {
        "bright_i": (bright, dark, sync, window), "bright_q": (bright, dark, switched, window),
        "cal_g": (dark, dark, sync, gate), "cal_e": (dark, excite, sync, gate),
        "attempt": (pulse, dark, sync, low), "readout": (dark, turn, low, gate),
    }  # fmt: skip
    for name, (first, second, one, two) in expected.items():
        wave = program.waveforms[name]
        assert wave.channels[0].tobytes() == (first / 0.25).astype(np.float32).tobytes(), name
        assert wave.channels[1].tobytes() == (second / 0.2).astype(np.float32).tobytes(), name
        assert [track.tobytes() for track in wave.markers] == [one.tobytes(), two.tobytes()], name


def test_only_one_node_switches_the_phase() -> None:
    wave = generator_program(SEQUENCE, replace(DRIVE, phase_switch=False)).waveforms["bright_q"]
    assert not (wave.markers[0] & MARKER_2).any()


def test_the_pump_power_is_gaussian_and_dark_beyond_four_sigma() -> None:
    volts = generator_program(SEQUENCE, DRIVE).waveforms["attempt"].channels[0].astype(float) * 0.25
    t_ps = np.arange(volts.size) * 80.0
    power = volts**2
    centre = np.average(t_ps, weights=power)
    sigma = np.sqrt(np.average((t_ps - centre) ** 2, weights=power))
    assert volts.max() == pytest.approx(0.2, rel=1e-6)
    assert centre == pytest.approx(400_000, abs=1)
    assert sigma == pytest.approx(48_000, rel=2e-3)  # the cut at 4 sigma takes 0.1 % of the variance
    assert not volts[np.abs(t_ps - 400_000) > 4 * 48_000].any()


def test_the_pi_pulse_turns_by_pi() -> None:
    waves = generator_program(SEQUENCE, DRIVE).waveforms
    angle, axis = drive_of(waves["cal_e"].channels[1].astype(float) * 0.2, 5.0e9)
    assert angle == pytest.approx(pi, rel=1e-4)
    assert cos(axis) == pytest.approx(1, abs=1e-6)
    assert not waves["cal_g"].channels[1].any()


@given(basis=st.sampled_from(["X", "Y"]), turn=st.floats(-10, 10))
def test_the_analysis_pulse_measures_along_the_turned_axis(basis: str, turn: float) -> None:
    program = generator_program(SEQUENCE, DRIVE)
    wave = with_analysis(program, SEQUENCE, DRIVE, analysis_rotation(basis, turn)).waveforms[READOUT]
    angle, axis = drive_of(wave.channels[1].astype(float) * 0.2, 5.0e9)
    direction = (0 if basis == "X" else pi / 2) + turn
    unit = np.array([cos(axis), sin(axis)])
    generator = unit[0] * np.array([[0, 1], [1, 0]]) + unit[1] * np.array([[0, -1j], [1j, 0]])
    unitary = cos(angle / 2) * np.eye(2) - 1j * sin(angle / 2) * generator
    plus = np.array([1, np.exp(1j * direction)]) / np.sqrt(2)  # +1 eigenstate of cos X + sin Y
    assert abs((unitary @ plus)[0]) ** 2 == pytest.approx(1, abs=1e-6)


def test_measuring_z_leaves_the_qubit_alone_and_changes_only_the_readout() -> None:
    program = generator_program(SEQUENCE, DRIVE, "X", 0.3)
    other = with_analysis(program, SEQUENCE, DRIVE, analysis_rotation("Z", 0.3))
    assert not other.waveforms[READOUT].channels[1].any()
    assert all(other.waveforms[name] is wave for name, wave in program.waveforms.items() if name != READOUT)
    assert analysis_rotation("Z", 1.0).angle_rad == 0


@given(turn=st.floats(-7, 7))
def test_turning_the_second_node_undoes_the_phase_of_the_link(turn: float) -> None:
    """<XX> and <YY> of (|eg> + exp(i phi)|ge>)/sqrt 2 are 1 when node B is turned by phi."""
    state = np.array([0, np.exp(1j * turn), 1, 0]) / np.sqrt(2)
    z = np.diag([1.0, -1.0])
    for basis in ("X", "Y"):
        turned = [unitary_of(analysis_rotation(basis, 0.0)), unitary_of(analysis_rotation(basis, turn))]
        out = np.kron(*turned) @ state
        assert (out.conj() @ np.kron(z, z) @ out).real == pytest.approx(1, abs=1e-9)


def unitary_of(rotation: object) -> np.ndarray:
    axis, angle = rotation.axis_rad, rotation.angle_rad
    generator = cos(axis) * np.array([[0, 1], [1, 0]]) + sin(axis) * np.array([[0, -1j], [1j, 0]])
    return cos(angle / 2) * np.eye(2) - 1j * sin(angle / 2) * generator


def test_segments_follow_the_steps() -> None:
    segments = SEQUENCE.segments
    assert (segments.bright_i, segments.bright_q) == (range(500), range(500, 1000))
    assert (segments.calibration_g, segments.calibration_e) == (range(1000, 1100), range(1100, 1200))
    assert segments.first_attempt == 1200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"attempt_period_ps": 5_000_010}, "attempt_period_ps"),
        ({"sync_begin_ps": 200_001}, "sync_begin_ps"),
        ({"attempt_period_ps": 80 * 62_502}, "multiple of 4"),
        ({"bright_pulses": 7}, "even"),
        ({"calibration_shots": -1}, "calibration_shots"),
        ({"attempts": 2_000_000}, "repeat count"),
        ({"pulse_centre_ps": 100_000}, "too early"),
        ({"readout_width_ps": 4_000_000}, "readout gate"),
        ({"rotation_begin_ps": 960_000}, "rotation"),
        ({"record_ps": 200_000_000_000}, "record_ps"),
        ({"bright_pulses": 20_000}, "no attempt"),
        ({"sample_rate_Hz": 12.5e9 + 0.5}, "sample_rate_Hz"),
    ],
)
def test_impossible_sequences_are_refused_by_name(change: dict[str, int], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        check(replace(SEQUENCE, **change))


def test_generator_and_tagger_limits() -> None:
    with pytest.raises(ConfigurationError, match="memory"):
        check(SEQUENCE, GeneratorLimits(memory_samples=100_000))
    with pytest.raises(ConfigurationError, match="events/s"):
        check(SEQUENCE, clicks_Hz=4.9e6)
    with pytest.raises(ConfigurationError, match=r"'attempt' needs 0\.3 V, but channel 1"):
        generator_program(SEQUENCE, replace(DRIVE, envelope_peak_V=0.3))
    with pytest.raises(ConfigurationError, match="'cal_e' needs"):
        generator_program(SEQUENCE, replace(DRIVE, rabi_rad_per_Vs=1e8))
    with pytest.raises(ConfigurationError, match="whole cycles"):
        generator_program(SEQUENCE, replace(DRIVE, qubit_frequency_Hz=5.0001e9 + 1))
    with pytest.raises(ConfigurationError, match="half of sample_rate_Hz"):
        generator_program(SEQUENCE, replace(DRIVE, qubit_frequency_Hz=7e9))


def test_the_hub_heralds_on_either_detector_in_the_gate() -> None:
    program = midpoint_tagger(SEQUENCE, (50_000, 350_000), {"STAR": 0.5})
    assert program.combiner is not None
    assert (program.combiner.first, program.combiner.second) == ("INPU1", "INPU2")
    assert program.outputs == {1: "TSCO5", 2: "TSCO5"}
    with pytest.raises(ConfigurationError, match="gate"):
        midpoint_tagger(SEQUENCE, (350_000, 50_000), {})


def test_the_digest_tells_sequences_apart() -> None:
    assert SEQUENCE.digest() == replace(SEQUENCE).digest()
    assert SEQUENCE.digest() != replace(SEQUENCE, attempts=11_999).digest()
