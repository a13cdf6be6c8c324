# SPDX-License-Identifier: Apache-2.0
"""SIGINT and SIGTERM as an event of the loop."""

from __future__ import annotations

import asyncio
import signal
from types import FrameType


def on_interrupt() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    interrupted, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, interrupted.set)
        except NotImplementedError:  # not on this system's event loop; KeyboardInterrupt still ends it
            signal.signal(number, _Handler(loop, interrupted))
    return interrupted


class _Handler:
    def __init__(self, loop: asyncio.AbstractEventLoop, interrupted: asyncio.Event) -> None:
        self._loop, self._interrupted = loop, interrupted

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._interrupted.set)
