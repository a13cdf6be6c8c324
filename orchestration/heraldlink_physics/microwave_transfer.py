# SPDX-License-Identifier: Apache-2.0
"""What a deterministic microwave link does to a qubit, and to one half of a Bell pair.

In the subspace of one excitation emission and absorption are linear, so that everything follows from
integrals over the emission time t in the window 0..T. A sender driven to emit phi_A(t) (sech, complete at
late times) emits phi_A(t) exp(-t/2T1f) if f decays; a receiver driven to absorb phi_B(t) (complete at
early times) ends with the integral of phi_B(t) exp(-(T-t)/2T1f) times what arrives: an excitation spends
T in f, part of it in either node. Dephasing multiplies coherences between two histories by
exp(-rate x time). Method: input-output theory of a cascade (Gardiner, Phys. Rev. Lett. 70, 2269 (1993));
the tests integrate the cascaded master equation.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot, pi, sqrt, tanh

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.microwave_link import MicrowaveLink, MicrowaveNode
from heraldlink_physics.model import State

STANDING = 12
"""Values of a standing frequency over which slow noise is averaged (Gauss and Hermite)."""
STEPS = 4000
"""Of the time grid, even; the integrals' error is below 1e-6."""

Real = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A qubit's transfer: an amplitude damping with dephasing, |e> arriving as e with `population`."""

    emission: float
    """Share of the photon that leaves within the window if f lived for ever."""
    absorption: float
    """Share of what arrives in the window that the receiver takes up if f lived for ever."""
    population: float
    """P(e at the receiver's readout | e sent)."""
    coherence: float
    """|<e|rho|g>| at the receiver's readout over that sent; its phase is calibrated away."""

    @property
    def process_fidelity(self) -> float:
        """Overlap of the process with the identity, (1 + population + 2 coherence)/4."""
        return (1 + self.population + 2 * self.coherence) / 4

    @property
    def average_fidelity(self) -> float:
        """Mean over all pure input states, (2 F_process + 1)/3."""
        return (2 * self.process_fidelity + 1) / 3


@dataclass(frozen=True, slots=True)
class _Modes:
    """Shapes on the time grid, seconds from the window's beginning."""

    time_s: Real
    weight: Real
    """Of Simpson's rule."""
    emitted: Real
    """phi_A, 1/sqrt(s)."""
    product: Complex
    """phi_A phi_B exp(2 pi i detuning t)."""

    def integral(self, values: Complex | Real) -> complex:
        return complex(np.sum(self.weight * values))


def transfer(link: MicrowaveLink) -> Transfer:
    """Send a qubit g, e: e to f, emission, absorption, f to e, and the wait for the readout."""
    modes, receiver = _modes(link), link.receiver
    emission = modes.integral(modes.emitted**2).real
    lossless = abs(modes.integral(modes.product)) ** 2
    alive = modes.product * _alive(link, modes)
    stay = modes.integral(alive * _faded(link.sender, (0.0, 0.0, modes.time_s)) * _received(link, modes))
    return Transfer(
        emission=emission,
        absorption=link.mode_match * lossless / emission,
        population=_arriving(link, modes) * exp(-link.settle_s / receiver.t1_e_s),
        coherence=_reach(link) ** 0.5 * abs(stay) * exp(-link.settle_s / 2 / receiver.t1_e_s),
    )


def bell_pair(link: MicrowaveLink) -> State:
    """State (|eg> + |ge>)/sqrt(2) as it is at the readout, trace 1; basis gg, ge, eg, ee, sender first.

    The sender starts in (|e> + |f>)/sqrt(2); e stays, f becomes the photon. A sender whose f decays or is
    left over counts as e, a receiver whose f decays as g.
    """
    modes, end_s = _modes(link), link.window_s + link.delay_s + link.settle_s
    stays = exp(-end_s / link.sender.t1_e_s)
    arrives = _arriving(link, modes) * exp(-link.settle_s / link.receiver.t1_e_s)
    kept = _kept_by_sender(link, modes, end_s)
    state = np.zeros((4, 4), dtype=np.complex128)
    state[2, 2] = (stays + kept) / 2
    state[1, 1] = arrives / 2
    state[0, 0] = 1 - state[1, 1] - state[2, 2]
    state[2, 1] = state[1, 2] = _bell_coherence(link, modes, end_s) / 2
    return state


def bell_fidelity(state: State) -> float:
    """Overlap with (|eg> + |ge>)/sqrt(2)."""
    return float(np.real(state[1, 1] + state[2, 2]) / 2 + np.real(state[1, 2]))


def _bell_coherence(link: MicrowaveLink, modes: _Modes, end_s: float) -> float:
    """|<eg|rho|ge>| times 2: the sender is in e, in place of f until t, in place of g from then on."""
    waited_s = end_s - modes.time_s
    faded = _faded(link.sender, (waited_s, -modes.time_s, 0.0)) * _received(link, modes)
    found = modes.integral(modes.product * _alive(link, modes) * faded)
    decayed = exp(-end_s / 2 / link.sender.t1_e_s - link.settle_s / 2 / link.receiver.t1_e_s)
    return float(_reach(link) ** 0.5 * abs(found) * decayed)


