# SPDX-License-Identifier: Apache-2.0
"""What a node must find again in its journal: pairs by number, undecided heralds, consumers' cursors."""

from array import array
from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from heraldlink.agent.numbered_rows import NumberedRows
from heraldlink.errors import JournalError
from heraldlink.journal import Entry, Journal, Row
from heraldlink.link.facts import (
    CURSOR,
    END,
    HERALDS,
    PAIR,
    PENDING,
    CursorFact,
    EndFact,
    HeraldsFact,
    PairFact,
    PendingFact,
)

MOST_CONSUMERS = 1000


class Archive:
    """An index of a journal, kept up to date as facts are written.

    Record ``n`` (from 1) is the n-th PAIR row. ``undecided`` are mhp_seqs of heralds without a decision.
    ``troubles`` counts what may have kept decisions from this node: its start, and requests that failed.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._pair_rows = array("q")
        self._decisions = NumberedRows()
        self.undecided: set[int] = set()
        self.cursors: dict[str, int] = {}
        self.last_sequence = 0
        self._behind = 1
        self.troubles = 0
        for row in journal.rows():
            self._note(row.seq, row.kind, row.payload)

    @property
    def records(self) -> int:
        """Number of the last record."""
        return len(self._pair_rows)

    @property
    def last_mhp(self) -> int:
        """Largest mhp_seq known, 0 for none."""
        return max(self._decisions.last, max(self.undecided, default=0))

    @property
    def complete(self) -> int:
        """Largest mhp_seq up to which every herald's decision is here."""
        self._behind = self._decisions.gap_from(self._behind)
        return self._behind - 1

    def skip_to(self, mhp_seq: int, undecided: Iterable[int]) -> None:
        """What is missing up to ``mhp_seq`` does not exist, but for ``undecided``: the midpoint says so."""
        self._behind = max(self._behind, mhp_seq + 1)
        self.undecided |= {number for number in undecided if not self.decided(number)}

    def decided(self, mhp_seq: int) -> bool:
        """Whether a decision on this herald is in the journal."""
        return self._decisions.row(mhp_seq) != 0

    def holds(self, body: object) -> bool:
        """Whether this decision has arrived another way already; not one that just has its number."""
        if not isinstance(body, PairFact) or not self.decided(body.decision.mhp_seq):
            return False
        row = self._journal.row(self._decisions.row(body.decision.mhp_seq))
        return identity(msgspec.msgpack.decode(row.payload, type=PairFact)) == identity(body)

    def wrote(self, last_seq: int, entries: Sequence[Entry]) -> None:
        """``entries`` are in the journal, the last one as row ``last_seq``."""
        for place, entry in enumerate(entries):
            self._take(last_seq - len(entries) + 1 + place, entry.body)

    def after(self, number: int, most: int) -> list[tuple[int, Row]]:
        """Records behind ``number`` with their numbers, at most ``most``."""
        begin = self._pair_rows[number - 1] if number else 0
        rows = islice(self._journal.rows(PAIR, begin), most)
        return list(enumerate(rows, number + 1))

    def hash_of(self, number: int) -> bytes:
        """The chain's hash at a record; of none for number 0."""
        return self._journal.row(self._pair_rows[number - 1]).hash if number else b""

    def decisions(self, after: int, wanted: Iterable[int], most: int) -> tuple[list[bytes], int, bool]:
        """Facts of ``wanted`` heralds and of those behind an mhp_seq; the last one looked at; any more?"""
        seqs = list(islice(self._decisions.behind(max(after, 0)), most + 1))
        more = len(seqs) > most
        last = seqs[most - 1] if more else max(self._decisions.last, after)
        found = [*(seq for seq in wanted if self.decided(seq)), *seqs[:most]]
        return [self._journal.row(self._decisions.row(seq)).payload for seq in found], last, more

    def _note(self, seq: int, kind: str, payload: bytes) -> None:
        if kind not in _TYPES:
            return
        try:
            self._take(seq, msgspec.msgpack.decode(payload, type=_TYPES[kind]))
        except msgspec.MsgspecError as error:
            raise JournalError(
                f"journal {self._journal.path}: row {seq} ({kind}) cannot be read ({error}): "
                "which version of heraldlink wrote it?"
            ) from error

    def _take(self, seq: int, body: object) -> None:
        match body:
            case PairFact(decision=decision):
                self._pair_rows.append(seq)
                self._decide(decision.mhp_seq, seq)
                self.last_sequence = max(self.last_sequence, decision.sequence_number)
            case HeraldsFact(heralds=heralds) | PendingFact(heralds=heralds):
                found = {herald.mhp_seq for herald in heralds}
                self.undecided |= {number for number in found if not self.decided(number)}
            case EndFact(state="FAILED"):
                self.troubles += 1
            case CursorFact(consumer=consumer, number=number):
                self.cursors[consumer] = max(number, self.cursors.get(consumer, 0))
            case _:
                pass

    def _decide(self, mhp_seq: int, seq: int) -> None:
        self._decisions.add(mhp_seq, seq)
        self.undecided.discard(mhp_seq)


_TYPES: dict[str, type[msgspec.Struct]] = {
    PAIR: PairFact,
    HERALDS: HeraldsFact,
    PENDING: PendingFact,
    END: EndFact,
    CURSOR: CursorFact,
}


def identity(fact: PairFact) -> tuple[int, int, int]:
    """What names a herald everywhere, for ever."""
    return fact.request, fact.burst, fact.decision.attempt


def facts_of(payloads: Iterable[bytes]) -> list[PairFact]:
    """Pair facts as another node's journal has them. Raises msgspec.MsgspecError if they are none."""
    return [msgspec.msgpack.decode(payload, type=PairFact) for payload in payloads]


def fresh(archive: Archive, coming: Iterable[object], entries: Iterable[Entry]) -> list[Entry]:
    """Entries less the decisions that are written already, or wait to be (``coming``): none comes twice."""
    known = {identity(fact) for fact in coming if isinstance(fact, PairFact)}
    found: list[Entry] = []
    for entry in entries:
        if isinstance(entry.body, PairFact):
            if identity(entry.body) in known or archive.holds(entry.body):
                continue
            known.add(identity(entry.body))
        found.append(entry)
    return found
