# SPDX-License-Identifier: Apache-2.0
"""Messages of HiSLIP 1.0 (IVI-6.1): a 16-byte header, then the payload."""

import struct
from enum import IntEnum

HEADER = struct.Struct("!2sBBIQ")
PROLOGUE = b"HS"
FIRST_ID = 0xFFFF_FF00
"""Message id with which both sides begin, and begin again after a device clear."""
VENDOR_SPECIFIC = 128


class Kind(IntEnum):
    """Message types that the server knows (IVI-6.1, table 4); those of HiSLIP 2.0 begin at 26."""

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
    INTERRUPTED = 13
    ASYNC_INTERRUPTED = 14
    ASYNC_MAX_MSG_SIZE = 15
    ASYNC_MAX_MSG_SIZE_RESPONSE = 16
    ASYNC_INITIALIZE = 17
    ASYNC_INITIALIZE_RESPONSE = 18
    ASYNC_DEVICE_CLEAR = 19
    ASYNC_SERVICE_REQUEST = 20
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
    TOO_MANY_CLIENTS = 4


class ErrorCode(IntEnum):
    """What the server refuses while the connection stays (IVI-6.1, table 14)."""

    UNKNOWN_MESSAGE = 1
    UNKNOWN_CONTROL_CODE = 2
    UNKNOWN_VENDOR_MESSAGE = 3
    TOO_LARGE = 4


def header(kind: int, control: int = 0, parameter: int = 0, length: int = 0) -> bytes:
    """Header of a message whose payload has ``length`` bytes."""
    return HEADER.pack(PROLOGUE, kind, control, parameter, length)


def pack(kind: Kind, control: int = 0, parameter: int = 0, payload: bytes = b"") -> bytes:
    """Bytes of one message."""
    return HEADER.pack(PROLOGUE, kind, control, parameter, len(payload)) + payload
