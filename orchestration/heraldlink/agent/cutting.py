# SPDX-License-Identifier: Apache-2.0
"""Keeps a node's journal short: old rows are copied to an archive, and let go of once it is sealed.

The copy is made by a thread with its own connection, in pieces with pauses; rows are let go of in pieces too,
between turns of the node's loop. Whenever the process ends, each row is in the journal or a sealed archive.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from heraldlink.agent.archive import Archive
from heraldlink.agent.checkpoints import CheckpointFact
from heraldlink.agent.outbox import Outbox
from heraldlink.agent.retention import HOUR_NS, MOST_ARCHIVES, Plan, Rules, plan, stand
from heraldlink.errors import JournalError
from heraldlink.journal import Entry, Journal
from heraldlink.journal.archives import Sealed, seal_rows
from heraldlink.journal.cuts import CHECKPOINT, CUT, CutFact

LOOK_S, AGAIN_S, WARN_S = 10.0, 600.0, 3600.0
PAUSE_S = 0.005
FORGET_ROWS, FORGET_S = 500, 0.02
CHECKPOINT_NS = HOUR_NS
CHECKPOINTS = 10
"""In as many rows as an archive has at least."""

log = logging.getLogger("heraldlink.journal")


class Settled(Protocol):
    """What knows of this node's peers."""

    @property
    def settled(self) -> int:
        """Decisions on all heralds up to this one are here, and known to be at this node's peers."""
        ...


@dataclass
class Copying:
    """An archive that is being made; ``result`` is there when its thread has ended."""

    stop: threading.Event = field(default_factory=threading.Event)
    result: Sealed | JournalError | None = None
    thread: threading.Thread | None = None

    def run(self, journal: Path, folder: Path, first: int, before: int, records: int) -> None:
        """Make it; to be called in a thread."""
        try:
            self.result = seal_rows(journal, folder, first, before, records, self._pause)
        except JournalError as error:
            self.result = error

    def _pause(self) -> None:
        if self.stop.wait(PAUSE_S):
            raise JournalError("broken off, as the node ends")


class Cutter:
    """To be ticked in each turn of the node's loop. ``life``: its boot id, and the epoch of its last lease.

    ``tell`` takes what went wrong: nothing here ends the node but a journal that cannot be written.
    """

    def __init__(
        self,
        archive: Archive,
        journal: Journal,
        outbox: Outbox,
        rules: Rules,
        folder: Path,
        peers: Settled,
        life: Callable[[], tuple[int, int]],
        tell: Callable[[str, str], None],
    ) -> None:
        self._archive, self._journal, self._outbox = archive, journal, outbox
        self._rules, self._folder, self._peers, self._life, self._tell = rules, folder, peers, life, tell
        self._copying: Copying | None = None
        self._next = self._warned = 0.0

    def tick(self, now: float) -> None:
        """Do the next small piece, if it is time. Raises JournalError if the journal cannot be written."""
        if now < self._next:
            return
        self._next = now + FORGET_S
        if self._copying:
            self._copied(self._copying, now)
        elif self._journal.leftover:
            if not self._journal.forget(FORGET_ROWS):
                self._next = now + LOOK_S
        else:
            self._next = now + LOOK_S
            self._look(now, time.time_ns())

    def close(self) -> None:
        """Break off what is being copied; it is begun anew in the next life."""
        if self._copying and self._copying.thread:
            self._copying.stop.set()
            self._copying.thread.join()

    def _look(self, now: float, utc_ns: int) -> None:
        self._outbox.flush()
        if self._checkpoint_due(utc_ns):
            self._outbox.append(Entry(CHECKPOINT, checkpoint(self._archive, *self._life(), utc_ns)))
            self._outbox.flush()
        found = plan(stand(self._archive.index, self._journal.base, self._peers.settled), self._rules, utc_ns)
        if found.cut:
            self._begin(found.cut.seq)
            self._next = now
        else:
            self._warn(found, now)

    def _checkpoint_due(self, utc_ns: int) -> bool:
        last = self._archive.index.last_checkpoint
        seq, then_ns = (last.seq, last.utc_ns) if last else (0, 0)
        rows = self._rules.least_rows / CHECKPOINTS
        return self._journal.last_seq - seq >= rows and abs(utc_ns - then_ns) >= CHECKPOINT_NS

    def _begin(self, before: int) -> None:
        self._copying = copying = Copying()
        rows = self._journal.base + 1, before, self._archive.moved
        run = partial(copying.run, self._journal.path, self._folder, *rows)
        copying.thread = threading.Thread(target=run, name="archive", daemon=True)
        copying.thread.start()

    def _copied(self, copying: Copying, now: float) -> None:
        if copying.thread and copying.thread.is_alive():
            return
        self._copying = None
        match copying.result:
            case Sealed() as sealed if self._fits(sealed):
                self._cut(sealed)
            case Sealed(path=path):
                self._fail(f"archive {path} is not of this journal: move it away", now)
            case error:
                self._fail(f"no rows were moved to {self._folder}: {error}", now)

    def _fits(self, sealed: Sealed) -> bool:
        known = any(one.seq == sealed.before for one in self._archive.index.checkpoints)
        return known and self._journal.row(sealed.before - 1).hash == sealed.hash

    def _cut(self, sealed: Sealed) -> None:
        """Only once this is on disk, rows are let go of."""
        self._outbox.append(Entry(CUT, CutFact(sealed.before, sealed.hash, sealed.path.name)))
        self._outbox.flush()
        self._archive.forget(sealed.before)
        self._journal.cut(sealed.before)
        log.info("rows of journal %s below %d lie in %s", self._journal.path, sealed.before, sealed.path)

    def _fail(self, reason: str, now: float) -> None:
        self._next = now + AGAIN_S
        self._tell("journal", f"{reason}; the journal keeps them, and it is tried again in {AGAIN_S:.0f} s")

    def _warn(self, found: Plan, now: float) -> None:
        rows = self._journal.last_seq - self._journal.base
        if rows > MOST_ARCHIVES * self._rules.least_rows and now >= self._warned + WARN_S:
            self._warned = now
            log.warning("%d rows of journal %s wait for %s", rows, self._journal.path, found.waits_for)


def checkpoint(archive: Archive, boot: int, lease: int, utc_ns: int) -> CheckpointFact:
    """What is known of everything that is in the journal."""
    index = archive.index
    return CheckpointFact(
        utc_ns=utc_ns,
        boot=boot,
        lease=lease,
        records=archive.records,
        record_hash=archive.hash_of(archive.records),
        last_mhp=index.last_mhp,
        last_sequence=index.last_sequence,
        cursors=dict(index.cursors),
        ends=tuple(index.ends.values()),
        state=index.state,
    )
