# SPDX-License-Identifier: Apache-2.0
"""The one header every message carries, and how a message becomes frames and back.

A message is a multipart of ``[header, body, *arrays]``: header and body are msgpack, arrays are raw bytes.
The header's ``kind`` is the body's struct tag, so a receiver knows the type before it decodes the body.
"""

import os
from collections.abc import Callable, Sequence
from functools import cache

import msgspec

from heraldlink.errors import ProtocolError, TooLarge, WrongVersion

VERSION = 1
MAX_FRAMES = 64
MAX_FRAME_BYTES = 64 * 1024 * 1024
MAX_MESSAGE_BYTES = 256 * 1024 * 1024
MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_HEADER_BYTES = 4096
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding bytes that are no message raises."""


class Header(msgspec.Struct, frozen=True, array_like=True):
    """Version, kind and addressing of one message.

    ``request_id`` is chosen by the asker and returned in every answer (64 bit). ``deadline`` is a moment
    on the receiver's monotonic clock in nanoseconds (its Pong tells it), 0 for none: what arrives later is
    refused, not executed, however wall clocks jump. ``epoch`` is the boot of the sending process (64 bit),
    so that an answer of an earlier life is never taken for one of this life; of a client, its session.
    ``lease`` is the epoch of the lease under which a client acts, 0 for none. ``trace`` is a W3C
    ``traceparent``, empty for none.
    """

    version: int
    kind: str
    request_id: int
    deadline: int
    epoch: int
    source: str = ""
    target: str = ""
    lease: int = 0
    trace: str = ""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """Base of every message body; the struct's tag is the header's kind."""


class Message(msgspec.Struct, frozen=True):
    """A decoded message."""

    header: Header
    body: Body
    arrays: tuple[bytes, ...] = ()


def new_id() -> int:
    """A fresh 63-bit identifier (it fits SQLite's and msgpack's signed integers)."""
    return int.from_bytes(os.urandom(8)) >> 1 | 1


_pack = msgspec.msgpack.Encoder().encode
_header_in = msgspec.msgpack.Decoder(Header).decode


@cache
def kind_of(body_type: type[Body]) -> str:
    """The kind under which a body type travels."""
    return str(body_type.__struct_config__.tag)


@cache
def _reader(body_type: type[Body]) -> Callable[[bytes], Body]:
    """What decodes this type; made once, as making it costs as much as using it."""
    return msgspec.msgpack.Decoder(body_type).decode


def encode(message: Message) -> list[bytes]:
    """Frames of a message. Raises ProtocolError if it exceeds a size limit."""
    try:
        frames = [_pack(message.header), _pack(message.body), *message.arrays]
    except OverflowError as error:
        raise ProtocolError(f"a number in {message.header.kind} does not fit into 64 bits") from error
    check_size(frames)
    return frames


def decode(frames: Sequence[bytes], types: dict[str, type[Body]]) -> Message:
    """Message in ``frames``; ``types`` are the bodies this channel knows, by kind.

    Raises ProtocolError on a wrong version, unknown kind, malformed body or exceeded limit.
    """
    check_size(frames)
    header = decode_header(frames)
    body_type = types.get(header.kind)
    if body_type is None:
        raise ProtocolError(f"unknown message kind {header.kind!r} from {header.source or 'a client'}")
    try:
        body = _reader(body_type)(frames[1])
    except UNREADABLE as error:
        raise ProtocolError(f"malformed {header.kind} from {header.source or 'a client'}: {error}") from error
    return Message(header, body, tuple(frames[2:]))


def decode_header(frames: Sequence[bytes]) -> Header:
    """Header alone, as a relay needs it. Raises ProtocolError."""
    if len(frames) < 2 or len(frames[0]) > MAX_HEADER_BYTES:
        raise ProtocolError("a message needs a header frame (at most 4096 bytes) and a body frame")
    try:
        header = _header_in(frames[0])
    except UNREADABLE as error:
        check_version(version_in(frames[0]))
        raise ProtocolError(f"malformed message header: {error}") from error
    check_version(header.version)
    return header


def version_in(frame: bytes) -> int:
    """Version of a header that may be laid out as in another version; ours if it cannot be read."""
    try:
        version = msgspec.msgpack.decode(frame, type=list[object])[0]
    except (IndexError, *UNREADABLE):
        return VERSION
    return version if isinstance(version, int) else VERSION


def check_version(version: int) -> None:
    """Raise WrongVersion, saying which side is older, unless a version is ours."""
    if version != VERSION:
        older = "its sender" if version < VERSION else "this side"
        raise WrongVersion(f"message version {version} is not {VERSION}: upgrade {older}, the older one")


def check_size(frames: Sequence[bytes]) -> None:
    """Raise TooLarge if frames are too many, one is too long or their total is."""
    sizes = [*map(len, frames)]
    if sum(sizes) <= MAX_BODY_BYTES and len(sizes) <= MAX_FRAMES:
        return  # the smallest of the limits on bytes: nearly every message
    if len(sizes) > MAX_FRAMES:
        raise TooLarge(f"message of {len(sizes)} frames exceeds the limit of {MAX_FRAMES}")
    if max(sizes, default=0) > MAX_FRAME_BYTES or sum(sizes) > MAX_MESSAGE_BYTES:
        raise TooLarge(f"message of {sum(sizes)} bytes exceeds the size limit")
    if len(sizes) > 1 and sizes[1] > MAX_BODY_BYTES:
        raise TooLarge(f"message body of {sizes[1]} bytes exceeds the limit of {MAX_BODY_BYTES}")


def request_id_of(frames: Sequence[bytes]) -> int:
    """Request id of a message that may be malformed or of another version, 0 if it cannot be read."""
    try:
        request_id = msgspec.msgpack.decode(frames[0][:MAX_HEADER_BYTES], type=list[object])[2]
    except (IndexError, *UNREADABLE):
        return 0
    return request_id if isinstance(request_id, int) and 0 <= request_id < 2**64 else 0
