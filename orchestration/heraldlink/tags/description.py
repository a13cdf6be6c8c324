# SPDX-License-Identifier: Apache-2.0
"""What is stored beside tags, as JSON: the header of a recording and its gaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock

VERSION = 1
AnyBlock = Block | IndexedBlock


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
    except msgspec.DecodeError as error:
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


def key_of(block: AnyBlock) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
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


def with_gaps(blocks: Iterable[AnyBlock], gaps: Sequence[Gap]) -> Iterator[AnyBlock]:
    """The blocks of a stored stream, each with the gaps that end by its end, the last one until `END_PS`.

    The blocks' own ``until`` are not looked at: each but the last is whole until its last tag.
    """
    waiting = sorted(gaps, key=lambda gap: (gap.end_ps, gap.begin_ps))
    held: AnyBlock | None = None
    for block in blocks:
        if held is not None and key_of(held).size:
            until = int(key_of(held)[-1])
            here = sum(1 for gap in waiting if gap.end_ps <= until)
            yield ended(held, until, tuple(waiting[:here]))
            del waiting[:here]
        held = block
    if held is not None:
        yield ended(held, END_PS, tuple(waiting))


def ended(block: AnyBlock, until: int, gaps: tuple[Gap, ...]) -> AnyBlock:
    """The same tags with another end and other gaps."""
    if isinstance(block, Block):
        return replace(block, until_ps=until, gaps=gaps)
    return replace(block, until_index=until, gaps=gaps)
