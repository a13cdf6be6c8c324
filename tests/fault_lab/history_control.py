# SPDX-License-Identifier: Apache-2.0
"""Who commanded when, and what reached the instruments: invariants I2 and I3 of a history.

I2  nothing acts outside a valid lease: epochs of a node only grow, each order was begun under the lease that
    was held when it was journalled, and what rouses an instrument reaches it only while a lease is held: the
    node's own for its operating point, and for slots also that of the end node whose request it is.
I3  outputs are off where control was lost: by a lease that ended without its owner, or a killed agent.

All moments are of the machine's monotonic clock, which journals and the bench's wire log share.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from fault_lab.broken import demand
from heraldlink.agent.admission import LeaseFact
from heraldlink.agent.ledger import CommandFact
from heraldlink.link.facts import BootFact

ENDS = ("alice", "bob")
ORDERS = ("prepare", "park", "create", "receive", "stop_receive")
"""Commands that take the lease (agent/commands.py)."""
FINISHING_S = 2.5
"""For a worker to finish what it does when control is lost (PATIENCE_S of agent/warden.py)."""
OFF_S = 5.0
"""By when outputs are off then: the same, and as long for the drivers (PARK_LIMIT_S)."""

OWN = {
    "pump": r"POW:SHUT 0|POW:STAT 1|POW -?\d|WAV \d",
    "voa": r"OUTP\d 1|INP\d:ATT",
    "mw": r"OUTP:STAT 1|SOUR:FREQ|SOUR:POW",
}
"""What makes an operating point, by the end of an instrument's name; in short form."""
SLOTS = {"awg": r"AWGC:RUN|OUTP\d:STAT 1", "dg": r"TSRC 3|\*TRG", "tc": r"REC:PLAY"}
"""What arms and plays slots."""
OUTPUTS = {
    "pump": {"POW:SHUT": ("0", "1"), "POW:STAT": ("1", "0")},
    "voa": {f"OUTP{channel}": ("1", "0") for channel in range(1, 5)},
    "mw": {"OUTP:STAT": ("1", "0")},
    "awg": {f"OUTP{channel}:STAT": ("1", "0") for channel in (1, 2)},
    "dg": {"TSRC": ("3", "5")},
}
"""Headers of what lets something out, with the values that switch it on, and off."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A message that told an instrument to do something, in short form: without its small letters."""

    clock_s: float
    instrument: str
    message: str

    @classmethod
    def of(cls, clock_s: float, instrument: str, message: str) -> "Passed":
        """As it was on the wire."""
        return cls(clock_s, instrument, re.sub("[a-z]", "", message))


@dataclass(frozen=True, slots=True)
class Tenure:
    """A lease of one node, from when to when it was held; ``safe``: it ended without its owner."""

    node: str
    epoch: int
    begin_s: float
    end_s: float = math.inf
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Loss:
    """From here on nobody commanded a node."""

    clock_s: float
    node: str
    why: str


@dataclass(frozen=True, slots=True)
class Faulty:
    """An instrument had a fault from when to when: it may not have obeyed."""

    instrument: str
    begin_s: float
    end_s: float = math.inf


Row = LeaseFact | CommandFact | BootFact


@dataclass
class Control:
    """All that these two invariants look at. ``now_s``: what happened later is not known yet.

    ``gaps``: moments before which messages on the wire were forgotten. ``outputs``: by instrument and header,
    the moments and values that it was set to.
    """

    rows: dict[str, list[Row]]
    wire: Sequence[Passed]
    losses: Sequence[Loss] = ()
    faulty: Sequence[Faulty] = ()
    gaps: Sequence[float] = ()
    now_s: float = math.inf
    tenures: list[Tenure] = field(default_factory=list[Tenure])
    outputs: dict[tuple[str, str], list[tuple[float, str]]] = field(default_factory=dict)  # type: ignore[type-arg]

    def __post_init__(self) -> None:
        for node, rows in self.rows.items():
            ends = sorted(loss.clock_s for loss in self.losses if loss.node == node)
            self.tenures += tenures_of(node, rows, ends)
        for passed in self.wire:
            for header, values in OUTPUTS.get(place_of(passed.instrument)[1], {}).items():
                for value in values:
                    if f"{header} {value}" in passed.message:
                        item = passed.clock_s, value
                        self.outputs.setdefault((passed.instrument, header), []).append(item)


