# SPDX-License-Identifier: Apache-2.0
"""Journals on network file systems, of older and of newer programs."""

import os
import sqlite3
from pathlib import Path

import msgspec
import pytest
from fault_lab import fault, unprotected
from journal_facts import pair, write

from heraldlink.errors import JournalError
from heraldlink.journal import Entry, Journal, place
from heraldlink.journal.books import read_book
from heraldlink.journal.chain import GENESIS, chain
from heraldlink.journal.mark import open_mark, write_mark
from heraldlink.link.facts import BOOT, PAIR, BootFact

MOUNTS = """\
21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 21 0:50 / /srv/lab rw,relatime shared:7 - nfs4 server:/lab rw,vers=4.2
31 30 0:51 / /srv/lab/local\\040disk rw - xfs /dev/vdb rw
32 21 0:52 / /mnt/windows rw - cifs //server/share rw
"""

OLD_PAIR = {  # what version 0.1 wrote
    "request": 5, "burst": 2, "slot": 9, "basis": "XX",
    "decision": {
        "mhp_seq": 1, "attempt": 77, "outcome": 2, "status": "CONFIRMED", "reason": "", "sequence_number": 1,
        "outcomes": [1, -1], "goodness": 0.75, "goodness_sigma": 0.02,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/a/journal", "ext4"),
        ("/srv/lab/data/journal", "nfs4"),
        ("/srv/lab/local disk/journal", "xfs"),
        ("/srv/laboratory/journal", "ext4"),
        ("/mnt/windows/journal", "cifs"),
    ],
)
def test_the_file_system_of_a_path_is_found(path: str, kind: str) -> None:
    assert place.file_system(Path(path), MOUNTS) == kind
    assert bool(place.warning(Path(path), MOUNTS)) == (kind in ("nfs4", "cifs"))


def on_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenario of row 80."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"40 1 0:60 / {tmp_path.resolve()} rw - nfs4 server:/lab rw\n")
    monkeypatch.setattr(place, "MOUNTS", mounts)
    journal = Journal(tmp_path / "journal.sqlite")
    (note,) = journal.notes
    assert "lies on a network file system (nfs4)" in note
    assert "data_directory" in note
    journal.close()


@fault(80)
def test_a_network_file_system_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node starts on a network file system, and its log and journal say what may be lost there."""
    on_a_network(tmp_path, monkeypatch)


@unprotected(80, "the look at the file system")
def test_without_a_look_at_the_file_system_nobody_is_warned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "file_system", lambda path, mounts: "ext4")
    with pytest.raises(ValueError, match="not enough values"):
        on_a_network(tmp_path, monkeypatch)


def old_journal(path: Path) -> bytes:
    """A journal as version 0.1 wrote it: no version number, facts with fewer fields; its pair's payload."""
    payload = msgspec.msgpack.encode(OLD_PAIR)
    boot = msgspec.msgpack.encode({"node": "alice", "boot": 3})
    first = chain(GENESIS, 1, BOOT, boot)
    second = chain(first, 2, PAIR, payload)
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE journal (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, "
            "payload BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT"
        )
        database.execute("INSERT INTO journal VALUES (1, ?, ?, ?, ?)", (BOOT, boot, GENESIS, first))
        database.execute("INSERT INTO journal VALUES (2, ?, ?, ?, ?)", (PAIR, payload, first, second))
    database.close()
    mark = open_mark(path)
    write_mark(mark, 2, second)
    os.close(mark)
    return payload


@fault(83)
def test_an_old_journal_is_read_and_continued_but_not_rewritten(tmp_path: Path) -> None:
    """Rows of version 0.1 stay as they are, are understood, and new rows follow them."""
    path = tmp_path / "journal.sqlite"
    payload = old_journal(path)
    journal = Journal(path)
    assert journal.append([Entry(BOOT, BootFact("alice", 4))]) == 3
    assert [row.payload for row in journal.rows(PAIR)] == [payload]
    journal.close()
    (fact,) = read_book(path).pairs.values()
    assert (fact.request, fact.decision.attempt, fact.decision.goodness) == (5, 77, 0.75)
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (0,)
    database.close()


@fault(83)
def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    """A journal of a later version is refused with the remedy, and nothing in it is changed."""
    path = write(tmp_path / "journal.sqlite", (PAIR, pair(1)))
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = path.read_bytes()
    for reading in (Journal, read_book):
        with pytest.raises(JournalError, match="is of version 99, this program knows up to 2: upgrade"):
            reading(path)
    assert path.read_bytes() == before


@unprotected(83, "the version number of a journal")
def test_without_the_version_a_newer_journal_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "journal.sqlite", (PAIR, pair(1)))
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    monkeypatch.setattr("heraldlink.journal.database.check_version", lambda database, path: None)
    write(path, (PAIR, pair(2)))
