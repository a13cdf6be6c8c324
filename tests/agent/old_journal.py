# SPDX-License-Identifier: Apache-2.0
"""Journals with old rows, and what keeps them short, as an end node has it."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1] / "journal"))
from journal_facts import pair

from heraldlink.agent.archive import Archive
from heraldlink.agent.catching_up import Asker
from heraldlink.agent.cutting import LOOK_S, Cutter, checkpoint
from heraldlink.agent.former_lives import FormerLives
from heraldlink.agent.outbox import Outbox
from heraldlink.agent.retention import HOUR_NS, Rules
from heraldlink.journal import Entry, Journal
from heraldlink.journal.cuts import CHECKPOINT
from heraldlink.link.facts import BOOT, PAIR, BootFact

ENDS = ("alice", "bob")
RULES = Rules(24 * HOUR_NS, 100)
BOOT_NS = 1_700_000_000 * 10**9


@dataclass
class Keeper:
    """An open journal with all that an end node keeps it short with; ``told`` is what people were told."""

    path: Path
    rules: Rules = RULES
    told: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    now: float = 0.0

    def __post_init__(self) -> None:
        self.former = FormerLives(self.path, ENDS)
        self.journal = Journal(self.path, self.former.read)
        self.archive = Archive(self.journal, self.former.index)
        self.outbox = Outbox(self.journal, self.archive.wrote)
        asker = Asker("midpoint", self.archive, self.outbox, lambda _, body: None)
        self.folder = self.path.parent / "archive"
        life = (BOOT_NS, 7)
        self.cutter = Cutter(
            self.archive, self.journal, self.outbox, self.rules, self.folder, asker, lambda: life, self.tell
        )

    def tell(self, device: str, reason: str) -> None:
        self.told.append((device, reason))

    def write(self, *facts: tuple[str, msgspec.Struct]) -> None:
        self.outbox.append(*(Entry(kind, fact) for kind, fact in facts))
        self.outbox.flush()

    def checkpoint(self, utc_ns: int) -> None:
        self.write((CHECKPOINT, checkpoint(self.archive, BOOT_NS, 7, utc_ns)))

    def turn(self) -> bool:
        """One turn of the loop, in which enough time has passed; whether nothing is left to be moved."""
        self.now += 2 * LOOK_S
        self.cutter.tick(self.now)
        return self.journal.base > 0 and not self.journal.leftover

    def close(self) -> None:
        self.cutter.close()
        self.journal.close()


def old(path: Path, pairs: int, ages_h: Sequence[float]) -> Path:
    """A journal whose checkpoints are of these ages, in hours, each behind as many more pairs."""
    keeper = Keeper(path)
    keeper.write((BOOT, BootFact("alice", BOOT_NS)))
    for part, age_h in enumerate(ages_h):
        keeper.write(*((PAIR, pair(number)) for number in range(part * pairs + 1, (part + 1) * pairs + 1)))
        keeper.checkpoint(time.time_ns() - round(age_h * HOUR_NS))
    keeper.close()
    return path


def content(*files: Path) -> list[tuple[int, str]]:
    """Rows of files as SQLite gives them, in the order of their numbers."""
    import sqlite3
    from contextlib import closing

    found: list[tuple[int, str]] = []
    for file in files:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            found += database.execute("SELECT seq, hex(hash) FROM journal ORDER BY seq").fetchall()
    return sorted(found)


def die() -> None:
    """The process is killed here."""
    os.kill(os.getpid(), 9)
