# SPDX-License-Identifier: Apache-2.0
"""The record channel: every pair reaches the application's store once, whoever is killed or away."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from fault_lab import Laboratory, Rule, fault, wait_for

from heraldlink.agent.log_file import log_path
from heraldlink.cli.main import execute
from heraldlink.errors import DataError
from heraldlink.journal import journal_file
from heraldlink.messages.command import Err
from heraldlink.messages.header import VERSION, Body, Header, Message, decode, encode, kind_of
from heraldlink.messages.record import RECORD_TYPES, Fetch, Keep, Records
from heraldlink.records import Cursor, PairRecord, RecordStore
from heraldlink.transport import Dealer

KILLED_CLIENT = """
import os, signal, sys
import heraldlink
from heraldlink.records import RecordStore

class Killed(RecordStore):
    def write(self, node, records, cursor):
        if sys.argv[3] == "before the store":
            os.kill(os.getpid(), signal.SIGKILL)
        found = super().write(node, records, cursor)
        if sys.argv[3] == "before the node knows":
            os.kill(os.getpid(), signal.SIGKILL)
        return found

with heraldlink.connect({"alice": "tcp://127.0.0.1:9", "alice.record": sys.argv[1]}) as network:
    for record in network["alice"].records(Killed(sys.argv[2])):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def read(rack: Laboratory, into: object, node: str = "alice", **options: object) -> list[PairRecord]:
    """What is new in a store after it was filled from a node."""
    with rack.client() as client:
        return list(client.network[node].records(into, **options))


def identities(records: Sequence[PairRecord]) -> list[tuple[int, int, int, int, int]]:
    return [(r.request, r.burst, r.attempt, r.mhp_seq, r.sequence_number) for r in records]


def measure(rack: Laboratory, number: int = 20) -> list[tuple[int, int, int]]:
    """(request, mhp_seq, sequence number) of a request's pairs as its client was told them."""
    with rack.client() as client:
        client.prepare()
        asked = client.start(number)
        ending = asked.end()
        assert ending.state == "DELIVERED"
        return [(asked.id, pair.mhp_seq, pair.sequence_number) for pair in ending.pairs]


def all_of(rack: Laboratory, node: str) -> list[PairRecord]:
    """Every confirmed record of a node, each with an identity of its own."""
    found = read(rack, RecordStore(":memory:"), node, consumer="all")
    assert len(set(identities(found))) == len(found)
    return found


def same_at(rack: Laboratory, first: str, second: str) -> bool:
    """Whether two nodes hold the same confirmed pairs."""
    one, other = (sorted(identities(all_of(rack, node))) for node in (first, second))
    return one == other


def test_each_pair_is_stored_once_and_delivered_again_with_the_same_ids(
    rack: Laboratory, tmp_path: Path
) -> None:
    told = measure(rack)
    first = read(rack, tmp_path / "a.sqlite")
    assert [(r.request, r.mhp_seq, r.sequence_number) for r in first][-len(told) :] == told
    assert read(rack, tmp_path / "a.sqlite") == []
    assert read(rack, tmp_path / "b.sqlite", consumer="another") == first
    told = measure(rack, 5)
    assert [(r.request, r.mhp_seq, r.sequence_number) for r in read(rack, tmp_path / "a.sqlite")] == told


def test_an_application_that_follows_gets_pairs_as_they_come(rack: Laboratory, tmp_path: Path) -> None:
    before = len(all_of(rack, "alice"))
    with rack.client() as client:
        following = client.network["alice"].records(tmp_path / "store.sqlite", follow=True)
        old = [next(following) for _ in range(before)]
        told = measure(rack, 10)
        new = [next(following) for _ in told]
        following.close()
    assert [(r.request, r.mhp_seq, r.sequence_number) for r in new] == told
    assert [record.number for record in old] == sorted({record.number for record in old})


@pytest.mark.parametrize("moment", ["before the store", "before the node knows", "afterwards"])
def test_a_killed_application_has_each_pair_once(rack: Laboratory, tmp_path: Path, moment: str) -> None:
    measure(rack)
    store = tmp_path / "store.sqlite"
    command = [sys.executable, "-c", KILLED_CLIENT, rack.addresses["alice.record"], str(store), moment]
    assert subprocess.run(command, timeout=30, check=False).returncode == -9
    read(rack, store)
    kept = RecordStore(store)
    confirmed = [record for record in kept.pairs("alice") if record.status == "CONFIRMED"]
    kept.close()
    assert identities(confirmed) == identities(all_of(rack, "alice"))


@fault(1)
def test_pairs_of_a_killed_node_are_delivered_after_its_restart(rack: Laboratory, tmp_path: Path) -> None:
    """Pairs acknowledged before the kill are in the restarted node's journal and delivered once, same ids."""
    store = tmp_path / "store.sqlite"
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(4)
        before = read(rack, store)
        asked.slots(2)
        rack.kill("alice")
        told = {(asked.id, pair.mhp_seq, pair.sequence_number) for pair in asked.pairs}
        assert told
    assert not rack.running("alice")
    rack.restart("alice")

    wait_for(lambda: same_at(rack, "alice", "midpoint"), 10, "equal journals")
    read(rack, store)
    kept = [record for record in RecordStore(store).pairs("alice") if record.status == "CONFIRMED"]
    ids = identities(kept)
    assert len(set(ids)) == len(ids)
    assert ids[: len(before)] == identities(before)
    assert told <= {(r.request, r.mhp_seq, r.sequence_number) for r in kept}


