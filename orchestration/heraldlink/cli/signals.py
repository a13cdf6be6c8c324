# SPDX-License-Identifier: Apache-2.0
"""SIGTERM as an interruption, so that a command asked to end cleans up as after Ctrl-C."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def terminated_as_interrupted() -> Generator[None]:
    """Raise KeyboardInterrupt on SIGTERM while the block runs."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
