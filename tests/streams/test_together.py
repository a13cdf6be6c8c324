# SPDX-License-Identifier: Apache-2.0
"""Channels put together are in order, whatever came first and in whatever pieces."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.streams.together import Together
from heraldlink.tags.block import END_PS, Header

NUMBERS = (1, 3, 4)


@st.composite
def channels(draw):
    """Rows (after, index) by channel, some of them too large for one number, and an order of arrival."""
    largest = draw(st.sampled_from((3, 10**6, 1 << 50)))
    rows = {}
    for number in NUMBERS:
        found = draw(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, largest)), max_size=12))
        rows[number] = sorted(found)
    pieces = []
    for number in NUMBERS:
        cuts = sorted(draw(st.lists(st.integers(0, len(rows[number])), max_size=3)))
        for begin, end in zip([0, *cuts], [*cuts, len(rows[number])], strict=True):
            pieces.append((number, rows[number][begin:end]))
    random = draw(st.randoms(use_true_random=False))
    turns = [number for number, _ in pieces]
    random.shuffle(turns)
    queues = {number: [part for n, part in pieces if n == number] for number in NUMBERS}
    return rows, [(number, queues[number].pop(0)) for number in turns]


@settings(max_examples=60)
@given(found=channels())
def test_all_tags_come_once_in_order(found):
    rows, arrivals = found
    together = Together(Header("test", "indexed", 1.0, channels=dict.fromkeys(NUMBERS, "")))
    blocks = []
    for number, part in arrivals:
        records = np.array([(after, index) for index, after in part], np.int64).reshape(-1, 2)
        together.push(number, records)
        if (block := together.decided()) is not None:
            blocks.append(block)
    blocks.append(together.all())
    given_rows = [
        row
        for block in blocks
        for row in zip(block.index.tolist(), block.after_ps.tolist(), block.channel.tolist(), strict=True)
    ]
    assert given_rows == sorted((index, after, number) for number in NUMBERS for index, after in rows[number])
    assert blocks[-1].until_index == END_PS
    assert together.tags == 0
