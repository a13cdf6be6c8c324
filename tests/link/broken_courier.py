# SPDX-License-Identifier: Apache-2.0
"""Broken variants of the courier: what it sorts, repeats, sends again, and takes for the other's life."""

import pytest
from msgspec.structs import replace
from variants import Variant

from heraldlink.link import courier
from heraldlink.link.courier import Courier, Sent
from heraldlink.link.serial import advanced
from heraldlink.messages.header import Body
from heraldlink.messages.link import Label, Receipt


def less_than(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(courier, "ahead", lambda number, other, bits=32: number - other)


def unsorted(patch: pytest.MonkeyPatch) -> None:
    def sorted_in(one: Courier, number: int, body: Body) -> tuple[Courier, tuple[Body, ...]]:
        if courier.ahead(number, one.expected) < 0:
            return one, ()
        return replace(one, expected=advanced(number)), (body,)

    patch.setattr(courier, "sorted_in", sorted_in)


def repeats_taken(patch: pytest.MonkeyPatch) -> None:
    whole = courier.sorted_in

    def sorted_in(one: Courier, number: int, body: Body) -> tuple[Courier, tuple[Body, ...]]:
        if courier.ahead(number, one.expected) < 0:
            return one, (body,)
        return whole(one, number, body)

    patch.setattr(courier, "sorted_in", sorted_in)


def sent_once(patch: pytest.MonkeyPatch) -> None:
    whole = courier.tick

    def tick(one: Courier, now: float) -> Sent:
        kept = one.flying
        acknowledging, parcels = whole(replace(one, flying=()), now)
        return replace(acknowledging, flying=kept), parcels

    patch.setattr(courier, "tick", tick)


def any_life(patch: pytest.MonkeyPatch) -> None:
    def receive(
        one: Courier, boot: int, label: Label, body: Body, now: float
    ) -> tuple[Sent, tuple[Body, ...]]:
        one = courier.acknowledged(one, label.expected)
        bodies: tuple[Body, ...] = ()
        if not isinstance(body, Receipt):
            one, bodies = courier.sorted_in(one, label.number, body)
        return courier.fill(one, now), bodies

    patch.setattr(courier, "receive", receive)


def former_lives_return(patch: pytest.MonkeyPatch) -> None:
    whole = courier.meet

    def meet(one: Courier, boot: int, now: float) -> tuple[Courier, tuple[courier.Parcel, ...], bool]:
        if boot != one.peer_boot and one.peer_boot > boot:
            one = replace(one, peer_boot=boot - 1 or -1)
        return whole(one, boot, now)

    patch.setattr(courier, "meet", meet)


def letters_to_the_dead(patch: pytest.MonkeyPatch) -> None:
    whole = courier.meet

    def meet(one: Courier, boot: int, now: float) -> tuple[Courier, tuple[courier.Parcel, ...], bool]:
        if 0 < one.peer_boot < boot:
            old = (*(item.body for item in one.flying), *one.waiting)
            fresh, _, restarted = whole(one, boot, now)
            filled, parcels = courier.fill(replace(fresh, waiting=old), now)
            return filled, parcels, restarted
        return whole(one, boot, now)

    patch.setattr(courier, "meet", meet)


VARIANTS = (
    Variant(
        "less-than",
        "message numbers are compared by < where they wrap around",
        "wrap",
        "rest",
        less_than,
    ),
    Variant(
        "unsorted",
        "a message that is early is taken at once",
        "channel",
        "order",
        unsorted,
    ),
    Variant(
        "repeats-taken",
        "a message that comes twice is taken twice (no herald dedupe)",
        "channel",
        "order",
        repeats_taken,
    ),
    Variant(
        "sent-once",
        "nothing is sent again",
        "channel",
        "order",
        sent_once,
    ),
    Variant(
        "any-life",
        "the lives on a label are not looked at",
        "restart",
        "order",
        any_life,
    ),
    Variant(
        "former-lives-return",
        "any other boot id counts as a new life",
        "restart",
        "order",
        former_lives_return,
    ),
    Variant(
        "letters-to-the-dead",
        "what was meant for the former life is sent to the new one",
        "restart",
        "order",
        letters_to_the_dead,
    ),
)
