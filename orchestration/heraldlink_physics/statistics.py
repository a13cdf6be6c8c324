# SPDX-License-Identifier: Apache-2.0
"""Exact binomial tests of counts against a model."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

from heraldlink_physics.errors import PhysicsError, within


def binomial_p_value(successes: int, trials: int, probability: float) -> float:
    """Two-sided exact p-value: twice the smaller tail that includes the observation, at most 1."""
    below, at, above = _tails(successes, trials, probability)
    return min(1.0, 2 * min(below + at, at + above))


def _tails(successes: int, trials: int, probability: float) -> tuple[float, float, float]:
    """P(X < k), P(X = k), P(X > k); the smaller tail is summed, so it keeps its digits."""
    within("probability", probability, 0, 1)
    if not 0 <= successes <= trials:
        raise PhysicsError(f"{successes} successes in {trials} trials are impossible")
    if probability in (0.0, 1.0):
        sure = trials if probability else 0
        return float(successes > sure), float(successes == sure), float(successes < sure)
    at = exp(_log_mass(successes, trials, probability))
    odds = probability / (1 - probability)
    if successes > trials * probability:
        above = at * _tail_ratio(successes, trials, odds)
        return max(0.0, 1 - at - above), at, above
    below = at * _tail_ratio(trials - successes, trials, 1 / odds)
    return below, at, max(0.0, 1 - at - below)


def _log_mass(k: int, n: int, p: float) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p)


def _tail_ratio(k: int, n: int, odds: float) -> float:
    """P(X > k) / P(X = k), for k at or above the mean."""
    term, total = 1.0, 0.0
    while k < n:
        term *= (n - k) / (k + 1) * odds
        total += term
        k += 1
        if term < 1e-17 * total:
            break
    return total
