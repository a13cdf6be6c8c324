# SPDX-License-Identifier: Apache-2.0
"""What a node must find again in its journal: pairs by number, undecided heralds, consumers' cursors."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from heraldlink.agent.checkpoints import Checkpoint, CheckpointFact, checkpoint_at
from heraldlink.agent.numbered_rows import NumberedRows
from heraldlink.agent.states import STATE, StateFact
from heraldlink.errors import JournalError
from heraldlink.journal import Entry, Journal, Row
from heraldlink.journal.cuts import CHECKPOINT
from heraldlink.link.endings import REMEMBERED_ENDS
from heraldlink.link.facts import (
    BOOT,
    CURSOR,
    END,
    HERALDS,
    PAIR,
    PENDING,
    REQUEST,
    BootFact,
    CursorFact,
    EndFact,
    HeraldsFact,
    PairFact,
    PendingFact,
    RequestFact,
)

MOST_CONSUMERS = 1000


class _Numbers(msgspec.Struct):
    mhp_seq: int
    sequence_number: int


class PairNumbers(msgspec.Struct):
    """What the index needs of a PairFact."""

    decision: _Numbers


class RequestId(msgspec.Struct):
    """What the index needs of a RequestFact."""

    request: int


class Index:
    """What is found in a journal by number, fed with its rows in order.

    ``records``: the row of each record. ``decisions``: that of the decision on each herald. ``open``: that of
    each request without an end. ``ends``: the last ones. ``boot``, ``state``: the last life and its last
    change of state. ``since_ns``: when the first row was written, ns since 1970. ``checkpoints``: those at
    which the journal may still be cut.
    """

    def __init__(self) -> None:
        self.records = NumberedRows()
        self.decisions = NumberedRows()
        self.undecided: set[int] = set()
        self.open: dict[int, int] = {}
        self.ends: OrderedDict[int, EndFact] = OrderedDict()
        self.cursors: dict[str, int] = {}
        self.last_sequence = self.troubles = self.boot = self.since_ns = 0
        self.state: StateFact | None = None
        self.checkpoints: list[Checkpoint] = []
        self.last_checkpoint: Checkpoint | None = None
        self.record_hash = b""

    def read(self, seq: int, kind: str, payload: bytes) -> None:
        """Take a row that was read. Raises msgspec.MsgspecError."""
        if kind == PAIR:
            self.pair(seq, _PAIRS.decode(payload))
        elif decoder := _DECODERS.get(kind):
            self.take(seq, decoder.decode(payload))

    def pair(self, seq: int, pair: PairNumbers | PairFact) -> None:
        """Take a decision that is in row ``seq``."""
        self.records.add(self.records.last + 1, seq)
        self._decide(pair.decision.mhp_seq, seq)
        self.last_sequence = max(self.last_sequence, pair.decision.sequence_number)

    def take(self, seq: int, body: object) -> None:
        """Take a fact that is in row ``seq``."""
        match body:
            case PairFact():
                self.pair(seq, body)
            case HeraldsFact(heralds=heralds) | PendingFact(heralds=heralds):
                found = {herald.mhp_seq for herald in heralds}
                self.undecided |= {number for number in found if not self.decided(number)}
            case RequestFact(request=request) | RequestId(request=request):
                if request not in self.ends:
                    self.open.setdefault(request, seq)
            case EndFact():
                self.troubles += body.state == "FAILED"
                self._ended(body)
            case BootFact(boot=boot):
                self.boot, self.since_ns = boot, self.since_ns or boot
            case StateFact():
                self.state = body
            case CheckpointFact():
                self.last_checkpoint = checkpoint_at(seq, body)
                self.checkpoints.append(self.last_checkpoint)
                self._begin(body)
            case CursorFact(consumer=consumer, number=number):
                self.cursors[consumer] = max(number, self.cursors.get(consumer, 0))
            case _:
                pass

    @property
    def last_mhp(self) -> int:
        """Largest mhp_seq known, 0 for none."""
        return max(self.decisions.last, max(self.undecided, default=0))

    def decided(self, mhp_seq: int) -> bool:
        """Whether there is a decision on this herald."""
        return mhp_seq <= self.decisions.floor or self.decisions.row(mhp_seq) != 0

    def forget(self, checkpoint: Checkpoint, record_hash: bytes) -> None:
        """Rows before a checkpoint are let go of; ``record_hash``: the chain's at the last record of them."""
        self.records.forget(checkpoint.records)
        self.decisions.forget(checkpoint.last_mhp)
        self.record_hash = record_hash
        self.checkpoints = [one for one in self.checkpoints if one.seq > checkpoint.seq]

    def _begin(self, fact: CheckpointFact) -> None:
        """Know what a checkpoint says; only of one at a journal's beginning this is anything new."""
        if fact.records > self.records.last:
            self.records.forget(fact.records)
            self.record_hash = fact.record_hash
        if fact.last_mhp > self.last_mhp:
            self.decisions.forget(fact.last_mhp)
        self.since_ns = self.since_ns or fact.utc_ns
        self.last_sequence = max(self.last_sequence, fact.last_sequence)
        self.boot, self.state = max(self.boot, fact.boot), self.state or fact.state
        for consumer, number in fact.cursors.items():
            self.cursors[consumer] = max(number, self.cursors.get(consumer, 0))
        for end in fact.ends:
            self._ended(end)

    def _ended(self, fact: EndFact) -> None:
        self.open.pop(fact.request, None)
        self.ends.setdefault(fact.request, fact)
        if len(self.ends) > REMEMBERED_ENDS:
            self.ends.popitem(last=False)

    def _decide(self, mhp_seq: int, seq: int) -> None:
        self.decisions.add(mhp_seq, seq)
        self.undecided.discard(mhp_seq)


