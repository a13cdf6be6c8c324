# SPDX-License-Identifier: Apache-2.0
"""Recordings whose contents are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock

SECOND_PS = 10**12
PERIOD_PS = 12_500.25
HEADER = Header("test", "times", 1.0)


@dataclass(frozen=True)
class Arrays:
    """A source of given tags and gaps (none of which holds a tag)."""

    time_ps: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    channel: np.ndarray[tuple[int, ...], np.dtype[np.int16]]
    gaps: Sequence[tuple[int, int]] = ()
    header: Header = HEADER

    def blocks(self, size: int = 1 << 20) -> Iterator[Block]:
        gaps = [Gap(begin, end, "overflow") for begin, end in self.gaps]
        for start in range(0, max(1, self.time_ps.size), size):
            stop = start + size
            until = END_PS if stop >= self.time_ps.size else int(self.time_ps[stop - 1])
            over = [gap for gap in gaps if gap.end_ps <= until]
            gaps = gaps[len(over) :]
            yield Block(self.time_ps[start:stop], self.channel[start:stop], until, tuple(over))


def stream(*channels: tuple[int, object], gaps: Sequence[tuple[int, int]] = ()) -> Arrays:
    times = [np.asarray(time, dtype=np.int64) for _, time in channels]
    numbers = np.repeat([number for number, _ in channels], [time.size for time in times])
    order = np.argsort(np.concatenate(times), kind="stable")
    return Arrays(np.concatenate(times)[order], numbers[order].astype(np.int16), gaps)


def filtered_syncs(seed: int = 1, attempts: int = 4_000_000, clicks: int = 30_000) -> tuple[Arrays, set[int]]:
    """Clicks of channels 1 and 2 2,000 ps after the syncs of some attempts, syncs of those attempts only."""
    random = np.random.default_rng(seed)
    first, second = (np.unique(random.integers(1, attempts, clicks)) for _ in range(2))
    recorded = np.unique(np.concatenate(([0], first, second)))
    jitter = random.normal(0, 30, first.size + second.size)
    made = [np.rint(each * PERIOD_PS) + 2000 for each in (first, second)]
    made[0] += jitter[: first.size]
    made[1] += jitter[first.size :]
    syncs = np.rint(recorded * PERIOD_PS) + random.normal(0, 5, recorded.size)
    tags = stream((1, np.rint(made[0])), (2, np.rint(made[1])), (5, np.sort(np.rint(syncs)) + 0))
    return tags, set(np.setxor1d(first, second).tolist())


def pair_source(delay_ps: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    pairs = np.sort(random.integers(0, SECOND_PS, 5000))
    noise = [random.integers(0, SECOND_PS, 10_000) for _ in range(2)]
    return np.sort(np.concatenate((pairs, noise[0]))), np.sort(np.concatenate((pairs + delay_ps, noise[1])))


@dataclass(frozen=True)
class Events:
    """A click after each reference event, of channels 1 and 2 in turn."""

    after_ps: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    header: Header

    def blocks(self, size: int = 1 << 20) -> Iterator[IndexedBlock]:
        index = np.arange(self.after_ps.size)
        yield IndexedBlock(self.after_ps, index, (index % 2 + 1).astype(np.int16), END_PS)
