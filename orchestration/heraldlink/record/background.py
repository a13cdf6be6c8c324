# SPDX-License-Identifier: Apache-2.0
"""A recording that a thread of its own writes, so that whoever brings tags seldom waits for the disk."""

from __future__ import annotations

from threading import Event, Lock, Thread
from typing import Final

from heraldlink.errors import DataError
from heraldlink.record.rolling import RollingWriter
from heraldlink.tags.description import AnyBlock

FLUSH_s: Final = 1.0
"""Longest time that tags wait in memory: what a SIGKILL may cost."""
WAKE_TAGS: Final = 1 << 20
"""Tags that are written at once, without waiting for that time."""
WAITING_TAGS: Final = 1 << 22
"""Tags that wait at most; then a push waits for the disk."""


class BackgroundWriter:
    """Pushes to a `RollingWriter` (that itself flushes never) from a thread, every second or million tags.

    ``troubles``: what failed, as long as no tag was lost by it (a part that could not be rolled). Used by one
    thread; `close` or `break_off` ends it.
    """

    def __init__(self, writer: RollingWriter, waiting_tags: int = WAITING_TAGS) -> None:
        self._writer, self._limit = writer, waiting_tags
        self._waiting: list[AnyBlock] = []
        self._weight = 0
        self._lock, self._disk, self._wake = Lock(), Lock(), Event()
        self._failed: Exception | None = None
        self._over = False
        self.came = 0
        """Tags that were pushed."""
        self.troubles: list[str] = []
        self._thread = Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    @property
    def tags(self) -> int:
        """Tags that are on the disk."""
        return self._writer.tags

    def push(self, block: AnyBlock) -> None:
        """Take a block. Raises DataError if it, or what came before, cannot be written; nothing is given up:
        the next push, or the end, tries again.
        """
        failed = self._failure()
        self.came += block.channel.size
        with self._lock:
            self._waiting.append(block)
            self._weight += block.channel.size
        if failed is not None or self._weight >= self._limit:
            self._write()
        elif self._weight >= WAKE_TAGS:
            self._wake.set()

    def close(self) -> None:
        """Write what waits, and end the recording. Raises DataError if a tag is lost, and breaks off."""
        self._end()
        try:
            self._failure()
            self._write()
            self._writer.close()
        except DataError as error:
            self._writer.break_off()
            if self.tags < self.came:
                raise
            self.troubles.append(str(error))
        except BaseException:
            self._writer.break_off()
            raise

    def break_off(self) -> None:
        """Write what waits if that is possible, and leave the recording as a crash would; none of no tag."""
        self._end()
        try:
            self._write()
        except DataError as error:
            self.troubles.append(str(error))
        self._writer.break_off() if self.came else self._writer.discard()

    def _failure(self) -> Exception | None:
        """What the thread met since the last look. Raises what no other try can mend."""
        failed, self._failed = self._failed, None
        if failed is not None and not isinstance(failed, DataError):
            raise failed
        return failed

    def _end(self) -> None:
        self._over = True
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over:
            self._wake.wait(FLUSH_s)
            self._wake.clear()
            try:
                self._write()
            except Exception as error:  # raised where the next block comes, or the end
                self._failed = error

    def _write(self) -> None:
        """Have all that came on the disk when this returns."""
        with self._disk:
            with self._lock:
                blocks, self._waiting, self._weight = self._waiting, [], 0
            for block in blocks:
                try:
                    self._writer.push(block)
                except DataError as error:  # it has the block; whether it can write it, its flush shows
                    self.troubles.append(str(error))
            self._writer.flush()
