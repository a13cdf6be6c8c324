# SPDX-License-Identifier: Apache-2.0
"""One event loop for the servers of a file's tests."""

from collections.abc import Iterator

import pytest

from heraldlink_sim.transport import EventLoopThread


@pytest.fixture(scope="module")
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as thread:
        yield thread
