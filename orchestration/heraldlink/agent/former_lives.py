# SPDX-License-Identifier: Apache-2.0
"""What a node's start needs of its journal, gathered while that is verified: it is read once."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from heraldlink.agent.archive import Index, PairNumbers, foreign
from heraldlink.agent.checkpoints import CheckpointFact
from heraldlink.journal.cuts import CHECKPOINT
from heraldlink.link.events import Recovered
from heraldlink.link.facts import FACTS, PAIR
from heraldlink.link.recovery import Recovery


class FormerLives:
    """Reads a journal's rows. ``index``: what is found there by number; ``ends``: the link's end nodes."""

    def __init__(self, path: Path, ends: Sequence[str]) -> None:
        self._path, self._recovery = path, Recovery(ends)
        self.index = Index()

    def read(self, seq: int, kind: str, payload: bytes) -> None:
        """Take a verified row. Raises JournalError for one of another program."""
        try:
            if kind == PAIR:
                pair = _PAIRS.decode(payload)
                self.index.pair(seq, pair)
                self._recovery.decided(pair.decision.mhp_seq, pair.decision.sequence_number)
                return
            if kind == CHECKPOINT:
                fact = _CHECKPOINTS.decode(payload)
                self.index.take(seq, fact)
                self._recovery.begin(fact.last_mhp, fact.last_sequence, fact.ends)
                return
            self.index.read(seq, kind, payload)
            if decoder := _DECODERS.get(kind):
                self._recovery.take(decoder.decode(payload))
        except msgspec.MsgspecError as error:
            raise foreign(self._path, seq, kind, error) from error

    def recovered(self) -> Recovered:
        """What the link layer has to know."""
        return self._recovery.found()

    def next_boot(self, utc_ns: int) -> int:
        """The id of the life that begins: the time, or one more than the last's if the clock went back."""
        return max(utc_ns, self.index.boot + 1)


_PAIRS = msgspec.msgpack.Decoder(PairNumbers)
_CHECKPOINTS = msgspec.msgpack.Decoder(CheckpointFact)
_DECODERS = {kind: msgspec.msgpack.Decoder(fact) for kind, fact in FACTS.items() if kind != PAIR}
