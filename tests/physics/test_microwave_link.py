# SPDX-License-Identifier: Apache-2.0
"""The deterministic microwave link against a cascaded master equation, closed forms, and its limits."""

from __future__ import annotations

from dataclasses import replace
from math import inf, pi, sqrt

import numpy as np
import pytest
import qutip as qt

from heraldlink_physics.chsh import WrongReads, correlations, largest_s
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.microwave_link import MicrowaveLink, MicrowaveNode
from heraldlink_physics.microwave_transfer import bell_fidelity, bell_pair, transfer

LONG = 1e3
PERFECT = MicrowaveNode(10e6, LONG, LONG, LONG, LONG, WrongReads())
IDEAL = MicrowaveLink("ideal", "none", PERFECT, PERFECT, 1.0, 600e-9, 20e-6)
NODE_A = MicrowaveNode(10e6, 5e-6, 1.5e-6, 3.5e-6, 1.6e-6, WrongReads(0.04, 0.05))
NODE_B = MicrowaveNode(11e6, 4e-6, 1.2e-6, 2.5e-6, 0.9e-6, WrongReads(0.03, 0.06))
REAL = MicrowaveLink(
    "real", "none", NODE_A, NODE_B, 0.77, 180e-9, 20e-6, delay_s=4e-9, settle_s=60e-9, detuning_Hz=0.8e6,
    mistiming_s=5e-9,
)  # fmt: skip


