# SPDX-License-Identifier: Apache-2.0
"""The link channel: a star around the midpoint, which relays between end nodes and knows who is there.

Beats and Hellos may be lost; everything else goes through a courier and arrives once and in order.
"""

import logging
import time
from typing import Protocol

import msgspec
import zmq

from heraldlink.agent import lives
from heraldlink.errors import ProtocolError, WrongVersion
from heraldlink.link.courier import Tally
from heraldlink.link.mail import Mail
from heraldlink.messages.header import (
    UNREADABLE,
    VERSION,
    Body,
    Header,
    Message,
    decode,
    decode_header,
    encode,
    kind_of,
)
from heraldlink.messages.link import LINK_TYPES, Beat, Hello, Label
from heraldlink.transport import MOST_AT_ONCE, Dealer, Received, Router

BEAT_S = 0.3
SILENCE_S = 2.5
CUT_S = 0.5
"""A node that was not heard for so long is lost at once if ZeroMQ's own heartbeat has given up the connection
(0.8 s at most); a mere stall of its process, which that does not show, may last `SILENCE_S`."""
NEVER_S = 1e9
DOUBT_LOG_S = 60.0


class LinkPort(Protocol):
    """A node's place in the star."""

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """Socket to poll."""
        ...

    def send(self, target: str, body: Body, now: float) -> None:
        """Send to a node, again until it has arrived; what cannot arrive shows as that node's silence."""
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

    @property
    def obstacle(self) -> str:
        """Why a node that is there may seem silent; empty if nothing is known."""
        ...

    def tick(self, now: float) -> None:
        """Acknowledge what has come, and send again what is overdue."""
        ...

    def due_s(self) -> float:
        """When ``tick`` is needed next, on the same clock."""
        ...

    def tallies(self) -> dict[str, Tally]:
        """What the channels to the other nodes have had to mend."""
        ...

    def restarted(self) -> list[str]:
        """Nodes that were found to live a new life since this was last asked."""
        ...

    def close(self) -> None:
        """Close the socket."""
        ...


def pack(node: str, boot: int, target: str, body: Body, label: Label | None = None) -> list[bytes]:
    """Frames of a link message."""
    header = Header(VERSION, kind_of(type(body)), 0, 0, boot, node, target)
    return encode(Message(header, body, (msgspec.msgpack.encode(label),) if label else ()))


def label_of(message: Message) -> Label:
    """The courier's label of a message. Raises ProtocolError if it has none."""
    try:
        return msgspec.msgpack.decode(message.arrays[0], type=Label)
    except (IndexError, *UNREADABLE) as error:
        kind, source = message.header.kind, message.header.source
        raise ProtocolError(f"{kind} from {source} carries no label: {error}") from error


