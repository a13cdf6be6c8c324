# SPDX-License-Identifier: Apache-2.0
"""When the outbox writes: together, once somebody waits or the oldest has waited long enough."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from heraldlink.agent.outbox import LONGEST_S, MOST_ROWS, Outbox
from heraldlink.agent.states import STATE, StateFact
from heraldlink.journal import Entry, Journal

ROW = Entry(STATE, StateFact("IDLE", "READY", "ended", "a request has ended"))


@dataclass
class Desk:
    """An outbox, the groups it has written, and what was done after them."""

    journal: Journal
    groups: list[int] = field(default_factory=list[int])
    done: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.journal, lambda _, rows: self.groups.append(len(rows)))

    def then(self, what: str) -> None:
        self.outbox.then(lambda: self.done.append(what))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    journal = Journal(tmp_path / "journal.sqlite")
    yield Desk(journal)
    journal.close()


def test_facts_that_nobody_waits_for_are_written_together_when_the_first_is_due(desk: Desk) -> None:
    desk.outbox.append(ROW)
    due_s = desk.outbox.due_s()
    desk.outbox.settle(due_s - LONGEST_S / 2)
    desk.outbox.append(ROW, ROW)
    assert (desk.groups, desk.outbox.due_s()) == ([], due_s)
    desk.outbox.settle(due_s)
    assert (desk.groups, desk.journal.last_seq) == ([3], 3)
    assert desk.outbox.due_s() == float("inf")


def test_who_waits_makes_all_before_be_written_in_this_turn(desk: Desk) -> None:
    desk.outbox.append(ROW)
    desk.then("told")
    assert desk.done == []
    desk.outbox.settle(desk.outbox.due_s() - LONGEST_S)
    assert (desk.groups, desk.done) == ([1], ["told"])


def test_with_nothing_to_write_nobody_waits(desk: Desk) -> None:
    desk.then("told")
    assert (desk.groups, desk.done) == ([], ["told"])


def test_what_a_restart_has_to_know_hurries(desk: Desk) -> None:
    desk.outbox.append(ROW)
    now = desk.outbox.due_s() - LONGEST_S
    desk.outbox.hurry()
    desk.outbox.settle(now)
    assert desk.groups == [1]


def test_a_large_group_waits_for_nothing(desk: Desk) -> None:
    desk.outbox.append(*[ROW] * MOST_ROWS)
    assert desk.groups == [MOST_ROWS]
