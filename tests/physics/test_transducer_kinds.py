# SPDX-License-Identifier: Apache-2.0
"""Closed forms of both transducers against their Langevin equations, solved as matrices."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
from scipy import integrate

from heraldlink_physics import electro_optic, piezo
from heraldlink_physics.electro_optic import ElectroOpticPort
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.piezo import PiezoPort

RNG = np.random.default_rng(20)


def scattering(drift: np.ndarray, rates: list[list[float]], at: float = 0.0) -> np.ndarray:
    """S = 1 - K (i w + A)^-1 K^T of dx/dt = -A x - K^T x_in, x_out = x_in + K x; ports in order of modes."""
    ports = [(mode, rate) for mode, several in enumerate(rates) for rate in several]
    coupling = np.zeros((len(ports), len(rates)), dtype=complex)
    for port, (mode, rate) in enumerate(ports):
        coupling[port, mode] = np.sqrt(rate)
    inverse = np.linalg.inv(drift - 1j * at * np.eye(len(rates)))
    return np.eye(len(ports)) - coupling @ inverse @ coupling.T


def piezo_drift(kappa: float, gamma: float, kappa_e: float, g_om: float, g_pe: float, blue: bool):
    """Modes a (or a† with a blue pump), m, b."""
    sign = -1 if blue else 1
    return np.array(
        [[kappa / 2, sign * 1j * g_om, 0], [1j * g_om, gamma / 2, 1j * g_pe], [0, 1j * g_pe, kappa_e / 2]]
    )


@pytest.mark.parametrize("case", range(40))
def test_piezo_conversion_gain_and_noise_solve_the_langevin_equations(case: int) -> None:
    a_ext, a_int, gamma, e_ext, e_int = RNG.uniform(0.1, 2.0, 5)
    kappa, kappa_e = a_ext + a_int, e_ext + e_int
    c_em, share = RNG.uniform(0.05, 20), RNG.uniform(0.05, 0.95)
    c_om = share * (1 + c_em)
    g_om, g_pe = (c_om * kappa * gamma / 4) ** 0.5, (c_em * kappa_e * gamma / 4) ** 0.5
    extractions = a_ext / kappa, e_ext / kappa_e
    rates = [[a_ext, a_int], [gamma], [e_ext, e_int]]
    red = scattering(piezo_drift(kappa, gamma, kappa_e, g_om, g_pe, False), rates)
    assert piezo.conversion(*extractions, c_om, c_em) == pytest.approx(abs(red[0, 3]) ** 2, rel=1e-10)
    noise = abs(red[0, 2]) ** 2 / abs(red[0, 3]) ** 2 * 0.7
    assert piezo.added_noise(extractions[1], c_em, 0.7) == pytest.approx(noise, rel=1e-10)
    drift = piezo_drift(kappa, gamma, kappa_e, g_om, g_pe, True)
    blue = scattering(drift, rates)
    assert piezo.blue_gain(*extractions, c_om, c_em) == pytest.approx(abs(blue[0, 3]) ** 2, rel=1e-9)
    made = sum(abs(blue[0, port]) ** 2 for port in (2, 3, 4)) + 0.7 * abs(blue[0, 2]) ** 2
    assert piezo.blue_photons(extractions[0], c_om, c_em, 0.7) == pytest.approx(made, rel=1e-9)


@pytest.mark.parametrize("port", [PiezoPort(0.5, 1.0, 3.0, 1.0), PiezoPort(3.0, 1.0, 2.0, 0.5)])
def test_a_blue_pump_is_stable_up_to_its_largest_cooperativity(port: PiezoPort) -> None:
    """Weak and strong piezo coupling, by the sign of the drift matrix' eigenvalues."""
    kappa, limit = 1e6, piezo.largest_blue_cooperativity(port)
    for factor, stable in ((0.999, True), (1.001, False)):
        g_om = (factor * limit * kappa * port.mechanical_loss_Hz / 4) ** 0.5
        drift = piezo_drift(kappa, 1.0, port.microwave_kappa_Hz, g_om, port.piezo_coupling_Hz, True)
        assert bool(np.linalg.eigvals(drift).real.min() > 0) == stable


@pytest.mark.parametrize("blue", [False, True])
def test_piezo_bandwidth_is_where_conversion_falls_to_half(blue: bool) -> None:
    kappa, gamma, kappa_e, c_om, c_em = 1e6, 1.0, 2e6, 3.0, 5.0
    g_om, g_pe = (c_om * kappa * gamma / 4) ** 0.5, (c_em * kappa_e * gamma / 4) ** 0.5
    drift, rates = piezo_drift(kappa, gamma, kappa_e, g_om, g_pe, blue), [[kappa], [gamma], [kappa_e]]
    half = piezo.bandwidth_Hz(gamma, c_om, c_em, blue) / 2
    ratio = abs(scattering(drift, rates, half)[0, 2] / scattering(drift, rates)[0, 2]) ** 2
    assert ratio == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize(
    "port",
    [PiezoPort(1.2e6, 150e3, 1.2e6, 0.55e6), PiezoPort(0.1e6, 150e3, 1e6, 1e6), PiezoPort(20e6, 1e6, 1e6, 0)],
)
def test_a_phonon_leaves_through_the_line_as_often_as_its_equation_says(port: PiezoPort) -> None:
    """Energy out of the external port, integrated in time from one phonon."""
    kappa, gamma, g = (
        2 * pi * x for x in (port.microwave_kappa_Hz, port.mechanical_loss_Hz, port.piezo_coupling_Hz)
    )
    drift = np.array([[gamma / 2, 1j * g], [1j * g, kappa / 2]])
    values, vectors = np.linalg.eig(drift)
    start = np.linalg.solve(vectors, np.array([1.0, 0.0]))
    slowest = values.real.min()

    def leaving(time_s: float) -> float:
        cavity = (vectors @ (start * np.exp(-values * time_s)))[1]
        return 2 * pi * port.microwave_external_Hz * abs(cavity) ** 2

    out, _ = integrate.quad(leaving, 0, 12 / slowest, limit=2000, epsrel=1e-9)
    assert piezo.emission(port) == pytest.approx(out, rel=1e-6)