@fault(16)
def test_an_end_that_was_killed_learns_what_was_decided_without_it(rack: Laboratory, tmp_path: Path) -> None:
    """Decisions that a killed node missed are fetched from the midpoint's journal after its restart."""
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(3)
        lost = rack.link["bob"].add(Rule("drop", kind=("link.verdict", "link.history"), way="down"))
        asked.slots(1)
        wait_for(lambda: lost.struck, 5, "a verdict that does not arrive")
        rack.kill("bob")
        asked.end()
    rack.link["bob"].clear()
    rack.restart("bob")

    wait_for(lambda: same_at(rack, "bob", "midpoint"), 10, "equal journals")
    assert "had not arrived here and were fetched" in log_path(rack.data, "bob").read_text()


class Down:
    """A store that cannot be reached for a while."""

    def __init__(self, store: RecordStore, failures: int) -> None:
        self.store, self.failures = store, failures

    def cursor(self, node: str) -> Cursor:
        return self.store.cursor(node)

    def write(self, node: str, records: Sequence[PairRecord], cursor: Cursor) -> list[PairRecord]:
        if self.failures:
            self.failures -= 1
            raise DataError("the database is away")
        return self.store.write(node, records, cursor)


@fault(81)
def test_a_store_that_was_away_catches_up(rack: Laboratory, tmp_path: Path) -> None:
    """Requests go on while an application's store is away; afterwards it gets every pair once."""
    sink = Down(RecordStore(tmp_path / "store.sqlite"), failures=2)
    for _ in range(2):
        with pytest.raises(DataError, match="away"):
            read(rack, sink)
        measure(rack, 10)
    assert sink.failures == 0
    assert identities(read(rack, sink)) == identities(all_of(rack, "alice"))
    assert read(rack, sink) == []


@fault(82)
def test_a_store_that_a_viewer_locks_is_waited_for(rack: Laboratory, tmp_path: Path) -> None:
    """A lock on the application's database delays the storing; the request goes on and nothing is lost."""
    store = tmp_path / "store.sqlite"
    RecordStore(store).close()
    viewer = sqlite3.connect(store, isolation_level=None)
    viewer.execute("BEGIN EXCLUSIVE")
    found: list[PairRecord] = []
    reader = threading.Thread(target=lambda: found.extend(read(rack, sink())))

    def sink() -> RecordStore:
        return RecordStore(store)

    reader.start()
    measure(rack, 10)
    assert reader.is_alive()
    assert not found
    viewer.execute("ROLLBACK")
    viewer.close()
    reader.join(30)
    read(rack, store)
    kept = [record for record in RecordStore(store).pairs("alice") if record.status == "CONFIRMED"]
    assert identities(kept) == identities(all_of(rack, "alice"))


def test_a_cursor_of_another_journal_begins_anew(rack: Laboratory, tmp_path: Path) -> None:
    measure(rack, 5)
    everything = all_of(rack, "alice")
    sink = RecordStore(tmp_path / "store.sqlite")
    sink.write("alice", everything[:2], Cursor(2, b"not this journal".ljust(32)))
    assert identities(read(rack, sink)) == identities(everything[2:])


@pytest.mark.parametrize(
    ("fetch", "words"),
    [
        (Fetch("no spaces", 0, b"", 1, 0.0), "a consumer's name is 1 to 64"),
        (Fetch("x", 0, b"", 501, 0.0), "most is 1 to 500"),
        (Fetch("x", 0, b"", 1, 21.0), "wait_s 0 to 20"),
        (Fetch("x", 10**9, b"", 1, 0.0), "fetch from 0 again"),
        (Keep("x", 1, b""), "fetch from 0 again"),
        (Records("alice", "alice", 0, ()), "is not for a node"),
    ],
)
def test_a_wrong_question_is_refused(rack: Laboratory, fetch: Body, words: str) -> None:
    with rack.client() as client:
        dealer = Dealer(client.network.context, rack.addresses["alice.record"], "record")
        header = Header(VERSION, kind_of(type(fetch)), 7, 0, 1)
        assert dealer.send(encode(Message(header, fetch)), 5.0)
        frames = dealer.receive(5.0)
        dealer.close()
    assert frames is not None
    answer = decode(frames, RECORD_TYPES)
    assert answer.header.request_id == 7
    assert isinstance(answer.body, Err)
    assert words in answer.body.reason


def test_journals_of_a_request_are_compared_through_the_nodes(rack: Laboratory) -> None:
    with rack.client() as client:
        client.prepare()
        asked = client.start(20)
        assert asked.end().state == "DELIVERED"
        assert client.network.compare(asked.request) == []
    files = [str(journal_file(rack.data, node)) for node in ("alice", "bob", "midpoint")]
    wait_for(lambda: execute(["journal", "reconcile", *files]) == 0, 10, "equal journals")
