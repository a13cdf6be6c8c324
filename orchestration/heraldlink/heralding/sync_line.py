# SPDX-License-Identifier: Apache-2.0
"""Numbers of recorded syncs of one stretch, and the straight lines fitted to them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.period import FEWEST, find_period
from heraldlink.heralding.results import PeriodFit
from heraldlink.tags.block import Times

GROUP = 4096
"""Syncs through which one line is fitted; its slope is the period for the next group."""

UNCERTAIN = 0.25
"""Periods off a whole number, from which a step between syncs is called uncertain."""


class Numbered(NamedTuple):
    """Syncs, their numbers (the stretch's first one has 0), and the period in ps at each. Equal lengths."""

    time_ps: Times
    number: Times
    period_ps: NDArray[np.float64]

    def since(self, place: int) -> Numbered:
        """All but the first ``place``."""
        return Numbered(self.time_ps[place:], self.number[place:], self.period_ps[place:])


class SyncLine:
    """Numbers syncs as they come, in groups that are counted from the first one, however they are pushed.

    ``period_ps``: nominal, or None; ``fitted``: it comes from many syncs before, and few do not change it.
    The first group is numbered when it is whole, or at the stretch's end.
    """

    def __init__(self, period_ps: float | None, fitted: bool = False) -> None:
        self._fitted_before = fitted
        self.period_ps = period_ps or 0.0
        self._nominal_ps = period_ps
        self._waiting: Times = np.empty(0, dtype=np.int64)
        self._group: list[Numbered] = []
        self._filled = 0
        self._begin_ps: int | None = None
        self._last_ps = 0
        self.last_number = 0
        self.syncs = 0
        self._uncertain = 0
        self._fitted = 0
        self._squares = self._largest_ps = 0.0

    @property
    def begun(self) -> bool:
        """Whether syncs are numbered already."""
        return self._begin_ps is not None

    def push(self, syncs_ps: Times) -> Numbered:
        """Take the next syncs; give those that are numbered now. Raises DataError if no period fits."""
        self.syncs += syncs_ps.size
        if not self.begun:
            self._waiting = np.concatenate((self._waiting, syncs_ps))
            if self._waiting.size < GROUP:
                return _none()
            return self._begin()
        return self._numbered(syncs_ps)

    def finish(self) -> Numbered:
        """Number what waits, at the stretch's end."""
        numbered = self._begin() if not self.begun and self._waiting.size else _none()
        if self._filled:
            self._fit()
        return numbered

    def fit(self, first_attempt: int) -> PeriodFit:
        """What is known of the stretch; its first sync has the number ``first_attempt``."""
        period_ps = self.period_ps
        begin_ps = self._begin_ps or 0
        if self.syncs > GROUP and self.last_number:
            period_ps = (self._last_ps - begin_ps) / self.last_number
        rms_ps = (self._squares / self._fitted) ** 0.5 if self._fitted else 0.0
        return PeriodFit(
            first_attempt,
            begin_ps,
            period_ps,
            self.syncs,
            self.last_number + 1,
            rms_ps,
            self._largest_ps,
            self._uncertain,
        )

    def _begin(self) -> Numbered:
        syncs_ps, self._waiting = self._waiting, self._waiting[:0]
        first = syncs_ps[:GROUP]
        if not self._fitted_before or first.size > FEWEST:
            self.period_ps = find_period(first, self._nominal_ps)
            numbers = np.cumsum(np.rint(np.diff(first, prepend=first[0]) / self.period_ps))
            self.period_ps = _line(numbers, first)[0] or self.period_ps
        self._begin_ps = self._last_ps = int(first[0])
        return self._numbered(syncs_ps)

    def _numbered(self, syncs_ps: Times) -> Numbered:
        parts: list[Numbered] = []
        while syncs_ps.size:
            here, syncs_ps = np.split(syncs_ps, [GROUP - self._filled])
            parts.append(self._of_group(here))
            self._filled += here.size
            if self._filled == GROUP:
                self.period_ps = self._fit() or self.period_ps
        return join_numbered(parts)

    def _of_group(self, syncs_ps: Times) -> Numbered:
        steps = np.diff(syncs_ps, prepend=self._last_ps) / self.period_ps
        whole = np.rint(steps)
        self._uncertain += int(np.count_nonzero(np.abs(steps - whole) > UNCERTAIN))
        number = self.last_number + np.cumsum(whole.astype(np.int64))
        self._last_ps, self.last_number = int(syncs_ps[-1]), int(number[-1])
        numbered = Numbered(syncs_ps, number, np.full(syncs_ps.size, self.period_ps))
        self._group.append(numbered)
        return numbered

    def _fit(self) -> float:
        """Slope of the group's line, 0 if it has none; its residuals are added to those before."""
        group = join_numbered(self._group)
        self._group, self._filled = [], 0
        slope_ps, residuals = _line((group.number - group.number[0]).astype(np.float64), group.time_ps)
        self._fitted += residuals.size
        self._squares += float(residuals @ residuals)
        self._largest_ps = max(self._largest_ps, float(np.abs(residuals).max()))
        return slope_ps


def join_numbered(parts: list[Numbered]) -> Numbered:
    """One after another; no parts give empty arrays."""
    return Numbered(*(np.concatenate(columns) for columns in zip(_none(), *parts, strict=True)))


def _none() -> Numbered:
    return Numbered(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))


def _line(number: NDArray[np.float64], time_ps: Times) -> tuple[float, NDArray[np.float64]]:
    """Slope of the line through syncs by least squares (0 if all have one number), and distances from it."""
    x, y = number - number.mean(), (time_ps - time_ps[0]).astype(np.float64)
    y -= y.mean()
    square = float(x @ x)
    slope = float(x @ y) / square if square else 0.0
    return slope, y - slope * x
