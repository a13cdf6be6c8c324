# SPDX-License-Identifier: Apache-2.0
"""RAW blocks: time stamps on their way to the DataLink service.

The manual (page 48) allows 10 M time stamps a second over all channels. Beyond that the device's buffer
overflows; here the time stamps that do not fit are lost, and ``ERRORs?`` counts them by channel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.faces.id900_graph import Stretch
from heraldlink_sim.faces.id900_related import Measured, Relation, Since, relate
from heraldlink_sim.faces.id900_times import Times

MAX_EVENTS_PER_SECOND = 10_000_000
BUFFER_EVENTS = 1 << 16
"""Time stamps that the device holds back in a burst; its own number is in no source [?]."""


@dataclass(frozen=True, slots=True)
class RawTags:
    """Tags of one RAW block, both uint64[n].

    ``timestamps_ps``: since the last reference event, or since the acquisition began if it has no reference.
    ``reference_index``: reference events since the acquisition began minus one (0 without a reference).
    """

    timestamps_ps: NDArray[np.uint64]
    reference_index: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one RAW block sends at once; ``complete``: its acquisition ends with it."""

    channel: int
    tags: RawTags
    complete: bool


NO_TAGS = RawTags(np.empty(0, np.uint64), np.empty(0, np.uint64))


class RawBlocks:
    """All RAW blocks of a device, which share its bandwidth; ``errors``: lost time stamps by channel."""

    def __init__(self) -> None:
        self.errors = dict.fromkeys(range(1, 5), 0)
        self.overflowed = False
        self._since = dict.fromkeys(self.errors, Since())

    def restart(self) -> None:
        """Begin anew, with nothing lost."""
        self.overflowed = False
        self.errors = dict.fromkeys(self.errors, 0)

    def forget(self, channel: int) -> None:
        """Forget the references of an acquisition whose settings changed, or which ended."""
        self._since[channel] = Since()

    def advance(self, sending: dict[int, Relation], stretch: Stretch) -> Iterator[Delivery]:
        """Yield what the blocks that send give in one stretch, in order of acquisition and channel."""
        measured = {channel: self._measure(channel, item, stretch) for channel, item in sending.items()}
        self._limit(measured, stretch)
        acquisitions = max((stretch.pulses(item.gate).rises.size for item in sending.values()), default=0)
        for acquisition in range(acquisitions):
            for channel, item in sending.items():
                falls = stretch.pulses(item.gate).falls
                if acquisition < falls.size:
                    complete = bool(falls[acquisition] <= stretch.end_ps)
                    tags = _tags(measured[channel], acquisition)
                    if complete or tags.timestamps_ps.size:
                        yield Delivery(channel, tags, complete)

    def _measure(self, channel: int, relation: Relation, stretch: Stretch) -> Measured:
        stops = stretch.edges(relation.stop, relation.stop_edge)
        references = stretch.edges(relation.reference, relation.reference_edge)
        gates = stretch.pulses(relation.gate)
        measured, self._since[channel] = relate(
            relation, stops, references, gates, stretch.span, self._since[channel]
        )
        return measured

    def _limit(self, measured: dict[int, Measured], stretch: Stretch) -> None:
        """Lose what comes after the stretch's share of the bandwidth is used up."""
        duration_ps = stretch.end_ps - stretch.begin_ps
        allowed = MAX_EVENTS_PER_SECOND * duration_ps // 10**12 + BUFFER_EVENTS
        if sum(item.times.size for item in measured.values()) <= allowed:
            return
        self.overflowed = True
        together: Times = np.concatenate([item.times for item in measured.values()])
        together.sort()
        limit_ps = int(together[allowed])
        for channel, item in measured.items():
            kept = int(np.searchsorted(item.times, limit_ps))
            self.errors[channel] += int(item.times.size) - kept
            measured[channel] = Measured(
                item.times[:kept], item.since[:kept], item.index[:kept], item.gates[:kept]
            )


def _tags(measured: Measured, acquisition: int) -> RawTags:
    low, high = np.searchsorted(measured.gates, (acquisition, acquisition + 1))
    return RawTags(measured.since[low:high].astype(np.uint64), measured.index[low:high].astype(np.uint64))
