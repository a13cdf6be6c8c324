# SPDX-License-Identifier: Apache-2.0
"""A journal whose files were changed behind its back: no acknowledged row is missing or altered silently."""

from pathlib import Path
from random import Random

import pytest
from fault_lab import fault, unprotected
from journal_facts import pair

from heraldlink.errors import JournalError
from heraldlink.journal import Entry, Journal, log
from heraldlink.journal.wal import Frames
from heraldlink.link.facts import PAIR

FLIPS = 1000
ROWS = 120
PARTS = ("", "-wal", ".mark")

Rows = list[tuple[int, str, bytes]]


def rows_of(journal: Journal) -> Rows:
    return [(row.seq, row.kind, row.payload) for row in journal.rows()]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], Rows]:
    """Files of a journal that was in use: a part of its rows lies in the database, a part in the log."""
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    journal = Journal(path)
    journal.append([Entry(PAIR, pair(number)) for number in range(1, ROWS // 2 + 1)])
    journal.close()
    journal = Journal(path)
    for number in range(ROWS // 2 + 1, ROWS + 1):
        journal.append([Entry(PAIR, pair(number))])
    files = {part: path.with_name(path.name + part).read_bytes() for part in PARTS}
    rows = rows_of(journal)
    journal.close()
    return files, rows


def opened(folder: Path, files: dict[str, bytes]) -> Rows | None:
    """Rows of a journal made of these files; None if it refuses to start and names the repair."""
    for old in folder.iterdir():
        old.unlink()
    path = folder / "journal.sqlite"
    for part, content in files.items():
        path.with_name(path.name + part).write_bytes(content)
    try:
        journal = Journal(path)
    except JournalError as error:
        return None if f"heraldlink journal repair {path}" in str(error) else []
    rows = rows_of(journal)
    journal.close()
    return rows


def outcomes(folder: Path, files: dict[str, bytes], rows: Rows, seed: int, flips: int) -> dict[str, int]:
    """How often a journal with one changed byte refused, was whole, or had lost or altered rows silently."""
    choices = Random(seed)
    count = {"refused": 0, "whole": 0, "silent": 0}
    for _ in range(flips):
        part = choices.choices(("", "-wal"), [len(files[""]), len(files["-wal"])])[0]
        content = bytearray(files[part])
        content[choices.randrange(len(content))] ^= choices.randrange(1, 256)
        found = opened(folder, files | {part: bytes(content)})
        kind = "refused" if found is None else "whole" if found == rows else "silent"
        count[kind] += 1
    return count


@fault(79)
def test_a_thousand_changed_bytes(tmp_path: Path, original: tuple[dict[str, bytes], Rows]) -> None:
    """Each of 1,000 random bytes of database and log changed: refused with the remedy, or nothing is lost."""
    files, rows = original
    assert len(rows) == ROWS
    assert opened(tmp_path, files) == rows
    count = outcomes(tmp_path, files, rows, 7, FLIPS)
    assert count["silent"] == 0
    assert count["refused"] > FLIPS / 10
    assert sum(count.values()) == FLIPS


@unprotected(79, "the chain of hashes and the mark")
def test_without_chain_and_mark_changes_are_silent(
    tmp_path: Path, original: tuple[dict[str, bytes], Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    files, rows = original
    monkeypatch.setattr(log, "follow", lambda row, seq, digest, path: (row[0], row[4]))
    monkeypatch.setattr(log, "read_mark", lambda descriptor, path: (0, bytes(32)))
    assert outcomes(tmp_path, files, rows, 7, 100)["silent"] > 0


def test_a_lost_log_is_refused(tmp_path: Path, original: tuple[dict[str, bytes], Rows]) -> None:
    files, _ = original
    assert opened(tmp_path, {part: files[part] for part in ("", ".mark")}) is None


def torn_tail(folder: Path, original: tuple[dict[str, bytes], Rows], tail: bytes) -> None:
    """The scenario of row 78."""
    files, rows = original
    path = folder / "journal.sqlite"
    for part, content in (files | {"-wal": files["-wal"] + tail}).items():
        path.with_name(path.name + part).write_bytes(content)
    journal = Journal(path)
    assert rows_of(journal) == rows
    (note,) = journal.notes
    assert f"a crash had torn was dropped behind row {ROWS}" in note
    journal.close()
    whole = Journal(path)
    assert whole.notes == ()
    whole.close()


@fault(78)
@pytest.mark.parametrize("tail", [b"\xa5" * 5000, bytes(5000), b"\0", b"half a frame" * 100])
def test_a_torn_tail_is_dropped_and_told(
    tmp_path: Path, original: tuple[dict[str, bytes], Rows], tail: bytes
) -> None:
    """Garbage, zeros or a part of a frame behind the last row: dropped and told, all rows are there."""
    torn_tail(tmp_path, original, tail)


@unprotected(78, "the look behind the log's last row")
def test_without_a_look_behind_the_last_row_nothing_is_told(
    tmp_path: Path, original: tuple[dict[str, bytes], Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "frames_of", lambda path: Frames())
    with pytest.raises(ValueError, match="not enough values"):
        torn_tail(tmp_path, original, b"\xa5" * 5000)
