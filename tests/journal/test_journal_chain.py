# SPDX-License-Identifier: Apache-2.0
"""The journal: what was appended is there after a restart, and no change of its files goes unnoticed."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from heraldlink.errors import JournalError
from heraldlink.journal import Entry, Journal, repair
from heraldlink.link.facts import BootFact

KILLED_WRITER = """
import sys
from pathlib import Path
from heraldlink.journal import Entry, Journal
from heraldlink.link.facts import BootFact
journal = Journal(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    last = journal.append([Entry("boot", BootFact("alice", number))])
    print(last, flush=True)
"""


def entries(count: int, first: int = 0) -> list[Entry]:
    return [Entry("boot", BootFact("alice", first + number)) for number in range(count)]


def written(path: Path, count: int) -> None:
    journal = Journal(path)
    for number in range(count):
        journal.append(entries(1, number))
    journal.close()


def test_rows_are_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    written(path, 5)
    journal = Journal(path)
    assert [row.seq for row in journal.rows()] == [1, 2, 3, 4, 5]
    assert journal.append(entries(2)) == 7
    assert [row.seq for row in journal.rows(after=5)] == [6, 7]
    journal.close()


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    with pytest.raises(JournalError, match="in use"):
        Journal(tmp_path / "journal.sqlite")
    journal.close()


def test_every_acknowledged_row_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED_WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) >= 50:
            break
    writer.kill()
    acknowledged = max((int(line) for line in writer.stdout if line.endswith("\n")), default=50)
    writer.wait()
    journal = Journal(path)
    assert journal.last_seq >= acknowledged
    journal.close()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE journal SET payload = x'00' WHERE seq = 3", "row 3 was changed"),
        ("DELETE FROM journal WHERE seq = 3", "row 3 is missing"),
        ("DELETE FROM journal WHERE seq > 4", "it ends at row 4 but row 6 was acknowledged"),
        ("DELETE FROM journal", "row 6 was acknowledged"),
    ],
)
def test_a_changed_database_is_refused_and_repaired(tmp_path: Path, statement: str, words: str) -> None:
    path = tmp_path / "journal.sqlite"
    written(path, 6)
    with sqlite3.connect(path) as database:
        database.execute(statement)
    database.close()
    with pytest.raises(JournalError, match=words) as caught:
        Journal(path)
    assert f"heraldlink journal repair {path}" in str(caught.value)
    assert "set aside" in repair(path)
    journal = Journal(path)
    assert journal.last_seq == len(list(journal.rows())) < 6
    journal.close()


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_in_the_log_never_loses_rows_silently(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    for number in range(30):
        journal.append(entries(1, number))
    copy = tmp_path / "copy.sqlite"
    for suffix in ("", "-wal", ".mark"):
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    journal.close()
    log = copy.with_name(copy.name + "-wal")
    data = bytearray(log.read_bytes())
    choices = Random(seed)
    data[choices.randrange(len(data))] ^= 1 << choices.randrange(8)
    log.write_bytes(data)
    try:
        survivor = Journal(copy)
    except JournalError:
        return
    assert [row.seq for row in survivor.rows()] == list(range(1, 31))
    survivor.close()


def test_a_lost_or_spoiled_mark_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    written(path, 4)
    mark = path.with_name(path.name + ".mark")
    whole = mark.read_bytes()
    mark.write_bytes(b"")
    with pytest.raises(JournalError, match="mark file is missing"):
        Journal(path)
    mark.write_bytes(b"\xff" * len(whole))
    with pytest.raises(JournalError, match="mark file is unreadable"):
        Journal(path)
    mark.write_bytes(whole[:512] + b"\xff" * 44)
    journal = Journal(path)
    assert journal.last_seq == 4
    journal.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal(tmp_path / "journal.sqlite")
