# SPDX-License-Identifier: Apache-2.0
"""The period of which all differences between recorded syncs are multiples, in spite of jitter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError

FEWEST = 20
"""Differences from which a period can be found without a nominal one (8 would fit some period by chance)."""

MOST_PERIODS = 4096
"""Periods in the smallest difference, at most, that are tried."""

LEAST_PS = 100
"""No shorter period is looked for: the resolution of taggers would fit it."""

JITTER, USUAL_JITTER = 0.1, 0.05
"""Rms distance from whole periods, in periods: the largest that is accepted (numbers without meaning give
0.29), and the one assumed before there are enough differences to tell.
"""

NOMINAL_ERROR = 0.01
"""Relative error of a nominal period, at most."""

Times = NDArray[np.int64]
Differences = NDArray[np.float64]


def find_period(syncs_ps: Times, nominal_ps: float | None) -> float:
    """The period in ps. ``nominal_ps``: known to a per cent; None: the longest period that fits.

    The smallest difference holds some whole number of periods; each such number is tried. Raises DataError
    if too few syncs were recorded or none fits.
    """
    differences = np.sort(np.diff(syncs_ps)).astype(np.float64)
    differences = differences[differences > (0 if nominal_ps is None else nominal_ps / 2)]
    if nominal_ps is not None and not differences.size:
        return nominal_ps
    if nominal_ps is None and differences.size < FEWEST:
        raise DataError(f"{syncs_ps.size} syncs are too few to find their period: give the nominal one")
    for periods in _candidates(float(differences[0]), nominal_ps):
        period_ps = _refined(differences, periods)
        if period_ps is not None:
            return period_ps
    asked = "no period" if nominal_ps is None else f"no period within 1 % of {nominal_ps} ps"
    raise DataError(
        f"{asked} fits the {syncs_ps.size} syncs from {int(syncs_ps[0])} ps on (smallest difference"
        f" {int(differences[0])} ps): give another nominal period, or another channel of syncs"
    )


def _candidates(smallest_ps: float, nominal_ps: float | None) -> list[int]:
    """Numbers of periods in the smallest difference, the likeliest first."""
    if nominal_ps is None:
        return list(range(1, min(MOST_PERIODS, int(smallest_ps / LEAST_PS)) + 1))
    low = round(smallest_ps / (nominal_ps * (1 + NOMINAL_ERROR)))
    high = round(smallest_ps / (nominal_ps * (1 - NOMINAL_ERROR)))
    return sorted(range(max(1, low), high + 1), key=lambda n: abs(smallest_ps / n - nominal_ps))[
        :MOST_PERIODS
    ]


def _refined(differences: Differences, periods: int) -> float | None:
    """The period, if the smallest difference holds ``periods`` of it and all others whole numbers.

    Differences are taken from the smallest on, each as soon as the period is known well enough to tell how
    many of it they hold.
    """
    period_ps, used, error = float(differences[0]) / periods, 0, USUAL_JITTER / periods
    while used < differences.size:
        known = int(np.searchsorted(differences, 0.25 * period_ps / error, side="right"))
        used = max(used + 1, known)
        part = differences[:used]
        count = np.rint(part / period_ps)
        total = float(count @ count)
        period_ps = float(part @ count) / total
        jitter = float(np.sqrt(np.mean((part / period_ps - count) ** 2)))
        if jitter > JITTER and (used >= FEWEST or used == differences.size):
            return None
        error = max(3 * jitter, USUAL_JITTER) / total**0.5
    return period_ps
