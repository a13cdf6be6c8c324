# SPDX-License-Identifier: Apache-2.0
"""Attempts in which two channels clicked, by the attempts between the clicks: g2 of T3 and indexed tags."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from heraldlink.calibration.measured import Measured
from heraldlink.errors import DataError, RequestError
from heraldlink.tags import engine_numpy
from heraldlink.tags.block import END_PS, Block, IndexedBlock, Times
from heraldlink.tags.engine_numpy import PairEngine
from heraldlink.tags.pair_carry import NONE
from heraldlink.tags.passes import as_indexed, live_index_parts

LONGEST_LAG = 1_000_000


@dataclass(frozen=True, eq=False, slots=True)
class LagCounts:
    """``both``: int64[n], attempts k in which the first channel clicked in k, the second in k + ``lag``.

    ``clicks``: attempts in which the first, the second channel clicked.
    """

    lag: Times
    both: Times
    clicks: tuple[int, int]

    def g2(self, zero: int = 0) -> Measured:
        """Lag ``zero`` over the mean of the other lags, with the Poisson error of both (of one for none).

        ``zero``: the lag at which one pulse reaches both detectors, where a cable delays by whole attempts.
        Raises RequestError without that lag and another one, DataError without coincidences at the others.
        """
        chosen = self.lag == zero
        if not (chosen.any() and np.any(~chosen)):
            raise RequestError(f"g2 needs lag {zero} and at least one other")
        here, others = int(self.both[chosen][0]), self.both[~chosen]
        side = float(others.mean())
        if side == 0:
            raise DataError(f"g2: there are no coincidences at other lags than {zero}")
        return Measured(here / side, sqrt(max(1, here) + here**2 / float(others.sum())) / side)


class AttemptLags:
    """Analysis of tags after reference events: common attempts of two channels at each of ``lags``.

    ``gate_ps``: begin <= t < end after the reference in which clicks count; all without it. Several clicks of
    one channel in one attempt count once. Attempts across a gap do not count.
    """

    def __init__(
        self,
        first: int,
        second: int,
        lags: range,
        gate_ps: tuple[int, int] = (-END_PS, END_PS),
        engine: PairEngine = engine_numpy,
    ) -> None:
        if not lags or max(map(abs, (lags[0], lags[-1]))) > LONGEST_LAG:
            raise RequestError(f"{lags} holds no lags, or some beyond {LONGEST_LAG} attempts")
        if first == second and 0 in lags:
            raise RequestError(f"channel {first} with itself: at lag 0 it always coincides; leave out lag 0")
        self._channels, self._lags, self._gate_ps = (first, second), lags, gate_ps
        self._engine = engine
        self._kept = [NONE, NONE]
        self._both = np.zeros(len(lags), dtype=np.int64)
        self._clicks = [0, 0]

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        for after_gap, part in live_index_parts(as_indexed(block)):
            if after_gap:
                self._kept = [NONE, NONE]
            self._take(part)

    def finish(self) -> LagCounts:
        """Attempts by lag."""
        lags = np.array(self._lags, dtype=np.int64)
        return LagCounts(lags, self._both.copy(), (self._clicks[0], self._clicks[1]))

    def _take(self, part: IndexedBlock) -> None:
        begin, end = self._gate_ps
        inside = (part.after_ps >= begin) & (part.after_ps < end)
        new: list[Times] = []
        for place, channel in enumerate(self._channels):
            index = distinct(part.index[inside & (part.channel == channel)])
            kept = self._kept[place]
            new.append(index[index > kept[-1]] if kept.size else index)
            self._clicks[place] += new[place].size
        first, second = (np.concatenate(item) for item in zip(self._kept, new, strict=True))
        self._both += self._by_lag(first, new[1]) + self._by_lag(new[0], self._kept[1])
        reach = max(abs(self._lags[0]), abs(self._lags[-1])) + 1
        self._kept = [_latest(item, reach) for item in (first, second)]

    def _by_lag(self, first: Times, second: Times) -> Times:
        """Common attempts of attempts that occur once each, int64[lags]."""
        low, high = min(self._lags), max(self._lags)
        counts = self._engine.histogram(first, second, low, high + 1, 1)
        found: Times = counts[np.array(self._lags, dtype=np.int64) - low]
        return found


def common_attempts(first: Times, second: Times, lag: int = 0) -> int:
    """Attempts n in which the first channel clicked in n and the second one in n + lag, each counted once.

    Both int64[n], ascending.
    """
    wanted, there = distinct(first) + lag, distinct(second)
    place = np.searchsorted(there, wanted)
    inside = place < there.size
    return int(np.count_nonzero(there[place[inside]] == wanted[inside]))


def distinct(ascending: Times) -> Times:
    """Each value once (an order faster than sorting it again, as numpy.unique does)."""
    kept = np.ones(ascending.size, dtype=np.bool_)
    kept[1:] = ascending[1:] != ascending[:-1]
    found: Times = ascending[kept]
    return found


def _latest(attempts: Times, reach: int) -> Times:
    """Those at most ``reach`` before the last one, which stays so that its later clicks add nothing."""
    return attempts[np.searchsorted(attempts, attempts[-1] - reach) :] if attempts.size else attempts
