# SPDX-License-Identifier: Apache-2.0
"""What a live source is: a source of tags that somebody ends."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock, TagSource
from heraldlink.tags.description import BEGIN_PS, AnyBlock

WAIT_s: Final = 0.02
"""Longest sleep between two looks at whether a stream was told to stop."""


class LiveSource(TagSource, Protocol):
    """Tags that are still coming; its blocks are read once."""

    def stop(self) -> None:
        """End the stream at what has arrived; from any thread, or a signal handler."""
        ...


def broken_off(header: Header, last: AnyBlock | None) -> AnyBlock:
    """The end of a stream that was stopped: what comes after its ``last`` block is missing."""
    begin = BEGIN_PS if last is None else reached(last)
    gaps = () if begin == END_PS else (Gap(begin, END_PS, "truncated"),)
    return without_tags(header, END_PS, gaps)


def reached(block: AnyBlock) -> int:
    """The time, or index, from which later blocks may hold tags."""
    if isinstance(block, Block):
        return max(block.until_ps, int(block.time_ps[-1])) if block.time_ps.size else block.until_ps
    return max(block.until_index, int(block.index[-1])) if block.index.size else block.until_index


def without_tags(header: Header, until: int, gaps: tuple[Gap, ...] = ()) -> AnyBlock:
    """A block of the header's kind that holds no tags."""
    none, channel = np.empty(0, np.int64), np.empty(0, np.int16)
    if header.kind == "times":
        return Block(none, channel, until, gaps)
    return IndexedBlock(none, none, channel, until, gaps)
