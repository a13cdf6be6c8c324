# SPDX-License-Identifier: Apache-2.0
"""Readout threshold and confusion matrix from photon counts of prepared qubits.

With a uniform prior, k errors in n shots leave the posterior Beta(k + 1, n - k + 1) of the error's
probability (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.1).
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.measured import Measured
from heraldlink.errors import RunFailed
from heraldlink_physics.readout import best_threshold

Photons = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Discrimination:
    """``threshold``: at so many photons |e> is read. Errors: P(read e|g) and P(read g|e)."""

    threshold: int
    error_g: Measured
    error_e: Measured
    mean_g: Measured
    mean_e: Measured

    @property
    def fidelity(self) -> Measured:
        """Assignment fidelity 1 - (P(e|g) + P(g|e))/2."""
        sigma = sqrt(self.error_g.sigma**2 + self.error_e.sigma**2) / 2
        return Measured(1 - (self.error_g.value + self.error_e.value) / 2, sigma)


def discriminate(photons_g: Photons, photons_e: Photons) -> Discrimination:
    """Photon counts of shots prepared in |g> and |e>, int64[n] each -> threshold and errors.

    The threshold is where the two Poisson distributions cross; only its choice assumes them. Raises
    RunFailed if the two cannot be told apart.
    """
    mean_g, mean_e = mean_photons(photons_g), mean_photons(photons_e)
    if mean_e.value - mean_g.value < 5 * sqrt(mean_g.sigma**2 + mean_e.sigma**2):
        raise RunFailed(f"readout: {mean_g} photons from |g> and {mean_e} from |e> cannot be told apart")
    threshold = best_threshold(mean_g.value, mean_e.value)
    return Discrimination(
        threshold=threshold,
        error_g=beta_posterior(int(np.sum(photons_g >= threshold)), photons_g.size),
        error_e=beta_posterior(int(np.sum(photons_e < threshold)), photons_e.size),
        mean_g=mean_g,
        mean_e=mean_e,
    )


def beta_posterior(successes: int, trials: int) -> Measured:
    """Mean and standard deviation of Beta(k + 1, n - k + 1)."""
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials are impossible")
    a, b = successes + 1, trials - successes + 1
    return Measured(a / (a + b), sqrt(a * b / (a + b) ** 2 / (a + b + 1)))


def mean_photons(photons: Photons) -> Measured:
    """Mean and its standard error; at least that of one photon in all shots."""
    if photons.size < 2:
        raise RunFailed("readout: there are no calibration shots")
    sigma = max(float(photons.std(ddof=1)) / sqrt(photons.size), 1 / photons.size)
    return Measured(float(photons.mean()), sigma)


def most_telling_threshold(parts: list[Photons]) -> int:
    """The threshold at which the parts of a scan differ most in their share of excited readouts."""
    highest = max((int(part.max()) for part in parts if part.size), default=0)

    def spread(threshold: int) -> float:
        shares = [float(np.mean(part >= threshold)) for part in parts if part.size]
        return max(shares) - min(shares)

    return max(range(1, max(2, highest + 1)), key=spread)
