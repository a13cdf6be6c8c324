# SPDX-License-Identifier: Apache-2.0
"""Waiting for a file to grow, and telling when nothing more will come."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import BinaryIO

from heraldlink.errors import RequestError
from heraldlink.streams.live import WAIT_s


class Growth:
    """A file that is being written: ``path`` is what its writer holds locked (flock), if it ``locks``.

    It is over when it was stopped, when its writer does not hold the lock (any more), or, with ``idle_s``,
    when it has not grown for so long.
    """

    def __init__(self, path: Path, idle_s: float | None = None, locks: bool = False) -> None:
        if idle_s is not None and not idle_s > 0:
            raise RequestError(f"{path}: waiting {idle_s} s for more tags; give a time above 0")
        self.path, self._idle_s, self._locks = path, idle_s, locks
        self._stopped = False
        self._grew_s = monotonic()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped

    def stop(self) -> None:
        """Wait no longer. Takes no lock: a signal handler may interrupt the thread that waits."""
        self._stopped = True

    def grew(self) -> None:
        """Something was read."""
        self._grew_s = monotonic()

    def over(self) -> bool:
        """Whether nothing that is written from now on will be read: ask, then read what is there."""
        if self.stopped or (self._locks and not _locked(self.path)):
            return True
        return self._idle_s is not None and monotonic() - self._grew_s >= self._idle_s

    def pause(self) -> None:
        """Wait a moment."""
        sleep(WAIT_s)

    def records(
        self, stream: BinaryIO, begin: int, length: int, size: int, whole: Callable[[int], bool]
    ) -> Iterator[bytes]:
        """Whole records of ``length`` bytes from byte ``begin``, up to ``size`` at once, as they come.

        ``whole(records)``: asked when no more are there, whether these are all.
        """
        read = 0
        while True:
            over = self.over()
            there = (os.fstat(stream.fileno()).st_size - begin) // length - read
            if there > 0:
                stream.seek(begin + read * length)
                data = stream.read(min(there, size) * length)
                read += len(data) // length
                self.grew()
                yield data
            elif whole(read) or over:
                return
            else:
                self.pause()


def _locked(path: Path) -> bool:
    """Whether a living process holds the file locked; nobody does if it was rolled, and removed."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
