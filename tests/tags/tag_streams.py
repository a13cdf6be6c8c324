# SPDX-License-Identifier: Apache-2.0
"""Small streams for tests: tags and gaps as lists, cut into blocks anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock

TIMES = Header("test", "times", 1.0)
INDEXED = Header("test", "indexed", 1.0)


@dataclass(frozen=True)
class Stream:
    """A TagSource of tags (time, channel) in order, with gaps none of which holds a tag.

    ``late``: blocks hold tags behind their ``until_ps``, and gaps before those come with the next.
    """

    tags: Sequence[tuple[int, int]]
    gaps: Sequence[tuple[int, int]] = ()
    header: Header = TIMES
    late: bool = False

    def blocks(self, size: int = 1 << 20) -> Iterator[Block]:
        gaps, first = [Gap(begin, end, "overflow") for begin, end in self.gaps], True
        for start in range(0, len(self.tags), size):
            here = self.tags[start : start + size]
            last = start + size >= len(self.tags)
            until = END_PS if last else here[(len(here) - 1) // 2 if self.late else -1][0]
            past = [gap for gap in gaps if gap.end_ps <= until]
            gaps = gaps[len(past) :]
            time, channel = np.array(here, dtype=np.int64).T
            yield Block(time, channel.astype(np.int16), until, tuple(past))
            first = False
        if first:
            empty = np.empty(0, np.int64)
            yield Block(empty, empty.astype(np.int16), END_PS, tuple(gaps))

    def separated(self, a: int, b: int) -> bool:
        """Whether a gap lies between two times."""
        return any(min(a, b) < end <= max(a, b) for _, end in self.gaps)


@dataclass(frozen=True)
class IndexedStream:
    """A TagSource of tags (index, after_ps, channel) in order, with gaps in indices."""

    tags: Sequence[tuple[int, int, int]]
    gaps: Sequence[tuple[int, int]] = ()
    header: Header = INDEXED

    def blocks(self, size: int = 1 << 20) -> Iterator[IndexedBlock]:
        gaps = [Gap(begin, end, "overflow") for begin, end in self.gaps]
        for start in range(0, max(1, len(self.tags)), size):
            here = self.tags[start : start + size]
            until = END_PS if start + size >= len(self.tags) else here[-1][0]
            past = [gap for gap in gaps if gap.end_ps <= until]
            gaps = gaps[len(past) :]
            index, after, channel = np.array(here, dtype=np.int64).reshape(-1, 3).T
            yield IndexedBlock(after, index, channel.astype(np.int16), until, tuple(past))

    def separated(self, a: int, b: int) -> bool:
        """Whether a gap lies between two indices."""
        return any(min(a, b) < end <= max(a, b) for _, end in self.gaps)


def _cut(places: list[int]) -> list[tuple[int, int]]:
    ends = sorted(set(places))
    return list(zip(ends[::2], ends[1::2], strict=False))


gaps = st.lists(st.integers(0, 300), max_size=6).map(_cut)


@st.composite
def streams(draw: st.DrawFn, channels: int = 3, longest: int = 300, tags: int = 60) -> Stream:
    found = sorted(
        draw(st.lists(st.tuples(st.integers(0, longest), st.integers(0, channels - 1)), max_size=tags))
    )
    holes = draw(gaps)
    kept = [tag for tag in found if not any(b <= tag[0] < e for b, e in holes)]
    return Stream(kept, holes, late=draw(st.booleans()))


@st.composite
def indexed_streams(draw: st.DrawFn, channels: int = 3, longest: int = 30, tags: int = 60) -> IndexedStream:
    tag = st.tuples(st.integers(0, longest), st.integers(0, 20), st.integers(0, channels - 1))
    found = sorted(draw(st.lists(tag, max_size=tags)))
    holes = [(b, e) for b, e in draw(gaps) if e <= longest]
    return IndexedStream([tag for tag in found if not any(b <= tag[0] < e for b, e in holes)], holes)


SIZES = st.sampled_from([1, 2, 3, 7, 4096])
