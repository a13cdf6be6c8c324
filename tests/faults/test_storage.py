# SPDX-License-Identifier: Apache-2.0
"""The disk under the journals is full, dying, read-only or was changed: no acknowledged pair is lost."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_lab import Laboratory, fault, unprotected, wait_for
from fault_lab.client import Client
from fault_lab.disks import fill, read_only, small_disk
from fault_lab.history import read_book

from heraldlink.agent.log_file import log_path
from heraldlink.errors import HeraldlinkError, JournalError
from heraldlink.journal import Entry, Journal, journal_file, repair
from heraldlink.journal.reserve import Reserve
from heraldlink.link.facts import BOOT, BootFact, PairFact
from heraldlink.records import RecordStore

DISK_MB = 64
ALICE = {"alice": "working_syncs,life_until_ok"}


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A laboratory whose journals lie on a small disk; alice loses her disk or her life when told so."""
    folder = tmp_path_factory.mktemp("rack")
    with small_disk(folder / "data", DISK_MB), Laboratory(folder, without=ALICE) as rack:
        yield rack


def decided(rack: Laboratory, node: str) -> list[PairFact]:
    return sorted(read_book(rack.data, node).pairs, key=lambda fact: fact.decision.mhp_seq)


def said(rack: Laboratory, node: str) -> str:
    """What a node wrote into its log file and on standard error."""
    file = log_path(rack.data, node)
    return rack.log(node) + (file.read_text() if file.exists() else "")


def full_disk(rack: Laboratory) -> None:
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        filler = fill(rack.data)
        try:
            ending = asked.end()
            assert ending.state == "FAILED"
            assert "is full" in ending.sentence
            assert ending.pairs
            with pytest.raises(HeraldlinkError, match="is full: no new pairs until there is space"):
                client.prepare()
        finally:
            filler.unlink()


@fault(76)
def test_a_full_disk_stops_new_pairs_and_loses_none(rack: Laboratory) -> None:
    """The request ends with ERR naming node, journal and disk; what was begun is written into the reserve."""
    full_disk(rack)
    with rack.client() as client:
        wait_for(lambda: takes_pairs_again(client), 10, "the space to be set aside again")
        assert client.measure(10).state == "DELIVERED"
    assert any("there is space again" in said(rack, node) for node in ("alice", "bob", "midpoint"))


def takes_pairs_again(client: Client) -> bool:
    try:
        client.prepare()
    except HeraldlinkError as error:
        if "is full" not in str(error):
            raise
        return False
    return True


def write_until_full(folder: Path) -> int:
    """Rows acknowledged by a journal whose disk fills up while it is written."""
    with small_disk(folder, 12) as disk:
        journal = Journal(journal_file(disk, "alice"))
        journal.append([Entry(BOOT, BootFact("alice", 0))])
        fill(disk)
        for boot in range(1, 200):
            journal.append([Entry(BOOT, BootFact("alice", boot))])
        assert journal.full
        last = journal.last_seq
        journal.close()
        return last


@fault(76)
def test_the_reserve_takes_what_was_begun(tmp_path: Path) -> None:
    """Rows that no longer fit on the disk are written into the space set aside."""
    assert write_until_full(tmp_path / "disk") == 200


@unprotected(76, "the space set aside for a full disk")
def test_without_the_reserve_the_journal_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reserve, "release", lambda self: False)
    with pytest.raises(JournalError, match=r"database or disk is full.*look after the disk"):
        write_until_full(tmp_path / "disk")


@fault(77)
def test_a_failed_sync_stops_the_node(rack: Laboratory) -> None:
    """The node says nothing more, makes its instruments safe and ends; what it had said is in its journal."""
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        rack.processes["alice"].send_signal(signal.SIGUSR2)
        ending = asked.end()
    assert ending.state in ("LOST", "FAILED")
    assert rack.processes["alice"].wait(15) == 1
    assert "cannot be written (disk I/O error): nothing more is accepted" in said(rack, "alice")
    assert rack.panel("alice_awg", "OUTP1:STAT?").strip() == "0"
    rack.restart("alice")
    wait_for(lambda: decided(rack, "alice") == decided(rack, "midpoint"), 15, "equal journals")


@fault(8)
def test_a_node_that_ends_between_journal_and_ok(rack: Laboratory) -> None:
    """Pairs that were journalled and not told any more are delivered after the restart, with the same ids."""
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(2)
        rack.processes["alice"].send_signal(signal.SIGRTMIN)
        assert asked.end().state == "LOST"
        assert rack.processes["alice"].wait(5) == -signal.SIGKILL
    rack.restart("alice")
    wait_for(lambda: decided(rack, "alice") == decided(rack, "midpoint"), 15, "equal journals")
    with rack.client() as client:
        found = [
            (record.mhp_seq, record.sequence_number)
            for record in client.network["alice"].records(RecordStore(":memory:"))
            if record.request == asked.id
        ]
    told = [(pair.mhp_seq, pair.sequence_number) for pair in asked.pairs]
    assert found[: len(told)] == told
    assert len(found) > len(told)


@fault(78)
def test_a_torn_tail_is_dropped_and_told(rack: Laboratory) -> None:
    """Bytes behind the last committed row are dropped at the start, and the node's log says so."""
    with rack.client() as client:
        client.prepare()
        assert client.measure(5).state == "DELIVERED"
    before = decided(rack, "bob")
    rack.kill("bob")
    log = journal_file(rack.data, "bob").with_name("journal-bob.sqlite-wal")
    assert log.stat().st_size > 0
    with log.open("ab") as file:
        file.write(b"half a frame" * 400)
    told = said(rack, "bob").count("a crash had torn was dropped")
    rack.restart("bob")
    assert said(rack, "bob").count("a crash had torn was dropped") == told + 1
    assert decided(rack, "bob")[: len(before)] == before


@fault(79)
def test_a_changed_byte_is_refused_and_repaired_from_the_midpoint(rack: Laboratory) -> None:
    """The node does not start and names the repair; after it the midpoint's decisions are fetched again."""
    with rack.client() as client:
        client.prepare()
        assert client.measure(20).state == "DELIVERED"
    rack.stop_node("bob")
    path = journal_file(rack.data, "bob")
    content = bytearray(path.read_bytes())
    content[content.rindex(b"CONFIRMED")] ^= 1
    path.write_bytes(content)
    with pytest.raises(AssertionError, match=r"row \d+ was changed.*heraldlink journal repair"):
        rack.restart("bob")
    assert "set aside" in repair(path)
    assert decided(rack, "bob") != decided(rack, "midpoint")
    rack.restart("bob")
    wait_for(lambda: decided(rack, "bob") == decided(rack, "midpoint"), 15, "equal journals")
    assert "had not arrived here and were fetched" in said(rack, "bob")


@fault(80)
def test_a_read_only_disk_is_refused(rack: Laboratory, tmp_path: Path) -> None:
    """A node does not start on a disk that it may not write to, and says which journal and why."""
    with small_disk(tmp_path / "disk", 1) as folder:
        read_only(folder)
        rack.kill("bob")
        kept, rack.data = rack.data, folder
        try:
            with pytest.raises(AssertionError, match=r"journal-bob\.sqlite cannot be opened: Read-only"):
                rack.restart("bob")
        finally:
            rack.data = kept
