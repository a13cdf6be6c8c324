# SPDX-License-Identifier: Apache-2.0
"""Coincidences of two channels: |t_second - t_first| <= within, all pairs or one partner for each click."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.tags import engine_numpy
from heraldlink.tags.block import Block, IndexedBlock, Times
from heraldlink.tags.correlation import lattice_ps
from heraldlink.tags.engine_numpy import PairEngine
from heraldlink.tags.live_time import Live, LiveTime
from heraldlink.tags.pair_carry import LONGEST_PS, NONE, PairCarry, within_reach
from heraldlink.tags.passes import clicks, decided_ps, live_parts


@dataclass(frozen=True, eq=False, slots=True)
class CoincidenceCount:
    """``pairs`` of ``clicks`` (first, second channel) that lie within ``within_ps`` of one another.

    ``accidental``: how many unrelated clicks at these rates would make on average, all pairs counted.
    """

    within_ps: int
    pairs: int
    clicks: tuple[int, int]
    live: Live
    accidental: float


class Coincidences:
    """Analysis: all pairs |t_second - t_first| <= within_ps (a click may be in several).

    Of a channel with itself, pairs of different clicks, in both orders. ``resolution_ps``: step of the
    times, which `CoincidenceCount.accidental` needs.
    """

    def __init__(
        self,
        first: int,
        second: int,
        within_ps: int,
        resolution_ps: float = 1.0,
        engine: PairEngine = engine_numpy,
    ) -> None:
        self._within_ps, self._resolution_ps, self._engine = _checked(within_ps), resolution_ps, engine
        self._channels = (first, second)
        self._carry = PairCarry(first, second, -within_ps, within_ps + 1)
        self._live = LiveTime()
        self._pairs = 0

    def push(self, block: Block | IndexedBlock) -> int:
        """Take the next block; the number of coincidences that became known with it."""
        self._live.push(block)
        begin, end = -self._within_ps, self._within_ps + 1
        count, (first, second) = self._engine.count_pairs, self._channels
        found = 0
        for new in self._carry.push(block):
            found += sum(count(one, other, begin, end) for one, other in new.across)
            part = new.part
            found += self._engine.count_in_stream(part.time_ps, part.channel, first, second, begin, end)
        self._pairs += found
        return found

    def finish(self) -> CoincidenceCount:
        """Number of pairs, and of those that chance alone would make."""
        first, second = self._carry.counts
        chances = first * self._carry.partners
        return _count(
            self._within_ps, self._pairs, (first, second), chances, self._live.finish(), self._resolution_ps
        )


class MatchedPairs:
    """Analysis: coincidences |t_second - t_first| <= within_ps, each click in at most one.

    Rule: in order of time, the earliest clicks of both channels that are still free and within reach of one
    another pair (as many pairs as any rule can find). ``push`` gives the pairs themselves.
    """

    def __init__(
        self,
        first: int,
        second: int,
        within_ps: int,
        resolution_ps: float = 1.0,
        engine: PairEngine = engine_numpy,
    ) -> None:
        if first == second:
            raise RequestError(f"channel {first} with itself: one partner each needs two channels")
        self._within_ps, self._resolution_ps, self._engine = _checked(within_ps), resolution_ps, engine
        self._channels = (first, second)
        self._first = self._second = NONE
        self._live = LiveTime()
        self._pairs = 0
        self._clicks = [0, 0]

    def push(self, block: Block | IndexedBlock) -> tuple[Times, Times]:
        """Take the next block; times of the clicks that paired with it, int64[n] (first) and int64[n]."""
        self._live.push(block)
        times = within_reach(block, -self._within_ps, self._within_ps)
        found = [self._match(after_gap, part) for after_gap, part in live_parts(times)]
        self._pairs += sum(first.size for first, _ in found)
        return np.concatenate([first for first, _ in found]), np.concatenate([second for _, second in found])

    def finish(self) -> CoincidenceCount:
        """Number of pairs, and of those that chance alone would make."""
        first, second = self._clicks
        return _count(
            self._within_ps,
            self._pairs,
            (first, second),
            first * second,
            self._live.finish(),
            self._resolution_ps,
        )

    def _match(self, after_gap: bool, part: Block) -> tuple[Times, Times]:
        new = [clicks(part, channel) for channel in self._channels]
        self._clicks = [count + item.size for count, item in zip(self._clicks, new, strict=True)]
        kept = (NONE, NONE) if after_gap else (self._first, self._second)
        first, second = (np.concatenate(item) for item in zip(kept, new, strict=True))
        i, j = self._engine.match_pairs(first, second, self._within_ps)
        reach = decided_ps(part) - self._within_ps
        self._first, self._second = _free(first, i, reach), _free(second, j, reach)
        return first[i], second[j]


def _free(times: Times, paired: Times, from_ps: int) -> Times:
    """Clicks behind the last paired one that can still reach a later one."""
    behind = times[int(paired[-1]) + 1 :] if paired.size else times
    return behind[np.searchsorted(behind, from_ps) :]


def _checked(within_ps: int) -> int:
    if not 0 <= within_ps < LONGEST_PS:
        raise RequestError(
            f"coincidences within {within_ps} ps: the width must be 0 or more, below {LONGEST_PS}"
        )
    return within_ps


def _count(
    within_ps: int, pairs: int, counts: tuple[int, int], chances: int, live: Live, resolution_ps: float
) -> CoincidenceCount:
    edges = np.array([-within_ps, within_ps + 1], dtype=np.int64)
    width = float(lattice_ps(edges, resolution_ps)[0])
    total = live.total_ps
    accidental = chances * width / total if total else 0.0
    return CoincidenceCount(within_ps, pairs, counts, live, accidental)
