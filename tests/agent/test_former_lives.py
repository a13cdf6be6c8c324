# SPDX-License-Identifier: Apache-2.0
"""What a start gathers from a journal, row by row and once, is what the whole of it says."""

import sys
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "journal"))
from journal_facts import heralds, pair

from heraldlink.agent.archive import Archive, Index, indexed
from heraldlink.agent.former_lives import FormerLives
from heraldlink.errors import JournalError
from heraldlink.journal import Entry, Journal
from heraldlink.link.endings import REMEMBERED_ENDS
from heraldlink.link.facts import (
    BOOT,
    CURSOR,
    END,
    HERALDS,
    PAIR,
    REQUEST,
    BootFact,
    CursorFact,
    EndFact,
    HeraldsFact,
    PairFact,
    RequestFact,
)
from heraldlink.link.recovery import recovered
from heraldlink.messages.values import Demand, Parameters, Prediction

ENDS = ("alice", "bob")
NUMBERS = st.integers(1, 12)
LISTS = st.lists(NUMBERS, min_size=1, max_size=4, unique=True)


PARAMETERS = Parameters({}, 1, 1, Prediction(5e-3, 2.5e-3, 2.5e-3, 0.8, 0.79, 0.795, 0.01, {}))


def request(number: int) -> RequestFact:
    return RequestFact(number, 1, "alice", Demand(1, 0.5, 1.0, 1, ("ZZ",), 1), PARAMETERS)


def ended(number: int) -> EndFact:
    return EndFact(number, "DELIVERED", "", "", "", by="alice")


FACTS = st.one_of(
    st.builds(lambda number: (PAIR, pair(number)), NUMBERS),
    st.builds(
        lambda numbers: (HERALDS, heralds(*numbers)), st.lists(NUMBERS, min_size=1, max_size=4, unique=True)
    ),
    st.builds(lambda number: (REQUEST, request(number)), NUMBERS),
    st.builds(lambda number: (END, ended(number)), NUMBERS),
    st.builds(lambda number: (CURSOR, CursorFact("consumer", number)), NUMBERS),
    st.builds(lambda number: (BOOT, BootFact("alice", number)), NUMBERS),
)


def read_anew(path: Path) -> tuple[FormerLives, Journal]:
    former = FormerLives(path, ENDS)
    return former, Journal(path, former.read)


def contents(index: Index) -> tuple[object, ...]:
    rows = [
        [(number, found.row(number)) for number in found.behind(0)]
        for found in (index.records, index.decisions)
    ]
    return rows, index.undecided, index.cursors, index.last_sequence


@settings(max_examples=40, deadline=None)
@given(facts=st.lists(FACTS, max_size=25))
def test_one_pass_finds_what_the_whole_journal_says(facts: list[tuple[str, msgspec.Struct]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        journal = Journal(path)
        archive = Archive(journal)
        for kind, fact in facts:
            archive.wrote(journal.append([Entry(kind, fact)]), [Entry(kind, fact)])
        journal.close()
        former, journal = read_anew(path)
        assert contents(former.index) == contents(archive._index) == contents(indexed(journal))
        found = former.recovered()
        assert found == recovered([fact for _, fact in facts], ENDS)
        decided = {fact.decision.mhp_seq for _, fact in facts if isinstance(fact, PairFact)}
        numbered = {one.mhp_seq for _, fact in facts if isinstance(fact, HeraldsFact) for one in fact.heralds}
        assert {one.mhp_seq for fact in found.undecided for one in fact.heralds} == numbered - decided
        assert found.next_mhp_seq == max(numbered | decided, default=0) + 1
        last = {fact.request: type(fact) for _, fact in facts if isinstance(fact, RequestFact | EndFact)}
        ends = {fact.request for _, fact in facts if isinstance(fact, EndFact)}
        assert {fact.request for fact in found.open} == set(last) - ends
        holes = {number for low, high in found.holes for number in range(low, high + 1)}
        assert holes == set(range(1, max(decided, default=0))) - decided
        boots = [fact.boot for _, fact in facts if isinstance(fact, BootFact)]
        assert former.next_boot(5) == max(5, boots[-1] + 1 if boots else 0)
        journal.close()


def test_only_what_is_open_is_kept_of_requests() -> None:
    facts: list[msgspec.Struct] = []
    for number in range(1, 2 * REMEMBERED_ENDS):
        facts += [request(number), ended(number)]
    found = recovered([*facts, request(9999)], ENDS)
    assert [fact.request for fact in found.open] == [9999]
    assert [fact.request for fact in found.ends] == list(range(REMEMBERED_ENDS, 2 * REMEMBERED_ENDS))


def test_a_row_of_another_program_is_named_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.append([Entry(PAIR, BootFact("alice", 1))])
    journal.close()
    with pytest.raises(JournalError, match=r"row 1 \(pair\) cannot be read"):
        read_anew(path)
