# SPDX-License-Identifier: Apache-2.0
"""Slot tick counts that cannot be right: one that goes back, stands still, or is behind the others'.

Slots, max_time and storage times are all told by these counts, so where one is wrong none of them would ever
end a request: the request FAILED, and the node is named.
"""

from msgspec.structs import replace

from heraldlink.link import end_master, kept_phase, midpoint_end, storage
from heraldlink.link.end_state import EndState, Item, OwnCount
from heraldlink.link.events import Actions
from heraldlink.link.midpoint_state import Behind, MidpointState
from heraldlink.link.midpoint_state import Item as MidpointItem

DEVICE = "time controller"
STILL_LIMIT_S = 20.0
"""For how long a node's count may stand still in a request, in seconds of its own clock."""
BEHIND_LIMIT = 2
"""So many slots in a row may a node not be armed before their time: it waits for the tick, and the second one
is proposed a single tick ahead, so that the other node has counted what this one has not."""
REMEDY = "set the slot tick counts of all three time controllers to 0 between two ticks, and prepare again"


def looked(state: EndState, item: Item | None, tick: int, now: float) -> tuple[EndState, Actions]:
    """A node has read its own count; it fails the request if the count cannot be right."""
    known, request = state.own_count, item.request if item else 0
    if tick < known.ticks:
        return gone_back(state, tick)
    if tick > known.ticks or request != known.request:
        return replace(state, own_count=OwnCount(tick, now, request)), ()
    if item is None or now - known.came <= STILL_LIMIT_S:
        return state, ()
    reason = f"no slot tick arrives at {state.node}: its count has been {tick} for {now - known.came:.0f} s"
    return end_master.fail_all(state, state.node, DEVICE, reason, park=False)


def gone_back(state: EndState, tick: int) -> tuple[EndState, Actions]:
    """A count that began anew: nobody knows any more how old kept pairs and the phase are."""
    before = state.own_count.ticks
    reason = f"the slot tick count of {state.node} went back from {before} to {tick}: {REMEDY}"
    state = replace(kept_phase.forgotten(state), own_count=OwnCount(tick))
    state, gone = storage.all_gone(state, reason)
    state, actions = end_master.fail_all(state, state.node, DEVICE, reason, park=False)
    return state, (*gone, *actions)


def behind(item: MidpointItem, node: str) -> MidpointItem:
    """The request once more with this node armed before the slot's time."""
    before, burst = item.behind, item.gens[node].burst
    number = before.number + 1 if before.burst == burst - 1 else 1
    return replace(item, behind=Behind(number, burst))


def too_far_behind(
    state: MidpointState, item: MidpointItem, node: str, now: float
) -> tuple[MidpointState, Actions]:
    """A node's count is behind the slot again and again."""
    gen, number = item.gens[node], item.behind.number
    reason = (
        f"{node} counted {gen.tick} slot ticks where slot {gen.slot} was next, {number} times in a row: "
        f"its count is behind, or it gets no ticks: {REMEDY}"
    )
    return midpoint_end.fail(state, node, DEVICE, reason, now, park=False)
