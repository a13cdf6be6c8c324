# SPDX-License-Identifier: Apache-2.0
"""A part of a recording, from one time (or reference index) to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from heraldlink.errors import RequestError
from heraldlink.tags.block import Block, Gap, Header, IndexedBlock, TagSource
from heraldlink.tags.description import AnyBlock, key_of, until_of


@dataclass(frozen=True)
class Part:
    """Tags of a source in begin <= t < end, with the parts of gaps that lie in there.

    ``blocks`` raises RequestError, naming the recording, if all tags lie before the part, or behind it.
    """

    source: TagSource
    window_ps: tuple[int, int]
    name: str = "tags"

    @property
    def header(self) -> Header:
        """As the source's, without a number of tags."""
        return replace(self.source.header, tags=None, acquisition_s=None)

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """The part's blocks; nothing behind it is read."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._blocks(size))

    def _blocks(self, size: int) -> Iterator[AnyBlock]:
        begin, end = self.window_ps
        first = last = None
        for block in self.source.blocks(size):
            key = key_of(block)
            if key.size:
                first, last = (int(key[0]) if first is None else first), int(key[-1])
            yield self._inside(block)
            if until_of(block) >= end and first is not None:
                break
        if first is None or last is None or last < begin or first >= end:
            self._refuse(first, last)

    def _inside(self, block: AnyBlock) -> AnyBlock:
        begin, end = self.window_ps
        gaps = tuple(
            Gap(max(begin, gap.begin_ps), min(end, gap.end_ps), gap.reason)
            for gap in block.gaps
            if gap.begin_ps < end and gap.end_ps > begin
        )
        inside = slice(*key_of(block).searchsorted((begin, end)).tolist())
        if isinstance(block, Block):
            return replace(block, time_ps=block.time_ps[inside], channel=block.channel[inside], gaps=gaps)
        after_ps, index = block.after_ps[inside], block.index[inside]
        return replace(block, after_ps=after_ps, index=index, channel=block.channel[inside], gaps=gaps)

    def _refuse(self, first: int | None, last: int | None) -> None:
        begin, end = self.window_ps
        unit = "ps" if self.source.header.kind == "times" else "reference events"
        if first is None:
            raise RequestError(f"{self.name}: there are no such tags to cut")
        side = f"end before {begin}: the last is at {last}" if first < begin else f"begin at {first}"
        raise RequestError(f"{self.name}: no tags from {begin} to {end} {unit}: its tags {side}")
