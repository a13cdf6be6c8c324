# SPDX-License-Identifier: Apache-2.0
"""An ID900's time stamps as they come, from the vendor's DataLink service.

What a channel that clicks rarely has to say of a time is known only when it clicks again, or when the service
says that the acquisition is complete (the device's buffers hold 100 M time stamps or more).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import cast

import numpy as np
import zmq

from heraldlink.errors import DataError, InstrumentLost, ProtocolError, RequestError
from heraldlink.streams.datalink import Channel, DataLink, Socket, host_and_port, open_channels
from heraldlink.streams.live import WAIT_s, without_tags
from heraldlink.streams.losses import Losses
from heraldlink.streams.together import Together, numbered
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.description import AnyBlock, cut, joined
from heraldlink.tags.merge import live_merge

STREAM_PORT = 4241
"""Port before that of RAW1, as in the vendor's examples."""
HELD_TAGS = 1 << 24
"""Tags of some channels that wait at most for a slower one, or for the end of their record."""
ASK_s = 0.5
"""How often the service is asked for its losses while time stamps come without a pause."""
END_s = 0.5
"""Longest wait for the end of a stream that the service does not know any more."""
AWAKE_s = 1e-3
"""How long after a message the next one is waited for without sleeping: a processor that slept takes 0.1 ms
longer for the next block. Messages that come less often than that cost this much of a core each."""
SETTLE_s = 5.0
"""Longest wait for time stamps that the service says it has sent."""


