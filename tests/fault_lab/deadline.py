# SPDX-License-Identifier: Apache-2.0
"""A block of a test that has to end in time, also while it waits for a socket."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class TooLong(AssertionError):
    """The block did not end in time."""


@contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Raise TooLong in the main thread if the block takes longer; another timer goes on afterwards."""

    def ring(*_: object) -> None:
        raise TooLong(f"{what} did not end within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    left_s, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, max(1.0, left_s - seconds) if left_s else 0.0)
        signal.signal(signal.SIGALRM, before)
