# SPDX-License-Identifier: Apache-2.0
"""Group commit: what a node says waits until what it says it about is on disk.

Facts are written and synced together, as soon as something waits for them or the first has waited for
`LONGEST_S`: a crash takes only facts with it that nobody was told of. Messages that were to follow them leave
then, in their order. What follows nothing leaves at once.
"""

import time
from collections import deque
from collections.abc import Callable
from math import inf

from heraldlink.journal import Entry, Journal

MOST_ROWS = 128
LONGEST_S = 0.005

Act = Callable[[], object]


class Outbox:
    """Facts on their way into a journal, and acts that wait for them. Not for several threads.

    ``wrote`` is told the number of the last row and the entries, when they are durable.
    """

    def __init__(self, journal: Journal, wrote: Callable[[int, list[Entry]], None]) -> None:
        self._journal, self._wrote = journal, wrote
        self._rows: list[Entry] = []
        self._acts: deque[Act] = deque()
        self._since = 0.0
        self._flushing = False

    def append(self, *entries: Entry) -> None:
        """Write these with the next group; it is written now if it has become large."""
        if not entries:
            return
        if not self._rows:
            self._since = time.monotonic()
        self._rows += entries
        if len(self._rows) >= MOST_ROWS:
            self.flush()

    def coming(self, kind: str) -> list[object]:
        """Facts of a kind that wait to be written."""
        return [entry.body for entry in self._rows if entry.kind == kind]

    def then(self, act: Act) -> None:
        """Do ``act`` after everything that was given before it: at once if nothing waits."""
        if self._rows or self._acts or self._flushing:
            self._acts.append(act)
        else:
            act()

    def hurry(self) -> None:
        """What waits is not to wait for company."""
        self._since = -inf

    def due_s(self) -> float:
        """When what waits is to be written at the latest, monotonic clock; infinite if nothing waits."""
        return self._since + LONGEST_S if self._rows else inf

    def settle(self, now: float) -> None:
        """Write what waits if it is due or somebody waits for it. Raises as `flush`."""
        if self._acts or now >= self.due_s():
            self.flush()

    def flush(self) -> None:
        """Write what waits, synced, then do what waited for it. Raises JournalError; then nothing is done."""
        if self._flushing:
            return
        self._flushing = True
        try:
            while self._rows or self._acts:
                rows, self._rows = self._rows, []
                ready, self._acts = self._acts, deque()
                if rows:
                    self._wrote(self._journal.append(rows), rows)
                for act in ready:
                    act()
        finally:
            self._flushing = False
