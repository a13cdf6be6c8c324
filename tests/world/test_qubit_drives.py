# SPDX-License-Identifier: Apache-2.0
"""Bytes of a qubit drive -> map on the Bloch vector, against QuTiP's integration of the master equation."""

from dataclasses import replace
from math import inf, pi

import numpy as np
import pytest
import qutip
from laboratory import RATE_Hz, devices

from heraldlink_physics.device import Qubit
from heraldlink_sim.world.drives import passage, segments
from heraldlink_sim.world.qubits import product, rest, turns
from heraldlink_sim.world.rack import Waveform

SAMPLES, AMPLITUDE_Vpp = 4000, 0.5
STEP_s = 1 / RATE_Hz
QUBIT = replace(devices().arms[0].qubit, frequency_Hz=5.0e9, rabi_rad_per_Vs=1.0e9)


def drive_V(pulses: list[tuple[float, float, float, float, float]], time_s: np.ndarray) -> np.ndarray:
    """Sum of pulses (centre, sigma, angle, axis, detuning), complex voltage in the qubit's frame."""
    found = np.zeros(len(time_s), dtype=complex)
    for centre, sigma, angle, axis, detuning_Hz in pulses:
        peak_V = angle / (QUBIT.rabi_rad_per_Vs * sigma * np.sqrt(2 * pi))
        envelope = peak_V * np.exp(-((time_s - centre) ** 2) / (2 * sigma**2))
        found += (
            envelope
            * np.exp(1j * (axis + 2 * pi * detuning_Hz * time_s))
            * (abs(time_s - centre) < 7 * sigma)
        )
    return found


def waveform_of(pulses: list[tuple[float, float, float, float, float]]) -> Waveform:
    time_s = np.arange(SAMPLES) * STEP_s
    volts = (drive_V(pulses, time_s) * np.exp(2j * pi * QUBIT.frequency_Hz * time_s)).real
    samples = (volts / (AMPLITUDE_Vpp / 2)).astype(np.float64)
    return Waveform(samples, np.zeros(SAMPLES, np.uint8))  # type: ignore[arg-type]


def integrated(
    pulses: list[tuple[float, float, float, float, float]], qubit: Qubit, state: np.ndarray
) -> np.ndarray:
    """Bloch vector (1, x, y, z) after all samples, by QuTiP, rotating-wave approximation as stated."""
    paulis = [qutip.sigmax(), qutip.sigmay(), qutip.sigmaz()]
    density = (qutip.qeye(2) + sum(x * p for x, p in zip(state[1:], paulis, strict=True))) / 2
    volts = lambda t: complex(drive_V(pulses, np.array([t]))[0]) * qubit.rabi_rad_per_Vs / 2  # noqa: E731
    hamiltonian = qutip.QobjEvo([[paulis[0], lambda t: volts(t).real], [paulis[1], lambda t: volts(t).imag]])
    lower, raise_ = qutip.basis(2, 0) * qutip.basis(2, 1).dag(), qutip.basis(2, 1) * qutip.basis(2, 0).dag()
    decays = []
    if qubit.t1_s < inf:
        decays += [((1 - qubit.thermal_population) / qubit.t1_s) ** 0.5 * lower]
        decays += [(qubit.thermal_population / qubit.t1_s) ** 0.5 * raise_]
    if qubit.t2_s < inf:
        pure = 1 / qubit.t2_s - 1 / (2 * qubit.t1_s)
        decays += [(pure / 2) ** 0.5 * paulis[2]]
    options = {"atol": 1e-11, "rtol": 1e-11, "nsteps": 1_000_000, "max_step": 2e-9}
    times = [0.0, SAMPLES * STEP_s]
    last = qutip.mesolve(hamiltonian, density, times, decays, options=options).states[-1]
    return np.array([1.0, *(qutip.expect(p, last) for p in paulis)])


PULSES = {
    "resonant": [(100e-9, 8e-9, pi / 2, 0.3, 0.0)],
    "detuned": [(100e-9, 10e-9, pi, 0.0, 30e6)],
    "two": [(80e-9, 6e-9, pi / 2, 0.0, 4e6), (240e-9, 6e-9, pi / 2, 1.1, 4e6)],
    "overlapping": [(100e-9, 10e-9, 2.0, 0.0, -12e6), (120e-9, 8e-9, 1.5, 2.0, 25e6)],
}
DECAYS = {
    "none": {},
    "relaxing": {"t1_s": 1.5e-6, "t2_s": 0.4e-6, "thermal_population": 0.1},
}


@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("name", PULSES)
def test_a_drive_is_integrated_exactly(name, decay):
    qubit = replace(QUBIT, **DECAYS[decay])
    found = passage(waveform_of(PULSES[name]), 0, SAMPLES, RATE_Hz, AMPLITUDE_Vpp, qubit)
    for state in (rest(qubit), np.array([1.0, 0.6, -0.7, 0.2])):
        assert found @ state == pytest.approx(integrated(PULSES[name], qubit, state), abs=1e-6)


def test_a_waveform_is_the_product_of_its_parts():
    qubit = replace(QUBIT, **DECAYS["relaxing"])
    waveform = waveform_of(PULSES["two"])
    whole = passage(waveform, 0, SAMPLES, RATE_Hz, AMPLITUDE_Vpp, qubit)
    parts = [passage(waveform, *ends, RATE_Hz, AMPLITUDE_Vpp, qubit) for ends in ((0, 2000), (2000, SAMPLES))]
    assert product(np.stack(parts)) == pytest.approx(whole, abs=1e-12)


def test_samples_outside_the_interval_do_nothing():
    waveform = waveform_of(PULSES["resonant"])
    for ends in ((0, 400), (2100, SAMPLES)):
        assert passage(waveform, *ends, RATE_Hz, AMPLITUDE_Vpp, QUBIT) == pytest.approx(np.eye(4), abs=1e-15)


def test_turns_are_those_of_the_unitary():
    rng = np.random.default_rng(3)
    angles = rng.normal(size=20) + 1j * rng.normal(size=20)
    paulis = [qutip.qeye(2), qutip.sigmax(), qutip.sigmay(), qutip.sigmaz()]
    for angle, found in zip(angles, turns(angles), strict=True):
        unitary = (-0.5j * (angle.real * paulis[1] + angle.imag * paulis[2])).expm()
        expected = [[(p * unitary * q * unitary.dag()).tr().real / 2 for q in paulis] for p in paulis]
        assert found == pytest.approx(np.array(expected), abs=1e-12)


def test_silences_separate_drives():
    samples = np.zeros(1000, np.float32)
    samples[[10, 40, 300, 301, 999]] = 1.0
    assert segments(samples) == [(10, 41), (300, 302), (999, 1000)]
    assert segments(np.zeros(10, np.float32)) == []
