# SPDX-License-Identifier: Apache-2.0
"""Power fails: what was synced is there, anything written since may be there, half there or not at all."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from fault_lab import fault, unprotected
from journal_facts import pair

from heraldlink.errors import JournalError
from heraldlink.journal import Entry, Journal, log
from heraldlink.link.facts import PAIR

PARTS = ("", "-wal", ".mark")
SECTOR = 512
Files = dict[str, bytes]


def files_of(path: Path) -> Files:
    return {part: file.read_bytes() for part in PARTS if (file := path.with_name(path.name + part)).exists()}


def torn(before: bytes, after: bytes) -> Iterator[bytes]:
    """A file of which some sectors, in order of writing or not, are new, the others old or missing."""
    size = max(len(before), len(after))
    places = [
        place
        for place in range(0, size, SECTOR)
        if before[place : place + SECTOR] != after[place : place + SECTOR]
    ]
    for reached in range(len(places)):
        for chosen in (places[:reached], places[len(places) - reached :], places[reached : reached + 1]):
            content = bytearray(before.ljust(size if chosen else len(before), b"\0"))
            for place in chosen:
                content[place : place + SECTOR] = after[place : place + SECTOR]
            yield bytes(content)


def survivors(folder: Path, files: Files) -> list[int]:
    """Heralds whose decisions a journal made of these files holds."""
    for old in folder.iterdir():
        old.unlink()
    path = folder / "journal.sqlite"
    for part, content in files.items():
        path.with_name(path.name + part).write_bytes(content)
    journal = Journal(path)
    found = [row.seq for row in journal.rows()]
    journal.close()
    return found


def moments(folder: Path, rows: int) -> list[Files]:
    """Files after each acknowledged row; what a row's ``append`` returned after is synced."""
    path = folder / "journal.sqlite"
    journal = Journal(path)
    found: list[Files] = []
    for number in range(1, rows + 1):
        journal.append([Entry(PAIR, pair(number))])
        found.append(files_of(path))
    journal.close()
    return found


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[Files]:
    return moments(tmp_path_factory.mktemp("recorded"), 6)


@fault(8)
def test_what_was_acknowledged_survives(tmp_path: Path, recorded: list[Files]) -> None:
    """Files as of the last sync, with any mixture of newer sectors: no acknowledged row is lost."""
    tried = 0
    for acknowledged, (synced, later) in enumerate(pairwise(recorded), start=1):
        assert survivors(tmp_path, synced) == list(range(1, acknowledged + 1))
        for log_file in torn(synced["-wal"], later["-wal"]):
            found = survivors(tmp_path, synced | {"-wal": log_file})
            assert found[:acknowledged] == list(range(1, acknowledged + 1))
            tried += 1
        for mark in torn(synced[".mark"], later[".mark"]):
            assert len(survivors(tmp_path, synced | {"-wal": later["-wal"], ".mark": mark})) > acknowledged
            tried += 1
    assert tried > 100


@fault(8)
def test_a_mark_that_is_ahead_of_its_rows_is_refused(tmp_path: Path, recorded: list[Files]) -> None:
    """A disk that lied about a sync: the journal misses a row that was acknowledged, and does not start."""
    for synced, later in pairwise(recorded):
        with pytest.raises(JournalError, match=r"it ends at row \d but row \d was acknowledged"):
            survivors(tmp_path, synced | {".mark": later[".mark"]})


@unprotected(8, "the mark outside the database")
def test_without_the_mark_a_lying_disk_loses_rows_silently(
    tmp_path: Path, recorded: list[Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "read_mark", lambda descriptor, path: (0, bytes(32)))
    assert survivors(tmp_path, recorded[3] | {".mark": recorded[4][".mark"]}) == [1, 2, 3, 4]


WRITER = """
import sys
from pathlib import Path
from heraldlink.journal import Entry, Journal
from heraldlink.link.facts import BOOT, BootFact
from fault_lab.syscalls import fail_syncs
if sys.argv[2] == "careless":
    import os, sqlite3
    from heraldlink.journal import log, mark
    mark.os.fdatasync = lambda descriptor: None
    opened = log.open_database
    def careless(path):
        database = opened(path)
        database.execute("PRAGMA synchronous = OFF")
        return database
    log.open_database = careless
journal = Journal(Path(sys.argv[1]))
print(journal.append([Entry(BOOT, BootFact("alice", 1))]), flush=True)
fail_syncs()
print(journal.append([Entry(BOOT, BootFact("alice", 2))]), flush=True)
"""


def write_while_syncs_fail(folder: Path, how: str) -> subprocess.CompletedProcess[str]:
    """Rows that a writer acknowledges whose syncs fail after the first row."""
    path = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-c", WRITER, str(folder / "journal.sqlite"), how],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@fault(77)
def test_nothing_is_acknowledged_after_a_failed_sync(tmp_path: Path) -> None:
    """A row whose sync fails is not acknowledged, the journal is closed to writing, and the error says so."""
    found = write_while_syncs_fail(tmp_path, "careful")
    assert found.stdout.split() == ["1"]
    assert "cannot be written (disk I/O error): nothing more is accepted" in found.stderr


@unprotected(77, "syncs of log and mark")
def test_without_syncs_a_dying_disk_is_not_noticed(tmp_path: Path) -> None:
    assert write_while_syncs_fail(tmp_path, "careless").stdout.split() == ["1", "2"]
