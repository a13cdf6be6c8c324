# SPDX-License-Identifier: Apache-2.0
"""The link channel: a star around the midpoint, which relays between end nodes and knows who is there."""

from typing import Protocol

import zmq

from heraldlink.errors import ProtocolError
from heraldlink.messages.header import VERSION, Body, Header, Message, decode, decode_header, encode, kind_of
from heraldlink.messages.link import LINK_TYPES, Beat, Hello
from heraldlink.transport import Dealer, Router

BEAT_S = 0.3
SILENCE_S = 2.5
NEVER_S = 1e9


class LinkPort(Protocol):
    """A node's place in the star."""

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """Socket to poll."""
        ...

    def send(self, target: str, body: Body) -> None:
        """Send to a node; what cannot be sent shows as that node's silence."""
        ...

    def receive(self, now: float) -> list[tuple[str, Body]]:
        """Messages for this node that have arrived, with their sources."""
        ...

    def beat(self, now: float) -> None:
        """Say that this node is there."""
        ...

    def silence_s(self, node: str, now: float) -> float:
        """How long a node has been silent."""
        ...

    def restarted(self) -> list[str]:
        """Nodes that were found to live a new life since this was last asked."""
        ...

    def close(self) -> None:
        """Close the socket."""
        ...


class Lives:
    """The boot of every other node as its messages tell it; a new one is a restart."""

    def __init__(self) -> None:
        self._boots: dict[str, int] = {}
        self._restarted: list[str] = []

    def note(self, node: str, boot: int) -> None:
        """A message of this node's life ``boot`` has come."""
        if self._boots.setdefault(node, boot) != boot:
            self._boots[node] = boot
            self._restarted.append(node)

    def take(self) -> list[str]:
        """Nodes restarted since this was last asked."""
        taken, self._restarted = self._restarted, []
        return taken


def pack(node: str, boot: int, target: str, body: Body) -> list[bytes]:
    """Frames of a link message."""
    return encode(Message(Header(VERSION, kind_of(type(body)), 0, 0, boot, node, target), body))


class EndLink:
    """An end node's DEALER to the midpoint."""

    def __init__(self, dealer: Dealer, node: str, midpoint: str, hello: Hello) -> None:
        self._dealer, self._node, self._midpoint, self._hello = dealer, node, midpoint, hello
        self._boot = hello.boot
        self._heard: float | None = None
        self._lives = Lives()
        self._ages: dict[str, float] = {}

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """The DEALER."""
        return self._dealer.socket

    def send(self, target: str, body: Body) -> None:
        """Send through the midpoint."""
        self._dealer.send(pack(self._node, self._boot, target, body))

    def receive(self, now: float) -> list[tuple[str, Body]]:
        """Messages for this node; beats are kept here. Malformed ones are dropped."""
        found: list[tuple[str, Body]] = []
        while True:
            try:
                frames = self._dealer.receive()
                if frames is None:
                    return found
                message = decode(frames, LINK_TYPES)
            except ProtocolError:
                continue
            self._heard = now
            self._lives.note(message.header.source, message.header.epoch)
            if isinstance(message.body, Beat):
                self._ages = message.body.ages_s
            else:
                found.append((message.header.source, message.body))

    def beat(self, now: float) -> None:
        """Tell the midpoint."""
        self.send(self._midpoint, Beat({}))
        self.send(self._midpoint, self._hello)

    def silence_s(self, node: str, now: float) -> float:
        """The midpoint's silence, or what it says of the peer's."""
        heard = NEVER_S if self._heard is None else now - self._heard
        return heard if node == self._midpoint else self._ages.get(node, NEVER_S)

    def restarted(self) -> list[str]:
        """Nodes that were restarted."""
        return self._lives.take()

    def close(self) -> None:
        """Close the DEALER."""
        self._dealer.close()


class MidpointLink:
    """The midpoint's ROUTER: relays by name and remembers when it heard whom."""

    def __init__(self, router: Router, node: str, ends: tuple[str, str], boot: int) -> None:
        self._router, self._node, self._ends, self._boot = router, node, ends, boot
        self._peers: dict[str, bytes] = {}
        self._heard: dict[str, float] = {}
        self._lives = Lives()

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """The ROUTER."""
        return self._router.socket

    def send(self, target: str, body: Body) -> None:
        """Send to an end node."""
        peer = self._peers.get(target)
        if peer:
            self._router.send(peer, pack(self._node, self._boot, target, body))

    def receive(self, now: float) -> list[tuple[str, Body]]:
        """Messages for the midpoint; others are relayed, malformed ones dropped."""
        found: list[tuple[str, Body]] = []
        while True:
            try:
                received = self._router.receive()
                if received is None:
                    return found
                found += self._sort(received.peer, received.frames, now)
            except ProtocolError:
                continue

    def _sort(self, peer: bytes, frames: list[bytes], now: float) -> list[tuple[str, Body]]:
        header = decode_header(frames)
        if header.source not in self._ends:
            raise ProtocolError(f"{header.source!r} is not an end node of this link")
        if header.kind == kind_of(Beat):
            self._peers[header.source], self._heard[header.source] = peer, now
            self._lives.note(header.source, header.epoch)
            self.send(header.source, Beat({node: self.silence_s(node, now) for node in self._ends}))
            return []
        if self._peers.get(header.source) != peer:
            raise ProtocolError(f"a message in the name of {header.source} came from another connection")
        self._heard[header.source] = now
        if header.target == self._node:
            return [(header.source, decode(frames, LINK_TYPES).body)]
        target = self._peers.get(header.target)
        if target:
            self._router.send(target, frames)
        return []

    def beat(self, now: float) -> None:
        """The midpoint only answers beats."""

    def silence_s(self, node: str, now: float) -> float:
        """How long ago a node was heard."""
        return now - self._heard[node] if node in self._heard else NEVER_S

    def restarted(self) -> list[str]:
        """End nodes that were restarted."""
        return self._lives.take()

    def close(self) -> None:
        """Close the ROUTER."""
        self._router.close()
