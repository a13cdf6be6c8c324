# SPDX-License-Identifier: Apache-2.0
"""The phase that the last slot left, for the next request: as long as the model lets it serve.

Every slot begins with bright pulses, and their estimate turns the analysis axis of the next slot. A request
that follows soon enough begins with that estimate; only one that does not plays a slot for the phase alone.
``Parameters.phase_ticks`` says for how many ticks, and what may have moved the phase forgets it.
"""

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from heraldlink.messages.link import Reply, Verdict
from heraldlink.messages.values import Phase

if TYPE_CHECKING:
    from heraldlink.link.end_state import EndState, Item


class KeptPhase(msgspec.Struct, frozen=True):
    """An estimate and the slot that gave it."""

    phase: Phase
    slot: int


def kept(state: "EndState", body: Reply) -> "EndState":
    """Keep what a slot says of the phase."""
    return replace(state, phase=KeptPhase(body.phase, body.slot)) if body.phase else state


def confirmed(state: "EndState", body: Verdict) -> "EndState":
    """Forget the phase of a slot in which something was not as declared."""
    return forgotten(state) if body.deviations else state


def forgotten(state: "EndState") -> "EndState":
    """Something happened that may have moved the phase, or this node does not know."""
    return replace(state, phase=None) if state.phase else state


def begun(state: "EndState", item: "Item", tick: int) -> "Item":
    """The request with the phase that its next slot begins with, after ``tick`` was counted.

    Until it has played a slot of its own that is the kept one, if it is young enough.
    """
    if item.totals.slots:
        return item
    last = state.phase
    age = tick + item.lead.ticks - last.slot if last else 0
    if last and 0 < age <= item.parameters.phase_ticks:
        return replace(item, phases=(last,))
    return replace(item, phases=())


def known(item: "Item", body: Reply) -> "Item":
    """The request with what its newest slot says of the phase."""
    if body.phase is None:
        return item
    return replace(item, phases=(KeptPhase(body.phase, body.slot), *item.phases[:1]))


def aged(item: "Item", number: int) -> Phase | None:
    """The newest phase that is known while the slot before this one plays, if it still serves."""
    ages = range(2, item.parameters.phase_ticks + 1) if item.demand.type == "M" else ()
    return next((last.phase for last in item.phases if number - last.slot in ages), None)


def turning(item: "Item", number: int) -> Phase | None:
    """What turns the analysis of a slot: the same whether it is proposed ahead or not, if that is possible.

    So what is measured follows from which slots are played, not from how long nodes take to arm for them.
    """
    return aged(item, number) or (item.phases[0].phase if item.phases else None)
