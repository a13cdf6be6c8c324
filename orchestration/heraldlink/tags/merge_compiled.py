# SPDX-License-Identifier: Apache-2.0
"""`heraldlink.tags.merge` with a compiled kernel: the same blocks, some three times as soon. Needs numba."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from heraldlink.tags import merge
from heraldlink.tags.block import Block, Channels, IndexedBlock, Times
from heraldlink.tags.compiled import compiled, frozen
from heraldlink.tags.description import AnyBlock, joined, key_of

Run = tuple[Times, Times, Channels]
"""Tags in order: key, time after it, channel. Times without an index have the time twice."""


def merged(blocks: Sequence[AnyBlock], until: int) -> AnyBlock:
    """See `merge.merged`, which puts tags in order that are not even so in their channel."""
    by_channel = groupby(merge.in_order_of_channel(blocks), key=lambda block: int(block.channel[0]))
    first, *others = (_run(joined(list(run))) for _, run in by_channel)
    for other in others:
        first, ordered = _merged(first, other)
        if not ordered:
            return merge.merged(blocks, until)
    if not others:
        return merge.merged(blocks, until)
    key, after_ps, channel = first
    return IndexedBlock(after_ps, key, channel, until) if _indexed(blocks) else Block(key, channel, until)


def _indexed(blocks: Sequence[AnyBlock]) -> bool:
    return isinstance(blocks[0], IndexedBlock)


def _run(block: AnyBlock) -> Run:
    return key_of(block), block.after_ps if isinstance(block, IndexedBlock) else key_of(block), block.channel


def _merged(first: Run, second: Run) -> tuple[Run, bool]:
    """Both in one, and whether that is in order."""
    tags = first[0].size + second[0].size
    both = np.empty(tags, np.int64), np.empty(tags, np.int64), np.empty(tags, np.int16)
    return both, _merge(_frozen(first), _frozen(second), both)


def _frozen(run: Run) -> Run:
    key, after_ps, channel = run
    return frozen(key), frozen(after_ps), frozen(channel)


@compiled
def _merge(a: Run, b: Run, both: Run) -> bool:
    """Nothing branches on the data, see `heraldlink.heralding.kernels`; of equal tags ``a``'s first."""
    (a_key, a_after, a_channel), (b_key, b_after, b_channel) = a, b
    key, after, channel = both
    i, j, k, one = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(1)
    a_end, b_end = np.uint64(a_key.size), np.uint64(b_key.size)
    while (i < a_end) & (j < b_end):
        a_k, a_t, a_c, b_k, b_t, b_c = a_key[i], a_after[i], a_channel[i], b_key[j], b_after[j], b_channel[j]
        is_a = (a_k < b_k) | ((a_k == b_k) & (a_t <= b_t))
        key[k] = a_k if is_a else b_k
        after[k] = a_t if is_a else b_t
        channel[k] = a_c if is_a else b_c
        i += np.uint64(is_a)
        j += np.uint64(not is_a)
        k += one
    rest, later = (a, i) if i < a_end else (b, j)
    key[k:], after[k:], channel[k:] = rest[0][later:], rest[1][later:], rest[2][later:]
    steps_back = 0
    for n in range(1, key.size):
        steps_back += (key[n] < key[n - 1]) | ((key[n] == key[n - 1]) & (after[n] < after[n - 1]))
    return steps_back == 0
