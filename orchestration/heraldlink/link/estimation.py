# SPDX-License-Identifier: Apache-2.0
"""How good pairs are: what test rounds measured, weighed together with the calibrated model.

Test rounds measure both qubits in XX, YY and ZZ; F_meas = (1 - ZZ ± (XX + YY))/4 of Psi±. Readout errors are
taken out with the calibration shots of the same slots: an outcome's mean is offset + contrast·⟨Z⟩, so that
(x - offset)(y - offset')/(contrast·contrast') has the mean ⟨ZZ'⟩. Its variance over the number of pairs
is the statistical one, to which that of the calibration shots is added.
"""

from collections.abc import Iterable
from math import hypot, sqrt

import msgspec

from heraldlink.messages.values import Confusion, Decision, GoodnessHow, Prediction

FEWEST = 10
"""Test pairs of each basis before they say anything."""
DISAGREE_SIGMA = 4.0
"""Model and tests further apart than this are not averaged: the tests are believed."""
SHORTFALL_SIGMA = 3.0
"""A measured fidelity is below the minimum when it is by so many standard deviations."""
PAULIS = ("XX", "YY", "ZZ")


class Moments(msgspec.Struct, frozen=True):
    """Sums over pairs of one Bell state in one basis: how many, x, y and xy of outcomes ±1."""

    n: int = 0
    x: int = 0
    y: int = 0
    xy: int = 0

    def with_pair(self, x: int, y: int) -> "Moments":
        """One more pair."""
        return Moments(self.n + 1, self.x + x, self.y + y, self.xy + x * y)


class Tally(msgspec.Struct, frozen=True):
    """Test pairs of a request, by (outcome 1 or 2, basis), and the calibration shots of both ends."""

    moments: dict[tuple[int, str], Moments] = msgspec.field(default_factory=dict[tuple[int, str], Moments])
    confusions: tuple[Confusion, Confusion] = (Confusion(), Confusion())

    def with_slot(
        self, basis: str, decisions: Iterable[Decision], confusions: tuple[Confusion, Confusion]
    ) -> "Tally":
        """Calibration shots of one slot, and its test pairs if it was a test round."""
        moments = dict(self.moments)
        for decision in decisions:
            if decision.status == "TESTED":
                key = (decision.outcome, basis)
                moments[key] = moments.get(key, Moments()).with_pair(*decision.outcomes)
        both = (self.confusions[0] + confusions[0], self.confusions[1] + confusions[1])
        return Tally(moments, both)


class Goodness(msgspec.Struct, frozen=True):
    """F_meas with one standard deviation, and how it is known."""

    value: float
    sigma: float
    how: GoodnessHow = "model"


def goodness(prediction: Prediction, tally: Tally, outcome: int) -> Goodness:
    """Of heralds with this outcome (1: Psi+, 2: Psi-)."""
    model = prediction.fidelity_psi_plus if outcome == 1 else prediction.fidelity_psi_minus
    return weighed(Goodness(model, prediction.goodness_sigma), tested(tally, outcome))


def weighed(model: Goodness, tests: Goodness | None) -> Goodness:
    """Model and tests by their inverse variances; the tests alone where the model cannot be true."""
    if tests is None:
        return model
    if abs(model.value - tests.value) > DISAGREE_SIGMA * hypot(model.sigma, tests.sigma):
        return tests
    if model.sigma == 0:
        return model
    weights = 1 / model.sigma**2, 1 / tests.sigma**2
    value = (weights[0] * model.value + weights[1] * tests.value) / sum(weights)
    return Goodness(value, 1 / sqrt(sum(weights)), "model and tests")


def tested(tally: Tally, outcome: int) -> Goodness | None:
    """What the test rounds say alone; None while they are too few."""
    moments = [tally.moments.get((outcome, basis), Moments()) for basis in PAULIS]
    readouts = [readout(confusion) for confusion in tally.confusions]
    if min(item.n for item in moments) < FEWEST or None in readouts:
        return None
    (one, other) = (item for item in readouts if item is not None)
    (xx, yy, zz), variances = zip(*(correlator(item, one, other) for item in moments), strict=True)
    value = (1 - zz + (1 if outcome == 1 else -1) * (xx + yy)) / 4
    doubts = (item.contrast_sigma / item.contrast for item in (one, other))
    from_readout = (value - 0.25) * hypot(*doubts)
    return Goodness(value, hypot(sqrt(sum(variances)) / 4, from_readout), "tests")


def shortfall(tally: Tally, minimum_fidelity: float) -> str:
    """Why the pairs cannot be what was asked for, by the test rounds; empty if they may be."""
    known = {k: item for k in (1, 2) if (item := tested(tally, k))}
    if len(known) < 2:
        return ""
    pairs = {k: sum(tally.moments[k, basis].n for basis in PAULIS) for k in known}
    total = sum(pairs.values())
    value = sum(known[k].value * pairs[k] for k in known) / total
    sigma = hypot(*(known[k].sigma * pairs[k] / total for k in known))
    if value + SHORTFALL_SIGMA * sigma >= minimum_fidelity:
        return ""
    found = f"{value:.4f} ± {sigma:.4f}"
    return f"test rounds give a fidelity of {found}, below the minimum of {minimum_fidelity:g}"


class Readout(msgspec.Struct, frozen=True):
    """Mean outcome = offset + contrast·⟨Z⟩; the contrast's standard deviation."""

    offset: float
    contrast: float
    contrast_sigma: float


def readout(confusion: Confusion) -> Readout | None:
    """From calibration shots; None without them or if they cannot tell |g> from |e>."""
    shots_g, shots_e = confusion.gg + confusion.ge, confusion.eg + confusion.ee
    if not shots_g or not shots_e:
        return None
    error_g, error_e = confusion.ge / shots_g, confusion.eg / shots_e
    contrast = 1 - error_g - error_e
    sigma = hypot(binomial_sigma(confusion.ge, shots_g), binomial_sigma(confusion.eg, shots_e))
    return Readout(error_e - error_g, contrast, sigma) if contrast > 3 * sigma else None


def binomial_sigma(successes: int, trials: int) -> float:
    """Standard deviation of a share; one of none or of all is not certain (two trials are added)."""
    share = (successes + 1) / (trials + 2)
    return sqrt(share * (1 - share) / (trials + 2))


def correlator(sums: Moments, one: Readout, other: Readout) -> tuple[float, float]:
    """⟨ZZ'⟩ without readout errors and its variance; outcomes all alike count as one that is not."""
    n, a, b = sums.n, one.offset, other.offset
    x, y, xy = sums.x / n, sums.y / n, sums.xy / n
    mean = xy - a * y - b * x + a * b
    # of (x - a)(y - b) for outcomes ±1
    square = (1 + a * a) * (1 + b * b) - 2 * a * (1 + b * b) * x - 2 * b * (1 + a * a) * y + 4 * a * b * xy
    spread = max(square - mean * mean, 4 / (n + 2))
    scale = one.contrast * other.contrast
    return mean / scale, spread / (n * scale * scale)
