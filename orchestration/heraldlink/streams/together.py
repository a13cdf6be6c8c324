# SPDX-License-Identifier: Apache-2.0
"""Channels that arrive one by one, put together: pure, so that any order of arrival gives the same tags.

Each channel's tags ascend, in time or in (reference index, time after it). What all channels have got beyond
can be told; what is later waits for the slowest channel, or for the word that a record is over.
"""

from __future__ import annotations

import numpy as np

from heraldlink.errors import DataError, RequestError
from heraldlink.streams.live import without_tags
from heraldlink.tags.block import END_PS, Block, Header, IndexedBlock, Times
from heraldlink.tags.description import BEGIN_PS, AnyBlock, key_of
from heraldlink.tags.merge import Merge, merged


def numbered(block: AnyBlock, record: int, attempts: int) -> IndexedBlock:
    """A record's tags with reference events counted from the first record, which have ``attempts`` each.

    Raises DataError if this one had more.
    """
    if not isinstance(block, IndexedBlock):
        raise RequestError("records have reference indices, not bare times")
    if block.index.size and int(block.index[-1]) >= attempts:
        raise DataError(
            f"record {record}: reference event {block.index[-1]} where a record has {attempts}; say how many"
        )
    begin = record * attempts
    return IndexedBlock(block.after_ps, block.index + begin, block.channel, begin + attempts)


class Together:
    """Tags of several channels, by time or by reference index, as ``header.kind`` says."""

    def __init__(self, header: Header, restarts: bool = False, merge: Merge = merged) -> None:
        self._header, self._restarts, self._merge = header, restarts, merge
        self._reached = dict.fromkeys(header.channels, BEGIN_PS)
        self._decided_until = BEGIN_PS
        self._held: dict[int, list[AnyBlock]] = {channel: [] for channel in sorted(header.channels)}
        self.tags = 0
        """Tags that wait."""
        self.restarted = False
        """Whether keys stepped back since the last `all`; only with ``restarts``, else that is an error."""

    def push(self, channel: int, records: Times) -> None:
        """Take int64[n, 1] times or int64[n, 2] (time, index).

        Raises DataError if their key steps back, or for a time stamp beyond 2^63 ps.
        """
        if not len(records):
            return
        before = self._few_before(channel, records)
        waiting = before.channel.size if before else 0
        columns: Times = np.empty((records.shape[1], waiting + len(records)), dtype=np.int64)
        for place, column in enumerate(_columns(before) if before else ()):
            columns[place, :waiting] = column
        new = columns[:, waiting:]
        new[...] = records.T  # what follows is quicker on arrays without steps
        self._check(channel, new)
        self._reached[channel] = int(new[-1, -1])
        self._held[channel][-1 if before else len(self._held[channel]) :] = [self._block(channel, columns)]
        self.tags += len(records)

    def _few_before(self, channel: int, records: Times) -> AnyBlock | None:
        """The channel's last block that waits, if it is no longer than what came: one block is quicker."""
        held = self._held[channel]
        few = held and held[-1].channel.size <= len(records) and not self.restarted
        return held[-1] if few else None

    def _check(self, channel: int, columns: Times) -> None:
        if int(columns.min()) < 0:
            raise DataError(f"RAW{channel}: a time stamp beyond 2^63 ps")
        last, key = self._reached[channel], columns[-1]
        if int(key[0]) >= last and not (key[1:] < key[:-1]).any():
            return
        self.restarted = True
        if not self._restarts:
            what = "times" if self._header.kind == "times" else "reference indices"
            raise DataError(
                f"RAW{channel}: {what} step back after {max(last, int(key.max()))}: another record began;"
                " say how many attempts a record has, or record without sub-acquisitions"
            )

    @property
    def until(self) -> int:
        """No channel will have more before this time, or index."""
        return min(self._reached.values())

    def decided(self) -> AnyBlock | None:
        """What no channel can add to any more; None if that is nothing."""
        if self.until == self._decided_until:  # nothing earlier can have come since
            return None
        self._decided_until = self.until
        return self._before(self.until) if self.tags else None

    def all(self) -> AnyBlock:
        """All that waits: the record is over; keys begin anew."""
        self._reached, self.restarted = dict.fromkeys(self._reached, BEGIN_PS), False
        self._decided_until = BEGIN_PS
        return self._before(END_PS) or without_tags(self._header, END_PS)

    def drop(self) -> list[AnyBlock]:
        """Give up what waits; the channels stay where they are."""
        dropped = [block for held in self._held.values() for block in held]
        self._held, self.tags = {channel: [] for channel in self._held}, 0
        return dropped

    def _block(self, channel: int, columns: Times) -> AnyBlock:
        numbers = np.full(columns.shape[1], channel, dtype=np.int16)
        if self._header.kind == "times":
            return Block(columns[0], numbers, BEGIN_PS)
        return IndexedBlock(columns[0], columns[1], numbers, BEGIN_PS)

    def _before(self, until: int) -> AnyBlock | None:
        """Held tags whose key is less than ``until``, in order."""
        now: list[AnyBlock] = []
        for channel, held in self._held.items():
            later: list[AnyBlock] = []
            self._held[channel] = later
            for block in held:
                stop, tags = int(key_of(block).searchsorted(until)), block.channel.size
                if 0 < stop < tags:
                    now.append(_part(block, slice(0, stop)))
                    later.append(_part(block, slice(stop, None)))
                else:
                    (now if stop else later).append(block)
        self.tags = sum(block.channel.size for held in self._held.values() for block in held)
        return self._merge(now, until) if now else None


def _columns(block: AnyBlock) -> tuple[Times, ...]:
    return (block.time_ps,) if isinstance(block, Block) else (block.after_ps, block.index)


def _part(block: AnyBlock, here: slice) -> AnyBlock:
    if isinstance(block, Block):
        return Block(block.time_ps[here], block.channel[here], block.until_ps)
    return IndexedBlock(block.after_ps[here], block.index[here], block.channel[here], block.until_index)
