# SPDX-License-Identifier: Apache-2.0
"""What is stored beside tags, as JSON: the header of a recording and its gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock

VERSION = 1
BEGIN_PS: Final = -(1 << 63)
"""No tag is before it."""
AnyBlock = Block | IndexedBlock
COLUMNS: Final = {"times": ("time_ps", "channel"), "indexed": ("index", "after_ps", "channel")}
"""Columns of stored tags by kind: int64 but channel int16."""


@dataclass(frozen=True, slots=True)
class Description:
    """Header and gaps of a recording; ``closed``: its writer ended it on purpose."""

    header: Header
    gaps: tuple[Gap, ...] = ()
    closed: bool = True
    version: int = VERSION


def to_json(description: Description) -> bytes:
    """As JSON."""
    return msgspec.json.encode(description)


def from_json(text: bytes, place: str) -> Description:
    """From JSON. Raises DataError, naming the ``place``, if it is something else or of another version."""
    try:
        found = msgspec.json.decode(text, type=Description)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{place}: not the description of a recording ({error})") from error
    if found.version != VERSION:
        raise DataError(f"{place}: description of version {found.version}; this version reads {VERSION}")
    return found


def gaps_to_json(gaps: Sequence[Gap]) -> bytes:
    """Gaps alone, as JSON."""
    return msgspec.json.encode(gaps)


def gaps_from_json(text: bytes) -> tuple[Gap, ...]:
    """Gaps from JSON. Raises ValueError."""
    return msgspec.json.decode(text, type=tuple[Gap, ...])


def refuse_other_kind(block: AnyBlock, header: Header) -> None:
    """Raise RequestError if the block is not of the header's kind."""
    kind = "times" if isinstance(block, Block) else "indexed"
    if kind != header.kind:
        raise RequestError(f"a block of kind {kind!r} in a recording of kind {header.kind!r}")


def key_of(block: AnyBlock) -> NDArray[np.int64]:
    """What a block is in order of: times, or indices of reference events."""
    return block.time_ps if isinstance(block, Block) else block.index


def until_of(block: AnyBlock) -> int:
    """Before it no later block holds a tag: a time, or an index."""
    return block.until_ps if isinstance(block, Block) else block.until_index


def refuse_disorder(block: AnyBlock, before: int) -> None:
    """Raise RequestError if a block's tags step back, or begin before ``before``."""
    key = key_of(block)
    if key.size and int(key[0]) < before:
        raise RequestError(f"the block begins at {key[0]}, before {before} where an earlier one ended")
    if isinstance(block, Block):
        ordered = key[1:] >= key[:-1]
    else:
        after = block.after_ps
        ordered = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & (after[1:] >= after[:-1]))
    if not ordered.all():
        place = int(np.argmin(ordered)) + 1
        raise RequestError(
            f"tag {place} of the block steps back to {key[place]}: put the tags in order first"
        )


def block_of(arrays: Sequence[NDArray[np.int64]], until: int = 0, gaps: tuple[Gap, ...] = ()) -> AnyBlock:
    """A block from its columns: two of `Block`, three of `IndexedBlock`."""
    *times, channel = arrays
    channel16 = channel.astype(np.int16, copy=False)
    if len(times) == 1:
        return Block(times[0], channel16, until, gaps)
    return IndexedBlock(times[1], times[0], channel16, until, gaps)


def with_gaps(blocks: Iterable[AnyBlock], gaps: Sequence[Gap], until: int = END_PS) -> Iterator[AnyBlock]:
    """Pieces of a stored stream, each with the gaps that end by its end; the last one ends at ``until``.

    The pieces' own ends are not looked at: each but the last is whole until its last tag.
    """
    waiting = sorted(gaps, key=lambda gap: (gap.end_ps, gap.begin_ps))
    held: AnyBlock | None = None
    for block in blocks:
        if held is not None and key_of(held).size:
            last = int(key_of(held)[-1])
            here = sum(1 for gap in waiting if gap.end_ps <= last)
            yield ended(held, last, tuple(waiting[:here]))
            del waiting[:here]
        held = block
    if held is not None:
        yield ended(held, until, tuple(waiting))


def cut(block: AnyBlock, size: int) -> Iterator[AnyBlock]:
    """The block in pieces of at most ``size`` tags, its gaps where they belong."""
    if block.channel.size <= size:
        return iter((block,))
    pieces = (piece(block, begin, begin + size) for begin in range(0, block.channel.size, size))
    return with_gaps(pieces, block.gaps, until_of(block))


def piece(block: AnyBlock, begin: int, end: int) -> AnyBlock:
    """Tags ``begin`` to ``end`` of a block, without its gaps."""
    here = slice(begin, end)
    if isinstance(block, Block):
        return Block(block.time_ps[here], block.channel[here], block.until_ps)
    return IndexedBlock(block.after_ps[here], block.index[here], block.channel[here], block.until_index)


def joined(blocks: Sequence[AnyBlock]) -> AnyBlock:
    """Consecutive blocks of one kind as one; at least one is needed."""
    if len(blocks) == 1:
        return blocks[0]
    gaps = tuple(gap for block in blocks for gap in block.gaps)
    channel = np.concatenate([block.channel for block in blocks])
    key = np.concatenate([key_of(block) for block in blocks])
    indexed = [block for block in blocks if isinstance(block, IndexedBlock)]
    if not indexed:
        return Block(key, channel, until_of(blocks[-1]), gaps)
    after_ps = np.concatenate([block.after_ps for block in indexed])
    return IndexedBlock(after_ps, key, channel, until_of(blocks[-1]), gaps)


def ended(block: AnyBlock, until: int, gaps: tuple[Gap, ...]) -> AnyBlock:
    """The same tags with another end and other gaps."""
    if isinstance(block, Block):
        return replace(block, until_ps=until, gaps=gaps)
    return replace(block, until_index=until, gaps=gaps)
