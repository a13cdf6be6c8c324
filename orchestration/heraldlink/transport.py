# SPDX-License-Identifier: Apache-2.0
"""ZeroMQ sockets as this project opens them: ROUTER/DEALER, loopback unless told, bounded, never lingering.

Frames are refused by size before they are sent, because a peer that finds one too long just disconnects.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import zmq

from heraldlink.errors import ConfigurationError, NodeLost, ProtocolError
from heraldlink.messages.header import MAX_FRAME_BYTES, MAX_FRAMES
from heraldlink.security.places import is_loopback
from heraldlink.security.sender import LOCAL, Sender

Channel = Literal["command", "link", "record"]
Delivery = Literal["sent", "full", "gone"]
HEARTBEAT_MS: dict[Channel, tuple[int, int]] = {
    "command": (1000, 3000),
    "link": (200, 600),
    "record": (1000, 3000),
}
HIGH_WATER: dict[Channel, int] = {"command": 1000, "link": 256, "record": 1000}


def configure(socket: zmq.Socket[bytes], channel: Channel) -> None:
    """Set the options every socket gets; see the reliability notes for each one's reason."""
    interval_ms, timeout_ms = HEARTBEAT_MS[channel]
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.HEARTBEAT_IVL, interval_ms)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, timeout_ms)
    socket.setsockopt(zmq.HEARTBEAT_TTL, timeout_ms)
    socket.setsockopt(zmq.HANDSHAKE_IVL, 3000)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
    socket.setsockopt(zmq.SNDHWM, HIGH_WATER[channel])
    socket.setsockopt(zmq.RCVHWM, HIGH_WATER[channel])
    socket.setsockopt(zmq.RECONNECT_IVL, 100)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000 if channel == "link" else 5000)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 30)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, 10)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 3)


class Received(NamedTuple):
    """A message of one peer: where its answer goes, what it says, and whose key it came with."""

    peer: bytes
    frames: list[bytes]
    sender: Sender


class Router:
    """A bound ROUTER. Peers are known by the identities ROUTER itself assigns, never by chosen ones."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str, channel: Channel) -> None:
        if not is_loopback(endpoint):
            raise ConfigurationError(
                f"{endpoint} is not a loopback address: messages are not yet authenticated, "
                "so nodes listen on 127.0.0.1 only"
            )
        self.socket = context.socket(zmq.ROUTER)
        configure(self.socket, channel)
        self.socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        try:
            self.socket.bind(endpoint)
        except zmq.ZMQError as error:
            self.socket.close()
            raise ConfigurationError(f"cannot listen on {endpoint}: {error.strerror}") from error

    @property
    def endpoint(self) -> str:
        """Address as bound; a port 0 is replaced by the one taken."""
        return self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def offer(self, peer: bytes, frames: Sequence[bytes]) -> Delivery:
        """Send to one peer, unless it is ``gone``, or its queue is ``full`` because it does not read."""
        try:
            self.socket.send_multipart([peer, *frames], flags=zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno == zmq.EHOSTUNREACH:
                return "gone"
            if error.errno == zmq.EAGAIN:
                return "full"
            raise
        return "sent"

    def send(self, peer: bytes, frames: Sequence[bytes]) -> bool:
        """Send to one peer; False if it is gone or does not read."""
        return self.offer(peer, frames) == "sent"

    def receive(self) -> Received | None:
        """Next message and its sender, None if there is none. Raises ProtocolError if it is too long."""
        frames = receive_now(self.socket)
        return None if frames is None else Received(frames[0], frames[1:], LOCAL)

    def close(self) -> None:
        """Close the socket and free its port."""
        self.socket.close()


class Dealer:
    """A connected DEALER. Nothing is queued while there is no connection."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str, channel: Channel) -> None:
        self.endpoint = endpoint
        self.socket = context.socket(zmq.DEALER)
        configure(self.socket, channel)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        try:
            self.socket.connect(endpoint)
        except zmq.ZMQError as error:
            self.socket.close()
            raise ConfigurationError(f"cannot connect to {endpoint}: {error.strerror}") from error

    def send(self, frames: Sequence[bytes], timeout_s: float = 0.0) -> bool:
        """Send; False if there is no connection after ``timeout_s``."""
        if not self.socket.poll(int(timeout_s * 1000), zmq.POLLOUT):
            return False
        try:
            self.socket.send_multipart(list(frames), flags=zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self, timeout_s: float = 0.0) -> list[bytes] | None:
        """Next message, None if none came within ``timeout_s``."""
        if timeout_s and not self.socket.poll(int(timeout_s * 1000), zmq.POLLIN):
            return None
        return receive_now(self.socket)

    def send_or_raise(self, frames: Sequence[bytes], name: str, timeout_s: float) -> None:
        """Send, or raise NodeLost naming the node and its address."""
        if not self.send(frames, timeout_s):
            raise NodeLost(
                f"node {name} cannot be reached at {self.endpoint}: is it running? (heraldlink node FILE)"
            )

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


def receive_now(socket: zmq.Socket[bytes]) -> list[bytes] | None:
    """Frames of the next message, None if there is none. Raises ProtocolError if there are too many."""
    try:
        frames = socket.recv_multipart(flags=zmq.NOBLOCK)
    except zmq.Again:
        return None
    if len(frames) > MAX_FRAMES + 1:
        raise ProtocolError(f"message of {len(frames)} frames exceeds the limit of {MAX_FRAMES}")
    return frames
