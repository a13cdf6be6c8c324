# SPDX-License-Identifier: Apache-2.0
"""What every heralding scheme takes and gives: arms, emitters, a midpoint, and heralded two-qubit states.

Qubit basis everywhere: gg, ge, eg, ee with node A first; g is microwave Fock 0, e is Fock 1 and above.
Port c of the beam splitter is (a+b)/sqrt(2) and heralds Psi+, port d is (a-b)/sqrt(2) and heralds Psi-.
The phase is that of node B's path relative to A's: a click in c leaves (|eg> + exp(i phi)|ge>)/sqrt(2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import within

Cause = Literal["none", "photon", "dark"]
"""Why a detector clicked in the gate; "dark" means by an uncorrelated click and no photon."""

MOST_PHOTONS = 1e12
"""Largest mean photon number that the arithmetic is tested for; far beyond any sense."""

State = NDArray[np.complex128]
"""Unnormalised two-qubit state, shape (4, 4), trace = probability per attempt."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One transducer node as the midpoint sees it."""

    n_bar: float
    """Mean number of pairs in one pulse, sinh(r)**2, 0..1e12."""
    efficiency: float
    """Transducer to click, without the 50:50 beam splitter, 0..1."""
    n_thermal: float = 0.0
    """Thermal occupation of the microwave mode before squeezing, 0..1e12."""
    n_added: float = 0.0
    """Noise photons entering after the squeezer, at the transducer's microwave output, 0..1e12."""
    microwave_efficiency: float = 1.0
    """From the transducer's microwave output into the qubit, 0..1."""
    dephasing: float = 0.0
    """Phase-flip probability of the node's qubit, 0..0.5."""

    def __post_init__(self) -> None:
        within("n_bar", self.n_bar, 0, MOST_PHOTONS)
        within("efficiency", self.efficiency, 0, 1)
        within("n_thermal", self.n_thermal, 0, MOST_PHOTONS)
        within("n_added", self.n_added, 0, MOST_PHOTONS)
        within("microwave_efficiency", self.microwave_efficiency, 0, 1)
        within("dephasing", self.dephasing, 0, 0.5)


@dataclass(frozen=True, slots=True)
class Emitter:
    """One node whose qubit emits a photon from its bright state e.

    Double excitation after Humphreys et al., Nature 558, 268 (2018), and Hermans et al., New J. Phys. 25,
    013011 (2023): the pulse may find the emitter in e again and make a second photon, in a mode of its own
    that interferes with nothing [assumed], so that it only tells where the light came from.
    """

    bright: float
    """Population of the bright state when the photon is emitted, 0..1."""
    efficiency: float
    """Emitter to click, without the 50:50 beam splitter, 0..1."""
    dephasing: float = 0.0
    """Phase-flip probability of the node's qubit, 0..0.5."""

    double_excitation: float = 0.0
    """Probability that a bright qubit emits two photons instead of one, and is bright afterwards, 0..1."""
    extra_share: float = 1.0
    """Efficiency of the extra photon, emitted during the pulse, relative to the other one's, 0..1."""
    inert: float = 0.0
    """Probability that the node neither emits nor is driven (wrong charge state) and reads as g, 0..1."""

    def __post_init__(self) -> None:
        within("bright", self.bright, 0, 1)
        within("efficiency", self.efficiency, 0, 1)
        within("dephasing", self.dephasing, 0, 0.5)
        within("double_excitation", self.double_excitation, 0, 1)
        within("extra_share", self.extra_share, 0, 1)
        within("inert", self.inert, 0, 1)


@dataclass(frozen=True, slots=True)
class Midpoint:
    """Beam splitter, two threshold detectors and the phase between the arms."""

    visibility: float = 1.0
    """|<xi_A|xi_B>|**2 of the two photons' modes, 0..1; coherences carry its square root."""
    phase_sigma_rad: float = 0.0
    """rms of the phase difference B-A (two-round schemes: of its change between the rounds), >= 0."""
    dark_probability: tuple[float, float] = (0.0, 0.0)
    """Probability per gate of an uncorrelated click in detectors c, d, each 0..1."""
    detector_efficiency: tuple[float, float] = (1.0, 1.0)
    """Of detectors c, d; multiplies the arms' efficiencies, each 0..1."""
    coherent: bool = True
    """False without a common phase reference: coherences vanish."""
    phase_offset_rad: float = 0.0
    """Mean phase difference B-A that was left uncorrected."""

    def __post_init__(self) -> None:
        within("visibility", self.visibility, 0, 1)
        within("phase_sigma_rad", self.phase_sigma_rad, 0)
        for port, dark, efficiency in zip("cd", self.dark_probability, self.detector_efficiency, strict=True):
            within(f"dark_probability of detector {port}", dark, 0, 1)
            within(f"detector_efficiency of detector {port}", efficiency, 0, 1)
        within("phase_offset_rad", self.phase_offset_rad, -math.inf)

    @property
    def coherence(self) -> complex:
        """<exp(i phi)>: what phase noise and offset leave of a single-click coherence."""
        if not self.coherent:
            return 0j
        return complex(np.exp(1j * self.phase_offset_rad - self.phase_sigma_rad * self.phase_sigma_rad / 2))


@dataclass(frozen=True, slots=True)
class Heralded:
    """One herald pattern: "c", "d" or "both" detectors clicked in the gate."""

    probability: float
    """Per attempt."""
    photon: State
    """Loaded two-qubit state when a photon took part; unnormalised."""
    dark: State
    """The same when uncorrelated clicks alone made it; trace(photon + dark) = probability."""
    fidelity_fock: float
    """F: overlap with the pattern's Bell state in Fock space, before loading; NaN if it never occurs."""
    fidelity_measured: float
    """F_meas: (1 - ZZ ± XX ± YY)/4 of the loaded qubits, before readout error; NaN as above."""

    @property
    def state(self) -> State:
        """Normalised two-qubit state, shape (4, 4); NaN if the pattern never occurs."""
        with np.errstate(invalid="ignore"):
            return (self.photon + self.dark) / self.probability


@dataclass(frozen=True, slots=True)
class HeraldModel:
    """Everything one attempt can do at the midpoint; a herald is exactly one detector ("c" or "d")."""

    patterns: Mapping[str, Heralded]
    """Keys "c" (Psi+), "d" (Psi-) and "both" (not a herald; its fidelities are NaN)."""
    clicks: Mapping[tuple[Cause, Cause], State]
    """Why detectors (c, d) clicked -> unnormalised loaded state; nine entries, their traces sum to 1."""

    @property
    def probability(self) -> float:
        """Heralds per attempt."""
        return self.patterns["c"].probability + self.patterns["d"].probability

    @property
    def fidelity(self) -> float:
        """F, averaged over heralds."""
        return self._mean({key: item.fidelity_fock for key, item in self.patterns.items()})

    @property
    def fidelity_measured(self) -> float:
        """F_meas, averaged over heralds."""
        return self._mean({key: item.fidelity_measured for key, item in self.patterns.items()})

    def _mean(self, value: Mapping[str, float]) -> float:
        weight = {key: self.patterns[key].probability for key in "cd" if self.patterns[key].probability > 0}
        total = sum(weight.values())
        return sum(weight[key] * value[key] for key in weight) / total if total > 0 else math.nan