def shapes(link: MicrowaveLink, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Couplings sqrt(Gamma)(t) of both nodes that emit, and absorb, sech shapes completely."""

    def tail(bandwidth: float, late: np.ndarray) -> np.ndarray:
        kappa = 2 * pi * bandwidth
        return kappa / 2 * (1 + np.tanh(kappa * late / 2))  # phi²/(integral of phi² from here on)

    half = link.window_s / 2
    return (
        np.sqrt(tail(link.sender.bandwidth_Hz, t - half)),
        np.sqrt(tail(link.receiver.bandwidth_Hz, half + link.mistiming_s - t)),
    )


def by_master_equation(
    link: MicrowaveLink, start: qt.Qobj, standing: tuple[float, float] = (0.0, 0.0)
) -> qt.Qobj:
    """Integrate two transmons (g, e, f) of which the second is driven by what the first emits (in 1/ns).

    `standing`: each node's slow frequency noise, in units of its rms.
    """
    ns = 1e-9
    t = np.linspace(0, link.window_s / ns, 2001)
    couple_a, couple_b = (values * sqrt(ns) for values in shapes(link, t * ns))
    g, e, f = (qt.basis(3, k) for k in range(3))
    one = qt.qeye(3)
    lower_a, lower_b = qt.tensor(g * f.dag(), one), qt.tensor(one, g * f.dag())
    through = sqrt(link.transmission * link.mode_match)
    hop = -0.5j * through * (lower_b.dag() * lower_a - lower_a.dag() * lower_b)
    detuning = 2 * pi * link.detuning_Hz * ns * (lower_b.dag() * lower_b)
    jumps = [
        qt.QobjEvo([[through * lower_a, couple_a], [lower_b, couple_b]], tlist=t),
        qt.QobjEvo([[sqrt(1 - through**2) * lower_a, couple_a]], tlist=t),
    ]
    for node, place in ((link.sender, 0), (link.receiver, 1)):
        ge, ef, _ = (rate * ns for rate in node.dephasing_Hz)
        local = [sqrt(ns / node.t1_e_s) * g * e.dag(), sqrt(ns / node.t1_f_s) * e * f.dag()]
        if node.slow_noise:
            shift = standing[place] * (ge * e * e.dag() + (ge + ef) * f * f.dag())
            detuning += qt.tensor(shift, one) if place == 0 else qt.tensor(one, shift)
        else:
            local.append(sqrt(2 * ge) * e * e.dag() + (sqrt(2 * ge) + sqrt(2 * ef)) * f * f.dag())
        jumps += [qt.tensor(item, one) if place == 0 else qt.tensor(one, item) for item in local]
    hamiltonian = qt.QobjEvo([detuning, [hop, couple_a * couple_b]], tlist=t)
    options = {"atol": 1e-10, "rtol": 1e-8, "max_step": 1.0, "nsteps": 100_000}
    return qt.mesolve(hamiltonian, qt.ket2dm(start), [t[0], t[-1]], jumps, options=options).states[-1]


def element(state: qt.Qobj, left: tuple[int, int], right: tuple[int, int]) -> complex:
    return complex(state.full()[3 * left[0] + left[1], 3 * right[0] + right[1]])


@pytest.mark.parametrize("link", [REAL, replace(REAL, detuning_Hz=0.0, mistiming_s=-8e-9, transmission=0.95)])
def test_against_the_cascaded_master_equation(link: MicrowaveLink) -> None:
    now = replace(link, settle_s=0.0, delay_s=0.0)
    g, e, f = (qt.basis(3, k) for k in range(3))
    sent = by_master_equation(now, qt.tensor((g + f).unit(), g))
    found = transfer(now)
    assert element(sent, (0, 2), (0, 2)).real * 2 == pytest.approx(found.population, abs=2e-6)
    assert abs(element(sent, (0, 2), (0, 0))) * 2 == pytest.approx(found.coherence, abs=2e-6)
    pair, state = by_master_equation(now, qt.tensor((e + f).unit(), g)), bell_pair(now)
    assert abs(element(pair, (1, 0), (0, 2))) == pytest.approx(state[2, 1].real, abs=2e-6)
    assert element(pair, (0, 2), (0, 2)).real == pytest.approx(state[1, 1].real, abs=2e-6)
    excited = element(pair, (1, 0), (1, 0)) + element(pair, (2, 0), (2, 0))
    assert excited.real == pytest.approx(state[2, 2].real, abs=2e-6)


def test_slow_noise_is_an_average_over_standing_frequencies() -> None:
    """Sender and receiver with slow noise of their own; nine pairs of frequencies (Gauss and Hermite)."""
    slow = [replace(node, slow_noise=True) for node in (NODE_A, NODE_B)]
    link = replace(REAL, sender=slow[0], receiver=slow[1], settle_s=0.0, delay_s=0.0)
    start = qt.tensor(sum(qt.basis(3, k) for k in range(3)).unit(), qt.basis(3, 0))
    nodes, weights = np.polynomial.hermite.hermgauss(3)
    sent = sum(
        weights[i] * weights[k] / pi * by_master_equation(link, start, tuple(sqrt(2) * nodes[[i, k]]))
        for i in range(3)
        for k in range(3)
    )
    found, pair = transfer(link), bell_pair(link)
    assert element(sent, (0, 2), (0, 2)).real * 3 == pytest.approx(found.population, abs=1e-5)
    assert abs(element(sent, (0, 2), (0, 0))) * 3 == pytest.approx(found.coherence, abs=1e-5)
    assert abs(element(sent, (1, 0), (0, 2))) * 3 / 2 == pytest.approx(pair[2, 1].real, abs=1e-5)
    white = transfer(replace(REAL, settle_s=0.0, delay_s=0.0))
    assert found.coherence > white.coherence + 0.05


def test_only_loss_leaves_an_amplitude_damping() -> None:
    for transmission in (0.0, 0.3, 0.77, 1.0):
        found = transfer(replace(IDEAL, transmission=transmission))
        assert found.population == pytest.approx(transmission, abs=1e-6)
        assert found.process_fidelity == pytest.approx((1 + sqrt(transmission)) ** 2 / 4, abs=1e-6)
        pair = bell_pair(replace(IDEAL, transmission=transmission))
        assert bell_fidelity(pair) == pytest.approx((1 + sqrt(transmission)) ** 2 / 4, abs=1e-6)
        best = largest_s(pair, WrongReads(), WrongReads())
        assert best == pytest.approx(2 * sqrt(2 * transmission), abs=1e-5)


def test_absorption_falls_with_mismatch_of_width_time_and_frequency() -> None:
    """The Fourier transform of sech² makes (x / sinh x)² of a detuning, x = pi detuning / bandwidth."""
    assert transfer(IDEAL).absorption == pytest.approx(1, abs=1e-6)
    x = pi * 1e6 / 10e6
    detuned = transfer(replace(IDEAL, detuning_Hz=1e6)).absorption
    assert detuned == pytest.approx((x / np.sinh(x)) ** 2, abs=1e-6)
    narrow = replace(PERFECT, bandwidth_Hz=8e6)
    for change in (replace(IDEAL, mistiming_s=5e-9), replace(IDEAL, receiver=narrow)):
        assert 0.9 < transfer(change).absorption < 0.999


def test_a_short_window_leaves_part_of_the_photon_behind() -> None:
    found = transfer(replace(IDEAL, window_s=100e-9))
    left = np.exp(-pi * 10e6 * 100e-9)
    assert found.emission == pytest.approx(1 - left, abs=1e-6)


def test_the_readout_shrinks_s_by_both_contrasts() -> None:
    pair = bell_pair(replace(IDEAL, transmission=0.8))
    best = largest_s(pair, WrongReads(), WrongReads())
    one, other = WrongReads(0.02, 0.02), WrongReads(0.05, 0.05)
    assert largest_s(pair, one, other) == pytest.approx(0.96 * 0.90 * best, abs=1e-9)
    _, first, second = correlations(pair)
    assert np.allclose([first[2], second[2]], [1 - 2 * pair[2, 2].real, 1 - 2 * pair[1, 1].real])


def test_a_bell_state_gives_the_quantum_bound_and_a_mixture_two() -> None:
    bell = np.zeros((4, 4), dtype=complex)
    bell[1:3, 1:3] = 0.5
    mixed = np.diag([0, 0.5, 0.5, 0]).astype(complex)
    assert largest_s(bell, WrongReads(), WrongReads()) == pytest.approx(2 * sqrt(2))
    assert largest_s(mixed, WrongReads(), WrongReads()) == pytest.approx(2)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (dict(transmission=1.1), "transmission"),
        (dict(window_s=-1e-9), "window_s"),
        (dict(period_s=100e-9), "period_s"),
        (dict(mistiming_s=1e-3), "mistiming_s"),
        (dict(mode_match=inf), "mode_match"),
    ],
)
def test_impossible_links_are_refused(change: dict[str, float], told: str) -> None:
    with pytest.raises(PhysicsError, match=told):
        replace(IDEAL, **change)


@pytest.mark.parametrize("change", [dict(t2_ge_s=11e-6), dict(t2_ef_s=3e-6), dict(t1_f_s=0.0)])
def test_impossible_transmons_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(PhysicsError, match=next(iter(change))):
        replace(NODE_A, **change)


def test_an_impossible_readout_is_refused() -> None:
    with pytest.raises(PhysicsError, match="wrong_e"):
        WrongReads(0.0, 1.2)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (dict(detuning_Hz=200e6), "detuning_Hz"),
        (dict(window_s=10e-6), "sender.bandwidth_Hz"),
        (dict(receiver=replace(NODE_B, t2_ef_s=1e-10)), "receiver's dephasing"),
    ],
)
def test_what_the_time_grid_cannot_follow_is_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(PhysicsError, match=f"{told}: at most 400"):
        replace(IDEAL, **change)


def test_at_the_edge_of_what_is_resolved_loss_is_still_all_there_is() -> None:
    found = transfer(replace(IDEAL, window_s=6e-6, transmission=0.5))
    assert found.population == pytest.approx(0.5, abs=1e-5)
    fast = replace(NODE_B, t2_ef_s=600e-9 / 350)
    assert 0 < transfer(replace(IDEAL, receiver=fast)).population < 0.2
