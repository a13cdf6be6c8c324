# SPDX-License-Identifier: Apache-2.0
"""Both ends of a channel: the ROUTER of a node and the DEALER of who connects to it.

Frames are refused by size before they are sent, because a peer that finds one too long just disconnects.
"""

import time
from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

import zmq

from heraldlink.errors import AccessDenied, ConfigurationError, NodeLost, ProtocolError, WireCode
from heraldlink.security.allowance import Allowances
from heraldlink.security.door import Door
from heraldlink.security.keyring import Credentials
from heraldlink.security.places import host_of
from heraldlink.security.sender import LOCAL, Sender
from heraldlink.security.watch import Ends, Watch
from heraldlink.sockets import LIMITS, Channel, configure, listen

Delivery = Literal["sent", "full", "gone"]
MOST_AT_ONCE = 256
"""Messages a node takes from one channel before it looks at its other work."""

AT_ONCE, MORE = int(zmq.NOBLOCK), int(zmq.NOBLOCK | zmq.SNDMORE)
WAITING = 0
"""Flags of a receive that waits for as long as the socket's RCVTIMEO says, without a poll before it."""

READABLE = int(zmq.POLLIN)
COPIED_BYTES = 1 << 16
"""Frames from this size on are lent to libzmq instead of copied; for smaller ones lending costs more."""

AGAIN_S = 1.0
"""Between two attempts to connect to a node that refused."""


class Received(NamedTuple):
    """A message of one peer: where its answer goes, what it says, and whose key it came with."""

    peer: bytes
    frames: list[bytes]
    sender: Sender


class Refused(ProtocolError):
    """A message that a channel does not take; ``peer`` may be answered with ``code`` and the sentence."""

    def __init__(self, code: WireCode, sentence: str, peer: bytes, frames: list[bytes]) -> None:
        super().__init__(sentence)
        self.code, self.peer, self.frames = code, peer, frames


