# SPDX-License-Identifier: Apache-2.0
"""What happens at a node, as its listeners get it: the present state first, then every change.

::

    for event in network["alice"].events():
        print(event)

A listener that is too slow, or was cut off, gets `Missed` and the present state anew; every event is given
once or counted so (that state may be ahead of events that still come: its ``seqs`` tell).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import zmq

from heraldlink.errors import NodeLost, RequestError
from heraldlink.messages.event import BEAT, TOPICS, WELCOME, Event, Snapshot, from_frames
from heraldlink.security.keyring import Credentials
from heraldlink.sockets import configure

SILENCE_S = 4.0
"""Beats come every second; without one for so long the node is not heard any more."""


@dataclass(frozen=True, slots=True)
class Missed:
    """``number`` events of a topic did not arrive here; the present state follows."""

    topic: str
    number: int


News = Snapshot | Event | Missed


class Listener:
    """A subscription to the event channel of one node.

    ``snapshot`` asks for the present state; ``timeout_s``: how long `news` waits for one event (None is given
    then), so that a loop can do something else. Raises RequestError for a topic that does not exist.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        name: str,
        endpoint: str,
        credentials: Credentials | None,
        snapshot: Callable[[], Snapshot],
        topics: Sequence[str] = TOPICS,
    ) -> None:
        for topic in topics:
            if topic not in TOPICS:
                raise RequestError(f"there are no events {topic!r}; there are {', '.join(TOPICS)}")
        self._name, self._endpoint, self._snapshot, self._topics = name, endpoint, snapshot, tuple(topics)
        self._socket = context.socket(zmq.SUB)
        configure(self._socket, "event")
        if credentials:
            credentials.show(self._socket)
        self._socket.connect(endpoint)
        for topic in (*topics, BEAT, WELCOME.decode()):  # the welcome last: it says that all are in force
            self._socket.subscribe(topic)
        self._seqs: dict[str, int] = {}
        self._boot = 0
        self._heard_s = time.monotonic()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the subscription."""
        self._socket.close(linger=0)

    def news(self, timeout_s: float = 0.5) -> Iterator[News]:
        """What has come, waiting for it at most so long.

        Raises NodeLost if the node is not heard any more.
        """
        if not self._socket.poll(int(timeout_s * 1e3)):
            if time.monotonic() - self._heard_s > SILENCE_S:
                raise NodeLost(
                    f"node {self._name} tells nothing at {self._endpoint}: is its process running?"
                )
            return
        self._heard_s = time.monotonic()
        frames = self._socket.recv_multipart()
        if frames == [WELCOME]:
            if not self._boot:  # else it is another listener's
                yield self._anew()
            return
        event = from_frames(frames)
        if not self._boot:
            return  # the welcome is still to come
        missed = self._missed(event)
        if missed:
            yield from missed
            yield self._snapshot() if event.boot == self._boot else self._anew()
        if event.topic != BEAT and event.seq > self._seqs.get(event.topic, 0):
            self._seqs[event.topic] = event.seq
            yield event

    def _anew(self) -> Snapshot:
        snapshot = self._snapshot()
        self._seqs, self._boot = dict(snapshot.seqs), snapshot.boot
        return snapshot

    def _missed(self, event: Event) -> list[Missed]:
        if event.boot != self._boot:
            return [Missed("boot", 1)]
        told = {event.topic: event.seq - 1}
        if event.topic == BEAT:
            told = {topic: int(event.facts.get(topic) or 0) for topic in self._topics}
        gaps = {topic: seq - self._seqs.get(topic, 0) for topic, seq in told.items()}
        for topic, number in gaps.items():
            self._seqs[topic] = self._seqs.get(topic, 0) + max(0, number)
        return [Missed(topic, number) for topic, number in gaps.items() if number > 0]
