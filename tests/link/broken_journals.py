# SPDX-License-Identifier: Apache-2.0
"""Broken variants of what is written before it is said, and of what a restarted node knows."""

from collections.abc import Callable

import pytest
import virtual_network
from msgspec.structs import replace
from variants import Variant

from heraldlink.link import end, midpoint, midpoint_slot
from heraldlink.link.events import Commit, Recovered
from heraldlink.link.facts import PairFact


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


VARIANTS = (
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
)
