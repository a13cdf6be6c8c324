# SPDX-License-Identifier: Apache-2.0
"""Decisions that an end missed come from the midpoint's journal; facts wait for their group's commit."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "journal"))
from journal_facts import heralds, pair

from heraldlink.agent.archive import Archive
from heraldlink.agent.catching_up import AGAIN_S, MOST_FACTS, MOST_NUMBERS, ROUND_S, Asker, Teller
from heraldlink.agent.checkpoints import Checkpoint
from heraldlink.agent.outbox import MOST_ROWS, Outbox
from heraldlink.errors import JournalError
from heraldlink.journal import Entry, Journal
from heraldlink.link.facts import BOOT, HERALDS, PAIR, PENDING, BootFact, PendingFact
from heraldlink.messages.header import Body
from heraldlink.messages.link import CatchUp

MANY = 2 * MOST_FACTS + 50


class Shelf:
    """A journal with its archive and outbox."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self.archive = Archive(self.journal)
        self.outbox = Outbox(self.journal, self.archive.wrote)

    def write(self, *entries: Entry) -> None:
        self.outbox.append(*entries)
        self.outbox.flush()

    def pairs(self) -> dict[int, bytes]:
        return {row.seq: row.payload for row in self.journal.rows(PAIR)}


@pytest.fixture
def shelves(tmp_path: Path) -> Iterator[tuple[Shelf, Shelf]]:
    """The midpoint's and an end's."""
    made = (Shelf(tmp_path / "midpoint.sqlite"), Shelf(tmp_path / "alice.sqlite"))
    yield made
    for shelf in made:
        shelf.journal.close()


class Talk:
    """Messages between the two, delivered at once."""

    def __init__(self, middle: Shelf, end: Shelf) -> None:
        self.sent: list[Body] = []
        self.raised: list[tuple[int, int]] = []
        self.end = end
        self.asker = Asker("midpoint", end.archive, end.outbox, self.to_midpoint)
        self.teller = Teller(
            ("alice", "bob"), middle.archive, self.to_end, lambda *numbers: self.raised.append(numbers)
        )

    def to_midpoint(self, target: str, body: Body) -> None:
        assert target == "midpoint"
        self.sent.append(body)
        assert self.teller.take("alice", body)

    def to_end(self, target: str, body: Body) -> None:
        assert target == "alice"
        self.sent.append(body)
        assert self.asker.take("midpoint", body)
        self.end.outbox.flush()

    def tick(self, now: float) -> int:
        """Messages that a tick causes."""
        before = len(self.sent)
        self.asker.tick(now, there=True, busy=False)
        return len(self.sent) - before


def test_a_new_journal_gets_everything_in_portions(shelves: tuple[Shelf, Shelf]) -> None:
    middle, end = shelves
    middle.write(*(Entry(PAIR, pair(number)) for number in range(1, MANY + 1)))
    end.write(Entry(PAIR, pair(1)), Entry(PAIR, pair(3)))
    talk = Talk(middle, end)
    assert talk.tick(0.0) == 6
    assert sorted(end.pairs().values()) == sorted(middle.pairs().values())
    assert talk.tick(AGAIN_S + 1) == 0
    assert not talk.raised


def test_a_history_that_comes_twice_in_one_turn_is_written_once(shelves: tuple[Shelf, Shelf]) -> None:
    """Asked for again before the first one came: both arrive before the group is on disk."""
    middle, end = shelves
    middle.write(*(Entry(PAIR, pair(number)) for number in range(1, 4)))
    answers: list[Body] = []
    asker = Asker("midpoint", end.archive, end.outbox, lambda _, body: None)
    teller = Teller(("alice", "bob"), middle.archive, lambda _, body: answers.append(body), lambda *_: None)
    question = CatchUp(end.archive.complete, (), end.archive.last_mhp, end.archive.last_sequence)
    for _ in range(2):
        assert teller.take("alice", question)
    for answer in answers:
        assert asker.take("midpoint", answer)
    end.outbox.flush()
    assert len(end.pairs()) == 3


def test_what_is_undecided_is_asked_for_until_it_is_decided(shelves: tuple[Shelf, Shelf]) -> None:
    middle, end = shelves
    middle.write(Entry(HERALDS, heralds(1, 2, 3)), Entry(PAIR, pair(1)), Entry(PAIR, pair(3)))
    end.write(Entry(PENDING, PendingFact(1, 1, 7, heralds(1, 2, 3).heralds)))
    talk = Talk(middle, end)
    assert talk.tick(0.0) == 2
    assert end.archive.undecided == {2}
    assert talk.tick(AGAIN_S / 2) == 0
    assert talk.tick(AGAIN_S) == 2
    middle.write(Entry(PAIR, pair(2, "EXPIRED")))
    assert talk.tick(2 * AGAIN_S) == 2
    assert end.archive.undecided == set()
    assert sorted(end.pairs().values()) == sorted(middle.pairs().values())
    assert talk.tick(3 * AGAIN_S) == 0


def test_a_midpoint_that_lost_its_end_uses_no_number_again(shelves: tuple[Shelf, Shelf]) -> None:
    middle, end = shelves
    middle.write(Entry(PAIR, pair(1)))
    end.write(*(Entry(PAIR, pair(number)) for number in range(1, 6)))
    talk = Talk(middle, end)
    talk.tick(0.0)
    assert talk.raised == [(5, 5)]
    assert len(end.pairs()) == 5


