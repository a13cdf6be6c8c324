# SPDX-License-Identifier: Apache-2.0
"""Messages of HiSLIP 1.0 (IVI-6.1): a 16-byte header, then the payload."""

import asyncio
import struct
from dataclasses import dataclass
from enum import IntEnum

_HEADER = struct.Struct("!2sBBIQ")
_PROLOGUE = b"HS"


class Kind(IntEnum):
    """Message types that the server knows (IVI-6.1, table 4)."""

    INITIALIZE = 0
    INITIALIZE_RESPONSE = 1
    FATAL_ERROR = 2
    ERROR = 3
    ASYNC_LOCK = 4
    ASYNC_LOCK_RESPONSE = 5
    DATA = 6
    DATA_END = 7
    DEVICE_CLEAR_COMPLETE = 8
    DEVICE_CLEAR_ACKNOWLEDGE = 9
    ASYNC_REMOTE_LOCAL_CONTROL = 10
    ASYNC_REMOTE_LOCAL_RESPONSE = 11
    TRIGGER = 12
    ASYNC_MAX_MSG_SIZE = 15
    ASYNC_MAX_MSG_SIZE_RESPONSE = 16
    ASYNC_INITIALIZE = 17
    ASYNC_INITIALIZE_RESPONSE = 18
    ASYNC_DEVICE_CLEAR = 19
    ASYNC_STATUS_QUERY = 21
    ASYNC_STATUS_RESPONSE = 22
    ASYNC_DEVICE_CLEAR_ACKNOWLEDGE = 23
    ASYNC_LOCK_INFO = 24
    ASYNC_LOCK_INFO_RESPONSE = 25


class FatalCode(IntEnum):
    """Why the server closes a connection (IVI-6.1, table 12)."""

    BAD_HEADER = 1
    NOT_BOTH_CHANNELS = 2
    BAD_INITIALIZATION = 3


class ErrorCode(IntEnum):
    """What the server refuses while the connection stays (IVI-6.1, table 14)."""

    UNKNOWN_MESSAGE = 1
    TOO_LARGE = 4


class FatalProtocolError(Exception):
    """The client broke the protocol; the connection is closed after telling it so."""

    def __init__(self, code: FatalCode, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as received; ``kind`` may be a number that is not in :class:`Kind`."""

    kind: int
    control: int
    parameter: int
    payload: bytes | None  # None: longer than the limit, and thrown away


def pack(kind: Kind, control: int = 0, parameter: int = 0, payload: bytes | memoryview = b"") -> bytes:
    """Bytes of one message."""
    return _HEADER.pack(_PROLOGUE, kind, control, parameter, len(payload)) + payload


async def receive(reader: asyncio.StreamReader, limit: int) -> Message:
    """Next message; raises FatalProtocolError when out of step, IncompleteReadError at the end."""
    prologue, kind, control, parameter, length = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    if prologue != _PROLOGUE:
        raise FatalProtocolError(FatalCode.BAD_HEADER, "message header does not begin with HS")
    if length <= limit:
        return Message(kind, control, parameter, await reader.readexactly(length))
    while length:
        length -= len(await reader.readexactly(min(length, 1 << 16)))
    return Message(kind, control, parameter, None)
