# SPDX-License-Identifier: Apache-2.0
"""What the worker keeps of recorded tags, and what it does not."""

import numpy as np
import pytest

from heraldlink.agent.store import KEPT_REQUESTS, TagStore
from heraldlink.errors import RequestError
from heraldlink_drivers.roles import Tags


def tags(number: int) -> Tags:
    return np.arange(number, dtype=np.int64), np.arange(number, dtype=np.int64)


def test_tags_of_the_last_requests_are_handed_over_whole() -> None:
    store = TagStore()
    for request in range(1, KEPT_REQUESTS + 2):
        store.open(request)
        for slot in (7, 8):
            store.add(request, slot, {1: tags(3), 2: tags(slot)})
    with pytest.raises(RequestError, match="no tags are kept of request 1"):
        store.hand_over(1)
    found, arrays = store.hand_over(2)
    assert [(one.raw, one.slots, one.lengths) for one in found.streams] == [
        (1, (7, 8), (3, 3)),
        (2, (7, 8), (7, 8)),
    ]
    assert [len(array) for array in arrays] == [48, 48, 120, 120]


def test_a_request_that_nobody_could_fetch_is_not_kept_in_memory_and_says_so() -> None:
    store = TagStore(frame_bytes=800)
    store.open(1)
    for slot in range(1, 11):
        store.add(1, slot, {1: tags(10), 2: tags(1)})
    assert len(store.hand_over(1)[1][0]) == 800
    for slot in range(11, 100):
        store.add(1, slot, {1: tags(10), 2: tags(1)})
    assert store._records[1] == []
    with pytest.raises(RequestError, match="by slot 11 one channel had recorded more than a message carries"):
        store.hand_over(1)
    store.open(2)
    store.add(2, 100, {1: tags(100)})
    assert len(store.hand_over(2)[1][0]) == 800
