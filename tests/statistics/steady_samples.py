# SPDX-License-Identifier: Apache-2.0
"""Phase estimates from bright pulses, and readout of prepared qubits, against the models."""

from dataclasses import dataclass, replace
from math import pi, sqrt

import numpy as np
from compiled_slots import Played, laboratory, modelled, noisy, play, rack_of
from conditioned import Real, binomial, ranked
from light_samples import LASER_Hz, shipped

from heraldlink.analysis.attempts import Clicks, clicks_in
from heraldlink.calibration.counting import photons
from heraldlink_physics import phase, readout
from heraldlink_physics.counting import count_probabilities
from heraldlink_physics.device import Devices

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
DRAWS = 199
MOST = 9
"""Photon numbers from here on are one cell."""
QUADRATURES = ("bright_i", "bright_q")


@dataclass(frozen=True)
class Bright:
    """Clicks in both quadratures and the true phase."""

    clicks: tuple[Clicks, Clicks]
    phase_rad: float


class Phase:
    """A laboratory to a sample, so that every one has another phase."""

    ATTENUATION_dB = 38.0

    def __init__(self) -> None:
        self.plan, self.devices = shipped("phase"), noisy(fast_phase_sigma_rad=0.1)

    def samples(self, seed: int, count: int) -> list[Bright]:
        """One slot each."""
        rack, found = rack_of(self.plan, self.ATTENUATION_dB), []
        for k in range(count):
            world = laboratory(self.devices, 1000 * seed + k)
            hub = play(world, rack, 1).hub
            i, q = (clicks_in(hub, self.plan, part) for part in QUADRATURES)
            found.append(Bright((i, q), world.fibre.at(1)))
        return found

    def expected(self, model: Devices) -> "BrightLight":
        """Photons of both arms, overlap, detectors."""
        found = modelled(model, self.plan, "bright_i", self.ATTENUATION_dB)
        means = [
            phase.bright_photons(model.midpoint, item, LASER_Hz) * share
            for item, share in zip(found.pumped, found.gate_fractions, strict=True)
        ]
        sigma = model.midpoint.fast_phase_sigma_rad
        return BrightLight((means[0], means[1]), found.midpoint.visibility, sigma, found.midpoint)

    def p_values(self, sample: Bright, light: "BrightLight", rng: np.random.Generator) -> dict[str, float]:
        """Clicks, the estimate's error with its sign and without."""
        pulses, u = sample.clicks[0].attempts, rng.random(3)
        cells = light.cells(sample.phase_rad)
        seen = light.error_rad(sample.clicks, sample.phase_rad)
        drawn = np.array(
            [
                light.error_rad(tuple(drawn_clicks(pulses, cell, rng) for cell in cells), sample.phase_rad)
                for _ in range(DRAWS)
            ]
        )
        return {
            "bright clicks": binomial(sample.clicks[0].c, pulses, float(cells[0][[1, 3]].sum()), u[0]),
            "phase estimate": ranked(seen, drawn, u[1]),
            "phase error": ranked(abs(seen), abs(drawn), u[2]),
        }


def drawn_clicks(pulses: int, cells: Real, rng: np.random.Generator) -> Clicks:
    """Clicks of independent pulses."""
    _, c, d, both = rng.multinomial(pulses, cells).tolist()
    return Clicks(pulses, c + both, d + both, both)


@dataclass(frozen=True)
class BrightLight:
    """Mean photons of both arms' bright pulses in the gate; ``turn_rad``: a wrong model's phase error."""

    means: tuple[float, float]
    visibility: float
    sigma_rad: float
    midpoint: object
    turn_rad: float = 0.0

    def cells(self, phase_rad: float) -> list[Real]:
        """No click, c, d, both in each quadrature: given the fast phase the detectors are independent."""
        efficiency, dark = self.midpoint.detector_efficiency, self.midpoint.dark_probability
        found = []
        for quadrature_rad in (0.0, phase.QUADRATURE_RAD):
            cells = np.zeros(4)
            for node, weight in zip(NODES.tolist(), (WEIGHTS / sqrt(2 * pi)).tolist(), strict=True):
                turned = phase_rad + self.turn_rad + quadrature_rad + self.sigma_rad * node
                c, d = phase.bright_click_probabilities(
                    *self.means, turned, self.visibility, efficiency, dark
                )
                cells += weight * np.array([(1 - c) * (1 - d), c * (1 - d), (1 - c) * d, c * d])
            found.append(cells / cells.sum())
        return found

    def error_rad(self, clicks: tuple[Clicks, ...], phase_rad: float) -> float:
        """Estimated minus true phase, -pi..pi."""
        counts = [phase.QuadratureCounts(item.attempts, item.c, item.d) for item in clicks]
        found = phase.estimate_phase(*counts, self.midpoint.detector_efficiency)
        assert found is not None
        return float(np.angle(np.exp(1j * (found.phase_rad - phase_rad))))


class Readout:
    """Prepared qubits of both nodes."""

    def __init__(self) -> None:
        self.plan = shipped("readout")
        both = noisy()
        arms = tuple(replace(arm, qubit=replace(arm.qubit, thermal_population=0.02)) for arm in both.arms)
        self.devices = replace(both, arms=arms)

    def samples(self, seed: int, count: int) -> list[np.ndarray]:
        """Photon numbers of both nodes together, int64[g or e, MOST + 1]."""
        world, rack = laboratory(self.devices, seed), rack_of(self.plan)
        return [self.sample_of(play(world, rack, slot)) for slot in range(1, count + 1)]

    def sample_of(self, tags: Played) -> np.ndarray:
        """Photon numbers from tags."""
        return np.sum([self._counts(end) for end in tags.ends.values()], axis=0)

    def _counts(self, end) -> np.ndarray:
        return np.stack(
            [np.bincount(n.clip(max=MOST), minlength=MOST + 1) for n in photons(end, self.plan, 2_000_000)]
        )

    def expected(self, model: Devices) -> Real:
        """Photon numbers of both states, float[2, MOST + 1]."""
        device = model.arms[0]
        means = readout.mean_counts(
            device,
            pump_frequency_Hz=LASER_Hz - 1e10,
            pump_power_W=20e-6 * device.splitter * device.insertion,
            gate_s=2e-6,
            bias_A=18e-6,
        )
        below = count_probabilities(*means, MOST - 1)
        whole = np.column_stack([below, 1 - below.sum(axis=1)])
        wrong = device.qubit.thermal_population
        return np.array([[1 - wrong, wrong], [wrong, 1 - wrong]]) @ whole

    def p_values(self, sample: np.ndarray, cells: Real, rng: np.random.Generator) -> dict[str, float]:
        """Confusion at a threshold of one photon, and the whole distribution by chi-square."""
        u, shots = rng.random(3), sample.sum(axis=1)
        drawn = np.stack([rng.multinomial(shots[1], cells[1]) for _ in range(DRAWS)])
        expected = shots[1] * cells[1]

        def chi_square(counts: np.ndarray) -> np.ndarray:
            return ((counts - expected) ** 2 / expected).sum(axis=-1)

        return {
            "readout of g": binomial(
                int(sample[0, 1:].sum()), int(shots[0]), float(cells[0, 1:].sum()), u[0]
            ),
            "readout of e": binomial(
                int(sample[1, 1:].sum()), int(shots[1]), float(cells[1, 1:].sum()), u[1]
            ),
            "readout photons": ranked(float(chi_square(sample[1])), chi_square(drawn), u[2]),
        }
