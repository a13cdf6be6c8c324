# SPDX-License-Identifier: Apache-2.0
"""When rows may go, and that a journal that begins at a checkpoint says what the whole one says."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "journal"))
from journal_facts import heralds, pair
from old_journal import BOOT_NS, Keeper
from test_former_lives import ended, request

from heraldlink.agent.checkpoints import Checkpoint
from heraldlink.agent.retention import HOUR_NS, Rules, Stand, plan, stand
from heraldlink.agent.states import STATE, StateFact
from heraldlink.journal.cuts import CUT, CutFact
from heraldlink.link.facts import BOOT, CURSOR, END, HERALDS, PAIR, REQUEST, BootFact, CursorFact

SMALL = st.integers(0, 12)
CHECKPOINTS = st.lists(st.tuples(SMALL, SMALL, SMALL, SMALL), max_size=6).map(
    lambda steps: [
        Checkpoint(*(sum(step[k] for step in steps[: n + 1]) + (n if k == 0 else 0) for k in range(4)))
        for n in range(len(steps))
    ]
)
STANDS = st.builds(
    Stand,
    st.integers(0, 20),
    CHECKPOINTS,
    st.dictionaries(st.sampled_from(["local/one", "local/two", "key/one"]), st.integers(0, 40)),
    st.integers(0, 40),
    st.integers(0, 40),
)
RULES = st.builds(Rules, st.integers(0, 20), st.integers(1, 30), st.sampled_from([None, (), ("one",)]))


@given(known=STANDS, rules=RULES, utc_ns=st.integers(0, 60))
def test_a_cut_takes_only_rows_that_nobody_needs(known: Stand, rules: Rules, utc_ns: int) -> None:
    found = plan(known, rules, utc_ns)
    if found.cut is None:
        assert found.waits_for
        return
    cut = found.cut
    names = {"one", "local/one", "key/one"} if rules.consumers == ("one",) else set(known.cursors)
    waited = [n for key, n in known.cursors.items() if key in names and rules.consumers != ()]
    assert cut in known.checkpoints
    assert cut.seq - 1 - known.base >= rules.least_rows
    assert cut.utc_ns + rules.keep_ns <= utc_ns
    assert cut.last_mhp <= known.settled
    assert all(number >= cut.records for number in waited)
    later = [one.seq for one in known.checkpoints if one.seq > cut.seq]
    assert known.oldest_open == 0 or known.oldest_open >= min(later)


def test_what_a_cut_waits_for_is_said() -> None:
    two = [Checkpoint(101, 0, 100, 90), Checkpoint(201, 0, 200, 190)]
    free = Stand(0, two, {}, 0, 200)
    rules, now = Rules(HOUR_NS, 100), 2 * HOUR_NS
    assert plan(free, rules, now).cut == two[1]
    assert plan(replace(free, settled=150), rules, now).cut == two[0]
    for known, at, words in (
        (free, 1, "time: the next rows are old enough in 1.0 h"),
        (replace(free, oldest_open=150), now, "the request that was taken in row 150 to end"),
        (replace(free, cursors={"local/a": 99}), now, "local/a, which has stored 99 of 100 records"),
        (replace(free, settled=80), now, "peers to have the decisions on heralds 81 to 90"),
        (replace(free, checkpoints=[]), now, "a checkpoint 100 rows behind row 0"),
    ):
        assert words in plan(known, rules, at).waits_for
        assert plan(known, rules, at).cut is None


NUMBERS = st.integers(1, 12)
FACTS = st.one_of(
    st.builds(lambda number: (PAIR, pair(number)), NUMBERS),
    st.builds(
        lambda found: (HERALDS, heralds(*found)), st.lists(NUMBERS, min_size=1, max_size=3, unique=True)
    ),
    st.builds(lambda number: (REQUEST, request(number)), NUMBERS),
    st.builds(lambda number: (END, ended(number)), NUMBERS),
    st.builds(lambda number: (CURSOR, CursorFact("consumer", number)), NUMBERS),
    st.builds(lambda number: (BOOT, BootFact("alice", number)), NUMBERS),
    st.builds(lambda name: (STATE, StateFact(name, "SAFE", "cause", "reason")), st.sampled_from("AB")),
)
Facts = list[tuple[str, msgspec.Struct]]


def over(heralded: int, requests: set[int], others: Facts) -> Facts:
    """Facts of heralds that are all decided and of requests that have ended, and others."""
    decided: Facts = [(PAIR, pair(number)) for number in range(1, heralded + 1)]
    asked: Facts = [fact for n in requests for fact in ((REQUEST, request(n)), (END, ended(n)))]
    return [*decided, *asked, *((kind, fact) for kind, fact in others if kind in (BOOT, CURSOR, STATE))]


PAST = st.builds(over, st.integers(0, 6), st.sets(NUMBERS, max_size=3), st.lists(FACTS, max_size=8)).flatmap(
    st.permutations
)


def said(keeper: Keeper, cut: Checkpoint) -> tuple[object, ...]:
    """All that a node finds out from its journal, about what is behind a cut."""
    index, archive = keeper.former.index, keeper.archive
    behind = [(number, row.hash) for number, row in archive.after(cut.records, 500)]
    last, found = archive.hash_of(archive.records), keeper.former.recovered()
    decided = [archive.decided(number) for number in range(cut.last_mhp + 1, 14)]
    numbers = index.last_mhp, index.last_sequence, archive.records, last, archive.complete
    return found, decided, numbers, behind, index.cursors, index.undecided, index.state, set(index.open)


@settings(max_examples=40, deadline=None)
@given(before=PAST | st.lists(FACTS, max_size=20), after=st.lists(FACTS, max_size=12))
def test_a_journal_that_begins_at_a_checkpoint_says_the_same(before: Facts, after: Facts) -> None:
    """Whenever the plan lets the journal be cut there."""
    with tempfile.TemporaryDirectory() as folder:
        keeper = Keeper(Path(folder) / "journal-alice.sqlite")
        keeper.write(*before)
        keeper.checkpoint(0)
        keeper.write(*after)
        keeper.checkpoint(1)
        index = keeper.archive.index
        known = stand(index, 0, keeper.archive.complete)
        cut = plan(replace(known, checkpoints=known.checkpoints[:2]), Rules(0, 1, ()), 0).cut
        keeper.close()
        whole = Keeper(keeper.path)
        if cut:
            hash_before = whole.journal.row(cut.seq - 1).hash if cut.seq > 1 else bytes(32)
            whole.write((CUT, CutFact(cut.seq, hash_before, "archive")))
            told = said(whole, cut)
            whole.journal.cut(cut.seq)
            assert whole.journal.forget(100)
            whole.close()
            short = Keeper(keeper.path)
            assert short.journal.base == cut.seq - 1
            assert said(short, cut) == told
            assert short.former.next_boot(5) == max(BOOT_NS, whole.former.index.boot) + 1
            short.close()
        else:
            whole.close()
