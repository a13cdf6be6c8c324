# SPDX-License-Identifier: Apache-2.0
"""Why a connection does not come about: libzmq's events of a socket, as sentences.

Without this a refused key looks like a node that does not answer. After a refusal by key or mechanism libzmq
gives up for good, so the socket must connect anew; with a wrong server key it tries for ever.
"""

import errno
import secrets
import struct
from dataclasses import dataclass

import zmq

from heraldlink.security.greeting import mechanism_at

EVENTS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
MISMATCH = 0x11000002
"""ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH of zmq.h."""

EVENT = struct.Struct("=Hi")
"""First frame of an event (zmq_socket_monitor(3)); zmq.utils.monitor reads it too, and imports asyncio."""

HUNG_UP = (errno.EPIPE, errno.ECONNRESET)


@dataclass(frozen=True, slots=True)
class Ends:
    """Who connects to whom and where: names for people; ``name`` is None if the caller shows no key."""

    node: str
    name: str | None
    endpoint: str

    @property
    def me(self) -> str:
        """The caller, as a sentence calls it."""
        return f"the key of {self.name}" if self.name else "a connection without a key"


class Watch:
    """The events of one socket. ``refusal`` is the last reason why its handshake failed, "" after success."""

    def __init__(
        self, context: "zmq.Context[zmq.Socket[bytes]]", socket: "zmq.Socket[bytes]", ends: Ends
    ) -> None:
        self._ends = ends
        self._watched = socket
        address = f"inproc://watch-{secrets.token_hex(8)}"
        socket.monitor(address, EVENTS)
        self.socket = context.socket(zmq.PAIR)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, 0)  # a full queue would stop libzmq's own thread
        self.socket.connect(address)
        self.refusal = ""
        self._hung_up = 0

    def look(self) -> str:
        """Take the events that have come; the refusal that stands."""
        while self.socket.poll(0):
            number, value = EVENT.unpack(self.socket.recv_multipart()[0])
            self._take(zmq.Event(number), value)
        return self.refusal

    def close(self) -> None:
        """Stop watching; before the watched socket is closed."""
        self._watched.disable_monitor()
        self.socket.close()

    def _take(self, event: zmq.Event, value: int) -> None:
        """One hang-up may be a node that is just ending; after a second one its greeting is asked for."""
        hung_up = event == zmq.Event.HANDSHAKE_FAILED_NO_DETAIL and value in HUNG_UP
        self._hung_up = self._hung_up + 1 if hung_up else 0
        if event == zmq.Event.HANDSHAKE_FAILED_AUTH:
            self.refusal = judged(value, self._ends)
        elif event == zmq.Event.HANDSHAKE_FAILED_PROTOCOL and value == MISMATCH:
            self.refusal = mismatch("NULL" if self._ends.name else "CURVE", self._ends)
        elif self._hung_up > 1:
            self.refusal = mismatch(mechanism_at(self._ends.endpoint), self._ends)
        else:
            self.refusal = ""


def judged(answer: int, ends: Ends) -> str:
    """What the answer of a node's door means (RFC 27: 400 refused, else not judged), with the remedy."""
    if answer != 400:
        return f"node {ends.node} could not judge {ends.me} (answer {answer}): see its log"
    return (
        f"node {ends.node} does not let in {ends.me}: ask its owner to run heraldlink keys authorize "
        "with its .key file, then to send the node SIGHUP"
    )


def mismatch(mechanism: str, ends: Ends) -> str:
    """What two ends that hang up on each other disagree about; "" if it is not about keys."""
    if mechanism == "NULL" and ends.name:
        return f"node {ends.node} takes no keys, but {ends.me} was shown: its file has no security.keys"
    if mechanism == "CURVE" and ends.name:
        return (
            f"who answers there does not own the key that known/{ends.node}.key holds: either that file is "
            f"old (heraldlink keys trust {ends.node}.key) or somebody else listens there"
        )
    if mechanism == "CURVE":
        return f"node {ends.node} lets in nobody without a key: name the folder of yours (keys) to connect"
    return ""
