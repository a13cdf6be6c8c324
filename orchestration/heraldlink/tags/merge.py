# SPDX-License-Identifier: Apache-2.0
"""Blocks of several channels, put together in order.

Each block holds one channel, in order of time, or of (reference index, time after it); blocks of one channel
follow each other. Tags of equal key come in order of channel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from heraldlink.tags.block import END_PS, Block, IndexedBlock, Times
from heraldlink.tags.compiled import available
from heraldlink.tags.description import AnyBlock, key_of
from heraldlink.tags.engine import engine_name

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
    """With numpy, see the module."""
    blocks = in_order_of_channel(blocks)
    channel = np.concatenate([block.channel for block in blocks])
    key = np.concatenate([key_of(block) for block in blocks])
    indexed = [block for block in blocks if isinstance(block, IndexedBlock)]
    if not indexed:
        order = np.argsort(key, kind="stable")  # linear, as channels are in order
        return Block(key.take(order), channel.take(order), until)
    after_ps = np.concatenate([block.after_ps for block in indexed])
    first = min(int(block.index[0]) for block in indexed)
    last = max(int(block.index[-1]) for block in indexed)
    order = _order(key, after_ps, first, last)
    return IndexedBlock(after_ps.take(order), key.take(order), channel.take(order), until)


def in_order_of_channel(blocks: Sequence[AnyBlock]) -> Sequence[AnyBlock]:
    """Blocks by channel; those of one channel stay as they were."""
    return sorted(blocks, key=lambda block: int(block.channel[0]))


def _order(index: Times, after_ps: Times, first: int, last: int) -> NDArray[np.intp]:
    """Stable order by index, then time after it; as one number where that fits (ten times faster)."""
    period = int(after_ps.max()) + 1
    if (last - first + 1) * period >= END_PS:
        return np.lexsort((after_ps, index))
    place = index - first
    place *= period
    place += after_ps
    return np.argsort(place, kind="stable")
