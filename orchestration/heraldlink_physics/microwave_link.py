# SPDX-License-Identifier: Apache-2.0
"""A microwave link between two cryostats that makes no use of a herald: what it consists of.

A transmon of levels g, e, f gives up its second excitation f as a photon of a chosen shape; the other takes
it up by the same drive reversed in time (Cirac et al., Phys. Rev. Lett. 78, 3221 (1997); Pechal et al., Phys.
Rev. X 4, 041010 (2014)). What the link does is computed in `microwave_transfer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

from heraldlink_physics.chsh import WrongReads
from heraldlink_physics.errors import PhysicsError, within

RESOLVED = 400.0
"""Largest number of characteristic times of any change in one window."""


@dataclass(frozen=True, slots=True)
class MicrowaveNode:
    """One transmon with the resonator through which it emits and absorbs."""

    bandwidth_Hz: float
    """kappa/2pi of the photon's shape, sech(kappa t/2) in amplitude; at most the resonator's."""
    t1_e_s: float
    """Lifetime of e."""
    t1_f_s: float
    """Lifetime of f, which decays to e."""
    t2_ge_s: float
    """Coherence time of g and e, <= 2 t1_e."""
    t2_ef_s: float
    """Coherence time of e and f; 1/t2_ef >= 1/(2 t1_e) + 1/(2 t1_f)."""
    readout: WrongReads
    slow_noise: bool = False
    """Whether dephasing comes from noise that stands still during a transfer: its coherence falls as
    exp(-(sigma t)²/2), and T2 is where it is 1/e, decay included; otherwise white noise, exp(-rate t)."""

    def __post_init__(self) -> None:
        within("bandwidth_Hz", self.bandwidth_Hz, 1.0, 1e12)
        for name in ("t1_e_s", "t1_f_s", "t2_ge_s", "t2_ef_s"):
            within(name, float(getattr(self, name)), 1e-12)
        self._at_most("t2_ge_s", self.t2_ge_s, 2 * self.t1_e_s)
        self._at_most("t2_ef_s", self.t2_ef_s, 2 / (1 / self.t1_e_s + 1 / self.t1_f_s))

    def _at_most(self, name: str, value: float, limit: float) -> None:
        if value > limit * (1 + 1e-12):
            raise PhysicsError(f"{name} = {value} is impossible: decay alone allows at most {limit:g}")

    @property
    def dephasing_Hz(self) -> tuple[float, float, float]:
        """Pure dephasing of g-e, e-f and g-f: rates in 1/s, or with `slow_noise` rms angular frequencies.

        One frequency noise moves both transitions, as in a transmon, so that its amplitudes add from g to f:
        (sqrt(a) + sqrt(b))² for rates, a + b for frequencies.
        """
        ge = self._pure(self.t2_ge_s, 0.5 / self.t1_e_s)
        ef = self._pure(self.t2_ef_s, 0.5 / self.t1_e_s + 0.5 / self.t1_f_s)
        return ge, ef, ge + ef if self.slow_noise else (sqrt(ge) + sqrt(ef)) ** 2

    def _pure(self, t2_s: float, decay_Hz: float) -> float:
        left = max(0.0, 1 - t2_s * decay_Hz)
        return sqrt(2 * left) / t2_s if self.slow_noise else left / t2_s


@dataclass(frozen=True, slots=True)
class MicrowaveLink:
    """Two nodes and what lies between them."""

    name: str
    source: str
    sender: MicrowaveNode
    receiver: MicrowaveNode
    transmission: float
    """Of a photon between the two, circulators and connectors included, 0..1."""
    window_s: float
    """For how long the sender and, later by the delay, the receiver are driven, centred on the shape."""
    period_s: float
    """From one transfer to the next."""
    delay_s: float = 0.0
    """Travel time of the photon."""
    settle_s: float = 0.0
    """From the end of the receiver's window to the middle of the readout."""
    mode_match: float = 1.0
    """Share of the photon in the mode for which the receiver's shape is meant, 0..1."""
    detuning_Hz: float = 0.0
    """Of the photon from the receiver's mode."""
    mistiming_s: float = 0.0
    """By which the receiver's drive is late."""

    def __post_init__(self) -> None:
        within("transmission", self.transmission, 0, 1)
        within("window_s", self.window_s, 1e-12)
        within("delay_s", self.delay_s, 0)
        within("settle_s", self.settle_s, 0)
        within("mode_match", self.mode_match, 0, 1)
        within("detuning_Hz", self.detuning_Hz, -1e12, 1e12)
        within("mistiming_s", self.mistiming_s, -self.window_s, self.window_s)
        within("period_s", self.period_s, self.window_s + self.delay_s + self.settle_s)
        self._check_resolved()

    def _check_resolved(self) -> None:
        """Refuse shapes and noise that change faster than the integrals' time grid can follow."""
        rates = {"detuning_Hz": 2 * pi * abs(self.detuning_Hz)}
        for name, node in (("sender", self.sender), ("receiver", self.receiver)):
            rates[f"{name}.bandwidth_Hz"] = 2 * pi * node.bandwidth_Hz
            rates[f"{name}'s dephasing"] = max(node.dephasing_Hz)
            rates[f"{name}.t1_f_s"] = 1 / node.t1_f_s
        for name, rate in rates.items():
            if rate * self.window_s > RESOLVED:
                times = f"{rate * self.window_s:.0f} times 1/rate of {name}"
                raise PhysicsError(
                    f"window_s = {self.window_s:g} holds {times}: at most {RESOLVED:g} can be followed"
                )

    @property
    def rate_Hz(self) -> float:
        """Transfers per second."""
        return 1 / self.period_s
