# SPDX-License-Identifier: Apache-2.0
"""Broken variants of how a request ends: who decides, who is told, who asks again."""

import pytest
from broken_journals import expiries_forgotten
from msgspec.structs import replace
from variants import Variant, everywhere

from heraldlink.link import end, end_life, end_master, end_slot, midpoint, midpoint_end
from heraldlink.link.end_state import EndState, Item
from heraldlink.link.endings import ended
from heraldlink.link.events import Action, Send
from heraldlink.link.facts import EndFact
from heraldlink.messages.link import Close
from heraldlink.messages.values import Decision


def slave_decides(patch: pytest.MonkeyPatch) -> None:
    whole = end_master.give_up

    def give_up(state: EndState, item: Item, node: str, device: str, reason: str) -> end_master.Outcome:
        if item.master == state.node:
            return whole(state, item, node, device, reason)
        fact = EndFact(item.request, "FAILED", node, device, reason, state.node)
        state, actions = end_master.free(state, item)
        return state, (ended(fact), *actions)

    patch.setattr(end_master, "give_up", give_up)


def never_asked_again(patch: pytest.MonkeyPatch) -> None:
    everywhere(patch, "ask_again", lambda *_: (), end, end_life, midpoint, midpoint_end)


def peer_not_told(patch: pytest.MonkeyPatch) -> None:
    whole = end_master.finish

    def finish(state: EndState, item: Item, *arguments: object, **more: object) -> object:
        after, actions = whole(state, item, *arguments, **more)  # type: ignore[arg-type]
        return after, tuple(action for action in actions if not to_peer(state, action))

    def to_peer(state: EndState, action: Action) -> bool:
        return isinstance(action, Send) and action.target == state.peer and isinstance(action.body, Close)

    patch.setattr(end_master, "finish", finish)


def expire_unacknowledged(patch: pytest.MonkeyPatch) -> None:
    whole = midpoint_end.expire_heralds

    def expire_heralds(state: object, *arguments: object) -> object:
        after, actions = whole(state, *arguments)  # type: ignore[arg-type]
        return replace(after, expiring=state.expiring), actions  # type: ignore[attr-defined]

    patch.setattr(midpoint_end, "expire_heralds", expire_heralds)
    expiries_forgotten(patch)


def decided_twice(patch: pytest.MonkeyPatch) -> None:
    def newly_decided(state: EndState, decisions: tuple[Decision, ...]) -> object:
        return state, decisions

    everywhere(patch, "newly_decided", newly_decided, end_life, end_slot)


VARIANTS = (
    Variant(
        "expire-unacknowledged",
        "EXPIRE is sent once and not acknowledged",
        "storm",
        "expiries",
        expire_unacknowledged,
        first=49,
    ),
    Variant(
        "slave-decides",
        "a node that loses the master journals an end of its own",
        "storm",
        "ends",
        slave_decides,
    ),
    Variant(
        "never-asked-again",
        "a node does not ask a restarted master how a request ended",
        "storm",
        "rest",
        never_asked_again,
    ),
    Variant(
        "peer-not-told",
        "the master does not tell its peer that a request has ended",
        "storm",
        "rest",
        peer_not_told,
    ),
    Variant(
        "decided-twice",
        "a decision that arrives again is journalled again",
        "storm",
        "ids",
        decided_twice,
    ),
)
