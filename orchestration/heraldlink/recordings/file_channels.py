# SPDX-License-Identifier: Apache-2.0
"""Files that hold one input each and do not say which: the channel is told by whoever opens them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.tags.block import Block, Header, IndexedBlock, TagSource
from heraldlink.tags.description import AnyBlock


@dataclass(frozen=True)
class OneInput:
    """A source whose tags are all of one channel, as ``channel``; its name and delay go along.

    ``blocks`` raises RequestError if it holds two channels.
    """

    name: str
    source: TagSource
    channel: int

    @property
    def header(self) -> Header:
        """With the number that was given."""
        header = self.source.header
        if len(header.channels) > 1:
            self._refuse(sorted(header.channels))
        told = next(iter(header.channels.values()), "")
        numbered = told in (f"input {number}" for number in header.channels)
        names = {self.channel: f"input {self.channel}" if numbered else told} if told else {}
        stored = header.delays_ps
        delays_ps = {number: stored[number] for number in header.channels if number in stored} or stored
        if len(delays_ps) > 1:
            self._refuse(sorted(delays_ps))
        return replace(
            header, channels=names, delays_ps=dict(zip((self.channel,), delays_ps.values(), strict=False))
        )

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All tags, renumbered."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._blocks(size))

    def _blocks(self, size: int) -> Iterator[AnyBlock]:
        seen: set[int] = set()
        for block in self.source.blocks(size):
            if block.channel.size:
                seen |= {int(block.channel.min()), int(block.channel.max())}
            if len(seen) > 1:
                self._refuse(sorted(seen))
            yield replace(block, channel=np.full(block.channel.size, self.channel, np.int16))

    def _refuse(self, channels: Sequence[int]) -> None:
        raise RequestError(
            f"{self.name}: holds channels {', '.join(map(str, channels))}: --file-channels (file_channels)"
            " numbers files of one input each; leave it out"
        )


def by_channel(
    names: Sequence[str], sources: Sequence[TagSource], channels: Sequence[int]
) -> list[TagSource]:
    """The sources with these channels, one each, in order of channel. Raises RequestError."""
    if len(channels) != len(sources):
        raise RequestError(
            f"--file-channels (file_channels) {','.join(map(str, channels))}: one channel for each file,"
            f" {len(sources)} here"
        )
    if len(set(channels)) < len(channels):
        raise RequestError(
            f"--file-channels (file_channels) {','.join(map(str, channels))}: each file is another channel"
        )
    for channel in channels:
        if not -(1 << 15) <= channel < 1 << 15:
            raise RequestError(f"channel {channel} is not a 16-bit number")
    told = sorted(zip(channels, names, sources, strict=True), key=lambda each: each[0])
    return [OneInput(name, source, channel) for channel, name, source in told]
