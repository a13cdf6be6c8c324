# SPDX-License-Identifier: Apache-2.0
"""Staying awake for a moment after a message, because the next one mostly follows at once.

A process that sleeps in its selector is woken by the next message only after 30 to 80 us on a virtual
machine, twice as long as the whole message takes. Looking again a few times costs about 0.1 ms of an idle
processor; where another process wants it, it gets it.
"""

import asyncio
import os
from collections.abc import Callable

_LOOKS = 25
_let_others_run: Callable[[], None] = getattr(os, "sched_yield", lambda: None)


class Vigil:
    """Keeps an event loop looking for a moment; begin it anew with each message."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._looks = 0

    def begin(self) -> None:
        """Look about 0.1 ms from now on."""
        if self._looks == 0:
            self._loop.call_soon(self._look)
        self._looks = _LOOKS

    def _look(self) -> None:
        self._looks -= 1
        if self._looks:
            _let_others_run()
            self._loop.call_soon(self._look)