@pytest.mark.parametrize("number", [MOST_NUMBERS, 2**62, 2**63 - 1])
def test_a_number_that_no_midpoint_hands_out_is_not_believed(
    shelves: tuple[Shelf, Shelf], number: int
) -> None:
    middle, end = shelves
    middle.write(Entry(PAIR, pair(1)))
    talk = Talk(middle, end)
    assert talk.teller.take("alice", CatchUp(0, (), number, 1))
    assert talk.teller.take("alice", CatchUp(0, (), 1, number))
    assert talk.raised == []


def test_numbers_far_apart_take_no_more_memory_than_others(shelves: tuple[Shelf, Shelf]) -> None:
    """A midpoint whose numbers were raised far goes on from there, also after its next start."""
    middle, end = shelves
    far = MOST_NUMBERS - 1
    middle.write(*(Entry(PAIR, pair(number)) for number in (1, far + 1, far)))
    for archive in (middle.archive, Archive(middle.journal)):
        assert (archive.last_mhp, archive.complete) == (far + 1, 1)
        assert [archive.decided(number) for number in (1, 2, far, far + 1)] == [True, False, True, True]
    Talk(middle, end).tick(0.0)
    assert len(end.pairs()) == 3


def test_nothing_is_asked_inside_a_request(shelves: tuple[Shelf, Shelf]) -> None:
    talk = Talk(*shelves)
    talk.asker.tick(0.0, there=True, busy=True)
    assert talk.sent == []


def test_what_follows_facts_waits_for_them_and_keeps_its_order(shelves: tuple[Shelf, Shelf]) -> None:
    shelf, _ = shelves
    done: list[str] = []
    shelf.outbox.then(lambda: done.append("at once"))
    shelf.outbox.append(Entry(BOOT, BootFact("alice", 1)))
    shelf.outbox.then(lambda: shelf.outbox.then(lambda: done.append("fourth")))
    shelf.outbox.then(lambda: done.append(f"third, row {shelf.journal.last_seq}"))
    assert done == ["at once"]
    assert shelf.journal.last_seq == 0
    shelf.outbox.flush()
    assert done == ["at once", "third, row 1", "fourth"]


def test_a_large_group_is_written_without_waiting(shelves: tuple[Shelf, Shelf]) -> None:
    shelf, _ = shelves
    shelf.outbox.append(*(Entry(BOOT, BootFact("alice", number)) for number in range(MOST_ROWS - 1)))
    assert shelf.journal.last_seq == 0
    shelf.outbox.append(Entry(BOOT, BootFact("alice", 0)))
    assert shelf.journal.last_seq == MOST_ROWS


def test_nothing_is_said_that_was_not_written(shelves: tuple[Shelf, Shelf]) -> None:
    shelf, _ = shelves
    done: list[str] = []
    shelf.outbox.append(Entry(BOOT, BootFact("alice", 1)))
    shelf.outbox.then(lambda: done.append("said"))
    shelf.journal._database.close()
    with pytest.raises(JournalError, match="nothing more is accepted"):
        shelf.outbox.flush()
    assert done == []


def test_another_pair_under_a_known_number_is_not_taken_for_it(shelves: tuple[Shelf, Shelf]) -> None:
    _, end = shelves
    end.write(Entry(PAIR, pair(1)))
    assert end.archive.holds(pair(1))
    assert not end.archive.holds(pair(1, request=2))
    assert not end.archive.holds(pair(2))


def test_a_row_of_another_program_is_named(shelves: tuple[Shelf, Shelf]) -> None:
    _, end = shelves
    end.journal.append([Entry(PAIR, BootFact("alice", 1))])
    with pytest.raises(JournalError, match=r"row 1 \(pair\) cannot be read"):
        Archive(end.journal)


def test_the_midpoint_learns_how_far_an_end_is_complete(shelves: tuple[Shelf, Shelf]) -> None:
    """An end tells it now and then, though it lacks nothing and is busy; rows are kept until then."""
    middle, end = shelves
    talk = Talk(middle, end)
    facts = [Entry(PAIR, pair(number)) for number in range(1, 6)]
    middle.write(*facts)
    end.write(*facts)
    talk.asker.tick(0.0, there=True, busy=True)
    assert (talk.asker.settled, talk.teller.settled) == (5, 0)
    talk.asker.tick(ROUND_S, there=False, busy=False)
    assert talk.sent == []
    talk.asker.tick(ROUND_S, there=True, busy=True)
    assert {body.after for body in talk.sent if isinstance(body, CatchUp)} == {5}
    assert talk.teller.settled == 0, "bob has not told anything"
    bob = Teller(("alice", "bob"), middle.archive, lambda target, body: None, lambda *_: None)
    for source, after in (("alice", 5), ("bob", 3), ("eve", 1)):
        assert bob.take(source, CatchUp(after, (), 5, 5))
    assert bob.settled == 3


def test_who_lacks_what_was_moved_to_archives_is_told(
    shelves: tuple[Shelf, Shelf], caplog: pytest.LogCaptureFixture
) -> None:
    """An end with an empty journal gets what the midpoint still has; of the rest people are told."""
    middle, end = shelves
    middle.write(*(Entry(PAIR, pair(number)) for number in range(1, 11)))
    middle.archive.index.forget(Checkpoint(5, 0, 4, 4), b"")
    Talk(middle, end).tick(0.0)
    assert len(end.pairs()) == 6
    assert "node alice lacks decisions on heralds from 1 on, and those up to 4 lie in" in caplog.text
    assert "reconcile --write" in caplog.text
