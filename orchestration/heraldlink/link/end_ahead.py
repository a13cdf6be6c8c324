# SPDX-License-Identifier: Apache-2.0
"""The slot behind the one being played: proposed and agreed meanwhile, armed as soon as the record is over.

It is the next tick's, so that no tick is left out. It becomes the slot being played when the one before is
judged or void; until then messages about it wait. If that was void the midpoint does not play it either, as
what slots measure is taken up in order. It is turned by the newest phase that is known when it is proposed:
that of the slot before the one being played, so at least two ticks old when it plays.
Only requests that measure (M) have one, and only while they will most likely need it.
"""

from math import sqrt

from msgspec.structs import replace

from heraldlink.link.end_arming import arm, next_slot, proposal, taken
from heraldlink.link.end_state import Ahead, EndState, Item, Slot, Stage
from heraldlink.link.events import Actions, Call, Send
from heraldlink.link.kept_phase import aged
from heraldlink.messages.link import Ahead as Announcement
from heraldlink.messages.worker import AwaitSlot, SlotAwaited

Outcome = tuple[EndState, Actions]


def propose(state: EndState, item: Item) -> Outcome:
    """The master is armed for a slot: propose the next one, if that will be needed."""
    number = item.slot.number + 1
    if item.master != state.node or not needed(item) or too_late(state, item, number):
        return state, ()
    slot = replace(next_slot(state, item, number), ahead=True)
    state, actions = take(state, taken(item, slot), slot)
    announcement = Send(state.midpoint, Announcement(item.request, slot.burst))
    return state, (announcement, Send(state.peer, proposal(item, slot)), *actions)


def needed(item: Item) -> bool:
    """Whether the slot behind the one being played most likely has to be played too."""
    may = item.demand.type == "M" and item.ahead is None and item.totals.slots > 0
    if not may or aged(item, item.slot.number + 1) is None:
        return False
    if item.cancelled or item.pause.slots or doomed(item):
        return False
    prediction = item.parameters.prediction
    expected = item.found if item.found >= 0 else prediction.probability * item.parameters.attempts
    return item.demand.number - item.totals.delivered > expected + 3 * sqrt(expected)


def doomed(item: Item) -> bool:
    """Whether the slot before the one armed ahead was void: then the midpoint does not play it either."""
    return item.slot.ahead and item.totals.voids > 0


def too_late(state: EndState, item: Item, number: int) -> bool:
    """Whether the request's time is over by then."""
    return number - item.first_slot > item.demand.max_time_s * state.tick_rate_Hz


def take(state: EndState, item: Item, slot: Slot) -> Outcome:
    """Keep the slot for later; it is armed when the record of the one before is over."""
    state = replace(state, active=replace(item, ahead=Ahead(slot)))
    return state, (Call(AwaitSlot(item.request, item.slot.burst)),)


def awaited(state: EndState, item: Item, body: SlotAwaited) -> Outcome:
    """The record of the slot being played is over, or not yet."""
    ahead = item.ahead
    if ahead is None or ahead.stage is not Stage.READY or body.burst != item.slot.burst:
        return state, ()
    if not body.done:
        return state, (Call(AwaitSlot(item.request, body.burst)),)
    item = replace(item, ahead=replace(ahead, stage=Stage.ARMING))
    return replace(state, active=item), (arm(state, item, ahead.slot),)


def follow(state: EndState, item: Item, now: float) -> Outcome:
    """The slot before it is done with: now it is the one being played. None may be ahead only at a slave."""
    ahead = item.ahead
    if ahead is None:
        return replace(state, active=item), ()
    stage = max(ahead.stage, Stage.ARMING)
    item = replace(item, slot=ahead.slot, stage=stage, since=now, ahead=None)
    state = replace(state, active=item)
    if ahead.stage is Stage.READY:
        return state, (arm(state, item, ahead.slot),)
    return propose(state, item) if stage is Stage.GENERATED else (state, ())
