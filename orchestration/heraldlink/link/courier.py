# SPDX-License-Identifier: Apache-2.0
"""A reliable channel to one other node over one that loses, doubles, delays and reorders: in order, once.

Messages are numbered from 0 in each pair of lives (boot ids), at most ``WINDOW`` are unacknowledged, and one
is sent again after three times the measured delay. Boot ids grow from life to life: a higher one is a
restart, which ends the channel and begins a new one; what was meant for the former life is dropped, and what
the former life still has under way is not taken. Nothing is sent before the other's life is known.
"""

from dataclasses import dataclass, field, replace

from heraldlink.link.serial import advanced, ahead
from heraldlink.messages.header import Body
from heraldlink.messages.link import Label, Receipt

WINDOW = 64
RETRY_FACTOR = 3.0
SHORTEST_RETRY_S, LONGEST_RETRY_S = 0.02, 1.0
FIRST_DELAY_S = 0.02
SMOOTHING = 0.125
MOST_WAITING = 1000
"""Messages kept for a node that does not answer; beyond that the oldest unsent one is given up."""


@dataclass(frozen=True, slots=True)
class Flying:
    """A message that was sent and is not acknowledged; times in seconds of the caller's clock."""

    number: int
    body: Body
    first_s: float
    due_s: float
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Tally:
    """What a channel has had to mend, counted since the node was started."""

    resent: int = 0
    repeated: int = 0
    reordered: int = 0
    former_life: int = 0
    out_of_window: int = 0
    given_up: int = 0
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Courier:
    """One end of a channel. ``peer_boot`` 0: the other was not met yet; ``owing``: an acknowledgement."""

    boot: int
    peer_boot: int = 0
    next_number: int = 0
    expected: int = 0
    flying: tuple[Flying, ...] = ()
    waiting: tuple[Body, ...] = ()
    early: dict[int, Body] = field(default_factory=dict[int, Body])
    delay_s: float = FIRST_DELAY_S
    stretch: int = 1
    owing: bool = False
    tally: Tally = Tally()


@dataclass(frozen=True, slots=True)
class Parcel:
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
    fresh = Courier(courier.boot, boot, waiting=kept, delay_s=courier.delay_s, tally=tally)
    courier, parcels = fill(fresh, now)
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
    courier = acknowledged(courier, label.expected, now)
    bodies: tuple[Body, ...] = ()
    if not isinstance(body, Receipt):
        courier, bodies = sorted_in(courier, label.number, body)
    return fill(courier, now), bodies


def tick(courier: Courier, now: float) -> Sent:
    """Send again what is overdue, and the acknowledgement that is owed."""
    due = [item for item in courier.flying if item.due_s <= now]
    if due:
        courier = replace(courier, stretch=min(2 * courier.stretch, 64))
        again = tuple(_sent_again(courier, item, now) for item in courier.flying)
        courier = count(replace(courier, flying=again, owing=False), resent=len(due))
    parcels = tuple(_parcel(courier, item) for item in due)
    if courier.owing:
        parcels += (Parcel(Label(courier.peer_boot, 0, courier.expected), Receipt()),)
    return replace(courier, owing=False), parcels


def due_s(courier: Courier) -> float:
    """When the next message is overdue; infinite if none is unacknowledged."""
    return min((item.due_s for item in courier.flying), default=float("inf"))


def retry_s(courier: Courier) -> float:
    """After how long a message is sent again."""
    shortest_s = max(SHORTEST_RETRY_S, RETRY_FACTOR * courier.delay_s)
    return min(LONGEST_RETRY_S, shortest_s * courier.stretch)


def fill(courier: Courier, now: float) -> Sent:
    """Send what waits, as far as the window allows."""
    room = WINDOW - len(courier.flying) if courier.peer_boot else 0
    going, staying = courier.waiting[: max(0, room)], courier.waiting[max(0, room) :]
    if not going:
        return courier, ()
    due = now + retry_s(courier)
    new = tuple(
        Flying(advanced(courier.next_number, place), body, now, due) for place, body in enumerate(going)
    )
    courier = replace(
        courier,
        waiting=staying,
        flying=(*courier.flying, *new),
        next_number=advanced(courier.next_number, len(new)),
        owing=False,
    )
    return courier, tuple(_parcel(courier, item) for item in new)


def acknowledged(courier: Courier, expected: int, now: float) -> Courier:
    """The other has everything before ``expected``; a number that was never sent acknowledges nothing."""
    if ahead(expected, courier.next_number) > 0:
        return count(courier, out_of_window=1)
    done = [item for item in courier.flying if ahead(item.number, expected) < 0]
    if not done:
        return courier
    clean = [now - item.first_s for item in done if item.tries == 1]
    delay_s, stretch = courier.delay_s, courier.stretch
    if clean:  # only a message sent once tells the delay: which copy was acknowledged is not known otherwise
        delay_s, stretch = (1 - SMOOTHING) * delay_s + SMOOTHING * min(clean), 1
    flying = tuple(item for item in courier.flying if ahead(item.number, expected) >= 0)
    return replace(courier, flying=flying, delay_s=delay_s, stretch=stretch)


def sorted_in(courier: Courier, number: int, body: Body) -> tuple[Courier, tuple[Body, ...]]:
    """Keep a message that is early, drop one that was had, and take those whose turn it is."""
    courier = replace(courier, owing=True)
    gap = ahead(number, courier.expected)
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


def _sent_again(courier: Courier, item: Flying, now: float) -> Flying:
    if item.due_s > now:
        return item
    return replace(item, due_s=now + retry_s(courier), tries=item.tries + 1)


def _parcel(courier: Courier, item: Flying) -> Parcel:
    return Parcel(Label(courier.peer_boot, item.number, courier.expected), item.body)
