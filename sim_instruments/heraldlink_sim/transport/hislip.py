# SPDX-License-Identifier: Apache-2.0
"""An instrument on HiSLIP (IVI-6.1) in synchronised mode (VISA ``TCPIP::host::hislip0,port::INSTR``).

A client opens two connections: the synchronous one carries messages in pieces of any size and their answers,
the asynchronous one device clear, status byte, locks and the maximum message size. Messages wait in a queue
of their session, so that a device clear reaches the server also while a command is still being executed.
Not here: overlapped mode, service requests, encryption (HiSLIP 2.0), and the ``Interrupted`` pair; an answer
that was never read is reported as ``-410`` in the error queue alone.
"""

import asyncio
from itertools import count

from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.transport.hislip_locks import Locks
from heraldlink_sim.transport.hislip_messages import (
    ErrorCode,
    FatalCode,
    FatalProtocolError,
    Kind,
    Message,
    pack,
    receive,
)
from heraldlink_sim.transport.server import Device, Reporting, Server, acknowledge_now, answer_of, listen

_VERSION = 0x0100
_VENDOR = int.from_bytes(b"HL\0\0")
_MAX_MESSAGE = 1 << 20
_LARGEST_PAYLOAD = 1 << 28
_RMT_DELIVERED = 1


class _Session:
    """One client: its two connections, its waiting messages and its unread answer."""

    def __init__(self, number: int, device: Device, locks: Locks, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.client_limit = _MAX_MESSAGE
        self._device, self._locks, self._writer = device, locks, writer
        self._parts: list[bytes] = []
        self._size = 0
        self._clearing = False
        self._unread = False
        self._waiting: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue()
        self._worker = asyncio.create_task(self._work())

    def synchronous(self, message: Message) -> None:
        """Take one message of the synchronous connection."""
        if message.kind == Kind.DEVICE_CLEAR_COMPLETE:
            self._clearing = False
            self._writer.write(pack(Kind.DEVICE_CLEAR_ACKNOWLEDGE))
        elif self._clearing:
            return
        elif message.kind == Kind.TRIGGER:
            self._delivered(message)
            self._waiting.put_nowait((b"*TRG", message.parameter))
        elif message.kind in (Kind.DATA, Kind.DATA_END):
            self._data(message)
        else:
            self._writer.write(_refusal(ErrorCode.UNKNOWN_MESSAGE, f"message type {message.kind}"))

    async def asynchronous(self, message: Message) -> bytes:
        """Answer one message of the asynchronous connection."""
        if message.kind == Kind.ASYNC_STATUS_QUERY:
            self._delivered(message)
            return pack(Kind.ASYNC_STATUS_RESPONSE, self._status_byte())
        if message.kind == Kind.ASYNC_DEVICE_CLEAR:
            await self._clear()
            return pack(Kind.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE)
        if message.kind == Kind.ASYNC_MAX_MSG_SIZE and message.payload:
            self.client_limit = max(64, int.from_bytes(message.payload))
            return pack(Kind.ASYNC_MAX_MSG_SIZE_RESPONSE, payload=_MAX_MESSAGE.to_bytes(8))
        if message.kind == Kind.ASYNC_LOCK:
            return pack(Kind.ASYNC_LOCK_RESPONSE, await self._lock(message))
        if message.kind == Kind.ASYNC_LOCK_INFO:
            locked = self._locks.exclusive is not None
            return pack(Kind.ASYNC_LOCK_INFO_RESPONSE, int(locked), self._locks.holders)
        if message.kind == Kind.ASYNC_REMOTE_LOCAL_CONTROL:
            return pack(Kind.ASYNC_REMOTE_LOCAL_RESPONSE)
        return _refusal(ErrorCode.UNKNOWN_MESSAGE, f"message type {message.kind}")

    async def close(self) -> None:
        """Stop executing and give back all locks."""
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        await self._locks.release_all(self.number)

    def _data(self, message: Message) -> None:
        self._delivered(message)
        self._size += len(message.payload) if message.payload is not None else _LARGEST_PAYLOAD + 1
        self._parts.append(message.payload or b"")
        if self._size > _LARGEST_PAYLOAD:
            self._parts.clear()
        if message.kind == Kind.DATA_END:
            self._end_of_message(message.parameter)

    def _end_of_message(self, number: int) -> None:
        whole, overlong = b"".join(self._parts), self._size > _LARGEST_PAYLOAD
        self._parts, self._size = [], 0
        if not overlong:
            self._waiting.put_nowait((whole, number))
        elif isinstance(self._device, Reporting):
            self._writer.write(_refusal(ErrorCode.TOO_LARGE, "message too large"))
            self._device.report(ScpiError(-363))

    def _delivered(self, message: Message) -> None:
        """Note whether the last answer was read; a new message before that interrupts the query."""
        if message.control & _RMT_DELIVERED:
            self._unread = False
        elif self._unread and message.kind != Kind.ASYNC_STATUS_QUERY:
            self._unread = False
            if isinstance(self._device, Reporting):
                self._device.report(ScpiError(-410))

    async def _work(self) -> None:
        while True:
            message, number = await self._waiting.get()
            await self._locks.permission(self.number)
            answer = await answer_of(self._device, message)
            if answer:
                self._unread = True
                await self._send(answer + b"\n", number)

    async def _send(self, answer: bytes, number: int) -> None:
        """Send an answer in pieces that the client takes."""
        piece = self.client_limit - 16
        view = memoryview(answer)
        for start in range(0, len(answer), piece):
            kind = Kind.DATA_END if start + piece >= len(answer) else Kind.DATA
            self._writer.write(pack(kind, 0, number, view[start : start + piece]))
            await self._writer.drain()

    async def _clear(self) -> None:
        self._clearing, self._unread = True, False
        self._parts, self._size = [], 0
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        self._waiting = asyncio.Queue()
        self._worker = asyncio.create_task(self._work())

    async def _lock(self, message: Message) -> int:
        if message.control == 0:
            return await self._locks.release(self.number)
        return await self._locks.request(self.number, message.payload or b"", message.parameter / 1000)

    def _status_byte(self) -> int:
        if not isinstance(self._device, Reporting):
            return 0x10 * self._unread
        return self._device.status_byte(message_available=self._unread)


class _Hislip:
    """All sessions of one instrument."""

    def __init__(self, device: Device, sub_address: str) -> None:
        self._device = device
        self._sub_address = sub_address.lower().encode("ascii")
        self._locks = Locks()
        self._numbers = count(1)
        self._sessions: dict[int, _Session] = {}

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, of either kind, until it ends."""
        try:
            first = await receive(reader, _MAX_MESSAGE)
            if first.kind == Kind.INITIALIZE:
                await self._serve_synchronous(first, reader, writer)
            elif first.kind == Kind.ASYNC_INITIALIZE:
                await self._serve_asynchronous(first, reader, writer)
            else:
                raise FatalProtocolError(FatalCode.BAD_INITIALIZATION, "the first message must be Initialize")
        except FatalProtocolError as error:
            writer.write(pack(Kind.FATAL_ERROR, error.code, payload=str(error).encode()))
            await writer.drain()

    async def _serve_synchronous(
        self, first: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if (first.payload or self._sub_address).lower() != self._sub_address:
            raise FatalProtocolError(FatalCode.BAD_INITIALIZATION, f"no such sub-address: {first.payload!r}")
        number = next(self._numbers) & 0xFFFF
        session = self._sessions[number] = _Session(number, self._device, self._locks, writer)
        writer.write(pack(Kind.INITIALIZE_RESPONSE, 0, _VERSION << 16 | number))
        try:
            while True:
                message = await receive(reader, _LARGEST_PAYLOAD)
                acknowledge_now(writer)
                session.synchronous(message)
        finally:
            del self._sessions[number]
            await session.close()

    async def _serve_asynchronous(
        self, first: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if (session := self._sessions.get(first.parameter)) is None:
            raise FatalProtocolError(FatalCode.BAD_INITIALIZATION, f"no session {first.parameter}")
        writer.write(pack(Kind.ASYNC_INITIALIZE_RESPONSE, 0, _VENDOR))
        while True:
            message = await receive(reader, _MAX_MESSAGE)
            acknowledge_now(writer)
            writer.write(await session.asynchronous(message))
            await writer.drain()


async def serve_hislip(
    device: Device, host: str = "127.0.0.1", port: int = 0, sub_address: str = "hislip0"
) -> Server:
    """Serve ``device``; port 0 takes a free one, see ``server.port`` and ``server.address``.

    Messages and answers up to 256 MB; a longer message is dropped and reported as -363.
    """
    hislip = _Hislip(device, sub_address)
    return await listen(hislip.connection, host, port, lambda h, p: f"TCPIP::{h}::{sub_address},{p}::INSTR")


def _refusal(code: ErrorCode, text: str) -> bytes:
    return pack(Kind.ERROR, code, payload=text.encode())