class Router:
    """A bound ROUTER. Peers are known by the identities ROUTER itself assigns, never by chosen ones.

    Without a ``door`` it listens on loopback only.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoint: str,
        channel: Channel,
        door: Door | None = None,
    ) -> None:
        self._door = door
        self._limits = LIMITS[channel]
        self._allowances = Allowances(self._limits.rate_per_s, self._limits.burst)
        self.socket = listen(context, zmq.ROUTER, endpoint, channel, self._door)

    @property
    def endpoint(self) -> str:
        """Address as bound; a port 0 is replaced by the one taken."""
        return self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def offer(self, peer: bytes, frames: Sequence[bytes]) -> Delivery:
        """Send to one peer, unless it is ``gone``, or its queue is ``full`` because it does not read."""
        try:
            send_frames(self.socket, [peer, *frames])
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

    def receive(self, *, announced: bool = False) -> Received | None:
        """Next message and its sender, None if there is none; ``announced``: a poll says that one has come.

        Raises Refused if its key is no longer authorized (AUTH), its connection sends too many (LIMIT) or
        it is too large (TOO_LARGE).
        """
        if not (announced or is_readable(self.socket)):
            return None
        try:
            peer = self.socket.recv(AT_ONCE)
        except zmq.Again:
            return None
        first, frames = receive_frames(self.socket)
        sender = self._door.who(first) if self._door else LOCAL
        if sender is None:
            raise Refused("AUTH", "this key is no longer authorized", peer, frames)
        self._check(peer, frames)
        return Received(peer, frames, sender)

    def _check(self, peer: bytes, frames: list[bytes]) -> None:
        limits = self._limits
        if not self._allowances.take(peer, time.monotonic()):
            sentence = f"more than {limits.rate_per_s:g} messages a second on one connection"
            raise Refused("LIMIT", sentence, peer, frames[:1])
        if len(frames) > limits.frames:
            sentence = f"message of {len(frames)} frames exceeds the limit of {limits.frames}"
            raise Refused("TOO_LARGE", sentence, peer, frames[:1])
        size = sum(map(len, frames))
        if size > limits.message_bytes:
            sentence = f"message of {size} bytes exceeds the limit of {limits.message_bytes}"
            raise Refused("TOO_LARGE", sentence, peer, frames[:1])

    def close(self) -> None:
        """Close the socket and free its port."""
        self.socket.close()


class Dealer:
    """A connected DEALER. Nothing is queued while there is no connection.

    ``node`` is whom it expects there, for its sentences; ``credentials`` are the keys it shows.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoint: str,
        channel: Channel,
        credentials: Credentials | None = None,
        node: str = "there",
    ) -> None:
        self.endpoint = endpoint
        self.socket = context.socket(zmq.DEALER)
        configure(self.socket, channel)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        if credentials:
            credentials.show(self.socket)
        if ":" in host_of(endpoint):
            self.socket.setsockopt(zmq.IPV6, 1)
        self._watch = Watch(
            context, self.socket, Ends(node, credentials.pair.name if credentials else None, endpoint)
        )
        self._again = 0.0
        self._patience_ms = 0
        try:
            self.socket.connect(endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise ConfigurationError(f"cannot connect to {endpoint}: {error.strerror}") from error

    def send(self, frames: Sequence[bytes], timeout_s: float = 0.0) -> bool:
        """Send; False if there is no connection after ``timeout_s``, or at once if the node refuses it."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                send_frames(self.socket, frames)
            except zmq.Again:
                if self.refusal or not self._wait(deadline):
                    return False
            else:
                return True

    def receive(self, timeout_s: float = 0.0) -> list[bytes] | None:
        """Next message, None if none came within ``timeout_s``."""
        if not timeout_s:
            return receive_frames(self.socket)[1] if is_readable(self.socket) else None
        patience_ms = max(1, int(timeout_s * 1000))
        if patience_ms != self._patience_ms:
            self.socket.setsockopt(zmq.RCVTIMEO, patience_ms)
            self._patience_ms = patience_ms
        try:
            return receive_frames(self.socket, WAITING)[1]
        except zmq.Again:
            return None

    @property
    def refusal(self) -> str:
        """Why the node refuses the connection, "" if it does not; a refused one is made anew now and then."""
        refusal = self._watch.look()
        now = time.monotonic()
        if refusal and now >= self._again:
            first, self._again = self._again == 0.0, now + AGAIN_S
            if not first:
                self._connect_anew()
        return refusal

    def send_or_raise(self, frames: Sequence[bytes], name: str, timeout_s: float) -> None:
        """Send, or raise AccessDenied or NodeLost naming the node and its address."""
        if self.send(frames, timeout_s):
            return
        if refusal := self.refusal:
            raise AccessDenied(f"{refusal} ({self.endpoint})")
        raise NodeLost(f"node {name} cannot be reached at {self.endpoint}: {absence(self.endpoint)}")

    def close(self) -> None:
        """Close the socket."""
        self._watch.close()
        self.socket.close()

    def _wait(self, deadline: float) -> bool:
        """Wait until there is a connection or news of it; False when the time is over."""
        left_ms = int((deadline - time.monotonic()) * 1000)
        if left_ms <= 0:
            return False
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLOUT)
        poller.register(self._watch.socket, zmq.POLLIN)
        return bool(poller.poll(left_ms))

    def _connect_anew(self) -> None:
        """libzmq gives a refused connection up for good."""
        self.socket.disconnect(self.endpoint)
        self.socket.connect(self.endpoint)
        self._watch.refusal = ""


def send_frames(socket: "zmq.Socket[bytes]", frames: Sequence[bytes]) -> None:
    """Send all frames of a message or none. Raises zmq.ZMQError: Again if it would have to wait.

    What send_multipart does, without its checks, and with the array frames not copied.
    """
    *first, last = frames
    for frame in first:
        socket.send(frame, MORE, len(frame) < COPIED_BYTES)
    socket.send(last, AT_ONCE, len(last) < COPIED_BYTES)


def receive_frames(socket: "zmq.Socket[bytes]", how: int = AT_ONCE) -> tuple[zmq.Frame, list[bytes]]:
    """What is left of a message: its first frame, and all as bytes. Raises zmq.Again if none is there.

    Frames know whether more follow; asking the socket, as recv_multipart does, takes longer than receiving.
    """
    first = frame = socket.recv(how, copy=False)
    frames = [frame.bytes]
    while frame.more:
        frame = socket.recv(AT_ONCE, copy=False)
        frames.append(frame.bytes)
    return first, frames


def is_readable(socket: "zmq.Socket[bytes]") -> bool:
    """Whether a message has come; asking costs a tenth of the exception that says that none has."""
    return bool(cast(int, socket.getsockopt(zmq.EVENTS)) & READABLE)


def absence(endpoint: str) -> str:
    """Why nobody may be there, with the remedy."""
    import socket  # only for a failure's sentence

    host = host_of(endpoint)
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        return f"this machine's name service does not know {host} ({error.strerror})"
    return "is it running? (heraldlink node FILE)"
