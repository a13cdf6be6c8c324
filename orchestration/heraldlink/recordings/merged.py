# SPDX-License-Identifier: Apache-2.0
"""Recordings of several taggers (or of several inputs, each in its file) as one stream in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.tags.block import END_PS, Block, Gap, Header, TagSource

NONE = Block(np.empty(0, np.int64), np.empty(0, np.int16), -END_PS)


@dataclass(frozen=True)
class Merged:
    """Tags of several sources by time; a gap in one is a gap in all, for nothing can be counted across it.

    Raises RequestError for tags after reference events, which have no common time.
    """

    sources: Sequence[TagSource]

    def __post_init__(self) -> None:
        for source in self.sources:
            if source.header.kind != "times":
                raise RequestError(
                    f"{source.header.format}: tags after reference events have no time in common with another"
                    " recording; look at one file at a time"
                )

    @property
    def header(self) -> Header:
        """Of the first one, with the channels of all."""
        headers = [source.header for source in self.sources]
        tags = [header.tags for header in headers if header.tags is not None]
        names = {number: name for header in headers for number, name in header.channels.items()}
        return replace(
            headers[0],
            format=" + ".join(header.format for header in headers),
            tags=sum(tags) if len(tags) == len(headers) else None,
            resolution_ps=max(header.resolution_ps for header in headers),
            channels=names,
        )

    def blocks(self, size: int = 1 << 20) -> Iterator[Block]:
        """All tags in order of time; each block is as far as every source is known."""
        streams = [iter(source.blocks(max(1, size // len(self.sources)))) for source in self.sources]
        held = [NONE for _ in streams]
        open_gaps: list[Gap] = []
        while True:
            slowest = min(range(len(held)), key=lambda place: held[place].until_ps)
            if held[slowest].until_ps == END_PS:
                break
            new = _next(streams[slowest])
            open_gaps += new.gaps
            held[slowest] = _with_rest(held[slowest], new)
            until = _outside_gaps(min(block.until_ps for block in held), open_gaps)
            ready, held = _split(held, until)
            over = [gap for gap in open_gaps if gap.end_ps <= until]
            open_gaps = [gap for gap in open_gaps if gap.end_ps > until]
            if ready.time_ps.size or over or until == END_PS:
                yield replace(ready, gaps=_union(over))


def _next(stream: Iterator[object]) -> Block:
    block = next(stream, replace(NONE, until_ps=END_PS))
    if not isinstance(block, Block):
        raise RequestError("a source of times gave tags after reference events")
    return block


def _with_rest(rest: Block, new: Block) -> Block:
    time = np.concatenate((rest.time_ps, new.time_ps))
    return Block(time, np.concatenate((rest.channel, new.channel)), new.until_ps)


def _outside_gaps(until_ps: int, gaps: Sequence[Gap]) -> int:
    """The latest time at or before ``until_ps`` that lies in no gap."""
    for gap in sorted(gaps, key=lambda each: each.begin_ps, reverse=True):
        if gap.begin_ps < until_ps < gap.end_ps:
            until_ps = gap.begin_ps
    return until_ps


def _split(held: Sequence[Block], until_ps: int) -> tuple[Block, list[Block]]:
    """What lies before ``until_ps``, in order of time (of equal times, in order of source), and the rest."""
    stops = [
        block.time_ps.size if until_ps == END_PS else int(np.searchsorted(block.time_ps, until_ps))
        for block in held
    ]
    pairs = list(zip(held, stops, strict=True))
    time = np.concatenate([block.time_ps[:stop] for block, stop in pairs])
    channel = np.concatenate([block.channel[:stop] for block, stop in pairs])
    order = np.argsort(time, kind="stable")
    rest = [Block(block.time_ps[stop:], block.channel[stop:], block.until_ps) for block, stop in pairs]
    return Block(time[order], channel[order], until_ps), rest


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
