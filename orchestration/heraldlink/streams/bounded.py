# SPDX-License-Identifier: Apache-2.0
"""A receiver and a consumer with a bounded queue between them: a slow consumer loses tags, and is told.

The receiver never waits, so that nothing is lost further up, where nobody would know. What finds the queue
full is dropped, and the next block that finds room comes with a gap that counts it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from threading import Condition, Thread
from typing import cast

from heraldlink.errors import RequestError
from heraldlink.streams.live import LiveSource, WAIT_s, without_tags
from heraldlink.streams.losses import Losses
from heraldlink.tags.block import END_PS, Block, Header, IndexedBlock
from heraldlink.tags.description import AnyBlock

LIMIT_TAGS = 1 << 24
"""Tags that wait at most unless asked otherwise: 160 MB of bare times."""


class BoundedQueue:
    """Blocks on their way from one thread to another, at most ``limit_tags`` of them.

    A block that is larger than all that is used to be alone in the queue. ``dropped``: tags lost so far.
    """

    def __init__(self, header: Header, limit_tags: int = LIMIT_TAGS) -> None:
        if limit_tags < 1:
            raise RequestError(f"a queue of {limit_tags} tags")
        self._header, self._limit = header, limit_tags
        self._changed = Condition()
        self._waiting: deque[AnyBlock] = deque()
        self._tags = 0
        self._losses: Losses | None = None
        self._ended = False
        self._error: Exception | None = None
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Tags that found the queue full."""
        with self._changed:
            return self._dropped + (self._losses.tags if self._losses else 0)

    def put(self, block: AnyBlock) -> None:
        """Queue a block, or drop it; never waits."""
        with self._changed:
            if self._waiting and self._tags + _weight(block) > self._limit:
                self._losses = self._losses or Losses()
                self._losses.drop(block)
            else:
                self._accept(block)

    def end(self, error: Exception | None = None) -> None:
        """Say that nothing more comes; an error is raised where blocks are taken, after those that wait."""
        with self._changed:
            if self._losses:
                self._accept(without_tags(self._header, END_PS))
            self._ended, self._error = True, error
            self._changed.notify_all()

    def take(self, timeout_s: float) -> AnyBlock | None:
        """The next block, None if none comes in time. Raises EOFError at the end, or the stream's error."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, timeout_s)
            if self._waiting:
                block = self._waiting.popleft()
                self._tags -= _weight(block)
                return block
            if self._ended:
                raise self._error or EOFError
            return None

    def _accept(self, block: AnyBlock) -> None:
        losses = self._losses
        if losses is not None:
            found = losses.joined(block)
            if found is None:
                return
            block, self._losses = found, None
            self._dropped += losses.tags
        self._waiting.append(block)
        self._tags += _weight(block)
        self._changed.notify()


class Buffered:
    """A live source read by a thread of its own, through a bounded queue. See `BoundedQueue`."""

    def __init__(self, source: LiveSource, limit_tags: int = LIMIT_TAGS) -> None:
        self._source = source
        self._queue = BoundedQueue(source.header, limit_tags)

    @property
    def header(self) -> Header:
        """That of the source."""
        return self._source.header

    @property
    def dropped(self) -> int:
        """Tags that the consumer was too slow for, so far."""
        return self._queue.dropped

    def stop(self) -> None:
        """See `LiveSource`; what waits is still given."""
        self._source.stop()

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All blocks, each as soon as it came. Raises what the source raised, after the blocks before it."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._taken(size))

    def _taken(self, size: int) -> Iterator[AnyBlock]:
        receiver = Thread(target=self._receive, args=(size,), name="tags", daemon=True)
        receiver.start()
        try:
            while True:
                block = self._queue.take(WAIT_s)
                if block is not None:
                    yield block
        except EOFError:
            return
        finally:
            self._source.stop()
            receiver.join()

    def _receive(self, size: int) -> None:
        try:
            for block in self._source.blocks(size):
                self._queue.put(block)
        except Exception as error:
            self._queue.end(error)
        else:
            self._queue.end()


def _weight(block: AnyBlock) -> int:
    """Tags, and one for a block without any, so that those are not without number."""
    return max(1, int(block.channel.size))
