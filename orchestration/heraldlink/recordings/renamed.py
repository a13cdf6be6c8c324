# SPDX-License-Identifier: Apache-2.0
"""Channels of a recording with other numbers or names, for a copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from heraldlink.errors import RequestError
from heraldlink.recordings.source import Described
from heraldlink.tags.block import Block, Header, IndexedBlock, TagSource
from heraldlink.tags.channels import ChannelMap, mapped
from heraldlink.tags.description import AnyBlock
from heraldlink.tags.passes import present

NewChannels = Mapping[int, int | str]
"""By the recording's number: a new number, or a name."""


def renamed(name: str, source: TagSource, channels: NewChannels) -> TagSource:
    """The source with new numbers and names; delays stored beside it go along.

    Raises RequestError if two channels would become one; from ``blocks`` too, and for a channel that has no
    tag and that the header does not name.
    """
    numbers = {old: new for old, new in channels.items() if isinstance(new, int)}
    names = {old: new for old, new in channels.items() if isinstance(new, str)}
    for number, times in Counter(numbers.values()).items():
        if times > 1:
            raise RequestError(f"{name}: {times} channels would become channel {number}")
    delays_ps = {numbers.get(old, old): delay for old, delay in source.header.delays_ps.items()}
    known = Apart(name, source, channels)
    return Described(mapped(known, ChannelMap({}, rename=numbers, names=names)), delays_ps)


@dataclass(frozen=True)
class Apart:
    """A source whose channels are there, and stay apart when they get their new numbers."""

    name: str
    source: TagSource
    channels: NewChannels

    @property
    def header(self) -> Header:
        """That of the source."""
        return self.source.header

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """Those of the source. Raises RequestError at the end of the tags."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._blocks(size))

    def _blocks(self, size: int) -> Iterator[AnyBlock]:
        seen: set[int] = set()
        for block in self.source.blocks(size):
            seen |= set(present(block.channel))
            yield block
        known = seen | set(self.source.header.channels)
        unknown = sorted(self.channels.keys() - known)
        if unknown:
            raise RequestError(
                f"{self.name}: has no channel {unknown[0]} to rename"
                f" (its channels: {', '.join(map(str, sorted(known))) or 'none'})"
            )
        kept = seen - {old for old, new in self.channels.items() if isinstance(new, int)}
        for old, new in self.channels.items():
            if new in kept:
                raise RequestError(f"{self.name}: channel {old} cannot become {new}, which has tags itself")
