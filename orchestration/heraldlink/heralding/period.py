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
0.29), and the one assumed before there are enough differences to tell. Single differences that are twice
as far off do not move the period.
"""

SPURIOUS = (0.0, 0.01, 0.05)
"""Shares of the differences, the smallest, that are left out in turn; the longest period counts.

A sync that was recorded twice would otherwise hide it.
"""

NOMINAL_ERROR = 0.01
"""Relative error of a nominal period, at most."""

Times = NDArray[np.int64]
Differences = NDArray[np.float64]


def find_period(syncs_ps: Times, nominal_ps: float | None) -> float:
    """The period in ps. ``nominal_ps``: known to a per cent; None: the longest period that fits.

    The smallest difference holds some whole number of periods; each such number is tried. A nominal period is
    kept if few syncs were recorded and they contradict it. Raises DataError if too few were recorded or none
    fits.
    """
    differences = np.sort(np.diff(syncs_ps)).astype(np.float64)
    differences = differences[differences > (LEAST_PS if nominal_ps is None else nominal_ps / 2)]
    if nominal_ps is not None and not differences.size:
        return nominal_ps
    if differences.size < FEWEST:
        if nominal_ps is None:
            raise DataError(f"{syncs_ps.size} syncs are too few to find their period: give the nominal one")
        return _longest(differences, nominal_ps) or nominal_ps
    parts = [differences[int(spurious * differences.size) :] for spurious in SPURIOUS]
    found = [period_ps for part in parts if (period_ps := _longest(part, nominal_ps)) is not None]
    if found:
        return max(found) if nominal_ps is None else found[0]
    asked = "no period" if nominal_ps is None else f"no period within 1 % of {nominal_ps} ps"
    raise DataError(
        f"{asked} fits the {syncs_ps.size} syncs from {int(syncs_ps[0])} ps on (smallest difference"
        f" {int(differences[0])} ps): give another nominal period, or another channel of syncs"
    )


def _longest(differences: Differences, nominal_ps: float | None) -> float | None:
    """The first of the candidates that fits all differences."""
    smallest_ps = float(differences[0])
    for periods in _candidates(smallest_ps, nominal_ps):
        start_ps = smallest_ps / periods
        if nominal_ps is not None and abs(start_ps / nominal_ps - 1) > NOMINAL_ERROR:
            start_ps = nominal_ps  # the smallest difference is one with much jitter
        period_ps = _refined(differences, start_ps, USUAL_JITTER / periods)
        if period_ps is None:
            continue
        if nominal_ps is None or abs(period_ps / nominal_ps - 1) <= 2 * NOMINAL_ERROR:
            return period_ps
    return None


def _candidates(smallest_ps: float, nominal_ps: float | None) -> list[int]:
    """Numbers of periods in the smallest difference, the likeliest first."""
    if nominal_ps is None:
        return list(range(1, min(MOST_PERIODS, int(smallest_ps / LEAST_PS)) + 1))
    low = round(smallest_ps / (nominal_ps * (1 + NOMINAL_ERROR)))
    high = round(smallest_ps / (nominal_ps * (1 - NOMINAL_ERROR)))
    return sorted(range(max(1, low), high + 1), key=lambda n: abs(smallest_ps / n - nominal_ps))[
        :MOST_PERIODS
    ]


def _refined(differences: Differences, period_ps: float, error: float) -> float | None:
    """The period near ``period_ps`` (to a relative ``error``), if all differences hold whole numbers of it.

    Differences are taken from the smallest on, each as soon as the period is known well enough to tell how
    many of it they hold.
    """
    used = 0
    while used < differences.size:
        known = int(np.searchsorted(differences, 0.25 * period_ps / error, side="right"))
        used = max(used + 1, known)
        part = differences[:used]
        count = np.rint(part / period_ps)
        near = np.where(np.abs(part / period_ps - count) < 2 * JITTER, count, 0.0)
        total = float(near @ near)
        if not total:
            return None
        period_ps = float(part @ near) / total
        jitter = float(np.sqrt(np.mean((part / period_ps - count) ** 2)))
        if jitter > JITTER and (used >= FEWEST or used == differences.size):
            return None
        error = max(3 * jitter, USUAL_JITTER) / total**0.5
    return period_ps
