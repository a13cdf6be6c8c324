# SPDX-License-Identifier: Apache-2.0
"""Recordings of several taggers (or of several inputs, each in its file) as one stream in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock, TagSource
from heraldlink.tags.description import AnyBlock, ended, joined, key_of, piece, refuse_other_kind, until_of


@dataclass(frozen=True)
class Merged:
    """Tags of several sources by time; a gap in one is a gap in all, for nothing can be counted across it.

    ``one_recording``: all are of one measurement, with the same reference events; then tags after reference
    events are merged too, by (index, time after it). What is equal comes in order of source. Raises
    RequestError for tags after reference events of which that was not said, and for sources of two kinds.
    """

    sources: Sequence[TagSource]
    one_recording: bool = False

    def __post_init__(self) -> None:
        kinds = {source.header.kind for source in self.sources}
        if len(kinds) > 1:
            raise RequestError("files of times and files of tags after reference events have no common axis")
        if kinds == {"indexed"} and not self.one_recording:
            raise RequestError(
                f"{self.sources[0].header.format}: tags after reference events share no time with another"
                " recording's; if each file holds one input of one recording, say which channels these are:"
                " --file-channels 1,2 (in Python file_channels=[1, 2])"
            )
        periods = {source.header.reference_period_ps for source in self.sources}
        if len(periods) > 1:
            raise RequestError(
                f"reference events every {' and '.join(f'{each} ps' for each in periods)}: not one recording"
            )

    @property
    def header(self) -> Header:
        """Of the first one, with the channels and delays of all."""
        headers = [source.header for source in self.sources]
        tags = [header.tags for header in headers if header.tags is not None]
        names = {number: name for header in headers for number, name in header.channels.items()}
        delays_ps = {number: delay for header in headers for number, delay in header.delays_ps.items()}
        return replace(
            headers[0],
            format=" + ".join(header.format for header in headers),
            tags=sum(tags) if len(tags) == len(headers) else None,
            resolution_ps=max(header.resolution_ps for header in headers),
            channels=names,
            delays_ps=delays_ps,
        )

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All tags in order of time; each block is as far as every source is known."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._blocks(size))

    def _blocks(self, size: int) -> Iterator[AnyBlock]:
        header = self.sources[0].header
        streams: list[Iterator[AnyBlock]] = [
            iter(source.blocks(max(1, size // len(self.sources)))) for source in self.sources
        ]
        held = [_without_tags(header, -END_PS) for _ in streams]
        open_gaps: list[Gap] = []
        while True:
            slowest = min(range(len(held)), key=lambda place: until_of(held[place]))
            if until_of(held[slowest]) == END_PS:
                break
            new = next(streams[slowest], _without_tags(header, END_PS))
            refuse_other_kind(new, header)
            open_gaps += new.gaps
            held[slowest] = joined([held[slowest], ended(new, until_of(new), ())])
            until = _outside_gaps(min(until_of(block) for block in held), open_gaps)
            ready, held = _split(held, until)
            over = [gap for gap in open_gaps if gap.end_ps <= until]
            open_gaps = [gap for gap in open_gaps if gap.end_ps > until]
            if ready.channel.size or over or until == END_PS:
                yield ended(ready, until, _union(over))


def _without_tags(header: Header, until: int) -> AnyBlock:
    none, channel = np.empty(0, np.int64), np.empty(0, np.int16)
    return Block(none, channel, until) if header.kind == "times" else IndexedBlock(none, none, channel, until)


def _outside_gaps(until: int, gaps: Sequence[Gap]) -> int:
    """The latest time (or index) at or before ``until`` that lies in no gap."""
    for gap in sorted(gaps, key=lambda each: each.begin_ps, reverse=True):
        if gap.begin_ps < until < gap.end_ps:
            until = gap.begin_ps
    return until


def _split(held: Sequence[AnyBlock], until: int) -> tuple[AnyBlock, list[AnyBlock]]:
    """What lies before ``until``, in order of time (of equal times, in order of source), and the rest."""
    stops = [
        block.channel.size if until == END_PS else int(np.searchsorted(key_of(block), until))
        for block in held
    ]
    pairs = list(zip(held, stops, strict=True))
    rest = [piece(block, stop, block.channel.size) for block, stop in pairs]
    return _sorted(joined([piece(block, 0, stop) for block, stop in pairs])), rest


def _sorted(block: AnyBlock) -> AnyBlock:
    if isinstance(block, Block):
        order = np.argsort(block.time_ps, kind="stable")
        return replace(block, time_ps=block.time_ps[order], channel=block.channel[order])
    order = np.lexsort((block.after_ps, block.index))
    after_ps, index = block.after_ps[order], block.index[order]
    return replace(block, after_ps=after_ps, index=index, channel=block.channel[order])


def _union(gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    """Overlapping gaps as one."""
    joined: list[Gap] = []
    for gap in sorted(gaps, key=lambda each: (each.begin_ps, each.end_ps)):
        if joined and gap.begin_ps < joined[-1].end_ps:
            last = joined[-1]
            joined[-1] = Gap(last.begin_ps, max(last.end_ps, gap.end_ps), last.reason)
        else:
            joined.append(gap)
    return tuple(joined)
