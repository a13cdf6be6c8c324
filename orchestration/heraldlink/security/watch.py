# SPDX-License-Identifier: Apache-2.0
"""Why a connection does not come about: libzmq's events of a socket, as sentences.

Without this a refused key looks like a node that does not answer. After a refusal by key or mechanism libzmq
gives up for good, so the socket must connect anew; with a wrong server key it tries for ever.
"""

import errno
import secrets
from dataclasses import dataclass

import zmq
from zmq.utils.monitor import recv_monitor_message

EVENTS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
HUNG_UP = (errno.EPIPE, errno.ECONNRESET)


@dataclass(frozen=True, slots=True)
class Ends:
    """Who connects to whom: names for people, and whether the caller shows a key."""

    node: str
    name: str | None


class Watch:
    """The events of one socket. ``refusal`` is the last reason why its handshake failed, "" after success."""

    def __init__(self, socket: "zmq.Socket[bytes]", ends: Ends) -> None:
        self._ends = ends
        self._watched = socket
        address = f"inproc://watch-{secrets.token_hex(8)}"
        socket.monitor(address, EVENTS)
        self.socket: zmq.Socket[bytes] = socket.context.socket(zmq.PAIR)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RCVHWM, 0)  # a full queue would stop libzmq's own thread
        self.socket.connect(address)
        self.refusal = ""
        self._hung_up = 0

    def look(self) -> str:
        """Take the events that have come; the refusal that stands."""
        while self.socket.poll(0):
            event = recv_monitor_message(self.socket)
            self._take(zmq.Event(event["event"]), int(event["value"]))
        return self.refusal

    def _take(self, event: zmq.Event, value: int) -> None:
        """One hang-up may be a node that is just ending; a second in a row is a wrong key."""
        hung_up = event == zmq.Event.HANDSHAKE_FAILED_NO_DETAIL and value in HUNG_UP
        self._hung_up = self._hung_up + 1 if hung_up else 0
        self.refusal = "" if self._hung_up == 1 else sentence(event, value, self._ends)

    def close(self) -> None:
        """Stop watching; before the watched socket is closed."""
        self._watched.disable_monitor()
        self.socket.close()


def sentence(event: zmq.Event, value: int, ends: Ends) -> str:
    """What an event means, with the remedy; "" if it means that all is well."""
    me = f"the key of {ends.name}" if ends.name else "a connection without a key"
    if event == zmq.Event.HANDSHAKE_FAILED_AUTH:
        if value == 400:
            return (
                f"node {ends.node} does not let in {me}: ask its owner to run heraldlink keys authorize "
                "with its .key file, then to send the node SIGHUP"
            )
        return f"node {ends.node} could not judge {me} (answer {value}): see its log"
    if event == zmq.Event.HANDSHAKE_FAILED_PROTOCOL:
        if value != zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
            return f"what answers there is no node {ends.node}: it does not speak ZMTP (error {value:#x})"
        if ends.name:
            return f"node {ends.node} takes no keys, but {me} was shown: its file has no security.keys"
        return f"node {ends.node} lets in nobody without a key: name the folder of yours (keys) to connect"
    if event == zmq.Event.HANDSHAKE_FAILED_NO_DETAIL and ends.name and value in HUNG_UP:
        return (
            f"who answers there does not own the key that known/{ends.node}.key holds: either that file is "
            f"old (heraldlink keys trust {ends.node}.key) or somebody else listens there"
        )
    return ""
