# SPDX-License-Identifier: Apache-2.0
"""One client of a HiSLIP server (IVI-6.1, chapters 3 and 6): two channels, one instrument.

Synchronised mode: an answer belongs to the query before it. Whoever sends the next message without having
read the answer has interrupted the query: the answer is dropped, the client gets ``AsyncInterrupted`` and
``Interrupted`` with the id of the message that interrupted, the instrument error -410. Overlapped mode (which
a client chooses at a device clear): messages and answers are queues of their own, and nothing interrupts.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol, runtime_checkable

from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.scpi.framing import split
from heraldlink_sim.transport.hislip_channel import LARGEST_PAYLOAD, Channel, Payload
from heraldlink_sim.transport.hislip_locks import Locks
from heraldlink_sim.transport.hislip_messages import (
    FIRST_ID,
    HEADER,
    ErrorCode,
    FatalCode,
    Kind,
    header,
    pack,
)
from heraldlink_sim.transport.outlet import Buffer, Parts
from heraldlink_sim.transport.server import Connections, Device, Dropped, Polled, Repeated, Reporting

DEFAULT_LIMIT = 1 << 20
_SMALLEST_LIMIT = 64
_OFFERED_LIMIT = LARGEST_PAYLOAD + HEADER.size
_RMT_DELIVERED = 1
_OVERLAPPED = 1
_MESSAGE_AVAILABLE, _MASTER_SUMMARY = 0x10, 0x40
_REMOTE_LOCAL_CODES = range(7)
_MOST_WAITING = 1 << 20
_MESSAGES_PER_TURN = 32
_JOINED = 1 << 14


@runtime_checkable
class Clearable(Protocol):
    """A device that knows what a device clear is."""

    def clear(self) -> None:
        """Abort what is being executed and forget what was not read; settings stay."""
        ...


class Session:
    """One client. Messages are executed in order; a device clear reaches also one that takes its time."""

    def __init__(
        self, number: int, device: Device, locks: Locks, connections: Connections, synchronous: Channel
    ) -> None:
        self.number = number
        self._device, self._locks, self._connections = device, locks, connections
        self._reporting = device if isinstance(device, Reporting) else None
        self._sync = synchronous
        self._sync.sent_all = self._work
        self._async: Channel | None = None
        self._limit = DEFAULT_LIMIT
        self._parts: list[bytes | memoryview] = []
        self._size = 0
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._waiting_size = 0
        self._task: asyncio.Task[None] | None = None
        self._scheduled = False
        self._when_idle: list[Callable[[], None]] = []
        self._clearing = self._overlapped = self._unread = self._closed = False
        self._requests_service = False
        self._next_id = self._first_id = FIRST_ID

    def attach(self, channel: Channel) -> bool:
        """Take the second connection; False if there is one."""
        if self._async is not None:
            return False
        self._async = channel
        return True

    # --- the synchronous channel

    def synchronous(self, kind: int, control: int, parameter: int, payload: Payload) -> None:
        """Take one message of the synchronous channel."""
        if self._async is None:
            self._sync.fatal(FatalCode.NOT_BOTH_CHANNELS, "the asynchronous channel is missing")
        elif kind == Kind.DEVICE_CLEAR_COMPLETE:
            self._cleared(control)
        elif self._clearing:
            return  # whatever was under way when the client cleared
        elif kind == Kind.DATA_END:
            self._data(control, parameter, payload)
            self._end_of_message(parameter)
        elif kind == Kind.DATA:
            self._data(control, parameter, payload)
        elif kind == Kind.TRIGGER:
            self._begins(control, parameter)
            self._execute(b"*TRG", parameter)
        elif kind in (Kind.INITIALIZE, Kind.ASYNC_INITIALIZE):
            self._sync.fatal(FatalCode.BAD_INITIALIZATION, "this session is initialized")
        else:
            self._sync.refuse(kind)

    def _data(self, control: int, number: int, payload: Payload) -> None:
        if not self._parts:
            self._first_id = number
            self._begins(control, number)
        self._size += LARGEST_PAYLOAD + 1 if payload is None else len(payload)
        self._parts.append(payload or b"")
        if self._size > LARGEST_PAYLOAD:
            self._parts = [b""]

    def _begins(self, control: int, number: int) -> None:
        """Note whether the last answer was read; a new message before that interrupts the query."""
        if control & _RMT_DELIVERED:
            self._unread = False
        elif self._unread and not self._overlapped:
            self._interrupted(number)

    def _end_of_message(self, number: int) -> None:
        parts, overlong = self._parts, self._size > LARGEST_PAYLOAD
        self._parts, self._size = [], 0
        if not overlong:
            self._execute(parts[0] if len(parts) == 1 else b"".join(parts), number)
            return
        self._sync.error(ErrorCode.TOO_LARGE, f"a message has at most {LARGEST_PAYLOAD} bytes")
        if self._reporting is not None:
            self._reporting.report(ScpiError(-363))

    def _interrupted(self, number: int) -> None:
        self._unread = False
        self._sync.outlet.cut()
        if self._reporting is not None:
            self._reporting.report(ScpiError(-410))
        self._reply(Kind.ASYNC_INTERRUPTED, 0, number)
        self._sync.send(pack(Kind.INTERRUPTED, 0, number))

    # --- execution

    def _execute(self, message: bytes | memoryview, number: int) -> None:
        whole = bytes(message)
        several = whole.find(b"\n", 0, len(whole) - 1) >= 0
        for part in split(whole) if several else (whole,):
            self._waiting.append((part, number))
            self._waiting_size += len(part)
        self._work()
        if self._waiting_size > _MOST_WAITING:
            self._sync.hold()

    def _work(self) -> None:
        """Run what waits, until something has to be waited for."""
        for _ in range(_MESSAGES_PER_TURN):
            if not self._waiting or self._task is not None or self._scheduled:
                break
            if self._sync.outlet.blocked:
                return
            self._run_one()
        else:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._next_turn)
        if self._waiting_size <= _MOST_WAITING:
            self._sync.go_on()
        if not self._waiting and self._task is None:
            self._tell_idle()

    def _next_turn(self) -> None:
        self._scheduled = False
        self._work()

    def _run_one(self) -> None:
        if not self._locks.permits(self.number):
            self._task = self._connections.start(self._wait_for_lock())
            return
        message, number = self._waiting.popleft()
        self._waiting_size -= len(message)
        try:
            answer = self._device.respond(message)
            if not isinstance(answer, bytes):
                self._task = self._connections.start(self._wait(answer, number))
            elif answer:
                self._answer(answer, number)
        except (Dropped, Repeated) as broken:
            self._broken(broken, number)

    async def _wait_for_lock(self) -> None:
        try:
            await self._locks.permission(self.number)
        finally:
            self._task = None
        self._work()

    async def _wait(self, answer: Awaitable[bytes], number: int) -> None:
        try:
            if whole := await answer:
                self._answer(whole, number)
        except (Dropped, Repeated) as broken:
            self._broken(broken, number)
        except Exception:
            self._sync.cancel()
            raise
        finally:
            self._task = None
        self._work()

    def _answer(self, answer: bytes, number: int) -> None:
        """Send an answer, unless the client has already sent something else."""
        if not self._overlapped and (self._waiting or self._parts):
            self._interrupted(self._waiting[0][1] if self._waiting else self._first_id)
            return
        self._unread = True
        if len(answer) < _JOINED and len(answer) + 1 + HEADER.size <= self._limit:
            self._sync.send(header(Kind.DATA_END, 0, self._id(number), len(answer) + 1) + answer + b"\n")
        else:
            self._sync.send_all(self._pieces((answer, b"\n"), number))
        self._request_service()

    def _pieces(self, parts: tuple[bytes, bytes], number: int) -> Iterator[Parts]:
        """An answer in messages that the client takes."""
        answer, end = memoryview(parts[0]), parts[1]
        piece = self._limit - HEADER.size
        for start in range(0, len(answer) + 1, piece):
            body: tuple[Buffer, ...] = (answer[start : start + piece],)
            length = len(answer) - start
            kind = Kind.DATA
            if length < piece:
                kind, body, length = Kind.DATA_END, (*body, end), length + 1
            yield (header(kind, 0, self._id(number), min(length, piece)), *body)

    def _id(self, number: int) -> int:
        """Id of a message to the client: that of its query, in overlapped mode one that counts up."""
        if self._overlapped:
            number, self._next_id = self._next_id, (self._next_id + 2) & 0xFFFF_FFFF
        return number

    def _broken(self, broken: Dropped | Repeated, number: int) -> None:
        """Send an answer that is not as it should be."""
        if isinstance(broken, Repeated):
            self._answer(broken.answer, number)
            self._answer(broken.answer, number)
            return
        if broken.sent:
            self._sync.send(header(Kind.DATA, 0, self._id(number), len(broken.sent)) + broken.sent)
        if broken.closes:
            self._drop_messages()
            self._sync.close()

    def _tell_idle(self) -> None:
        callbacks, self._when_idle = self._when_idle, []
        for callback in callbacks:
            callback()

    # --- the asynchronous channel

    def asynchronous(self, kind: int, control: int, parameter: int, payload: Payload) -> None:
        """Take one message of the asynchronous channel."""
        if self._async is None:
            return
        if kind == Kind.ASYNC_STATUS_QUERY:
            self._status_query(control, parameter)
        elif kind == Kind.ASYNC_DEVICE_CLEAR:
            self._clear()
        elif kind == Kind.ASYNC_MAX_MSG_SIZE:
            self._limit = max(_SMALLEST_LIMIT, int.from_bytes(payload or b""))
            self._reply(Kind.ASYNC_MAX_MSG_SIZE_RESPONSE, payload=_OFFERED_LIMIT.to_bytes(8))
        elif kind == Kind.ASYNC_LOCK:
            self._lock(control, parameter, bytes(payload or b""))
        elif kind == Kind.ASYNC_LOCK_INFO:
            locked = self._locks.exclusive is not None
            self._reply(Kind.ASYNC_LOCK_INFO_RESPONSE, int(locked), self._locks.holders)
        elif kind == Kind.ASYNC_REMOTE_LOCAL_CONTROL:
            self._remote_local(control)
        else:
            self._async.refuse(kind)

    def _reply(self, kind: Kind, control: int = 0, parameter: int = 0, payload: bytes = b"") -> None:
        if self._async is not None:
            self._async.send(pack(kind, control, parameter, payload))

    def _status_query(self, control: int, number: int) -> None:
        """Answer with the status byte. In overlapped mode ``number`` is that of the last answer read.

        Bit 6 is RQS, which a serial poll clears (IEEE 488.2, 11.2.2.1); ``*STB?`` has MSS there.
        """
        if self._overlapped:
            self._unread = number != (self._next_id - 2) & 0xFFFF_FFFF
        elif control & _RMT_DELIVERED:
            self._unread = False
        if isinstance(self._device, Polled):
            status = self._device.poll(message_available=self._unread)
        else:
            status = self._status_byte()
        if not self._requests_service:
            status &= ~_MASTER_SUMMARY
        self._requests_service = False
        self._reply(Kind.ASYNC_STATUS_RESPONSE, status)

    def _status_byte(self) -> int:
        if self._reporting is None:
            return _MESSAGE_AVAILABLE * self._unread
        return self._reporting.status_byte(message_available=self._unread)

    def _request_service(self) -> None:
        """Tell the client when its waiting answer raises the master summary bit."""
        if self._reporting is None:
            return
        status = self._status_byte()
        if status & _MASTER_SUMMARY and not self._reporting.status_byte() & _MASTER_SUMMARY:
            self._ask_for_service(status)

    def service_requested(self) -> None:
        """Tell the client that the instrument's master summary bit has risen."""
        self._ask_for_service(self._status_byte())

    def _ask_for_service(self, status: int) -> None:
        self._requests_service = True
        self._reply(Kind.ASYNC_SERVICE_REQUEST, status)

    def _remote_local(self, control: int) -> None:
        """Acknowledge: a simulated front panel has nobody before it."""
        if control in _REMOTE_LOCAL_CODES:
            self._reply(Kind.ASYNC_REMOTE_LOCAL_RESPONSE)
        elif self._async is not None:
            self._async.error(ErrorCode.UNKNOWN_CONTROL_CODE, f"remote/local control {control}")

    # --- locks

    def _lock(self, control: int, parameter: int, key: bytes) -> None:
        """``parameter``: a timeout in ms. A lock is given back when what was sent before is done."""
        if control == 0 and not self._waiting and self._task is None:
            self._release()
        elif control == 0:
            self._when_idle.append(self._release)
        elif control == 1:
            self._connections.start(self._request_lock(key, parameter / 1000))
        elif self._async is not None:
            self._async.error(ErrorCode.UNKNOWN_CONTROL_CODE, f"lock control {control}")

    def _release(self) -> None:
        self._reply(Kind.ASYNC_LOCK_RESPONSE, self._locks.release(self.number))

    async def _request_lock(self, key: bytes, timeout_s: float) -> None:
        result = await self._locks.request(self.number, key, timeout_s)
        if self._closed:
            self._locks.release_all(self.number)
        self._reply(Kind.ASYNC_LOCK_RESPONSE, result)

    # --- device clear and end

    def _clear(self) -> None:
        """Drop what was received and not sent, and what is being executed; then acknowledge."""
        self._clearing, self._unread = True, False
        self._drop_messages()
        self._sync.outlet.cut()
        self._connections.start(self._aborted(self._task))

    async def _aborted(self, task: asyncio.Task[None] | None) -> None:
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=1.0)
        if isinstance(self._device, Clearable):
            self._device.clear()
        self._sync.go_on()
        self._tell_idle()
        self._reply(Kind.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE)

    def _cleared(self, features: int) -> None:
        """End a device clear in the mode that the client asks for."""
        self._clearing, self._unread = False, False
        self._drop_messages()
        self._overlapped = bool(features & _OVERLAPPED)
        self._next_id = FIRST_ID
        self._sync.send(pack(Kind.DEVICE_CLEAR_ACKNOWLEDGE, features & _OVERLAPPED))

    def _drop_messages(self) -> None:
        self._parts, self._size = [], 0
        self._waiting.clear()
        self._waiting_size = 0

    def close(self) -> None:
        """Forget what has not begun, give back all locks and close both channels."""
        self._closed = True
        self._drop_messages()
        self._locks.release_all(self.number)
        self._sync.cancel()
        if self._async is not None:
            self._async.cancel()
