# SPDX-License-Identifier: Apache-2.0
"""Which slot a master proposes, and the call that arms for one."""

from msgspec.structs import replace

from heraldlink.link.choices import Choice, choose, directions
from heraldlink.link.end_state import EndState, Item, Slot
from heraldlink.link.events import Call
from heraldlink.link.kept_phase import turning
from heraldlink.link.storage import to_keep
from heraldlink.messages.link import Propose
from heraldlink.messages.worker import ArmSlot


def next_slot(state: EndState, item: Item, number: int) -> Slot:
    """The slot to propose: the first one that is played only estimates the phase."""
    phase = turning(item, number)
    estimate = phase is None and item.totals.slots == 0
    turn = item.turns.next
    choice = choose(item.demand, turn, swapped=swapped(state, item))
    return Slot(
        burst=item.slot.burst + 1,
        number=number,
        basis=choice.basis,
        estimate=estimate,
        turn_rad=0.0 if phase is None else phase.angle_rad,
        measured=choice.measured,
        test=choice.test,
        keep=0 if choice.test or estimate else to_keep(state, item),
        turn=-1 if estimate else turn,
    )


def taken(item: Item, slot: Slot) -> Item:
    """The request with this slot's turn given away."""
    return item if slot.turn < 0 else replace(item, turns=item.turns.taken())


def proposal(item: Item, slot: Slot) -> Propose:
    """A slot as the master tells it to the slave."""
    return Propose(
        request=item.request,
        burst=slot.burst,
        slot=slot.number,
        basis=slot.basis,
        estimate=slot.estimate,
        turn_rad=slot.turn_rad,
        measured=slot.measured,
        test=slot.test,
        keep=slot.keep,
        ahead=slot.ahead,
    )


def meant(body: Propose) -> Slot:
    """A slot as the slave understands it."""
    return Slot(
        burst=body.burst,
        number=body.slot,
        basis=body.basis,
        estimate=body.estimate,
        turn_rad=body.turn_rad,
        measured=body.measured,
        test=body.test,
        keep=body.keep,
        ahead=body.ahead,
    )


def arm(state: EndState, item: Item, slot: Slot) -> Call:
    """Have the instruments armed for a slot."""
    choice = Choice(slot.basis, slot.measured, slot.test)
    both_rad = directions(item.demand, choice, swapped=swapped(state, item))
    return Call(
        ArmSlot(
            request=item.request,
            burst=slot.burst,
            slot=slot.number,
            basis=slot.basis,
            estimate=slot.estimate,
            turn_rad=slot.turn_rad,
            direction_rad=both_rad[state.ends.index(state.node)],
            keep=slot.keep if keeps(state, item) else 0,
            ahead=slot.ahead,
        )
    )


def keeps(state: EndState, item: Item) -> bool:
    """Whether this node keeps its qubits: both do for K, the one that did not ask for R."""
    return item.demand.type == "K" or (item.demand.type == "R" and item.master != state.node)


def swapped(state: EndState, item: Item) -> bool:
    """Whether the request comes from the link's second end."""
    return item.master != state.ends[0]
