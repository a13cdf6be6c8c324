# SPDX-License-Identifier: Apache-2.0
"""Broken variants of the slot that is agreed and armed while another one is played and judged."""

import msgspec
import pytest
from msgspec.structs import replace
from variants import Variant

from heraldlink.link import end_arming, end_master, end_slot, midpoint_slot
from heraldlink.link.end_state import EndState, Item
from heraldlink.link.events import Call
from heraldlink.link.midpoint_state import Item as MidpointItem
from heraldlink.link.midpoint_state import MidpointState
from heraldlink.messages.link import Gen, Reply
from heraldlink.messages.values import Phase
from heraldlink.messages.worker import CollectSlot, Unload


def armed_ahead_survives(patch: pytest.MonkeyPatch) -> None:
    whole = end_master.free

    def free(state: EndState, item: Item) -> end_master.Outcome:
        state, actions = whole(state, item)
        if item.ahead is None:
            return state, actions
        return state, tuple(
            action for action in actions if not (isinstance(action, Call) and isinstance(action.body, Unload))
        )

    patch.setattr(end_master, "free", free)


def next_tags_taken(patch: pytest.MonkeyPatch) -> None:
    whole = end_slot.replied

    def replied(state: EndState, item: Item, body: Reply, now: float) -> end_slot.Outcome:
        state, actions = whole(state, item, body, now)
        if item.ahead is None:
            return state, actions
        number = item.ahead.slot.number
        return state, tuple(
            Call(msgspec.structs.replace(action.body, slot=number))
            if isinstance(action, Call) and isinstance(action.body, CollectSlot)
            else action
            for action in actions
        )

    patch.setattr(end_slot, "replied", replied)


def judged_over(patch: pytest.MonkeyPatch) -> None:
    whole = midpoint_slot.hand_over

    def hand_over(state: MidpointState, item: MidpointItem, now: float) -> midpoint_slot.Outcome:
        return whole(state, replace(item, judging=None), now)

    patch.setattr(midpoint_slot, "hand_over", hand_over)


def played_behind_a_void(patch: pytest.MonkeyPatch) -> None:
    whole = midpoint_slot.generated

    def generated(
        state: MidpointState, item: MidpointItem, source: str, body: Gen, now: float
    ) -> midpoint_slot.Outcome:
        return whole(state, replace(item, voided=0), source, body, now)

    patch.setattr(midpoint_slot, "generated", generated)


def newest_phase_taken(patch: pytest.MonkeyPatch) -> None:
    def turning(item: Item, number: int) -> Phase | None:
        return item.phases[0].phase if item.phases else None

    patch.setattr(end_arming, "turning", turning)


VARIANTS = (
    Variant(
        "armed-ahead-survives",
        "a slot that is armed ahead stays armed when its request ends",
        "ahead",
        "pulses",
        armed_ahead_survives,
    ),
    Variant(
        "next-tags-taken",
        "the tags of the slot behind are taken for those of the one that was heralded",
        "ahead",
        "outcomes",
        next_tags_taken,
    ),
    Variant(
        "judged-over",
        "a slot that is recorded takes the place of the one that is not judged yet",
        "ahead",
        "ids progress rest",
        judged_over,
    ),
    Variant(
        "played-behind-a-void",
        "a slot that is armed ahead is played though the one before it was not",
        "ahead",
        "turns",
        played_behind_a_void,
    ),
    Variant(
        "newest-phase-taken",
        "a slot that is proposed once the one before it is judged is turned by that one's phase",
        "ahead",
        "turns",
        newest_phase_taken,
    ),
)
