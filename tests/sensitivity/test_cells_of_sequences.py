# SPDX-License-Identifier: Apache-2.0
"""Cells against independent formulas and integrators, and derivatives against known ones."""

from __future__ import annotations

from dataclasses import replace
from math import cos, exp, pi, sin, sqrt

import numpy as np
import pytest
from scipy import integrate, linalg, stats

from heraldlink.sensitivity import light, qubits
from heraldlink.sensitivity.bench import lit
from heraldlink.sensitivity.catalogue import nominal_bench, observations
from heraldlink.sensitivity.knowledge import know
from heraldlink.sensitivity.load import load_link, load_sequences
from heraldlink.sensitivity.observation import joined
from heraldlink.sensitivity.parameters import leaves, shifted
from heraldlink.sensitivity.slopes import by_parameter
from heraldlink.sensitivity.watches import Bright
from heraldlink.sequences import QubitDrive
from heraldlink_physics.chain import link
from heraldlink_physics.settings import ArmSettings, GateSettings, MidpointSettings

DEVICES = load_link()
BENCH = nominal_bench(DEVICES)
OBSERVATIONS = {item.name: item for item in observations(DEVICES, load_sequences())}
QUBIT = replace(DEVICES.arms[0].qubit, t1_s=np.inf, t2_s=np.inf, thermal_population=0.0)


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_cells_are_probabilities(name):
    for take in OBSERVATIONS[name].takes:
        for phase_rad in (0.0, 1.0, 4.0):
            for cells in take.cells(DEVICES, phase_rad):
                assert cells.min() >= -1e-15
                assert cells.sum() == pytest.approx(1, abs=1e-12)


def test_light_does_not_depend_on_what_is_left_out_of_it():
    take = OBSERVATIONS["g2_alice"].takes[0]
    pumps = [ArmSettings(BENCH.laser_frequency_Hz, 1e-3, 25.0, np.full(90, 0.2), 1e9, 5_000_000)] * 2
    midpoint = MidpointSettings(BENCH.detectors, GateSettings(*take.plan.gate_ps))
    whole, less = (
        link(*arms, DEVICES.midpoint, *pumps, midpoint).model.clicks
        for arms in (DEVICES.arms, [lit(arm) for arm in DEVICES.arms])
    )
    assert all(np.array_equal(whole[cause], less[cause]) for cause in whole)


@pytest.mark.parametrize("angle", [0.3, pi / 2, 2.0, pi, 5.0])
def test_a_resonant_drive_turns_by_its_angle(angle):
    drive = QubitDrive(100_000, 10_000, angle)
    seen = np.array(qubits.effect(QUBIT, BENCH.drive, (drive,), 0, 300_000)) @ qubits.rest(QUBIT)
    assert seen == pytest.approx(sin(angle / 2) ** 2, abs=1e-12)


@pytest.mark.parametrize("detuning_Hz", [0.0, 1e5, -3e5])
def test_two_drives_make_fringes(detuning_Hz):
    qubit = replace(QUBIT, frequency_Hz=QUBIT.frequency_Hz + detuning_Hz)
    pair = (QubitDrive(100_000, 1_000, pi / 2), QubitDrive(1_100_000, 1_000, pi / 2))
    seen = np.array(qubits.effect(qubit, BENCH.drive, pair, 0, 1_200_000)) @ qubits.rest(qubit)
    # the finite drives shorten the free turn by a few per cent of themselves
    assert seen == pytest.approx((1 + cos(2 * pi * detuning_Hz * 1e-6)) / 2, abs=5e-3)


def test_relaxation_of_a_detuned_driven_qubit_against_an_ode_solver():
    qubit = replace(
        QUBIT, t1_s=3e-7, t2_s=2e-7, thermal_population=0.1, frequency_Hz=QUBIT.frequency_Hz + 4e6
    )
    drive = QubitDrive(20_000, 10_000, 2.0, 0.7)
    area = sqrt(2 * pi) * 10_000 * (stats.norm.cdf(4) - stats.norm.cdf(-4))

    def flow(t_ps: float, bloch: np.ndarray) -> np.ndarray:
        inside = 20_000 <= t_ps <= 100_000
        rate = 2.0 / area * exp(-(((t_ps - 60_000) / 10_000) ** 2) / 2) if inside else 0.0
        turn = np.array([rate * cos(0.7), rate * sin(0.7), 2 * pi * 4e6 * 1e-12])
        x, y, z = bloch
        decay = np.array([x / 2e5, y / 2e5, (z - 0.8) / 3e5])
        return np.cross(turn, bloch) - decay

    end = integrate.solve_ivp(flow, (0, 200_000), [0, 0, 0.8], rtol=1e-9, atol=1e-12, max_step=500).y[:, -1]
    seen = np.array(qubits.effect(qubit, BENCH.drive, (drive,), 0, 200_000)) @ qubits.rest(qubit)
    assert seen == pytest.approx((1 - end[2]) / 2, abs=2e-4)


