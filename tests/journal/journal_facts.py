# SPDX-License-Identifier: Apache-2.0
"""Facts and journals as tests of this folder write them."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from heraldlink.journal import Entry, Journal
from heraldlink.link.facts import BOOT, END, HERALDS, PAIR, BootFact, EndFact, HeraldsFact, PairFact
from heraldlink.messages.values import Decision, Herald, Status


def pair(number: int, status: Status = "CONFIRMED", request: int = 1) -> PairFact:
    """The decision on herald ``number``, which is attempt 10 * number of burst 1."""
    decision = Decision(number, 10 * number, 1, status, "", number, (1, -1), 0.8, 0.01)
    return PairFact(request, 1, 7, "ZZ", decision, "simulated")


def heralds(*numbers: int) -> HeraldsFact:
    return HeraldsFact(1, 1, 7, "ZZ", tuple(Herald(number, 10 * number, 1) for number in numbers))


def write(path: Path, *facts: tuple[str, msgspec.Struct]) -> Path:
    """A journal with these facts, one commit each."""
    journal = Journal(path)
    for kind, fact in facts:
        journal.append([Entry(kind, fact)])
    journal.close()
    return path


def written(folder: Path, node: str, numbers: Sequence[int], *more: tuple[str, msgspec.Struct]) -> Path:
    """A node's journal with decisions on heralds 1 to 4 of which it has ``numbers``."""
    known = [(HERALDS, heralds(1, 2, 3, 4))] if node == "midpoint" else []
    facts = [(BOOT, BootFact(node, 5)), *known, *((PAIR, pair(number)) for number in numbers)]
    return write(folder / f"journal-{node}.sqlite", *facts, *more, (END, END_FACT))


END_FACT = EndFact(1, "DELIVERED", "", "", "", by="alice")