def _kept_by_sender(link: MicrowaveLink, modes: _Modes, end_s: float) -> float:
    """P(sender reads e | f prepared): f decayed to e, which lives on, or was not emitted."""
    sender, step_s = link.sender, float(modes.time_s[1])
    left = 1 - np.concatenate(
        ([0.0], np.cumsum((modes.emitted[1:] ** 2 + modes.emitted[:-1] ** 2) / 2 * step_s))
    )
    alive = left * np.exp(-modes.time_s / sender.t1_f_s)
    decayed = alive / sender.t1_f_s * np.exp(-(end_s - modes.time_s) / sender.t1_e_s)
    return modes.integral(decayed).real + float(alive[-1])


def _modes(link: MicrowaveLink) -> _Modes:
    time_s = np.linspace(0.0, link.window_s, STEPS + 1)
    weight = np.ones(STEPS + 1)
    weight[1:-1:2], weight[2:-1:2] = 4.0, 2.0
    half_s = link.window_s / 2
    emitted = (
        _sech(link.sender.bandwidth_Hz, time_s - half_s) / _share(link.sender.bandwidth_Hz, half_s) ** 0.5
    )
    early_s = half_s - link.mistiming_s
    absorbed = _sech(link.receiver.bandwidth_Hz, time_s - half_s - link.mistiming_s)
    absorbed = absorbed / _share(link.receiver.bandwidth_Hz, early_s) ** 0.5
    turn = np.exp(2j * pi * link.detuning_Hz * time_s)
    return _Modes(time_s, weight * link.window_s / STEPS / 3, emitted, emitted * absorbed * turn)


def _sech(bandwidth_Hz: float, time_s: Real) -> Real:
    """Amplitude sqrt(kappa)/2 sech(kappa t/2), whose square integrates to 1."""
    kappa = 2 * pi * bandwidth_Hz
    return np.asarray(kappa**0.5 / 2 / np.cosh(kappa * time_s / 2), dtype=np.float64)


def _share(bandwidth_Hz: float, before_s: float) -> float:
    """Share of the shape that comes later than `before_s` ahead of its centre."""
    return (1 + tanh(pi * bandwidth_Hz * before_s)) / 2


def _reach(link: MicrowaveLink) -> float:
    return link.transmission * link.mode_match


def _alive(link: MicrowaveLink, modes: _Modes) -> Real:
    """Amplitude left of an f that is in the sender until t and in the receiver from then on."""
    left_s = link.window_s - modes.time_s
    rates = modes.time_s / 2 / link.sender.t1_f_s + left_s / 2 / link.receiver.t1_f_s
    return np.asarray(np.exp(-rates), dtype=np.float64)


def _faded(node: MicrowaveNode, times_s: tuple[float | Real, float | Real, float | Real]) -> Real:
    """What pure dephasing leaves after these times as g-e, e-f and g-f coherence.

    Signs matter for slow noise alone: the phases of e over g and of f over e have the same one.
    """
    if node.slow_noise:
        phase = sum((sigma * time for sigma, time in zip(node.dephasing_Hz, times_s, strict=True)), 0.0)
        return np.asarray(np.exp(-(phase**2) / 2), dtype=np.float64)
    spent = sum((rate * np.abs(time) for rate, time in zip(node.dephasing_Hz, times_s, strict=True)), 0.0)
    return np.asarray(np.exp(-spent), dtype=np.float64)


def _received(link: MicrowaveLink, modes: _Modes) -> Real:
    """What dephasing of the receiver, as f and then as e against g, leaves of what arrives at t."""
    return _faded(link.receiver, (link.settle_s, 0.0, link.window_s - modes.time_s))


def _arriving(link: MicrowaveLink, modes: _Modes) -> float:
    """P(receiver in f at its window's end | f prepared)."""
    amplitude = modes.product * _alive(link, modes)
    white = sum(node.dephasing_Hz[2] for node in (link.sender, link.receiver) if not node.slow_noise)
    slow = hypot(*(node.dephasing_Hz[2] for node in (link.sender, link.receiver) if node.slow_noise))
    nodes, weights = np.polynomial.hermite.hermgauss(STANDING if slow else 1)
    turns = np.exp(1j * sqrt(2) * slow * np.multiply.outer(nodes, modes.time_s))
    found = [_ordered(link, modes, amplitude * turn, white) for turn in turns]
    return _reach(link) * float(np.dot(weights, found)) / sqrt(pi)


def _ordered(link: MicrowaveLink, modes: _Modes, amplitude: Complex, rate: float) -> float:
    """Integral of f(t) f*(t') exp(-rate |t - t'|): twice that over ordered pairs of times."""
    left_s = link.window_s - modes.time_s
    grown = np.conj(amplitude) * np.exp(-rate * left_s)
    earlier = np.concatenate(([0.0], np.cumsum((grown[1:] + grown[:-1]) / 2 * float(modes.time_s[1]))))
    return 2 * modes.integral(amplitude * np.exp(rate * left_s) * earlier).real
