# SPDX-License-Identifier: Apache-2.0
"""Deliberately broken variants of the link layer: a property that none of them violates proves nothing.

Each has one protection taken out; ``storm``, ``slips`` or ``channel`` is the property that has to catch it,
``caught`` the invariant. docs/reference/broken-variants.md is made from this list.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Literal

import msgspec
import pytest
import virtual_network

from heraldlink.link import (
    courier,
    end,
    end_life,
    end_master,
    end_slot,
    midpoint,
    midpoint_end,
    midpoint_slot,
    verdict,
)
from heraldlink.link.courier import Courier, Sent
from heraldlink.link.end_state import EndState, Item
from heraldlink.link.endings import ended
from heraldlink.link.events import Action, Call, Commit, Recovered, Send
from heraldlink.link.facts import EndFact, PairFact
from heraldlink.link.midpoint_state import Item as MidpointItem
from heraldlink.link.midpoint_state import MidpointState
from heraldlink.link.serial import advanced
from heraldlink.link.verdict import Case
from heraldlink.messages.header import Body
from heraldlink.messages.link import Close, Label, Receipt, Reply, Report
from heraldlink.messages.values import Decision, Deviation, Herald, Readout
from heraldlink.messages.worker import CollectSlot, Unload

Break = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Variant:
    """What is broken, where, which property finds it, and by which invariant, from which seed on."""

    name: str
    what: str
    found_by: Literal["storm", "slips", "channel", "restart", "wrap", "ahead"]
    caught: str
    break_: Break
    first: int = 0


def everywhere(patch: pytest.MonkeyPatch, name: str, value: object, *modules: ModuleType) -> None:
    for module in modules:
        patch.setattr(module, name, value)


# the courier


def less_than(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(courier, "ahead", lambda number, other, bits=32: number - other)


def unsorted(patch: pytest.MonkeyPatch) -> None:
    def sorted_in(one: Courier, number: int, body: Body) -> tuple[Courier, tuple[Body, ...]]:
        if courier.ahead(number, one.expected) < 0:
            return replace(one, owing=True), ()
        return replace(one, owing=True, expected=advanced(number)), (body,)

    patch.setattr(courier, "sorted_in", sorted_in)


def repeats_taken(patch: pytest.MonkeyPatch) -> None:
    whole = courier.sorted_in

    def sorted_in(one: Courier, number: int, body: Body) -> tuple[Courier, tuple[Body, ...]]:
        if courier.ahead(number, one.expected) < 0:
            return replace(one, owing=True), (body,)
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


# journals and restarts


def said_before_written(patch: pytest.MonkeyPatch) -> None:
    for module in (end, midpoint):
        whole = module.step

        def step(state: object, event: object, now: float, whole: Callable[..., object] = whole) -> object:
            state, actions = whole(state, event, now)  # type: ignore[misc]
            return state, tuple(sorted(actions, key=lambda action: isinstance(action, Commit)))

        patch.setattr(module, "step", step)


def recovery(patch: pytest.MonkeyPatch, change: Callable[[Recovered, list[object]], Recovered]) -> None:
    whole = virtual_network.recovered

    def recovered(facts: list[object], ends: tuple[str, str]) -> Recovered:
        return change(whole(facts, ends), facts)  # type: ignore[arg-type]

    patch.setattr(virtual_network, "recovered", recovered)


def ids_used_again(patch: pytest.MonkeyPatch) -> None:
    def change(found: Recovered, facts: list[object]) -> Recovered:
        decided = [fact.decision.mhp_seq for fact in facts if isinstance(fact, PairFact)]
        return replace(found, next_mhp_seq=max(decided, default=0) + 1)

    recovery(patch, change)


def pair_numbers_used_again(patch: pytest.MonkeyPatch) -> None:
    recovery(patch, lambda found, _: replace(found, next_sequence=1))


def undecided_forgotten(patch: pytest.MonkeyPatch) -> None:
    recovery(patch, lambda found, _: replace(found, undecided=()))


def open_requests_forgotten(patch: pytest.MonkeyPatch) -> None:
    recovery(patch, lambda found, _: replace(found, open=()))


def expiries_forgotten(patch: pytest.MonkeyPatch) -> None:
    recovery(patch, lambda found, _: replace(found, expiring=()))


def heralds_unwritten(patch: pytest.MonkeyPatch) -> None:
    whole = midpoint_slot.played

    def played(*arguments: object) -> object:
        state, actions = whole(*arguments)  # type: ignore[arg-type]
        return state, tuple(action for action in actions if not isinstance(action, Commit))

    patch.setattr(midpoint_slot, "played", played)


# ends of requests


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


# verdicts


def no_quota(patch: pytest.MonkeyPatch) -> None:
    whole = verdict.decide
    patch.setattr(midpoint_slot, "decide", lambda case: whole(replace(case, quota=10**9)))


def by_order(case: Case) -> Case:
    """The same evidence, with the n-th readout of each node given to the n-th herald."""

    def relabelled(report: Report) -> Report:
        pairs = zip(case.heralds, report.readouts, strict=False)
        readouts = tuple(Readout(herald.attempt, one.outcome or 1) for herald, one in pairs)
        return Report(
            **{name: getattr(report, name) for name in report.__struct_fields__} | {"readouts": readouts}
        )

    return replace(case, reports={node: relabelled(report) for node, report in case.reports.items()})


def matched_by_order(patch: pytest.MonkeyPatch) -> None:
    whole = verdict.decide
    patch.setattr(midpoint_slot, "strays", lambda *_: ())
    patch.setattr(midpoint_slot, "decide", lambda case: whole(by_order(case)))


def counted_at_the_end(patch: pytest.MonkeyPatch) -> None:
    def strays(heralds: tuple[object, ...], reports: dict[str, Report], doubles: tuple[int, ...]) -> object:
        return tuple(
            Deviation(node, "attempt index", "the counts of the slot differ")
            for node, report in reports.items()
            if len(report.readouts) != len(heralds) + len(doubles)
        )

    patch.setattr(midpoint_slot, "strays", strays)


def strays_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(midpoint_slot, "strays", lambda *_: ())


def repeats_ignored(patch: pytest.MonkeyPatch) -> None:
    whole = verdict.strays

    def strays(heralds: object, reports: dict[str, Report], doubles: object) -> object:
        single = {
            node: msgspec.structs.replace(
                report, readouts=tuple(one for one in report.readouts if one.outcome)
            )
            for node, report in reports.items()
        }
        return whole(heralds, single, doubles)  # type: ignore[arg-type]

    patch.setattr(midpoint_slot, "strays", strays)


def doubles_counted(patch: pytest.MonkeyPatch) -> None:
    """As many strays as there were double clicks are let pass, wherever they are."""
    whole = verdict.strays

    def strays(heralds: tuple[Herald, ...], reports: dict[str, Report], doubles: tuple[int, ...]) -> object:
        expected = {herald.attempt for herald in heralds}
        found = whole(heralds, reports, doubles)  # type: ignore[arg-type]
        return tuple(
            one
            for one in found
            if sum(item.attempt not in expected for item in reports[one.node].readouts) > len(doubles)
            or any(item.outcome == 0 for item in reports[one.node].readouts)
        )

    patch.setattr(midpoint_slot, "strays", strays)


# slots that are armed ahead


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
    Variant(
        "said-before-written",
        "messages leave before the journal is written (publish before sync)",
        "storm",
        "deliveries ids",
        said_before_written,
    ),
    Variant(
        "ids-used-again",
        "after a restart the midpoint goes on from the last decided herald, not the last numbered",
        "storm",
        "ids",
        ids_used_again,
        first=40,
    ),
    Variant(
        "heralds-unwritten",
        "heralds are numbered in a REPLY before they are journalled",
        "storm",
        "ids",
        heralds_unwritten,
    ),
    Variant(
        "pair-numbers-used-again",
        "pair numbers begin at 1 after a restart of the midpoint",
        "storm",
        "ids",
        pair_numbers_used_again,
    ),
    Variant(
        "undecided-forgotten",
        "a restarted midpoint forgets heralds that it numbered and never judged",
        "storm",
        "ids",
        undecided_forgotten,
        first=33,
    ),
    Variant(
        "open-requests-forgotten",
        "a restarted node forgets requests without an end",
        "storm",
        "ends",
        open_requests_forgotten,
    ),
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
    Variant(
        "no-quota",
        "heralds beyond the number asked for are confirmed",
        "storm",
        "deliveries",
        no_quota,
    ),
    Variant(
        "matched-by-order",
        "the n-th readout is taken for the n-th herald",
        "slips",
        "outcomes",
        matched_by_order,
    ),
    Variant(
        "counted-at-the-end",
        "attempt counters are compared at the end of a slot only",
        "slips",
        "outcomes",
        counted_at_the_end,
    ),
    Variant(
        "strays-ignored",
        "readouts that belong to no herald raise no doubt",
        "slips",
        "outcomes",
        strays_ignored,
    ),
    Variant(
        "repeats-ignored",
        "an attempt that was read out twice raises no doubt",
        "slips",
        "outcomes",
        repeats_ignored,
        first=4,
    ),
    Variant(
        "doubles-counted",
        "as many strays as double clicks raise no doubt",
        "slips",
        "outcomes",
        doubles_counted,
    ),
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
)


def table() -> str:
    """The variants as docs/reference/broken-variants.md lists them."""
    rows = (f"| {one.name} | {one.what} | {one.found_by} | {one.caught} |" for one in VARIANTS)
    return "\n".join(("| variant | what is broken | property | caught by |", "|---|---|---|---|", *rows))
