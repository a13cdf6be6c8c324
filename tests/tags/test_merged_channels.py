# SPDX-License-Identifier: Apache-2.0
"""Channels merged by both engines: the same bytes, and what sorting the tags one by one gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.errors import RequestError
from heraldlink.heralding.engine import live_engine
from heraldlink.tags.block import Block, IndexedBlock
from heraldlink.tags.compiled import available
from heraldlink.tags.merge import live_merge, merged

ENGINES = ["numpy", pytest.param("compiled", marks=pytest.mark.skipif(not available(), reason="[fast]"))]
BEYOND = 1 << 50
"""Indices with which index and time do not fit into one number."""


@st.composite
def runs(draw):
    """Blocks of (index, after, channel) rows, one channel each; ``wild``: after is in no order."""
    wild, largest = draw(st.booleans()), draw(st.sampled_from((3, 1000, BEYOND)))
    rows = st.lists(st.tuples(st.integers(0, largest), st.integers(0, 1 << 20)), min_size=1, max_size=30)
    found = []
    for channel in draw(st.lists(st.sampled_from((1, 2, 4)), min_size=1, max_size=5)):
        part = sorted(draw(rows), key=lambda row: row[0]) if wild else sorted(draw(rows))
        found.append([(index, after, channel) for index, after in part])
    return found


def one_after_another(found):
    """Blocks of one channel ascend: a later one begins where the earlier one ended."""
    last, shifted = {}, []
    for rows in found:
        by = last.get(rows[0][2], 0)
        shifted.append([(index + by, after, channel) for index, after, channel in rows])
        last[rows[0][2]] = shifted[-1][-1][0] + 1
    return shifted


@pytest.mark.parametrize("engine", ENGINES)
@given(found=runs())
def test_tags_after_reference_events(engine, found):
    found = one_after_another(found)
    columns = [np.array(rows, np.int64).T for rows in found]
    blocks = [IndexedBlock(after, index, channel.astype(np.int16), 0) for index, after, channel in columns]
    block = live_merge(engine)(blocks, 7)
    got = zip(block.index.tolist(), block.after_ps.tolist(), block.channel.tolist(), strict=True)
    assert list(got) == sorted(row for rows in found for row in rows)
    assert (block.until_index, block.channel.dtype) == (7, np.int16)


@pytest.mark.parametrize("engine", ENGINES)
@given(found=runs())
def test_times(engine, found):
    found = one_after_another(found)
    columns = [np.array(rows, np.int64).T for rows in found]
    block = live_merge(engine)([Block(time, channel.astype(np.int16), 0) for time, _, channel in columns], 7)
    got = zip(block.time_ps.tolist(), block.channel.tolist(), strict=True)
    assert list(got) == sorted((time, channel) for rows in found for time, _, channel in rows)
    assert block.until_ps == 7


def test_live_tags_are_merged_by_what_is_installed():
    assert live_merge("numpy") is merged
    assert (live_merge() is merged) == (not available())
    assert live_engine().name == ("compiled" if available() else "numpy")
    assert live_engine("numpy").name == "numpy"
    for live in (live_merge, live_engine):
        with pytest.raises(RequestError, match="no engine 'fortran'"):
            live("fortran")