class Archive:
    """A journal with its index, kept up to date as facts are written.

    Record ``n`` (from 1) is the n-th PAIR row. ``undecided`` are mhp_seqs of heralds without a decision.
    ``troubles`` counts what may have kept decisions from this node: its start, and requests that failed.
    ``index``: of what the journal holds; without it the journal is read.
    """

    def __init__(self, journal: Journal, index: Index | None = None) -> None:
        self._journal = journal
        self._index = index or indexed(journal)
        self._behind = 1

    @property
    def undecided(self) -> set[int]:
        """See the class."""
        return self._index.undecided

    @property
    def cursors(self) -> dict[str, int]:
        """The number up to which each consumer has stored records."""
        return self._index.cursors

    @property
    def last_sequence(self) -> int:
        """Largest sequence number known."""
        return self._index.last_sequence

    @property
    def troubles(self) -> int:
        """See the class."""
        return self._index.troubles

    @property
    def index(self) -> Index:
        """See the class."""
        return self._index

    @property
    def records(self) -> int:
        """Number of the last record."""
        return self._index.records.last

    @property
    def moved(self) -> int:
        """Records up to this number lie in archives."""
        return self._index.records.floor

    @property
    def last_mhp(self) -> int:
        """Largest mhp_seq known, 0 for none."""
        return self._index.last_mhp

    @property
    def settled_before(self) -> int:
        """Decisions on heralds up to this one lie in archives."""
        return self._index.decisions.floor

    @property
    def complete(self) -> int:
        """Largest mhp_seq up to which every herald's decision is here."""
        self._behind = self._index.decisions.gap_from(self._behind)
        return self._behind - 1

    def skip_to(self, mhp_seq: int, undecided: Iterable[int]) -> None:
        """What is missing up to ``mhp_seq`` does not exist, but for ``undecided``: the midpoint says so."""
        self._behind = max(self._behind, mhp_seq + 1)
        self._index.undecided |= {number for number in undecided if not self.decided(number)}

    def forget(self, before: int) -> None:
        """Rows below a checkpoint's are in an archive and are let go of."""
        checkpoint = next(one for one in self._index.checkpoints if one.seq == before)
        self._index.forget(checkpoint, self.hash_of(checkpoint.records))

    def decided(self, mhp_seq: int) -> bool:
        """Whether a decision on this herald is in the journal, or in an archive."""
        return self._index.decided(mhp_seq)

    def holds(self, body: object) -> bool:
        """Whether this decision has arrived another way already; not one that just has its number."""
        if not isinstance(body, PairFact) or not self.decided(body.decision.mhp_seq):
            return False
        seq = self._index.decisions.row(body.decision.mhp_seq)
        if not seq:  # it lies in an archive, and the link layer takes no number twice
            return True
        row = self._journal.row(seq)
        return identity(msgspec.msgpack.decode(row.payload, type=PairFact)) == identity(body)

    def wrote(self, last_seq: int, entries: Sequence[Entry]) -> None:
        """``entries`` are in the journal, the last one as row ``last_seq``."""
        for place, entry in enumerate(entries):
            self._index.take(last_seq - len(entries) + 1 + place, entry.body)

    def after(self, number: int, most: int) -> list[tuple[int, Row]]:
        """Records behind ``number`` with their numbers, at most ``most``."""
        begin = self._index.records.row(number) or self._journal.base
        rows = islice(self._journal.rows(PAIR, begin), most)
        return list(enumerate(rows, number + 1))

    def hash_of(self, number: int) -> bytes:
        """The chain's hash at a record, ``moved`` or later; of none for number 0."""
        seq = self._index.records.row(number)
        return self._journal.row(seq).hash if seq else self._index.record_hash

    def decisions(self, after: int, wanted: Iterable[int], most: int) -> tuple[list[bytes], int, bool]:
        """Facts of ``wanted`` heralds and of those behind an mhp_seq; the last one looked at; any more?"""
        decisions = self._index.decisions
        seqs = list(islice(decisions.behind(max(after, 0)), most + 1))
        more = len(seqs) > most
        last = seqs[most - 1] if more else max(decisions.last, after)
        found = [*(seq for seq in wanted if decisions.row(seq)), *seqs[:most]]
        return [self._journal.row(decisions.row(seq)).payload for seq in found], last, more


_DECODERS: dict[str, msgspec.msgpack.Decoder[msgspec.Struct]] = {
    HERALDS: msgspec.msgpack.Decoder(HeraldsFact),
    PENDING: msgspec.msgpack.Decoder(PendingFact),
    END: msgspec.msgpack.Decoder(EndFact),
    CURSOR: msgspec.msgpack.Decoder(CursorFact),
    REQUEST: msgspec.msgpack.Decoder(RequestId),
    BOOT: msgspec.msgpack.Decoder(BootFact),
    STATE: msgspec.msgpack.Decoder(StateFact),
    CHECKPOINT: msgspec.msgpack.Decoder(CheckpointFact),
}
_PAIRS = msgspec.msgpack.Decoder(PairNumbers)


def indexed(journal: Journal) -> Index:
    """The index of what a journal holds. Raises JournalError."""
    index = Index()
    for row in journal.of_kinds((PAIR, *_DECODERS)):
        if row.seq <= journal.base:
            continue
        try:
            index.read(row.seq, row.kind, row.payload)
        except msgspec.MsgspecError as error:
            raise foreign(journal.path, row.seq, row.kind, error) from error
    return index


def foreign(path: Path, seq: int, kind: str, error: Exception) -> JournalError:
    """The error of a row that is whole and cannot be read."""
    return JournalError(
        f"journal {path}: row {seq} ({kind}) cannot be read ({error}): which version of heraldlink wrote it?"
    )


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
