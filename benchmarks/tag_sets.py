# SPDX-License-Identifier: Apache-2.0
"""Streams of tags that the benchmarks of tags share, the same ones each time, and how speed is taken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import process_time
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.patterns import PatternTable, two_gates
from heraldlink.tags.block import END_PS, Block, Header
from heraldlink.tags.passes import Analysis

SYNC, C, D = 0, 1, 2
PERIOD_PS = 100_000
EARLY_PS, LATE_PS = (20_000, 25_000), (60_000, 65_000)
WITHIN_PS = 500
WINDOW_PS, BIN_PS = 50_000, 100
BLOCK = 1 << 20

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, eq=False, slots=True)
class TagSet:
    """Tags in memory; a source like any other."""

    time_ps: NDArray[np.int64]
    channel: NDArray[np.int16]

    @property
    def header(self) -> Header:
        """Of a set."""
        return Header("benchmark", "times", 1.0)

    def blocks(self, size: int = BLOCK) -> Iterator[Block]:
        """Blocks of a size, as a file gives them."""
        n = self.time_ps.size
        for at in range(0, n, size):
            until = int(self.time_ps[at + size]) if at + size < n else END_PS
            yield Block(self.time_ps[at : at + size], self.channel[at : at + size], until)

    def clicks(self, channel: int) -> NDArray[np.int64]:
        """Times of one channel."""
        found: NDArray[np.int64] = self.time_ps[self.channel == channel]
        return found

    def speed(self, work: Callable[[], object]) -> Callable[[], float]:
        """Tags of the set per microsecond of processor time."""

        def measured() -> float:
            begun_s = process_time()
            work()
            return self.time_ps.size / (process_time() - begun_s) * 1e-6

        return measured


def pairs(tags: int) -> TagSet:
    """Two channels of 10 MHz each at random."""
    return _merged({C: poisson(1e7, tags // 2, 1), D: poisson(1e7, tags // 2, 2)})


def attempts(tags: int, rate_Hz: float) -> TagSet:
    """A sync each 100 ns, and two detectors of this rate each at random."""
    clicks = int(tags * rate_Hz / (1e12 / PERIOD_PS + 2 * rate_Hz))
    syncs = np.arange(1, tags - 2 * clicks + 1, dtype=np.int64) * PERIOD_PS
    return _merged({SYNC: syncs, C: poisson(rate_Hz, clicks, 3), D: poisson(rate_Hz, clicks, 4)})


def table() -> PatternTable:
    """Two detectors, two gates."""
    return two_gates(C, D, EARLY_PS, LATE_PS)


def poisson(rate_Hz: float, clicks: int, seed: int) -> NDArray[np.int64]:
    """Clicks at random."""
    drawn = np.random.default_rng(seed)
    arrivals: NDArray[np.int64] = drawn.exponential(1e12 / rate_Hz, clicks).cumsum().astype(np.int64)
    return arrivals


def analysed(tags: TagSet, analysis: Analysis[ResultT]) -> ResultT:
    """Push all blocks through an analysis."""
    for block in tags.blocks():
        analysis.push(block)
    return analysis.finish()


def _merged(clicks: dict[int, NDArray[np.int64]]) -> TagSet:
    time_ps = np.concatenate([*clicks.values()])
    channel = np.concatenate([np.full(times.size, number, np.int16) for number, times in clicks.items()])
    order = time_ps.argsort(kind="stable")
    return TagSet(time_ps[order], channel[order])
