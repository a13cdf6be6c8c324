# SPDX-License-Identifier: Apache-2.0
"""Blocks of several channels, put together in order.

Each block holds one channel, in order of time, or of (reference index, time after it); blocks of one channel
follow each other. Tags of equal key come in order of channel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from heraldlink.tags.block import Block, IndexedBlock, Times
from heraldlink.tags.compiled import available
from heraldlink.tags.description import AnyBlock, key_of
from heraldlink.tags.engine import engine_name

CHANNEL_BITS = 16
Merge = Callable[[Sequence[AnyBlock], int], AnyBlock]
"""Of blocks with tags and without gaps, at least one, and the time or index until which all are there."""


def live_merge(engine: str = "auto") -> Merge:
    """For tags that are waited for: ``auto`` is the compiled engine where numba is installed.

    It is compiled, or loaded, before this returns. Raises RequestError as `engine_name`.
    """
    if engine_name(engine) == "numpy" or not available():
        return merged
    from heraldlink.tags.merge_compiled import merged as compiled

    one = np.zeros(1, dtype=np.int64)
    compiled([IndexedBlock(one, one, np.array([number], dtype=np.int16), 1) for number in (1, 2)], 1)
    return compiled


def merged(blocks: Sequence[AnyBlock], until: int) -> AnyBlock:
    """With numpy, see the module: each tag as one number where it fits in 63 bits, else by argument."""
    blocks = in_order_of_channel(blocks)
    first = min(int(key_of(block)[0]) for block in blocks)
    last = max(int(key_of(block)[-1]) for block in blocks)
    after = [block.after_ps for block in blocks if isinstance(block, IndexedBlock)]
    after_bits = max((int(column.view(np.uint64).max()) for column in after), default=0).bit_length()
    fits = (last - first).bit_length() + after_bits + CHANNEL_BITS < 64  # nothing negative does
    if not fits or int(blocks[0].channel[0]) < 0:
        return _by_argument(blocks, until)
    place = _numbers(blocks, first, after_bits)
    place.sort(kind="stable")  # linear, as channels are in order
    channel = place.astype(np.int16)  # its lowest bits
    place >>= CHANNEL_BITS
    if not after:
        place += first
        return Block(place, channel, until)
    after_ps = place & ((1 << after_bits) - 1)
    place >>= after_bits
    place += first
    return IndexedBlock(after_ps, place, channel, until)


def in_order_of_channel(blocks: Sequence[AnyBlock]) -> Sequence[AnyBlock]:
    """Blocks by channel; those of one channel stay as they were."""
    return sorted(blocks, key=lambda block: int(block.channel[0]))


def _numbers(blocks: Sequence[AnyBlock], first: int, after_bits: int) -> Times:
    """Tags as numbers in whose order they come: key, time after it, channel; block by block."""
    numbers: Times = np.empty(sum(block.channel.size for block in blocks), dtype=np.int64)
    begin = 0
    for block in blocks:
        own = numbers[begin : (begin := begin + block.channel.size)]
        np.subtract(key_of(block), first, out=own)
        if isinstance(block, IndexedBlock):
            own <<= after_bits
            own |= block.after_ps
        own <<= CHANNEL_BITS
        own |= int(block.channel[0])
    return numbers


def _by_argument(blocks: Sequence[AnyBlock], until: int) -> AnyBlock:
    """Of any keys, several times as slow."""
    channel = np.concatenate([block.channel for block in blocks])
    key = np.concatenate([key_of(block) for block in blocks])
    indexed = [block for block in blocks if isinstance(block, IndexedBlock)]
    if not indexed:
        order = np.argsort(key, kind="stable")
        return Block(key.take(order), channel.take(order), until)
    after_ps = np.concatenate([block.after_ps for block in indexed])
    order = np.lexsort((after_ps, key))
    return IndexedBlock(after_ps.take(order), key.take(order), channel.take(order), until)