def test_photons_of_a_qubit_that_jumps_while_read():
    qubit = replace(QUBIT, t1_s=3e-6, t2_s=1e-6, thermal_population=0.2)
    found = qubits.telegraph_counts(0.4, 3.0, qubit, 2e-6)
    up, down = 0.2 * 2 / 3, 0.8 * 2 / 3
    for s in (0.0, 0.3, 0.9):  # generating function of the first terms, by scipy's exponential
        jump = np.array([[-up, up], [down, -down]])
        whole = linalg.expm(jump + (s - 1) * np.diag([0.4, 3.0])).sum(axis=1)
        first = found[:, :-1] @ s ** np.arange(qubits.MOST_PHOTONS)
        assert np.all(np.abs(whole - first) <= found[:, -1] * s**qubits.MOST_PHOTONS + 1e-12)
    still = qubits.telegraph_counts(0.4, 3.0, QUBIT, 2e-6)
    assert still[1, :4] == pytest.approx(stats.poisson(3.0).pmf(range(4)), abs=1e-12)


@pytest.mark.parametrize("mean", [1e-6, 1e-3, 0.1, 3.0])
def test_many_photons_of_a_dark_readout_are_rare_not_negative(mean):
    many = qubits.telegraph_counts(mean, mean, QUBIT, 2e-6)[:, -1]
    assert many == pytest.approx(stats.poisson(mean).sf(qubits.MOST_PHOTONS - 1), rel=1e-9)


def test_bright_pulses_are_averaged_over_their_fast_phase():
    take = OBSERVATIONS["phase"].takes[0]
    cells = Bright("bright_i", 0.0).cells(DEVICES, take.bench, take.plan, 0.7)
    still = shifted(DEVICES, "midpoint.fast_phase_sigma_rad", 0.0)

    def both(phase_rad: float) -> float:
        return float(Bright("bright_i", 0.0).cells(still, take.bench, take.plan, 0.7 + phase_rad)[3])

    sigma = DEVICES.midpoint.fast_phase_sigma_rad
    wanted = integrate.quad(lambda p: both(p) * stats.norm(0, sigma).pdf(p), -8 * sigma, 8 * sigma)[0]
    assert cells[3] == pytest.approx(wanted, rel=1e-8)


def test_afterpulses_add_up_to_their_probability():
    detector = replace(DEVICES.midpoint.detectors[0], recovery_s=0.0)
    edges = tuple(range(0, 3_000_000, 50_000))
    cells = light.afterpulse_cells(detector, edges)
    assert cells.sum() == pytest.approx(detector.afterpulse_probability, rel=1e-4)
    assert cells[2] / cells[1] == pytest.approx(exp(-5e-8 / detector.afterpulse_decay_s), rel=1e-4)


def test_the_derivative_of_a_dark_count_is_known():
    take = OBSERVATIONS["dark_counts"].takes[1]
    found = by_parameter(take, DEVICES, "midpoint.detectors.c.dark_rate_Hz")
    cells = joined(take.cells(DEVICES))
    gate_s = take.plan.period_ps * 1e-12
    per_rate = exp(22.5e-6 / DEVICES.midpoint.detectors[0].dark_scale_A) * gate_s
    assert found is not None
    assert found.slope[1] == pytest.approx(
        per_rate * (cells[0] + cells[1]) * (1 - cells[2] - cells[3]), rel=1e-3
    )


def test_the_information_of_a_relaxation_time_is_that_of_its_formula():
    item = OBSERVATIONS["t1"]
    path = "arms.alice.qubit.thermal_population"
    found = know(DEVICES, [item], [path]).by_name["t1"].alone(path)
    take, step = item.takes[0], 1e-5
    information = 0.0
    for side, shots in zip(
        zip(
            take.cells(shifted(DEVICES, path, leaves(DEVICES)[path] + step)),
            take.cells(shifted(DEVICES, path, leaves(DEVICES)[path] - step)),
            strict=True,
        ),
        take.shots,
        strict=True,
    ):
        middle = (side[0] + side[1]) / 2
        information += item.slots * shots * float(np.sum(((side[0] - side[1]) / (2 * step)) ** 2 / middle))
    assert found == pytest.approx(1 / sqrt(information), rel=1e-3)
