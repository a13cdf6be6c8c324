# SPDX-License-Identifier: Apache-2.0
"""What a server of ZMTP 3.1 (RFC 37) says on a raw TCP connection, and what of it a stranger may be told.

A greeting of 64 bytes comes first, then frames: a flags octet (1 more, 2 long, 4 command), a size of 1 or 8
octets, the body; a command's body begins with the length of its name and the name.

Before a peer is authenticated by CurveZMQ (RFC 26) a server may send, in this order, and nothing else:

1. its greeting, whose mechanism is CURVE;
2. one WELCOME command of 168 bytes, the answer to a HELLO that was made with the server's public key;
3. one ERROR command, the last thing it says.

A READY, a MESSAGE, a PING, any frame that is no command, anything behind ERROR, a greeting that offers
another mechanism and bytes that are no frame are answers to somebody who must get none.
"""

import struct
from dataclasses import dataclass

GREETING_BYTES = 64
WELCOME_BYTES = 168
COMMAND, LONG = 4, 2
MECHANISM = b"CURVE".ljust(20, b"\0")


@dataclass(frozen=True, slots=True)
class Frame:
    """``name`` of a command, None for a part of a message; ``size`` of the whole body, bytes."""

    name: str | None
    size: int


class NotZmtp(ValueError):
    """Bytes that are no greeting and no frame."""


def frames(stream: bytes) -> list[Frame]:
    """All frames behind the greeting. Raises NotZmtp if the last one is not whole, or was never one."""
    found: list[Frame] = []
    at = GREETING_BYTES
    while at < len(stream):
        flags, head = stream[at], 9 if stream[at] & LONG else 2
        if flags > 7 or len(stream) < at + head:
            raise NotZmtp(f"{stream[at : at + 16]!r} is no frame")
        size = struct.unpack_from("!Q", stream, at + 1)[0] if flags & LONG else stream[at + 1]
        body = stream[at + head : at + head + size]
        if len(body) < size:
            raise NotZmtp(f"a frame of {size} bytes ends after {len(body)}")
        found.append(Frame(name_of(body) if flags & COMMAND else None, size))
        at += head + size
    return found


def name_of(body: bytes) -> str:
    """Name of a command. Raises NotZmtp."""
    if not body or len(body) <= body[0]:
        raise NotZmtp(f"{body[:16]!r} is no command")
    return body[1 : 1 + body[0]].decode("ascii", "replace")


def leak(stream: bytes) -> str:
    """What a server has said that a stranger must not be told; "" if it kept to the above."""
    if wrong := wrong_greeting(stream[:GREETING_BYTES]):
        return wrong
    try:
        said = frames(stream)
    except NotZmtp as error:
        return str(error)
    if said and said[0].name == "WELCOME" and said[0].size == WELCOME_BYTES:
        said = said[1:]
    if said and said[0].name == "ERROR":
        said = said[1:]
    if not said:
        return ""
    return f"a {said[0].name} command" if said[0].name else f"a message frame of {said[0].size} bytes"


def wrong_greeting(begun: bytes) -> str:
    """Why the bytes of a greeting, or its beginning, are not that of a server with keys; "" if they are."""
    wanted = {0: 0xFF, 9: 0x7F, 10: 3} | {12 + place: octet for place, octet in enumerate(MECHANISM)}
    if all(begun[place] == octet for place, octet in wanted.items() if place < len(begun)):
        return ""
    return f"a greeting {begun!r} that does not offer CURVE alone"
