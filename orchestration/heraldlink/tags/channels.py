# SPDX-License-Identifier: Apache-2.0
"""Channels as they are wanted: named, renumbered, left out, and each tag's time less its channel's delay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RequestError
from heraldlink.tags.block import Block, Channels, Header, IndexedBlock, TagSource
from heraldlink.tags.delays import DelayIndexed, DelayTimes


@dataclass(frozen=True, slots=True)
class ChannelMap:
    """What to do with channels, all by the number that the recording gives them.

    ``delays_ps``: subtracted from each tag's time (0 where not given); None: those stored with the recording.
    ``drop``: left out. ``rename``: new numbers; two channels may become one. ``names``: by new number.
    """

    delays_ps: Mapping[int, int] | None = None
    drop: frozenset[int] = frozenset()
    rename: Mapping[int, int] = field(default_factory=dict[int, int])
    names: Mapping[int, str] = field(default_factory=dict[int, str])

    def __post_init__(self) -> None:
        for channel in (*(self.delays_ps or ()), *self.drop, *self.rename, *self.rename.values()):
            if not -(1 << 15) <= channel < 1 << 15:
                raise RequestError(f"channel {channel} is not a 16-bit number")

    def header(self, header: Header) -> Header:
        """The header of a stream after mapping."""
        names = {
            self.rename.get(number, number): name
            for number, name in header.channels.items()
            if number not in self.drop
        }
        tags = None if self.drop else header.tags
        return replace(header, channels=names | dict(self.names), tags=tags, delays_ps={})


def mapped(source: TagSource, channels: ChannelMap) -> TagSource:
    """A source with its channels mapped and their delays subtracted, in order of the corrected times.

    A delay of more than a reference period moves the tags of an indexed source to the index they belong to,
    if its header tells that period.
    """
    return _Mapped(source, channels)


class _Mapped:
    def __init__(self, source: TagSource, channels: ChannelMap) -> None:
        self._source, self._channels = source, channels

    @property
    def header(self) -> Header:
        return self._channels.header(self._source.header)

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """Mapped blocks; with delays, they hold what is complete, at times more than ``size``."""
        header, channels = self._source.header, self._channels
        delays_ps = header.delays_ps if channels.delays_ps is None else channels.delays_ps
        if header.kind == "times":
            times = DelayTimes(delays_ps) if any(delays_ps.values()) else None
            return _times(self._source, channels, times, size)
        period_ps = header.reference_period_ps
        indexed = DelayIndexed(delays_ps, period_ps) if any(delays_ps.values()) else None
        return _indexed(self._source, channels, indexed, size)


def _times(source: TagSource, channels: ChannelMap, delays: DelayTimes | None, size: int) -> Iterator[Block]:
    for block in source.blocks(size):
        if not isinstance(block, Block):
            raise RequestError("a source of times gave tags after reference events")
        block = _kept(block, channels.drop)
        yield _renamed(block if delays is None else delays.push(block), channels.rename)
    if delays is not None:
        yield _renamed(delays.finish(), channels.rename)


def _indexed(
    source: TagSource, channels: ChannelMap, delays: DelayIndexed | None, size: int
) -> Iterator[IndexedBlock]:
    for block in source.blocks(size):
        if not isinstance(block, IndexedBlock):
            raise RequestError("a source of tags after reference events gave bare times")
        block = _kept(block, channels.drop)
        yield _renamed(block if delays is None else delays.push(block), channels.rename)
    if delays is not None:
        yield _renamed(delays.finish(), channels.rename)


AnyBlock = TypeVar("AnyBlock", Block, IndexedBlock)


def _kept(block: AnyBlock, drop: frozenset[int]) -> AnyBlock:
    """Without the channels in ``drop``."""
    if not drop:
        return block
    kept: NDArray[np.bool_] = ~np.isin(block.channel, np.array(sorted(drop), dtype=np.int16))
    if isinstance(block, Block):
        return replace(block, time_ps=block.time_ps[kept], channel=block.channel[kept])
    after_ps, index = block.after_ps[kept], block.index[kept]
    return replace(block, after_ps=after_ps, index=index, channel=block.channel[kept])


def _renamed(block: AnyBlock, rename: Mapping[int, int]) -> AnyBlock:
    if not rename:
        return block
    table = np.arange(1 << 16, dtype=np.uint16).view(np.int16).copy()
    for old, new in rename.items():
        table[old & 0xFFFF] = new
    channel: Channels = table[block.channel.view(np.uint16)]
    return replace(block, channel=channel)