def check_control(control: Control) -> None:
    """I2 and I3."""
    for passed in control.wire:
        check_held(control, passed)
    lost = [Loss(one.end_s, one.node, f"lease {one.epoch} ended") for one in control.tenures if one.safe]
    for loss in (*control.losses, *lost):
        check_off(control, loss)


def tenures_of(node: str, rows: Iterable[Row], ends: Sequence[float]) -> list[Tenure]:
    """The leases that a journal tells of; one that a life of the node did not end, ended with that life."""
    found: list[Tenure] = []
    held: Tenure | None = None
    last = 0
    for row in rows:
        match row:
            case BootFact():
                found += [cut_short(held, ends)] if held else []
                held = None
            case LeaseFact(reason=""):
                demand(row.epoch > last, f"I2: epoch {row.epoch} of {node} was given after {last}")
                demand(held is None, f"I2: lease {row.epoch} of {node} was given while {held} was held")
                held, last = Tenure(node, row.epoch, row.clock_ns / 1e9), row.epoch
            case LeaseFact():
                demand(held is not None and held.epoch == row.epoch, f"I2: {node}: {row} ended, not {held}")
                found += [replace(held, end_s=row.clock_ns / 1e9, safe=row.safe)] if held else []
                held = None
            case CommandFact(kind=kind) if kind in ORDERS:
                ok = held is not None and held.epoch == row.lease
                demand(ok, f"I2: {node} began {kind!r} under lease {row.lease} while {held} was held")
            case _:
                pass
    found += [held] if held else []
    later = [*(one.begin_s for one in found[1:]), math.inf]
    return [replace(one, end_s=min(one.end_s, next_s)) for one, next_s in zip(found, later, strict=False)]


def cut_short(held: Tenure, ends: Sequence[float]) -> Tenure:
    """With the moment at which its node's process ended, if that is known."""
    return replace(held, end_s=next((end for end in ends if end > held.begin_s), held.end_s))


def is_told(passed: Passed) -> bool:
    """Whether a message matters to these invariants; most of what makes a slot does not."""
    kind = place_of(passed.instrument)[1]
    patterns = [table[kind] for table in (OWN, SLOTS) if kind in table]
    return any(re.search(one, passed.message) for one in patterns) or any(
        f"{header} {value}" in passed.message
        for header, values in OUTPUTS.get(kind, {}).items()
        for value in values
    )


def check_held(control: Control, passed: Passed) -> None:
    """A lease is held while an instrument is roused."""
    node, kind = place_of(passed.instrument)
    own = kind in OWN and re.search(OWN[kind], passed.message)
    if not own and not (kind in SLOTS and re.search(SLOTS[kind], passed.message)):
        return
    nodes = (node,) if own else (node, *ENDS)
    held = [
        one
        for one in control.tenures
        if one.node in nodes and one.begin_s <= passed.clock_s <= one.end_s + FINISHING_S
    ]
    demand(bool(held), f"I2: {passed} while nobody held a lease of {' or '.join(dict.fromkeys(nodes))}")


def check_off(control: Control, loss: Loss) -> None:
    """Outputs of a node that were on when control was lost are switched off in time."""
    until = loss.clock_s + OFF_S
    for (instrument, header), switched in control.outputs.items():
        node, kind = place_of(instrument)
        if node != loss.node or any(overlaps(one, instrument, loss.clock_s, until) for one in control.faulty):
            continue
        on, off = OUTPUTS[kind][header]
        before = [item for item in switched if item[0] <= loss.clock_s][-1:]
        if not before or before[0][1] != on:
            continue
        later = [clock_s for clock_s, value in switched if clock_s > loss.clock_s and value == off]
        unseen = any(before[0][0] < gap < until for gap in control.gaps) or control.now_s < until
        what = f"{instrument} was on ({header} {on}) when {loss.why} at {loss.node}"
        demand(unseen or (bool(later) and later[0] <= until), f"I3: {what}, and not off {OFF_S:g} s later")


def overlaps(fault: Faulty, instrument: str, begin_s: float, end_s: float) -> bool:
    """Whether an instrument was faulty in this time."""
    return fault.instrument == instrument and fault.begin_s < end_s and fault.end_s > begin_s


def place_of(instrument: str) -> tuple[str, str]:
    """The node that an instrument of the bench belongs to, and what kind it is."""
    place, _, kind = instrument.rpartition("_")
    place = place.partition("_")[0]
    return ("midpoint" if place == "hub" else place), kind
