# SPDX-License-Identifier: Apache-2.0
"""A receiver and a consumer with a bounded queue between them: a slow consumer loses tags, and is told.

The receiver never waits, so that nothing is lost further up, where nobody would know. What finds the queue
full is dropped, and the next block that finds room comes with a gap that counts it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from threading import Condition, Event, Lock, Thread
from time import monotonic
from typing import cast

from heraldlink.errors import RequestError
from heraldlink.streams.live import LiveSource, WAIT_s, without_tags
from heraldlink.streams.losses import Losses
from heraldlink.tags.block import END_PS, Block, Header, IndexedBlock
from heraldlink.tags.description import AnyBlock

LIMIT_TAGS = 1 << 24
"""Tags that wait at most unless asked otherwise: 160 MB of bare times."""
BUSY_s = 0.01
"""How long a consumer may be busy before another thread reads on: 12 messages of an ID900 at its limit."""


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
    """A live source with a bounded queue behind it. See `BoundedQueue`.

    A consumer that waits reads the source itself, as waking another thread costs some 50 us per block; while
    it is busy for longer than `BUSY_s`, a thread of its own reads on.
    """

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
        turns = Turns(self._source.blocks(size), self._queue)
        relief = Thread(target=turns.relieve, name="tags", daemon=True)
        relief.start()
        try:
            yield from turns
        finally:
            self._source.stop()
            turns.over.set()
            relief.join()


class Turns:
    """Whose turn it is to read a source: its consumer's, or that of the thread that relieves it."""

    def __init__(self, blocks: Iterator[AnyBlock], queue: BoundedQueue) -> None:
        self._blocks, self._queue = blocks, queue
        self._turn = Lock()
        self._busy_since_s: float | None = monotonic()
        self.over = Event()
        """Set when nobody shall read any more."""

    def __iter__(self) -> Iterator[AnyBlock]:
        """The consumer's side."""
        while True:
            self._busy_since_s = None
            try:
                block = self._next()
            except EOFError:
                return
            self._busy_since_s = monotonic()
            yield block

    def relieve(self) -> None:
        """The thread's side: reads while the consumer is away, and leaves the next turn to it after that."""
        while not self.over.wait(BUSY_s):
            since_s = self._busy_since_s
            if since_s is None or monotonic() - since_s < BUSY_s:
                continue
            with self._turn:
                while self._busy_since_s is not None and not self.over.is_set():
                    self._read()

    def _next(self) -> AnyBlock:
        while True:
            if self._turn.acquire(blocking=False):
                try:
                    block = self._queue.take(0)
                    if block is None:
                        self._read()
                        continue
                finally:
                    self._turn.release()
            else:
                block = self._queue.take(WAIT_s)
            if block is not None:
                return block

    def _read(self) -> None:
        """Queue the next block, or the end."""
        try:
            block = next(self._blocks)
        except StopIteration:
            self._queue.end()
            self.over.set()
        except Exception as error:
            self._queue.end(error)
            self.over.set()
        else:
            self._queue.put(block)


def _weight(block: AnyBlock) -> int:
    """Tags, and one for a block without any, so that those are not without number."""
    return max(1, int(block.channel.size))
