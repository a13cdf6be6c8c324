# SPDX-License-Identifier: Apache-2.0
"""A reliable channel to one other node over one that loses, doubles, delays and reorders: in order, once.

Messages are numbered from 0 in each pair of lives (boot ids), at most ``WINDOW`` are unacknowledged, and one
is sent again when its acknowledgement is later than the measured delay and its spread let expect (RFC 6298);
while messages are lost, new ones are sent twice at once. An acknowledgement waits a moment for a message of
this side that takes it along (RFC 1122, 4.2.3.2).
Boot ids grow from life to life: a higher one is a
restart, which ends the channel and begins a new one; what was meant for the former life is dropped, and what
the former life still has under way is not taken. Nothing is sent before the other's life is known.
"""

from math import inf

import msgspec
from msgspec.structs import replace

from heraldlink.link.serial import advanced, ahead
from heraldlink.messages.header import Body
from heraldlink.messages.link import Label, Receipt

WINDOW = 64
HELD_S = 0.02
"""An acknowledgement waits so long for a message that goes the same way; of what came twice or too early it
leaves at once."""
SPREADS = 4.0
SHORTEST_RETRY_S, LONGEST_RETRY_S = 0.01, 1.0
FIRST_DELAY_S = 0.02
PATIENT_RETRIES, MOST_DOUBLINGS = 3, 6
"""So many retries follow each other closely; then each waits twice as long as the one before."""
SMOOTHING, SPREAD_SMOOTHING = 0.125, 0.25
"""Weight of a new sample in the delay and in its mean deviation (RFC 6298, 2.3)."""
LOSS_SMOOTHING = 0.01
LOSSY = 0.005
"""Share of messages sent again from which on each new one is sent twice at once: where a tenth is lost, that
leaves a hundredth to wait for a retry, which costs a slot its tick. What comes twice is dropped."""
MOST_WAITING = 1000
"""Messages kept for a node that does not answer; beyond that the oldest unsent one is given up."""


class Flying(msgspec.Struct, frozen=True):
    """A message that was sent and is not acknowledged; sent again at ``due_s`` of the caller's clock."""

    number: int
    body: Body
    due_s: float


class Tally(msgspec.Struct, frozen=True):
    """What a channel has had to mend, counted since the node was started."""

    resent: int = 0
    repeated: int = 0
    reordered: int = 0
    former_life: int = 0
    out_of_window: int = 0
    given_up: int = 0
    restarts: int = 0


class Courier(msgspec.Struct, frozen=True):
    """One end of a channel.

    ``peer_boot`` 0: the other was not met yet. ``owing_s``: since when an acknowledgement is owed, None if
    none is; it is of what was sent at ``echo_us`` of the other's clock, and ``urgent`` if it is not to wait.
    ``delay_s`` is there and back without that wait, smoothed, 0 until measured, ``spread_s`` its mean
    deviation; ``loss`` the smoothed share of messages that were sent again. ``retries`` counts those since
    something was acknowledged.
    """

    boot: int
    peer_boot: int = 0
    next_number: int = 0
    expected: int = 0
    flying: tuple[Flying, ...] = ()
    waiting: tuple[Body, ...] = ()
    early: dict[int, Body] = msgspec.field(default_factory=dict[int, Body])
    delay_s: float = 0.0
    spread_s: float = 0.0
    loss: float = 0.0
    retries: int = 0
    owing_s: float | None = None
    echo_us: int = 0
    urgent: bool = False
    tally: Tally = Tally()


class Parcel(msgspec.Struct, frozen=True):
    """A labelled message to put on the wire."""

    label: Label
    body: Body


Sent = tuple[Courier, tuple[Parcel, ...]]


def meet(courier: Courier, boot: int, now: float) -> tuple[Courier, tuple[Parcel, ...], bool]:
    """Hear of the other's life; the last value says whether it is a new one: the former has ended."""
    if boot <= courier.peer_boot:
        return courier, (), False
    restarted = courier.peer_boot != 0
    tally = replace(courier.tally, restarts=courier.tally.restarts + restarted)
    kept = () if restarted else courier.waiting
    fresh = Courier(courier.boot, boot, waiting=kept, loss=courier.loss, tally=tally)
    measured = replace(fresh, delay_s=courier.delay_s, spread_s=courier.spread_s)
    courier, parcels = fill(measured, now)
    return courier, parcels, restarted


def post(courier: Courier, body: Body, now: float) -> Sent:
    """Send a message, or keep it until there is room in the window."""
    waiting = (*courier.waiting, body)
    lost = max(0, len(waiting) - MOST_WAITING)
    tally = replace(courier.tally, given_up=courier.tally.given_up + lost)
    return fill(replace(courier, waiting=waiting[lost:], tally=tally), now)


def receive(
    courier: Courier, boot: int, label: Label, body: Body, now: float
) -> tuple[Sent, tuple[Body, ...]]:
    """Take what has arrived from a life that was met; the bodies whose turn it is, in order."""
    if boot != courier.peer_boot or label.to_boot != courier.boot:
        return (count(courier, former_life=1), ()), ()
    courier = acknowledged(timed(courier, label, now), label.expected)
    bodies: tuple[Body, ...] = ()
    if not isinstance(body, Receipt):
        courier, bodies = sorted_in(owed(courier, label, now), label.number, body)
    return fill(courier, now), bodies