def test_meesalas_phonon_reaches_the_line_as_reported() -> None:
    port = PiezoPort(1.2e6, 150e3, 1.2e6, 0.55e6)
    assert piezo.emission(port) == pytest.approx(0.59, abs=0.02)
    assert piezo.optomechanical_cooperativity(port, 270e3, 1.3e9, 0.78) == pytest.approx(1.166e-3, rel=1e-3)


@pytest.mark.parametrize("case", range(40))
def test_electro_optic_forms_solve_the_langevin_equations(case: int) -> None:
    o_ext, o_int, e_ext, e_int = RNG.uniform(0.1, 2.0, 4)
    kappa, kappa_e, c = o_ext + o_int, e_ext + e_int, RNG.uniform(0.01, 0.95)
    g = (c * kappa * kappa_e / 4) ** 0.5
    eta_o, eta_e = o_ext / kappa, e_ext / kappa_e
    rates = [[o_ext, o_int], [e_ext, e_int]]
    red = scattering(np.array([[kappa / 2, 1j * g], [1j * g, kappa_e / 2]]), rates)
    assert electro_optic.conversion(eta_o, eta_e, c) == pytest.approx(abs(red[0, 2]) ** 2, rel=1e-10)
    noise = abs(red[0, 3]) ** 2 / abs(red[0, 2]) ** 2 * 0.4
    assert electro_optic.added_noise(eta_e, 0.4) == pytest.approx(noise, rel=1e-10)
    blue = scattering(np.array([[kappa / 2, -1j * g], [1j * g, kappa_e / 2]]), rates)
    made = abs(blue[0, 2]) ** 2 + abs(blue[0, 3]) ** 2
    assert electro_optic.blue_photons(eta_o, c) == pytest.approx(made, rel=1e-9)
    smallest = np.linalg.eigvalsh(covariance(blue))[0]
    assert electro_optic.squeezed_variance(eta_o, eta_e, c) == pytest.approx(smallest, rel=1e-7)
    smallest = np.linalg.eigvalsh(covariance(blue, 0.3))[0]
    assert electro_optic.squeezed_variance(eta_o, eta_e, c, 0.3) == pytest.approx(smallest, rel=1e-7)


def covariance(blue: np.ndarray, thermal: float = 0.0) -> np.ndarray:
    """Symmetrised quadratures of the outputs a†_o, b (ports 0 and 2), vacuum = 1; the last input is warm.

    a_out† = sum S_0j a_j† + ..., b_out = ...: <b a> from what the two share, in every quadrature pair.
    """
    outputs = blue[[0, 2]]
    noise = np.array([1.0, 1.0, 1.0, 1 + 2 * thermal])  # <{x, x†}> of the inputs
    same = (noise * abs(outputs) ** 2).sum(axis=1)
    anomalous = (noise * outputs[0].conj() * outputs[1]).sum()
    matrix = np.zeros((4, 4))
    matrix[:2, :2], matrix[2:, 2:] = same[0] * np.eye(2), same[1] * np.eye(2)
    cross = np.array([[anomalous.real, anomalous.imag], [anomalous.imag, -anomalous.real]])
    matrix[:2, 2:], matrix[2:, :2] = cross, cross.T
    return matrix


def test_lossless_squeezing_is_that_of_a_parametric_amplifier() -> None:
    for c in (0.05, 0.18, 0.5, 0.9):
        expected = ((1 - c**0.5) / (1 + c**0.5)) ** 2
        assert electro_optic.squeezed_variance(1, 1, c) == pytest.approx(expected, rel=1e-9)
        assert electro_optic.squeezing_dB(expected) == pytest.approx(-10 * np.log10(expected))
    assert electro_optic.squeezed_variance(0.5, 0.0, 0.3) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: piezo.blue_gain(0.5, 0.5, 3.0, 2.0), r"c_om = 3.*allowed are 0 <= c_om < 1 \+ c_em = 3"),
        (lambda: piezo.blue_photons(0.5, 9.0, 2.0), "c_om = 9 is impossible with a blue pump"),
        (lambda: piezo.bandwidth_Hz(1.0, 9.0, 2.0, blue=True), "blue pump"),
        (lambda: piezo.conversion(1.1, 0.5, 1.0, 1.0), "optical_extraction = 1.1.*0 to 1"),
        (lambda: PiezoPort(1e6, 0.0, 1e6, 0.0), "mechanical_loss_Hz = 0 is impossible"),
        (lambda: electro_optic.blue_photons(0.5, 1.0), "c = 1 is impossible.*allowed are 0 <= c < 1"),
        (lambda: electro_optic.squeezed_variance(0.5, 0.5, 1.5), "both modes oscillate"),
        (lambda: electro_optic.conversion(0.5, -0.1, 1.0), "microwave_extraction = -0.1"),
        (lambda: ElectroOpticPort(1e6, -1.0), "microwave_internal_Hz = -1"),
    ],
)
def test_impossible_transducers_are_refused(make, words: str) -> None:
    with pytest.raises(PhysicsError, match=words):
        make()
    assert electro_optic.cooperativity(ElectroOpticPort(4e6, 6e6), 37.0, 25e6, 1e10) > 0
