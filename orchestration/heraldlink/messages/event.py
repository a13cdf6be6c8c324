# SPDX-License-Identifier: Apache-2.0
"""Event channel: what happens at a node, told to whoever listens, as it happens.

Events may be lost on the way to a slow listener, who is never waited for. Each topic counts its events, and
a beat tells all counts, so that every loss shows; `GetSnapshot` on the command channel gives the present
state and the counts it goes with.
"""

import msgspec

from heraldlink.errors import ProtocolError
from heraldlink.messages.header import VERSION, Body

Fact = str | int | float | bool | None
Facts = dict[str, Fact]

STATE, LEASE, REQUEST, SLOT, PAIR, FAULT, BEAT = "state", "lease", "request", "slot", "pair", "fault", "beat"
TOPICS: tuple[str, ...] = (STATE, LEASE, REQUEST, SLOT, PAIR, FAULT)
WELCOME = b"welcome"
"""Subscribed to last, and answered with itself: all other subscriptions are in force then."""


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One event; ``seq`` counts those of its topic in this life of the node (``boot``), from 1.

    A BEAT has the number 0, and the counts of all topics as facts.
    """

    version: int
    node: str
    boot: int
    topic: str
    seq: int
    utc_ns: int
    facts: Facts


class GetSnapshot(Body, frozen=True, tag="get_snapshot"):
    """What is the present state, and up to which events?"""


class Snapshot(Body, frozen=True, tag="snapshot"):
    """The state behind all events up to ``seqs`` (by topic): facts by name (``request/ID`` if it is open)."""

    node: str
    boot: int
    utc_ns: int
    seqs: dict[str, int]
    state: dict[str, Facts]


def to_frames(event: Event) -> list[bytes]:
    """An event as the frames of a message: topic, event."""
    return [event.topic.encode(), msgspec.msgpack.encode(event)]


def from_frames(frames: list[bytes]) -> Event:
    """An event. Raises ProtocolError."""
    try:
        _, data = frames
        event = msgspec.msgpack.decode(data, type=Event)
    except (ValueError, msgspec.MsgspecError) as error:
        raise ProtocolError(f"not an event ({error})") from error
    if event.version != VERSION:
        raise ProtocolError(f"events of version {event.version} are not {VERSION}: upgrade the older side")
    return event
