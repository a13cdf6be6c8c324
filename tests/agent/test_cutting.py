# SPDX-License-Identifier: Apache-2.0
"""Old rows are moved to an archive: nothing is lost on the way, whatever ends the process, fills the disk or
changes a byte, and what was used before the cut is never used again."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
import zmq
from fault_lab import wait_for
from fault_lab.disks import fill, small_disk

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "journal"))
from journal_facts import pair
from old_journal import BOOT_NS, Keeper, content, old

from heraldlink.agent.record_port import RecordPort
from heraldlink.errors import HeraldlinkError, JournalError
from heraldlink.journal import Entry, Journal, repair
from heraldlink.journal.archives import archives_of, read_whole, records_of
from heraldlink.journal.books import read_book
from heraldlink.link.facts import PAIR
from heraldlink.record_reader import RecordReader
from heraldlink.records import Cursor, PairRecord
from heraldlink.transport import Dealer, Router

AGES_H = (72.0, 48.0, 30.0, 2.0)
PAIRS = 250
FLIPS = 500
BEFORE = 3 * (PAIRS + 1) + 1
"""Row of the third checkpoint, the last one that is a day old."""


def moved(path: Path) -> Path:
    """A journal whose old rows were moved."""
    keeper = Keeper(path)
    wait_for(keeper.turn, 20, "the rows to be moved")
    assert keeper.told == []
    keeper.close()
    return path


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, str]]]:
    path = old(tmp_path_factory.mktemp("journal") / "journal-alice.sqlite", PAIRS, AGES_H)
    before = content(path)
    return moved(path), before


def copied(path: Path, folder: Path) -> Path:
    """A journal with its archives in another folder."""
    for file in [*path.parent.glob("journal-*"), *path.parent.glob("archive/*")]:
        target = folder / file.relative_to(path.parent)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(file.read_bytes())
    return folder / path.name


def test_old_rows_are_in_the_archive_and_the_others_here(cut: tuple[Path, list[tuple[int, str]]]) -> None:
    path, before = cut
    (archive,) = archives_of(path, path.parent / "archive")
    assert archive.name == f"journal-alice-{1:012d}-{BEFORE - 1:012d}.sqlite"
    assert content(archive) == before[: BEFORE - 1]
    assert content(path)[: len(before) - BEFORE + 1] == before[BEFORE - 1 :]
    whole = read_whole(path, archive.parent)
    assert len(whole.pairs) == len(AGES_H) * PAIRS
    assert whole.kinds["cut"] == 1
    assert [version(file) for file in (archive, path)] == [2, 2]
    assert read_book(archive).last.seal is not None


def test_a_life_goes_on_where_the_last_one_was(
    cut: tuple[Path, list[tuple[int, str]]], tmp_path: Path
) -> None:
    """Numbers of records, heralds, pairs, lives and leases of the rows that are gone are not used again."""
    path = copied(cut[0], tmp_path)
    keeper = Keeper(path)
    found = keeper.former.recovered()
    assert (found.next_mhp_seq, found.next_sequence, found.holes) == (4 * PAIRS + 1, 4 * PAIRS + 1, ())
    assert keeper.archive.records == keeper.archive.complete == 4 * PAIRS
    assert keeper.archive.moved == keeper.archive.settled_before == 3 * PAIRS
    assert keeper.former.next_boot(5) == BOOT_NS + 1
    assert keeper.archive.decided(1)
    assert keeper.archive.holds(pair(1))
    assert not keeper.archive.decided(4 * PAIRS + 1)
    numbers = [number for number, _ in keeper.archive.after(3 * PAIRS, 500)]
    assert numbers == list(range(3 * PAIRS + 1, 4 * PAIRS + 1))
    (archive,) = archives_of(path, keeper.folder)
    last = list(records_of(archive))[-1][-1]
    assert (last.number, last.hash) == (3 * PAIRS, keeper.archive.hash_of(3 * PAIRS))
    keeper.close()


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from old_journal import Keeper, die
from heraldlink.agent.cutting import Copying
from heraldlink.journal import Journal, archives
from fault_lab import wait_for

def after(owner, name, calls=1):
    done, plain = [], getattr(owner, name)
    def called(*args, **kwargs):
        found = plain(*args, **kwargs)
        done.append(1)
        if len(done) == calls:
            die()
        return found
    setattr(owner, name, called)

owner, name, calls = sys.argv[3:]
after({"Copying": Copying, "archives": archives, "Journal": Journal}[owner], name, int(calls))
keeper = Keeper(Path(sys.argv[2]))
wait_for(keeper.turn, 20, "rows to be moved")
"""
STEPS = {
    "while rows are copied": ("Copying", "_pause", 2),
    "before the copy is sealed": ("archives", "copy", 1),
    "before the archive is named": ("archives", "adopted", 1),
    "before the cut is journalled": ("archives", "finished", 1),
    "before rows are let go of": ("Journal", "cut", 1),
    "while rows are let go of": ("Journal", "forget", 1),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step(step: str, tmp_path: Path) -> None:
    """kill -9 in the middle: every row is in the journal or a sealed archive, and the next life goes on."""
    path = old(tmp_path / "journal-alice.sqlite", PAIRS, AGES_H)
    before = content(path)
    folder = Path(__file__).parent
    paths = os.pathsep.join([str(folder.parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", KILLED, str(folder), str(path), *map(str, STEPS[step])]
    killed = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    archive = path.parent / "archive"
    assert set(content(path, *archives_of(path, archive))) >= set(before)
    assert len(read_whole(path, archive).pairs) == len(AGES_H) * PAIRS
    moved(path)
    whole = content(path, *archives_of(path, archive))
    assert whole[: len(before)] == before
    assert [seq for seq, _ in whole] == list(range(1, len(whole) + 1))
    assert len(read_whole(path, archive).pairs) == len(AGES_H) * PAIRS
    assert not list(archive.glob("*.part*"))


def test_a_full_disk_keeps_the_rows_in_the_journal(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        path = old(disk / "journal-alice.sqlite", PAIRS, AGES_H)
        before = content(path)
        keeper = Keeper(path)
        filler = fill(disk)
        wait_for(lambda: keeper.turn() or keeper.told, 20, "somebody to be told")
        ((device, reason),) = keeper.told
        assert device == "journal"
        assert "only 0 MiB are free" in reason
        assert content(path)[: len(before)] == before
        filler.unlink()
        keeper.now += 600
        wait_for(keeper.turn, 20, "the rows to be moved")
        keeper.close()


def opened(path: Path) -> list[tuple[int, str, bytes]] | None:
    """Rows of a journal and its archive as they are read, None if one of them is refused with its remedy."""
    try:
        Journal(path).close()
        (archive,) = archives_of(path, path.parent / "archive")
        read_book(archive)
    except JournalError as error:
        remedies = (f"heraldlink journal repair {path}", "put a copy of it and its mark in its place")
        return None if str(error).endswith(remedies) else []
    return [row for file in (archive, path) for row in plain(file)]


def version(file: Path) -> int:
    """What tells programs that know of no archives to keep their hands off."""
    with closing(sqlite3.connect(file)) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def plain(file: Path) -> list[tuple[int, str, bytes]]:
    with closing(sqlite3.connect(file)) as database:
        return database.execute("SELECT seq, kind, payload FROM journal ORDER BY seq").fetchall()


def test_changed_bytes_of_journal_and_archive(tmp_path: Path) -> None:
    """One byte of journal, its log or its archive changed: refused, or no row is altered."""
    path = old(tmp_path / "journal-alice.sqlite", 60, (72.0, 48.0, 2.0))
    moved(path)
    keeper = Keeper(path)
    keeper.write(*((PAIR, pair(number)) for number in range(181, 221)))
    (archive,) = archives_of(path, keeper.folder)
    names = [path, path.with_name(path.name + "-wal"), archive]
    files = {name: name.read_bytes() for name in [*names, path.with_name(path.name + ".mark")]}
    keeper.close()
    choices, count = Random(11), {"refused": 0, "whole": 0}
    rows = None
    for flip in range(FLIPS + 1):
        changed = dict(files)
        if flip:
            name = choices.choices(names, [len(files[name]) for name in names])[0]
            content = bytearray(files[name])
            content[choices.randrange(len(content))] ^= choices.randrange(1, 256)
            changed[name] = bytes(content)
        for name, content in changed.items():
            name.write_bytes(content)
        path.with_name(path.name + "-shm").unlink(missing_ok=True)
        found = opened(path)
        rows = rows or found
        assert found in (rows, None)
        count["refused" if found is None else "whole"] += 1
    assert rows is not None
    assert len(rows) > 220
    assert count["refused"] > FLIPS / 10


def test_a_changed_free_page_spoils_nothing_silently(
    cut: tuple[Path, list[tuple[int, str]]], tmp_path: Path
) -> None:
    """The list of pages that rows left free names a page in use: refused before that is written over."""
    path = copied(cut[0], tmp_path)
    content = bytearray(path.read_bytes())
    trunk = int.from_bytes(content[32:36])
    place = (trunk - 1) * 4096 + 8
    assert int.from_bytes(content[place - 4 : place]) > 0
    content[place : place + 4] = (2).to_bytes(4)
    path.write_bytes(content)
    with pytest.raises(JournalError, match="its pages are in disorder"):
        Journal(path)


def test_a_damaged_journal_is_repaired_behind_its_archive(
    cut: tuple[Path, list[tuple[int, str]]], tmp_path: Path
) -> None:
    path = copied(cut[0], tmp_path)
    content = bytearray(path.read_bytes())
    content[content.rindex(b"CONFIRMED")] ^= 1
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"row \d+ was changed"):
        Journal(path)
    assert "set aside" in repair(path)
    whole = read_whole(path, path.parent / "archive")
    assert 3 * PAIRS < len(whole.pairs) < 4 * PAIRS + 1
    keeper = Keeper(path)
    assert keeper.archive.moved == 3 * PAIRS
    assert keeper.former.recovered().next_mhp_seq > 3 * PAIRS
    keeper.close()


def test_an_archive_that_is_missing_is_named(cut: tuple[Path, list[tuple[int, str]]], tmp_path: Path) -> None:
    path = copied(cut[0], tmp_path)
    with pytest.raises(JournalError, match=rf"begins at row {BEFORE}, and what is before it ends at row 0"):
        read_whole(path, tmp_path / "elsewhere")


def test_rows_go_on_being_written_while_others_are_moved(tmp_path: Path) -> None:
    path = old(tmp_path / "journal-alice.sqlite", PAIRS, AGES_H)
    keeper, number = Keeper(path), 4 * PAIRS
    while not keeper.turn():
        number += 1
        keeper.write((PAIR, pair(number)))
    assert keeper.archive.records == number > 4 * PAIRS
    keeper.close()
    assert len(read_whole(path, keeper.folder).pairs) == number
    journal = Journal(path)
    journal.append([Entry(PAIR, pair(number + 1))])
    journal.close()


def test_moved_records_are_told_apart_from_lost_ones(
    cut: tuple[Path, list[tuple[int, str]]], tmp_path: Path
) -> None:
    """A new application is told where they are; one that has them, from the archive, goes on behind them."""
    keeper = Keeper(copied(cut[0], tmp_path))
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    router = Router(context, "tcp://127.0.0.1:0", "record")
    port = RecordPort(router, "alice", 1, "alice", keeper.archive, keeper.outbox)
    reader = RecordReader(Dealer(context, port.endpoint, "record"), "alice", "new", 5.0)

    def served(question: Callable[[], object]) -> object:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(question)
            while not asked.done():
                if router.socket.poll(10):
                    port.serve(0.0)
                keeper.outbox.flush()
                port.settle(1e9)
            return asked.result()

    with pytest.raises(HeraldlinkError, match="records 1 to 750 of node alice were moved to its archives"):
        served(lambda: list(reader.read(Stored(), follow=False)))
    assert served(reader.last) == 4 * PAIRS
    (archive,) = archives_of(keeper.path, keeper.folder)
    last = list(records_of(archive))[-1][-1]
    stored = Stored(Cursor(last.number, last.hash))
    new = served(lambda: list(reader.read(stored, follow=False)))
    assert [record.number for record in stored.records] == list(range(3 * PAIRS + 1, 4 * PAIRS + 1))
    assert new == stored.records
    assert keeper.archive.cursors == {"local/new": 4 * PAIRS}
    reader.close()
    keeper.close()
    context.destroy(linger=0)


@dataclass
class Stored:
    """An application's store, in memory."""

    at: Cursor = field(default_factory=Cursor)
    records: list[PairRecord] = field(default_factory=list[PairRecord])

    def cursor(self, node: str) -> Cursor:
        return self.at

    def write(self, node: str, records: Sequence[PairRecord], cursor: Cursor) -> list[PairRecord]:
        self.at = cursor
        self.records += records
        return list(records)
