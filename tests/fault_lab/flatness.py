# SPDX-License-Identifier: Apache-2.0
"""Whether processes grow: what they use over time, a slope with its uncertainty, and a limit.

A process that was killed and started again begins anew, so a slope is fitted through all lives of a process
at once, each with a level of its own, leaving out the beginning of each life. Residuals of memory follow one
another; the uncertainty is widened by what their correlation from sample to sample makes of it.

What outlives a process, as its journal does, may make each life larger than the last one: so lives are
compared at the same age as well.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

LEAST_SAMPLES = 8
SAME_AGE_S = (10.0, 20.0)
"""Age at which lives are compared: everything is open, and requests have been served."""
SIGMAS = 2.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process of this age used at a moment of the run (s); ``life`` tells its lives apart."""

    at_s: float
    life: int
    age_s: float
    used: float


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth over a time, with its standard uncertainty, both in the unit of the samples."""

    more: float
    sigma: float
    samples: int

    def exceeds(self, limit: float) -> bool:
        """Whether it cannot be said to stay below a limit: what is not known well enough is a miss."""
        return not (self.samples >= LEAST_SAMPLES and self.more + SIGMAS * self.sigma <= limit)

    def surely_exceeds(self, limit: float) -> bool:
        """Whether it is above a limit beyond its uncertainty, which is all that a short run can show."""
        return self.samples >= LEAST_SAMPLES and self.more - SIGMAS * self.sigma > limit


def growth(samples: Iterable[Sample], over_s: float, warm_s: float) -> Growth:
    """Growth over ``over_s``, from samples of lives older than ``warm_s``."""
    lives = defaultdict[int, list[Sample]](list)
    for sample in samples:
        if sample.age_s >= warm_s:
            lives[sample.life].append(sample)
    centred = [point for life in lives.values() if len(life) > 2 for point in about_their_mean(life)]
    spread = sum(time * time for time, _ in centred)
    if not spread:
        return Growth(0.0, math.inf, len(centred))
    slope = sum(time * used for time, used in centred) / spread
    residuals = [used - slope * time for time, used in centred]
    free = max(1, len(centred) - len(lives) - 1)
    variance = sum(left * left for left in residuals) / free
    return Growth(slope * over_s, over_s * math.sqrt(variance / spread) * widening(residuals), len(centred))


def from_life_to_life(samples: Iterable[Sample], over_s: float) -> Growth:
    """Growth over ``over_s`` of what a process uses at `SAME_AGE_S`; ``samples`` counts lives."""
    lives = defaultdict[int, list[Sample]](list)
    for sample in samples:
        if SAME_AGE_S[0] <= sample.age_s < SAME_AGE_S[1]:
            lives[sample.life].append(sample)
    found = [replace(mean_of(life), life=0) for life in lives.values()]
    return growth(found, over_s, 0.0)


def mean_of(life: Sequence[Sample]) -> Sample:
    """When a life was looked at and what it used then, on average."""
    time = sum(sample.at_s for sample in life) / len(life)
    used = sum(sample.used for sample in life) / len(life)
    return Sample(time, life[0].life, 0.0, used)


def about_their_mean(life: Sequence[Sample]) -> list[tuple[float, float]]:
    """(time, use) of one life, each less its mean."""
    mean = mean_of(life)
    return [(sample.at_s - mean.at_s, sample.used - mean.used) for sample in life]


def widening(residuals: Sequence[float]) -> float:
    """By how much correlated residuals widen an uncertainty, sqrt((1 + r) / (1 - r)) (first order)."""
    power = sum(left * left for left in residuals)
    if not power:
        return 1.0
    together = sum(one * next_ for one, next_ in pairwise(residuals))
    correlation = min(0.95, max(0.0, together / power))
    return math.sqrt((1 + correlation) / (1 - correlation))


def misses(found: Mapping[str, Growth], limit: float, unit: str, *, short: bool = False) -> list[str]:
    """A sentence for each process that grows, or of which that is not known.

    ``short``: for each that grows beyond doubt; in a short run most are too young to be known well.
    """
    return [
        f"{name} grew by {one.more:.2f} +- {one.sigma:.2f} {unit} in the second half"
        f" ({one.samples} samples; limit {limit:g} {unit} with {SIGMAS:g} standard uncertainties)"
        for name, one in found.items()
        if (one.surely_exceeds(limit) if short else one.exceeds(limit))
    ]