def tick(courier: Courier, now: float) -> Sent:
    """Send again what is overdue, and the acknowledgement that is owed."""
    due = [item for item in courier.flying if item.due_s <= now]
    overdue = receipt_due_s(courier) <= now
    if not due and not overdue:
        return courier, ()
    if due:
        courier = replace(courier, retries=courier.retries + 1)
        again = tuple(_sent_again(courier, item, now) for item in courier.flying)
        loss = min(1.0, courier.loss + LOSS_SMOOTHING * len(due))
        courier = count(replace(courier, flying=again, loss=loss), resent=len(due))
    parcels = tuple(parcel(courier, item.number, item.body, now) for item in due)
    if overdue and not parcels:
        parcels = (parcel(courier, 0, Receipt(), now),)
    return settled(courier), parcels


def due_s(courier: Courier) -> float:
    """When a message is to be sent again, or an acknowledgement has waited enough; infinite if none is."""
    return min([receipt_due_s(courier), *(item.due_s for item in courier.flying)])


def receipt_due_s(courier: Courier) -> float:
    """Until when an owed acknowledgement may wait; infinite if none is owed."""
    if courier.owing_s is None:
        return inf
    return courier.owing_s if courier.urgent else courier.owing_s + HELD_S


def settled(courier: Courier) -> Courier:
    """With no acknowledgement owed: it has left."""
    return replace(courier, owing_s=None, urgent=False)


def owed(courier: Courier, label: Label, now: float) -> Courier:
    """An acknowledgement is owed of the first message since the last one left."""
    return courier if courier.owing_s is not None else replace(courier, owing_s=now, echo_us=label.sent_us)


def retry_s(courier: Courier) -> float:
    """After how long a message is sent again."""
    expected_s = (courier.delay_s or FIRST_DELAY_S) + SPREADS * (courier.spread_s or FIRST_DELAY_S / 2)
    shortest_s = HELD_S + max(SHORTEST_RETRY_S, expected_s)
    stretch = 1 << min(MOST_DOUBLINGS, max(0, courier.retries - PATIENT_RETRIES))
    return min(LONGEST_RETRY_S, shortest_s * stretch)


def fill(courier: Courier, now: float) -> Sent:
    """Send what waits, as far as the window allows."""
    room = WINDOW - len(courier.flying) if courier.peer_boot else 0
    going, staying = courier.waiting[: max(0, room)], courier.waiting[max(0, room) :]
    if not going:
        return courier, ()
    due = now + retry_s(courier)
    new = tuple(Flying(advanced(courier.next_number, place), body, due) for place, body in enumerate(going))
    courier = replace(
        courier,
        waiting=staying,
        flying=(*courier.flying, *new),
        next_number=advanced(courier.next_number, len(new)),
    )
    parcels = tuple(parcel(courier, item.number, item.body, now) for item in new)
    return settled(courier), parcels * (2 if courier.loss > LOSSY else 1)


def timed(courier: Courier, label: Label, now: float) -> Courier:
    """Learn the delay from a label that says when the message left which it acknowledges."""
    if not label.echo_us:
        return courier
    sample_s = max(0.0, now - label.echo_us * 1e-6)
    known_s, spread_s = courier.delay_s, courier.spread_s
    if not known_s:
        return replace(courier, delay_s=sample_s, spread_s=sample_s / 2)
    spread_s += SPREAD_SMOOTHING * (abs(sample_s - known_s) - spread_s)
    return replace(courier, delay_s=known_s + SMOOTHING * (sample_s - known_s), spread_s=spread_s)


def acknowledged(courier: Courier, expected: int) -> Courier:
    """The other has everything before ``expected``; a number that was never sent acknowledges nothing."""
    if ahead(expected, courier.next_number) > 0:
        return count(courier, out_of_window=1)
    flying = tuple(item for item in courier.flying if ahead(item.number, expected) >= 0)
    if len(flying) == len(courier.flying):
        return courier
    arrived = len(courier.flying) - len(flying)
    return replace(courier, flying=flying, retries=0, loss=courier.loss * (1.0 - LOSS_SMOOTHING) ** arrived)


def sorted_in(courier: Courier, number: int, body: Body) -> tuple[Courier, tuple[Body, ...]]:
    """Keep a message that is early, drop one that was had, and take those whose turn it is."""
    gap = ahead(number, courier.expected)
    if gap:
        courier = replace(courier, urgent=True)  # too early or had before: the other is missing something
    if gap >= WINDOW:
        return count(courier, out_of_window=1), ()
    if gap < 0 or number in courier.early:
        return count(courier, repeated=1), ()
    early, expected = {**courier.early, number: body}, courier.expected
    bodies: list[Body] = []
    while expected in early:
        bodies.append(early.pop(expected))
        expected = advanced(expected)
    courier = replace(courier, early=early, expected=expected)
    return (count(courier, reordered=1) if gap else courier), tuple(bodies)


def count(courier: Courier, **more: int) -> Courier:
    """Add to the tally."""
    tally = courier.tally
    sums = {name: getattr(tally, name) + number for name, number in more.items()}
    return replace(courier, tally=replace(tally, **sums))


def parcel(courier: Courier, number: int, body: Body, now: float) -> Parcel:
    """A message with its label, which acknowledges what is owed; how long that waited is no delay."""
    waited_us = 0 if courier.owing_s is None else round((now - courier.owing_s) * 1e6)
    echo_us = 0 if courier.owing_s is None else courier.echo_us + waited_us
    label = Label(courier.peer_boot, number, courier.expected, round(now * 1e6), echo_us)
    return Parcel(label, body)


def _sent_again(courier: Courier, item: Flying, now: float) -> Flying:
    return item if item.due_s > now else replace(item, due_s=now + retry_s(courier))