class EndLink:
    """An end node's DEALER to the midpoint; ``peer`` is the other end node."""

    def __init__(self, dealer: Dealer, node: str, midpoint: str, peer: str, hello: Hello) -> None:
        self._dealer, self._node, self._midpoint, self._hello = dealer, node, midpoint, hello
        self._boot = hello.boot
        self._heard: float | None = None
        self._connected = True
        self._mail = Mail(self._boot, (midpoint, peer), self._transmit)
        self._ages: dict[str, float] = {}
        self.obstacle = ""

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """The DEALER."""
        return self._dealer.socket

    def send(self, target: str, body: Body, now: float) -> None:
        """Send through the midpoint."""
        self._mail.post(target, body, now)

    def _transmit(self, target: str, label: Label | None, body: Body) -> None:
        self._connected = self._dealer.send(pack(self._node, self._boot, target, body, label))

    def receive(self, now: float) -> list[tuple[str, Body]]:
        """Messages for this node; beats are kept here. Malformed ones are dropped."""
        found: list[tuple[str, Body]] = []
        while True:
            try:
                frames = self._dealer.receive()
                if frames is None:
                    return found
                found += self._sort(decode(frames, LINK_TYPES), now)
            except WrongVersion as error:
                self.obstacle = str(error)
            except ProtocolError:
                continue

    def _sort(self, message: Message, now: float) -> list[tuple[str, Body]]:
        source, boot = message.header.source, message.header.epoch
        if not self._mail.knows(source):
            raise ProtocolError(f"{source!r} is no node of this link")
        if source == self._midpoint:
            self._mail.meet(source, boot, now)
        if isinstance(message.body, Beat):
            self._noted(message.body, boot, now)
            return []
        self._heard = now
        bodies = self._mail.receive(source, boot, label_of(message), message.body, now)
        if boot == self._mail.boots().get(source):
            self._ages[source] = 0.0  # the midpoint's last beat may be from before it heard this node
        return [(source, body) for body in bodies]

    def _noted(self, beat: Beat, boot: int, now: float) -> None:
        """Take the midpoint's beat, unless it is one of a former life."""
        if boot != self._mail.boots().get(self._midpoint):
            return
        self._heard, self._ages, self.obstacle = now, dict(beat.ages_s), beat.obstacle
        for node, life in beat.boots.items():
            if node != self._node and self._mail.knows(node):
                self._mail.meet(node, life, now)

    def beat(self, now: float) -> None:
        """Tell the midpoint."""
        self._transmit(self._midpoint, None, Beat({}))
        self._transmit(self._midpoint, None, self._hello)

    def silence_s(self, node: str, now: float) -> float:
        """The midpoint's silence, or its deafness to us; or what it says of the peer's."""
        heard = NEVER_S if self._heard is None else max(now - self._heard, self._ages.get(self._node, 0.0))
        if heard > CUT_S and not self._connected:
            heard = NEVER_S
        return heard if node == self._midpoint else self._ages.get(node, NEVER_S)

    def tick(self, now: float) -> None:
        """Acknowledge, and send again what is overdue."""
        self._mail.tick(now)

    def due_s(self) -> float:
        """When something is overdue next."""
        return self._mail.due_s()

    def tallies(self) -> dict[str, Tally]:
        """What was mended."""
        return self._mail.tallies()

    def restarted(self) -> list[str]:
        """Nodes that were restarted."""
        return self._mail.restarted()

    def close(self) -> None:
        """Close the DEALER."""
        self._dealer.close()


