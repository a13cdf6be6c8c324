# SPDX-License-Identifier: Apache-2.0
"""A first look at an unknown recording: which channels click, which one is a sync, is it filtered.

The first half million tags are looked at, without what a gap cuts off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from heraldlink.errors import DataError
from heraldlink.heralding.period import find_period
from heraldlink.heralding.sync_line import SyncLine
from heraldlink.recordings.source import Recording
from heraldlink.tags.block import Block, Channels, IndexedBlock, Times
from heraldlink.tags.passes import live_parts

TAGS = 1 << 19
"""Tags of the first look."""

SYNCS = 1 << 14
"""Clicks of a channel in which a period is looked for."""

SYNC_INPUT, MARKERS = 1000, range(1001, 1005)
"""Channels of PicoQuant's sync input and markers."""

FULL = 0.99
"""Share of the periods that a sync must fill to count as recorded whole."""

MOSTLY = 0.5
"""Share of the periods that only a sync fills: no detector of single photons clicks so often."""

BESIDE = 0.9
"""Share of a filtered sync's tags that have another channel's click within a period: the filter's reason."""

STEPS = 4
"""A period must be longer than this many steps of the recording's times, unless it is filled."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """A channel whose clicks come in multiples of one period.

    ``filled``: clicks / periods. ``beside``: share of its clicks that have one of another channel within a
    period before or after.
    """

    channel: int
    period_ps: float
    residual_rms_ps: float
    filled: float
    beside: float

    @property
    def filtered(self) -> bool:
        """Whether a filter kept only some of the periods."""
        return self.filled < FULL

    @property
    def looks_like_a_sync(self) -> bool:
        """Whether it fills most of its periods, or comes only with clicks of other channels.

        Of filtered syncs and detectors that see the same pulses, which both do, syncs jitter less; beside a
        sync that fills its periods, detectors do so as well.
        """
        return self.filled >= MOSTLY or self.beside >= BESIDE


@dataclass(frozen=True, eq=False)
class FirstLook:
    """The first tags of a recording: ``channel`` int16[n], and ``time_ps`` or ``after_ps`` int64[n].

    ``time_ps`` is None for tags after reference events, ``after_ps`` for others. Empty for a live stream.
    """

    channel: Channels
    time_ps: Times | None
    after_ps: Times | None
    resolution_ps: float

    @cached_property
    def clicks(self) -> dict[int, int]:
        """Tags by channel, in order of channel."""
        numbers, counts = np.unique(self.channel, return_counts=True)
        return dict(zip(numbers.tolist(), counts.tolist(), strict=True))

    @cached_property
    def length_ps(self) -> int:
        """From the first to the last tag; 0 for indexed tags."""
        if self.time_ps is None or not self.time_ps.size:
            return 0
        return int(self.time_ps[-1]) - int(self.time_ps[0])

    @cached_property
    def step_ps(self) -> int:
        """Largest number of ps that divides all times between tags; 0 without two tags."""
        if self.time_ps is None or not self.length_ps:
            return 0
        times = self.time_ps.view(np.uint64)  # two tags may lie more than int64 apart
        return int(np.gcd.reduce(times[1:] - times[:-1]))

    @cached_property
    def periodic(self) -> tuple[Periodic, ...]:
        """Channels with a period, the likeliest sync first."""
        found = [self._periodic(channel) for channel in self.clicks] if self.time_ps is not None else []
        kept = [each for each in found if each is not None]
        return tuple(sorted(kept, key=_unlikeliness))

    @property
    def sync(self) -> Periodic | None:
        """The channel that is a sync, by its looks."""
        return self.periodic[0] if self.periodic and self.periodic[0].looks_like_a_sync else None

    def period_of(self, channel: int) -> Periodic | None:
        """The period of one channel, if it has one."""
        return next((each for each in self.periodic if each.channel == channel), None)

    def detectors(self, but: Sequence[int] = ()) -> tuple[int, ...]:
        """Channels that click and are neither markers nor the sync."""
        sync = () if self.sync is None else (self.sync.channel,)
        return tuple(channel for channel in self.clicks if channel not in (*MARKERS, *but, *sync, SYNC_INPUT))

    def _periodic(self, channel: int) -> Periodic | None:
        if self.time_ps is None:
            return None
        syncs = self.time_ps[self.channel == channel][:SYNCS]
        try:
            period_ps = find_period(syncs[:4096], None)
            line = SyncLine(period_ps)
            line.push(syncs)
            line.finish()
        except DataError:
            return None
        fit = line.fit(0)
        steps = period_ps < STEPS * max(self.step_ps, self.resolution_ps)
        if steps and fit.syncs / fit.attempts < FULL:
            return None
        beside = self._beside(channel, syncs, fit.period_ps)
        return Periodic(channel, fit.period_ps, fit.residual_rms_ps, fit.syncs / fit.attempts, beside)

    def _beside(self, channel: int, syncs: Times, period_ps: float) -> float:
        others = np.empty(0, np.int64) if self.time_ps is None else self.time_ps[self.channel != channel]
        if not others.size:
            return 0.0
        place = np.searchsorted(others, syncs)
        after = np.abs(others[np.minimum(place, others.size - 1)] - syncs)
        before = np.abs(syncs - others[np.maximum(place - 1, 0)])
        return float((np.minimum(after, before) <= period_ps).mean())


def _unlikeliness(found: Periodic) -> tuple[bool, bool, float]:
    """In order of which channels are the less likely syncs."""
    return (
        not found.looks_like_a_sync,
        found.filled < MOSTLY,
        found.residual_rms_ps / found.period_ps,
    )


def first_look(source: Recording) -> FirstLook:
    """Read the beginning of a recording: of its stretches between gaps the one with most tags."""
    stretches: list[list[Block | IndexedBlock]] = [[]]
    tags = 0
    for block in source.blocks(TAGS):
        parts = live_parts(block) if isinstance(block, Block) else [(False, block)]
        for after_gap, part in parts:
            if after_gap:
                stretches.append([])
            stretches[-1].append(part)
        tags += block.channel.size
        if tags >= TAGS:
            break
    most = max(stretches, key=lambda stretch: sum(part.channel.size for part in stretch))
    none = np.empty(0, np.int64)
    channel = np.concatenate([none.astype(np.int16), *(part.channel for part in most)])
    time_ps = np.concatenate([none, *(part.time_ps for part in most if isinstance(part, Block))])
    after_ps = np.concatenate([none, *(part.after_ps for part in most if isinstance(part, IndexedBlock))])
    timed = source.header.kind == "times"
    return FirstLook(
        channel, time_ps if timed else None, None if timed else after_ps, source.header.resolution_ps
    )


def no_look(resolution_ps: float) -> FirstLook:
    """Of a stream that cannot be read twice."""
    none = np.empty(0, np.int64)
    return FirstLook(none.astype(np.int16), none, None, resolution_ps)