class ID900Tags:
    """The streams of some RAW channels of one ID900, started when blocks are first asked for.

    ``address``: ``tcp://HOST[:PORT]`` of the service (6060); ``device``: the address by which it knows the
    time controller (default: HOST); it binds channel n on ``stream_port + n``, 0 lets it choose, if it can.
    ``indexed``: with the reference index (`IndexedBlock`), else bare times (RAW blocks without a reference).

    The stream is one acquisition, and ends with it. With ``record_attempts`` it goes on over records
    (sub-acquisitions) of that many reference events each, each told when it is complete: event i of record r
    has index r * record_attempts + i. Records that come too fast to be told apart are a Gap("dropped"), as
    are tags that wait for a silent channel beyond ``held_tags``. ``engine``: what puts the channels together,
    see `live_merge`. Raises InstrumentLost, ProtocolError, and
    DataError for time stamps that step back, or that the service says it lost.
    """

    def __init__(
        self,
        address: str,
        channels: Sequence[int],
        device: str | None = None,
        stream_port: int = STREAM_PORT,
        indexed: bool = True,
        record_attempts: int | None = None,
        held_tags: int = HELD_TAGS,
        timeout_s: float = 4.0,
        engine: str = "auto",
    ) -> None:
        host, port = host_and_port(address)
        if not channels or len(set(channels)) < len(channels) or not set(channels) <= set(range(1, 5)):
            raise RequestError(f"RAW channels {list(channels)}: give some of 1, 2, 3, 4, each once")
        if record_attempts is not None and (record_attempts < 1 or not indexed):
            raise RequestError(
                "records are told apart by reference indices: give a number of attempts above 0"
            )
        self._address, self._device = f"tcp://{host}:{port}", device
        self._port, self._indexed = stream_port, indexed
        self._record_attempts, self._held_tags, self._timeout_s = record_attempts, held_tags, timeout_s
        self._merge = live_merge(engine)
        self._stopped = False
        self._header = Header(
            "ID900 stream",
            "indexed" if indexed else "times",
            1.0,
            channels={number: f"RAW{number}" for number in channels},
            about={"service": self._address},
        )

    @property
    def header(self) -> Header:
        """Channels are the numbers of RAW blocks."""
        return self._header

    def stop(self) -> None:
        """See `LiveSource`."""
        self._stopped = True

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """Blocks of at most ``size`` tags, each as soon as it is decided."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._cut(size))

    def _cut(self, size: int) -> Iterator[AnyBlock]:
        service = DataLink(self._address, self._timeout_s)
        channels: list[Channel] = []
        try:
            numbers = list(self._header.channels)
            channels = open_channels(service, numbers, self._device, self._port, self._indexed)
            restarts = self._record_attempts is not None
            receiver = Receiver(
                channels, Together(self._header, restarts, self._merge), lambda: self._stopped
            )
            for block in self._records(receiver) if restarts else self._one(receiver):
                yield from cut(block, size)
        finally:
            for channel in channels:
                channel.close()
            service.close()

    def _one(self, receiver: Receiver) -> Iterator[AnyBlock]:
        """One acquisition."""
        together, losses = receiver.together, Losses()
        while not receiver.over:
            receiver.receive()
            records = receiver.records() if receiver.due and not receiver.over else 0
            if records > 1:
                raise DataError(
                    f"{self._address}: {records} records came where one was expected: say how many attempts"
                    " a record has"
                )
            block = together.all() if records else together.decided()
            block = losses.joined(block) if block is not None and losses.tags else block
            if block is not None:
                losses = Losses()
                yield block
            if records:
                return
            if together.tags > self._held_tags:
                for held in together.drop():
                    losses.drop(held)
        receiver.drain()
        block = together.decided()
        missing = Gap(together.until, END_PS, "truncated", together.tags or None)
        end = without_tags(self._header, END_PS, (missing,))
        end = end if block is None else joined((block, end))
        yield losses.joined(end) or end

    def _records(self, receiver: Receiver) -> Iterator[AnyBlock]:
        """Record after record, numbered through."""
        together, attempts = receiver.together, self._record_attempts or 1
        told = dropped = 0
        while not receiver.over:
            receiver.receive()
            records = told if receiver.over else receiver.records()
            if together.tags > self._held_tags:
                dropped += sum(block.channel.size for block in together.drop())
            if records == told or (records == told + 1 and together.restarted):
                continue  # not complete, or the next one has begun, and they cannot be told apart
            tell_apart = records == told + 1 and not dropped
            block = together.all()
            if tell_apart:
                yield numbered(block, told, attempts)
            else:
                lost = dropped + int(block.channel.size)
                gap = Gap(told * attempts, records * attempts, "dropped", lost)
                yield without_tags(self._header, records * attempts, (gap,))
            told, dropped = records, 0
        receiver.drain()
        lost = together.tags + dropped
        yield without_tags(self._header, END_PS, (Gap(told * attempts, END_PS, "truncated", lost or None),))


class Receiver:
    """The sockets of all channels; what comes goes into ``together``."""

    def __init__(self, channels: Sequence[Channel], together: Together, stopped: Callable[[], bool]) -> None:
        self._channels, self.together, self._stopped = channels, together, stopped
        self._poller = zmq.Poller()
        self._by_socket = {channel.socket: channel for channel in channels}
        for channel in channels:
            self._poller.register(channel.socket, zmq.POLLIN)
        self._asked_s = self._arrived_s = monotonic()
        self._quiet = False
        self._records = 0

    @property
    def over(self) -> bool:
        """Whether the service ended a stream, or ours was stopped."""
        return self._stopped() or any(channel.ended for channel in self._channels)

    @property
    def due(self) -> bool:
        """Whether to ask how far the service is: nothing came, or it was not asked for a while."""
        return self._quiet or monotonic() - self._asked_s > ASK_s

    def receive(self) -> None:
        """Wait a moment for messages, and take one of each channel that has some."""
        events = self._events()
        self._quiet = not events
        for socket, _ in events:
            self._take(self._by_socket[socket])

    def _events(self) -> list[tuple[Socket, int]]:
        until_s = self._arrived_s + AWAKE_s
        while monotonic() < until_s:
            if events := self._poller.poll(0):
                self._arrived_s = monotonic()
                return events
        events = self._poller.poll(int(WAIT_s * 1e3))
        if events:
            self._arrived_s = monotonic()
        return events

    def records(self) -> int:
        """Records that are complete, all of whose tags were received.

        Raises DataError if the service lost some, InstrumentLost if some that it sent do not arrive.
        """
        self._asked_s = monotonic()
        try:
            found = {self._settled(channel) for channel in self._channels}
        except ProtocolError:
            if not self._ended():
                raise
            return self._records
        if len(found) == 1:
            (self._records,) = found
        return self._records  # of different answers some are old already

    def drain(self) -> None:
        """Take what the others still have where the service ended one stream, until it ends theirs."""
        until_s = monotonic() + SETTLE_s
        while not self._stopped() and not all(channel.ended for channel in self._channels):
            if monotonic() > until_s or not self._poller.poll(int(END_s * 1e3)):
                return
            self.receive()

    def _ended(self) -> bool:
        """Whether the service no longer knows a stream because it ended it: its end is on the way then."""
        while not self.over and self._poller.poll(int(END_s * 1e3)):
            self.receive()
        return self.over

    def _settled(self, channel: Channel) -> int:
        status = channel.status()
        if status.errors:
            raise DataError(f"RAW{channel.number}: the DataLink service says: {'; '.join(status.errors)}")
        deadline = monotonic() + SETTLE_s
        while channel.taken < status.timestamps and not channel.ended:
            if not channel.socket.poll(max(0, int((deadline - monotonic()) * 1e3))):
                raise InstrumentLost(
                    f"RAW{channel.number}: {channel.taken} of {status.timestamps} time stamps arrived; the"
                    " connection to the DataLink service broke"
                )
            self._take(channel)
        return status.records

    def _take(self, channel: Channel) -> None:
        records = np.frombuffer(channel.receive(), "<i8").reshape(-1, channel.width // 8)
        self.together.push(channel.number, records)
