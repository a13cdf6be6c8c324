# SPDX-License-Identifier: Apache-2.0
"""Our own files while they are written: segments and raw tags, whose gaps are told before the tags behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from heraldlink.record.raw_bin import dtype, read_description
from heraldlink.streams.growth import Growth
from heraldlink.streams.live import broken_off, without_tags
from heraldlink.tags.block import END_PS, Gap, Header
from heraldlink.tags.description import AnyBlock, Description, block_of, cut, ended, key_of
from heraldlink.tags.formats.segment import SegmentReader


def segment_tail(path: Path, growth: Growth, size: int) -> Iterator[AnyBlock]:
    """All blocks of a segment as they are flushed.

    One whose writer died ends with a gap that says how many tags were lost, where that is known.
    """
    with path.open("rb") as stream:
        reader = SegmentReader(stream)
        last: AnyBlock | None = None
        while True:
            over = growth.over()
            while (block := reader.next()) is not None:
                last = block
                growth.grew()
                yield from cut(block, size)
            if reader.closed:
                yield without_tags(reader.header, END_PS)
                return
            if over:
                end = broken_off(reader.header, last)
                torn = reader.torn().tags
                yield ended(end, END_PS, tuple(Gap(g.begin_ps, g.end_ps, g.reason, torn) for g in end.gaps))
                return
            growth.pause()


def raw_tail(path: Path, growth: Growth, size: int) -> Iterator[AnyBlock]:
    """All whole records of a raw recording as they are written; ``path``: its .bin file."""
    header = read_description(path).header
    form = dtype(header.kind)
    tail = _RawTail(header)
    with path.open("rb") as stream:
        begin = 0
        while True:
            over = growth.over()
            there = os.fstat(stream.fileno()).st_size // form.itemsize
            about = read_description(path)  # behind the size: it tells every gap before these records
            if there > begin:
                records = np.frombuffer(stream.read(min(size, there - begin) * form.itemsize), form)
                begin += records.size
                growth.grew()
                yield tail.block(records, about)
            elif over or (about.closed and begin >= (about.header.tags or 0)):
                yield tail.end(about)
                return
            else:
                growth.pause()


class _RawTail:
    """Puts each gap where its end has been reached."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._told = 0
        self._last: AnyBlock | None = None

    def block(self, records: np.ndarray[tuple[int], np.dtype[np.void]], about: Description) -> AnyBlock:
        columns = [np.ascontiguousarray(records[name]) for name in records.dtype.names or ()]
        found = block_of(columns)
        until = int(key_of(found)[-1])
        self._last = ended(found, until, self._new(about, until))
        return self._last

    def end(self, about: Description) -> AnyBlock:
        gaps = self._new(about, END_PS)
        if not about.closed:
            gaps = (*gaps, *broken_off(self._header, self._last).gaps)
        return without_tags(self._header, END_PS, gaps)

    def _new(self, about: Description, until: int) -> tuple[Gap, ...]:
        gaps = about.gaps[self._told :]
        over = tuple(gap for gap in gaps if gap.end_ps <= until)
        self._told += len(over)
        return over
