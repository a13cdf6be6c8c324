# SPDX-License-Identifier: Apache-2.0
"""Deliberately broken variants of what a node and its client keep: each has one protection taken out.

A property takes a folder and raises Violation; docs/reference/broken-variants.md is made from this list and
from that of tests/link/broken_variants.py.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from heraldlink.agent import lease
from heraldlink.agent.admission import Admission, Admitted
from heraldlink.agent.command_port import Question
from heraldlink.agent.lease import Lease, LeaseState, Refused
from heraldlink.agent.ledger import Ledger
from heraldlink.agent.outbox import Act, Outbox
from heraldlink.errors import JournalError
from heraldlink.journal import Entry, Journal, log
from heraldlink.link.facts import BOOT, BootFact
from heraldlink.messages.command import Prepare
from heraldlink.messages.lease import AcquireLease
from heraldlink.records import Cursor, PairRecord, RecordStore

Break = Callable[[pytest.MonkeyPatch], None]
Property = Callable[[Path], None]


class Violation(AssertionError):
    """A property does not hold."""


def require(condition: object, sentence: str) -> None:
    if not condition:
        raise Violation(sentence)


def entry(number: int) -> Entry:
    return Entry(BOOT, BootFact("alice", number))


def filled(path: Path, count: int = 20) -> list[bytes]:
    """A journal with acknowledged rows; their payloads."""
    journal = Journal(path)
    for number in range(count):
        journal.append([entry(10**15 + number)])
    payloads = [row.payload for row in journal.rows()]
    journal.close()
    return payloads


def reopened(path: Path) -> list[bytes] | None:
    """What the journal holds; None if the node refuses to start on it."""
    try:
        journal = Journal(path)
    except JournalError:
        return None
    payloads = [row.payload for row in journal.rows()]
    journal.close()
    return payloads


def changed_rows_are_refused(folder: Path) -> None:
    path = folder / "journal.sqlite"
    before = filled(path)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        changed = bytearray(before[7])
        changed[-1] ^= 1
        database.execute("UPDATE journal SET payload = ? WHERE seq = 8", (bytes(changed),))
    require(reopened(path) in (None, before), "an acknowledged row was altered silently")


def lost_rows_are_refused(folder: Path) -> None:
    path = folder / "journal.sqlite"
    before = filled(path)
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM journal WHERE seq > 18")
    require(reopened(path) in (None, before), "acknowledged rows are missing silently")


def nothing_is_said_before_it_is_written(folder: Path) -> None:
    journal = Journal(folder / "journal.sqlite")
    outbox = Outbox(journal, lambda *_: None)
    early: list[int] = []
    for number in range(1, 11):
        outbox.append(entry(number))

        def say(number: int = number) -> None:
            early.extend([number] * (journal.last_seq < number))

        outbox.then(say)
    outbox.flush()
    journal.close()
    require(not early, f"{early} were said before they were in the journal")


def nothing_is_said_after_a_failed_sync(folder: Path) -> None:
    journal = Journal(folder / "journal.sqlite")
    outbox = Outbox(journal, lambda *_: None)
    full = os.open("/dev/full", os.O_RDWR)
    os.dup2(full, journal._mark)  # the next sync meets a real ENOSPC
    os.close(full)
    said: list[int] = []
    with contextlib.suppress(JournalError):
        outbox.append(entry(1))
        outbox.then(lambda: said.append(1))
        outbox.flush()
    journal.close()
    require(not said, "something was said that no disk has")


def question(body: object, session: int, request_id: int, epoch: int = 0) -> Question:
    return Question(b"peer", request_id, body, session=session, lease=epoch)  # type: ignore[arg-type]


def life(journal: Journal, boot: int) -> Admission:
    return Admission("alice", boot, journal.rows())


def acquired(node: Admission, journal: Journal, session: int, now: float) -> int:
    """A lease, journalled before it is told; its epoch."""
    status, entries, _ = node.lease_command(question(AcquireLease("a test"), session, session), now)
    if entries:
        journal.append(entries)
    require(status is not None and status.held, "the lease was not given")
    return node.epoch


def epochs_grow(folder: Path) -> None:
    journal = Journal(folder / "journal.sqlite")
    epochs: list[int] = []
    for boot in (1, 2, 3):
        node = life(journal, boot)
        epochs.append(acquired(node, journal, boot, 0.0))
    journal.close()
    require(epochs == sorted(set(epochs)), f"epochs {epochs} do not grow over restarts")


def former_owners_reach_nothing(folder: Path) -> None:
    journal = Journal(folder / "journal.sqlite")
    node = life(journal, 1)
    first = acquired(node, journal, 1, 0.0)
    node.pass_time(10.0, busy=False)
    acquired(node, journal, 2, 10.0)
    journal.close()
    try:
        node.admit(question(Prepare(), 1, 99, first), 11.0)
    except Refused as refusal:
        require(refusal.code == "STALE_LEASE", f"refused with {refusal.code}")
        return
    raise Violation("an order under a lease that has ended was let through")


def nothing_is_done_twice(folder: Path) -> None:
    journal = Journal(folder / "journal.sqlite")
    first = life(journal, 1)
    begun = first.admit(question(Prepare(), 1, 99), 0.0)
    require(isinstance(begun, Admitted), "the command was not begun")
    if isinstance(begun, Admitted) and begun.entries:
        journal.append(begun.entries)
    second = life(journal, 2)
    try:
        second.admit(question(Prepare(), 1, 99), 5.0)
    except Refused as refusal:
        journal.close()
        require(refusal.code == "INDETERMINATE", f"refused with {refusal.code}")
        return
    journal.close()
    raise Violation("a command that an earlier life had begun was begun again")


def pairs_reach_the_application_once(folder: Path) -> None:
    store = RecordStore(folder / "pairs.sqlite")
    records = [record(number) for number in range(1, 6)]
    given = store.write("alice", records[:3], Cursor(3, b"3"))
    given += store.write("alice", records, Cursor(5, b"5"))  # the node did not hear of the cursor
    store.close()
    numbers = [one.number for one in given]
    require(numbers == [1, 2, 3, 4, 5], f"the application was given {numbers}")


def record(number: int) -> PairRecord:
    return PairRecord(
        node="alice", number=number, request=1, burst=1, slot=1, attempt=number, mhp_seq=number,
        sequence_number=number, bell_state="psi+", basis="ZZ", outcome_local=1, outcome_remote=-1,
        goodness=0.8, goodness_sigma=0.01, status="CONFIRMED", reason="", origin="simulated",
    )  # fmt: skip


# what is taken out


def unchecked_chain(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(log, "follow", lambda row, seq, digest, path: (row[0], row[4]))


def unread_mark(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(log, "read_mark", lambda *_: (0, bytes(32)))


def said_at_once(patch: pytest.MonkeyPatch) -> None:
    def then(self: Outbox, act: Act) -> None:
        act()

    patch.setattr(Outbox, "then", then)


def errors_ignored(patch: pytest.MonkeyPatch) -> None:
    whole = log.write_mark

    def write_mark(*arguments: object) -> None:
        with contextlib.suppress(OSError):
            whole(*arguments)  # type: ignore[arg-type]

    patch.setattr(log, "write_mark", write_mark)


def epochs_unwritten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Admission, "_given", lambda *_: ())


def unfenced(patch: pytest.MonkeyPatch) -> None:
    def held_by(state: LeaseState, *_: object) -> Lease | None:
        return state.lease

    patch.setattr(lease, "held_by", held_by)


def intents_unwritten(patch: pytest.MonkeyPatch) -> None:
    whole = Ledger.begin

    def begin(self: Ledger, *arguments: object) -> Entry:
        whole(self, *arguments)  # type: ignore[arg-type]
        return entry(0)

    patch.setattr(Ledger, "begin", begin)


def everything_is_new(patch: pytest.MonkeyPatch) -> None:
    whole = RecordStore.write

    def write(self: RecordStore, node: str, records: list[PairRecord], cursor: Cursor) -> list[PairRecord]:
        whole(self, node, records, cursor)
        return list(records)

    patch.setattr(RecordStore, "write", write)


@dataclass(frozen=True)
class Variant:
    """What is broken and the property that has to notice it."""

    name: str
    what: str
    found_by: Property
    break_: Break


VARIANTS = (
    Variant("unchecked-chain", "rows are not checked (no CRC)", changed_rows_are_refused, unchecked_chain),
    Variant("unread-mark", "a lost end is not noticed (torn tail)", lost_rows_are_refused, unread_mark),
    Variant(
        "epochs-unwritten",
        "lease epochs are not journalled (epoch not persisted)",
        epochs_grow,
        epochs_unwritten,
    ),
    Variant(
        "said-at-once",
        "answers do not wait for the journal (publish before sync)",
        nothing_is_said_before_it_is_written,
        said_at_once,
    ),
    Variant(
        "unfenced", "orders of former owners are done (no fencing)", former_owners_reach_nothing, unfenced
    ),
    Variant(
        "intents-unwritten",
        "commands are not journalled before they are done (no intent record)",
        nothing_is_done_twice,
        intents_unwritten,
    ),
    Variant(
        "errors-ignored",
        "a failed sync is ignored (fsync error ignored)",
        nothing_is_said_after_a_failed_sync,
        errors_ignored,
    ),
    Variant(
        "everything-is-new",
        "a client takes records that come again for new ones (client not idempotent)",
        pairs_reach_the_application_once,
        everything_is_new,
    ),
)


def table() -> str:
    """The variants as docs/reference/broken-variants.md lists them."""
    rows = (f"| {one.name} | {one.what} | {one.found_by.__name__.replace('_', ' ')} |" for one in VARIANTS)
    return "\n".join(("| variant | what is broken | the property that notices |", "|---|---|---|", *rows))
