# SPDX-License-Identifier: Apache-2.0
"""Strangers: raw TCP connections that ask a node without having shown a key, in every way they know of."""

import select
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

import zmq

from fault_lab.zmtp import leak
from heraldlink.messages.command import GetStatus
from heraldlink.messages.header import VERSION, Body, Header, Message, encode, kind_of
from heraldlink.messages.record import Fetch
from heraldlink.messages.safety import GetSafety
from heraldlink.security.keyring import Credentials

CHANNELS = ("command", "safety", "record", "event")
QUESTIONS: dict[str, Body] = {
    "command": GetStatus(),
    "safety": GetSafety(),
    "record": Fetch("stranger", 0, b"", 1, 0.0),
}
CLOSED_S = 8.0
"""A node closes a connection 3 s after it began without a handshake; the rest is for a busy machine."""
TURN_S = 0.2
AT_ONCE = 60


@dataclass(frozen=True, slots=True)
class Visit:
    """One stranger: where and how it went, what it sent, ``leak`` what it was told ("" nothing).

    ``closed``: the node has ended the connection; on an open one it might still answer.
    """

    channel: str
    way: str
    frames: int
    leak: str
    closed: bool

    @property
    def wrong(self) -> str:
        """What the node did wrong, "" if nothing."""
        trouble = self.leak or ("" if self.closed else "not closed")
        return f"{self.channel}, {self.way}: {trouble}" if trouble else ""


def greeting(mechanism: str, minor: int = 1) -> bytes:
    """A ZMTP 3 greeting."""
    return (
        b"\xff" + bytes(8) + b"\x7f\x03" + bytes((minor,)) + mechanism.encode().ljust(20, b"\0") + bytes(32)
    )


def command(name: str, data: bytes = b"") -> bytes:
    """A command frame."""
    body = bytes((len(name),)) + name.encode() + data
    return bytes((4, len(body))) + body if len(body) < 256 else b"\x06" + len(body).to_bytes(8) + body


def message(parts: Sequence[bytes]) -> bytes:
    """The frames of a message."""
    more = [1] * (len(parts) - 1) + [0]
    return b"".join(bytes((flag, len(part))) + part for flag, part in zip(more, parts, strict=True))


def ready(channel: str) -> bytes:
    """READY of a socket that the channel's takes."""
    kind = b"SUB" if channel == "event" else b"DEALER"
    return command("READY", b"\x0bSocket-Type" + len(kind).to_bytes(4) + kind)


def question_frames(channel: str, request_id: int) -> list[bytes]:
    """A question that anybody who is let in gets an answer to."""
    if channel == "event":
        return [b"\x01"]
    body = QUESTIONS[channel]
    return encode(Message(Header(VERSION, kind_of(type(body)), request_id, 0, 1), body))


def question(channel: str, request_id: int) -> bytes:
    """The same as it goes over the wire."""
    return message(question_frames(channel, request_id))


def openings(channel: str, drawn: Random) -> dict[str, list[bytes]]:
    """How a stranger may begin, piece by piece, by the way it goes."""
    kind = b"\x02" if channel == "event" else b"\x05"
    hello = b"\x01\x00" + bytes(72) + drawn.randbytes(32 + 8 + 80)
    return {
        "NULL": [greeting("NULL"), ready(channel)],
        "PLAIN": [greeting("PLAIN"), command("HELLO", b"\x05admin\x05admin"), command("INITIATE")],
        "CURVE, forged HELLO": [greeting("CURVE"), command("HELLO", hello), command("INITIATE", hello)],
        "CURVE, no HELLO": [greeting("CURVE"), ready(channel)],
        "CURVE, a word": [greeting("CURVE"), message([b"\x07MESSAGE" + drawn.randbytes(60)])],
        "ZMTP 2.0": [b"\xff" + bytes(8) + b"\x7f\x01" + kind + b"\0\0"],
        "ZMTP 1.0": [b"\x01\x00"],
        "HTTP": [b"GET / HTTP/1.1\r\nHost: node\r\n\r\n"],
        "noise": [drawn.randbytes(64)],
    }


def hear(address: str, said: Sequence[bytes], limit_s: float = CLOSED_S) -> tuple[bytes, bool]:
    """Say this on a raw connection: all that came until the node closed it (True) or the time was over.

    After each piece but the last an answer is awaited for `TURN_S`: libzmq takes no message that comes in one
    go with the handshake.
    """
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    heard, until = b"", time.monotonic() + limit_s
    with socket.create_connection((host, int(port)), limit_s) as end:
        try:
            for number, piece in enumerate(said, 1):
                end.settimeout(max(0.001, until - time.monotonic()))
                end.sendall(piece)
                if number < len(said) and select.select([end], [], [], TURN_S)[0]:
                    heard += end.recv(65536)
            while (left_s := until - time.monotonic()) > 0:
                end.settimeout(left_s)
                part = end.recv(65536)
                if not part:
                    return heard, True
                heard += part
        except TimeoutError:
            return heard, False
        except OSError:  # the node reset it
            return heard, True
    return heard, False


def visit(
    addresses: Mapping[str, str],
    connections: int,
    seed: int,
    frames_each: int = 100,
    limit_s: float = CLOSED_S,
) -> list[Visit]:
    """So many strangers, ``AT_ONCE`` at a time, by turns on each channel (``addresses``) in each way.

    Each sends its opening, then questions and noise, and waits until the node closes or ``limit_s`` is over.
    """

    def one(number: int) -> Visit:
        drawn, channel = Random(f"{seed} {number}"), list(addresses)[number % len(addresses)]
        ways = openings(channel, drawn)
        way = list(ways)[number // len(addresses) % len(ways)]
        payloads = [
            question(channel, number + 1) if drawn.random() < 0.5 else message([drawn.randbytes(60)])
            for _ in range(frames_each)
        ]
        heard, closed = hear(addresses[channel], [*ways[way], b"".join(payloads)], limit_s)
        return Visit(channel, way, len(ways[way]) + len(payloads), leak(heard), closed)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(connections)))


def overheard(address: str, credentials: Credentials, frames: Sequence[bytes], limit_s: float) -> bytes:
    """What a node says to a DEALER with these keys that sends this, until it closes or for so long."""
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    heard, context = b"", zmq.Context[zmq.Socket[bytes]]()
    with socket.create_server(("127.0.0.1", 0)) as door:
        dealer = context.socket(zmq.DEALER)
        credentials.show(dealer)
        dealer.connect(f"tcp://127.0.0.1:{door.getsockname()[1]}")
        dealer.send_multipart(list(frames))
        inner, _ = door.accept()
        with inner, socket.create_connection((host, int(port)), limit_s) as outer:
            until = time.monotonic() + limit_s
            while (left_s := until - time.monotonic()) > 0:
                for end in select.select([inner, outer], [], [], left_s)[0]:
                    part = end.recv(65536)
                    if not part:
                        until = 0.0
                    elif end is outer:
                        heard += part
                        inner.sendall(part)
                    else:
                        outer.sendall(part)
    context.destroy(linger=0)
    return heard
