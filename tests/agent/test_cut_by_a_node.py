# SPDX-License-Identifier: Apache-2.0
"""A node's process moves its old rows while it runs, and goes on with it after kill -9 in the middle."""

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from agent_lab import CONFIGS, Lab, wait_for
from old_journal import content, old

from heraldlink.cli.main import execute
from heraldlink.journal.archives import archives_of, read_whole
from heraldlink.records import RecordStore

PAIRS, AGES_H = 4000, (72.0, 48.0, 30.0, 2.0)
BEFORE = 3 * (PAIRS + 1) + 1


def first_row(path: Path) -> int:
    """Number of the oldest row of a journal whose node runs."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        ((seq,),) = database.execute("SELECT min(seq) FROM journal")
    return int(seq)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Alice's node alone, without instruments; its file says that archives may be small."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    shutil.copytree(CONFIGS, lab.folder / "configs")
    with file_of(lab).open("a") as file:
        file.write("\njournal: {least_rows: 10000, consumers: []}\n")
    return lab


def file_of(lab: Lab) -> Path:
    return lab.folder / "configs/nodes/alice.yaml"


def start(lab: Lab) -> None:
    where = ["--free-ports", "--data", str(lab.folder), "--midpoint", "tcp://127.0.0.1:1"]
    lab.start("alice", "heraldlink.cli", "node", str(file_of(lab)), *where)


def test_a_node_that_is_killed_while_it_moves_rows(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    path = old(lab.folder / "journal-alice.sqlite", PAIRS, AGES_H)
    archive, before = lab.folder / "archive", content(path)
    try:
        start(lab)
        wait_for(lambda: bool(list(archive.glob("*.part"))), 20, "rows to be copied")
        lab.kill("alice")
        assert archives_of(path, archive) == []
        assert content(path)[: len(before)] == before

        start(lab)
        wait_for(lambda: first_row(path) > 1, 60, "rows to be let go of")
        lab.kill("alice")
        assert first_row(path) < BEFORE
        assert len(read_whole(path, archive).pairs) == len(AGES_H) * PAIRS

        start(lab)
        wait_for(lambda: first_row(path) == BEFORE, 60, "all of them to be gone")
    finally:
        lab.stop()
    whole = content(path, *archives_of(path, archive))
    assert whole[: len(before)] == before
    assert [seq for seq, _ in whole] == list(range(1, len(whole) + 1))
    assert not list(archive.glob("*.part*"))

    file, store = file_of(lab), lab.folder / "pairs.sqlite"
    assert execute(["journal", "records", str(file), "--into", str(store), "--data", str(lab.folder)]) == 0
    assert f"{3 * PAIRS} records of" in capsys.readouterr().out
    assert RecordStore(store).cursor("alice").number == 3 * PAIRS
    assert execute(["journal", "check", *map(str, archives_of(path, archive)), str(path)]) == 0
    assert f"archive, {BEFORE - 1} rows (1 to {BEFORE - 1})" in capsys.readouterr().out
    execute(["doctor", str(file), "--data", str(lab.folder)])
    assert "no rows are moved yet: that waits for time: the next rows are old enough in 2" in (
        capsys.readouterr().out.replace("\n", " ")
    )