class MidpointLink:
    """The midpoint's ROUTER: relays by name and remembers when it heard whom."""

    def __init__(self, router: Router, node: str, ends: tuple[str, str], boot: int) -> None:
        self._router, self._node, self._ends, self._boot = router, node, ends, boot
        self._peers: dict[str, bytes] = {}
        self._heard: dict[str, float] = {}
        self._foreign = ("", -NEVER_S)
        self._cut: set[str] = set()
        self._doubted: dict[str, float] = {}
        self._mail = Mail(boot, ends, self._transmit)

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """The ROUTER."""
        return self._router.socket

    def send(self, target: str, body: Body, now: float) -> None:
        """Send to an end node."""
        self._mail.post(target, body, now)

    def _transmit(self, target: str, label: Label | None, body: Body) -> None:
        peer = self._peers.get(target)
        if peer and self._router.offer(peer, pack(self._node, self._boot, target, body, label)) == "gone":
            self._cut.add(target)
        else:
            self._cut.discard(target)

    def receive(self, now: float) -> list[tuple[str, Body]]:
        """Messages for the midpoint; others are relayed, malformed ones dropped."""
        found: list[tuple[str, Body]] = []
        for _ in range(MOST_AT_ONCE):
            received: Received | None = None
            try:
                received = self._router.receive()
                if received is None:
                    break
                found += self._sort(received, now)
            except WrongVersion as error:
                self._misunderstood(received, str(error), now)
            except ProtocolError:
                continue
        return found

    def _misunderstood(self, received: Received | None, sentence: str, now: float) -> None:
        """A node of another version: everybody is told, itself by a beat that it finds foreign too."""
        self._foreign = (sentence, now)
        if received:
            self._router.send(received.peer, pack(self._node, self._boot, "", Beat({})))

    @property
    def obstacle(self) -> str:
        """What a node of another version was last told."""
        return self._foreign[0]

    def _sort(self, received: Received, now: float) -> list[tuple[str, Body]]:
        peer, frames, sender = received
        header = decode_header(frames)
        source = header.source
        if source not in self._ends:
            raise ProtocolError(f"{source!r} is not an end node of this link")
        if not sender.speaks_for(source):
            raise ProtocolError(f"the key of {sender.name} ({sender.role}) does not speak for {source}")
        if doubt := self._doubt(source, header.epoch):
            if header.kind == kind_of(Beat):
                self._turn_away(peer, source, doubt, now)
            raise ProtocolError(doubt)
        if header.kind == kind_of(Beat):
            self._beaten(source, peer, header.epoch, now)
            return []
        if self._peers.get(source) != peer:
            raise ProtocolError(f"a message in the name of {source} came from another connection")
        self._heard[source] = now
        if header.target == self._node:
            return self._own(decode(frames, LINK_TYPES), now)
        target = self._peers.get(header.target)
        if target:
            self._router.send(target, frames)
        return []

    def _doubt(self, node: str, boot: int) -> str:
        """Why a message is not taken for one of the life that a node lives now; empty if it is."""
        other = next(end for end in self._ends if end != node)
        known = self._mail.boots().get(node, 0)
        return lives.doubt(node, boot, known, time.time_ns(), self._node, other)

    def _turn_away(self, peer: bytes, node: str, doubt: str, now: float) -> None:
        """Tell whoever spoke why it is not heard, and the log, once a minute."""
        if now - self._doubted.get(node, -NEVER_S) > DOUBT_LOG_S:
            self._doubted[node] = now
            logging.getLogger("heraldlink.link").warning("%s", doubt)
        self._router.send(peer, pack(self._node, self._boot, node, Beat({node: NEVER_S}, {}, doubt)))

    def _own(self, message: Message, now: float) -> list[tuple[str, Body]]:
        source, body = message.header.source, message.body
        if isinstance(body, Hello):
            return [(source, body)]
        bodies = self._mail.receive(source, message.header.epoch, label_of(message), body, now)
        return [(source, body) for body in bodies]

    def _beaten(self, node: str, peer: bytes, boot: int, now: float) -> None:
        """An end node is there, at this connection; tell it who else is."""
        self._peers[node], self._heard[node] = peer, now
        self._mail.meet(node, boot, now)
        self._tell_ages(node, now)

    def _tell_ages(self, node: str, now: float) -> None:
        ages_s = {other: self.silence_s(other, now) for other in self._ends}
        sentence, told = self._foreign
        recent = sentence if now - told < SILENCE_S else ""
        self._transmit(node, None, Beat(ages_s, self._mail.boots(), recent))

    def beat(self, now: float) -> None:
        """Tell the end nodes; the midpoint answers their beats besides."""
        for node in self._peers:
            self._tell_ages(node, now)

    def silence_s(self, node: str, now: float) -> float:
        """How long ago a node was heard."""
        age_s = now - self._heard[node] if node in self._heard else NEVER_S
        return NEVER_S if age_s > CUT_S and node in self._cut else age_s

    def tick(self, now: float) -> None:
        """Acknowledge, and send again what is overdue."""
        self._mail.tick(now)

    def due_s(self) -> float:
        """When something is overdue next."""
        return self._mail.due_s()

    def tallies(self) -> dict[str, Tally]:
        """What was mended."""
        return self._mail.tallies()

    def restarted(self) -> list[str]:
        """End nodes that were restarted."""
        return self._mail.restarted()

    def close(self) -> None:
        """Close the ROUTER."""
        self._router.close()
