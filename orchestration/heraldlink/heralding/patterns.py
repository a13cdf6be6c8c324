# SPDX-License-Identifier: Apache-2.0
"""Which detectors must click in which gates of an attempt, and what each such pattern heralds.

A pattern is a set of bits, one for each detector and gate: bit = detector * gates + gate, both by their place
in the table. A detector tells clicks from no click: more clicks in one gate set the same bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RequestError

Outcomes = NDArray[np.uint8]

NONE, PSI_PLUS, PSI_MINUS, AMBIGUOUS = 0, 1, 2, 255
"""Outcome codes; further names of a table are 3, 4, ... in order of appearance."""

NAMES: Mapping[str, int] = {"none": NONE, "Psi+": PSI_PLUS, "Psi-": PSI_MINUS, "ambiguous": AMBIGUOUS}

MOST_BITS = 16
"""Detectors times gates of the largest table (65,536 patterns)."""


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector's channel. A click earlier than its dead time before the first gate leaves it ready.

    ``dead_time_ps`` > 0: an attempt is vetoed if this detector clicked less than that before its first gate.
    """

    name: str
    channel: int
    dead_time_ps: int = 0


@dataclass(frozen=True, slots=True)
class Gate:
    """begin <= t < end, ps after the attempt's reference event."""

    name: str
    begin_ps: int
    end_ps: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Exactly these clicks, each (detector, gate) by name, and no other in any gate, give ``outcome``."""

    outcome: str
    clicks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PatternTable:
    """Detectors, gates (in order, apart from one another) and rules.

    A pattern without a rule of its own is ambiguous if it holds all clicks of a rule and more, otherwise it
    heralds nothing. ``repeats``: what a second click of one detector in one gate does: it counts "once", as
    in a threshold detector, or makes the attempt "ambiguous". Raises RequestError, naming the part, if gates
    overlap, names or channels repeat, rules contradict one another or name what is not there.
    """

    detectors: tuple[Detector, ...]
    gates: tuple[Gate, ...]
    rules: tuple[Rule, ...]
    repeats: Literal["once", "ambiguous"] = "once"

    def __post_init__(self) -> None:
        _check_detectors(self.detectors)
        _check_gates(self.gates)
        if self.bits > MOST_BITS:
            raise RequestError(f"{self.bits} bits (detectors x gates) are more than {MOST_BITS}")
        _check_rules(self)

    @property
    def bits(self) -> int:
        """Detectors times gates."""
        return len(self.detectors) * len(self.gates)

    @property
    def names(self) -> tuple[str, ...]:
        """Outcomes that the rules can give, in order of code."""
        return tuple(sorted({rule.outcome for rule in self.rules}, key=self._codes().__getitem__))

    def code(self, outcome: str) -> int:
        """Code of an outcome's name."""
        codes = self._codes()
        if outcome not in codes:
            raise RequestError(f"there is no outcome {outcome!r} (there are {', '.join(codes)})")
        return codes[outcome]

    def outcome_name(self, code: int) -> str:
        """Name of an outcome's code."""
        for name, number in self._codes().items():
            if number == code:
                return name
        raise RequestError(f"no outcome has the code {code}")

    def pattern(self, clicks: tuple[tuple[str, str], ...]) -> int:
        """Bits of clicks, each (detector, gate) by name."""
        detectors, gates = [d.name for d in self.detectors], [g.name for g in self.gates]
        bits = [detectors.index(detector) * len(gates) + gates.index(gate) for detector, gate in clicks]
        return sum(1 << bit for bit in set(bits))

    def pattern_name(self, pattern: int) -> str:
        """Clicks of a pattern as text: "c.early d.late"; "-" if there is none."""
        names = [f"{d.name}.{g.name}" for d in self.detectors for g in self.gates]
        return " ".join(name for bit, name in enumerate(names) if pattern >> bit & 1) or "-"

    def outcomes(self) -> Outcomes:
        """Outcome code of every pattern, uint8[2 ** bits]."""
        every = np.arange(1 << self.bits)
        table = np.zeros(every.size, dtype=np.uint8)
        rules = [(self.pattern(rule.clicks), self.code(rule.outcome)) for rule in self.rules]
        for pattern, code in rules:
            if code not in (NONE, AMBIGUOUS):
                table[every & pattern == pattern] = AMBIGUOUS
        for pattern, code in rules:
            table[pattern] = code
        return table

    def _codes(self) -> dict[str, int]:
        own = dict.fromkeys(rule.outcome for rule in self.rules if rule.outcome not in NAMES)
        return dict(NAMES) | {name: 3 + place for place, name in enumerate(own)}


def single_click(c: int, d: int, gate_ps: tuple[int, int]) -> PatternTable:
    """One photon heralds: a click of channel c alone is Psi+, of d alone Psi-, of both ambiguous."""
    detectors, gates = (Detector("c", c), Detector("d", d)), (Gate("gate", *gate_ps),)
    rules = Rule("Psi+", (("c", "gate"),)), Rule("Psi-", (("d", "gate"),))
    return PatternTable(detectors, gates, rules)


def two_gates(c: int, d: int, early_ps: tuple[int, int], late_ps: tuple[int, int]) -> PatternTable:
    """Two photons herald, one in each gate: Psi+ if one detector (channel c or d) sees both, Psi- if each
    sees one (time-bin qubits behind a balanced beam splitter, Barrett and Kok, PRA 71, 060310).
    """
    detectors, gates = (
        (Detector("c", c), Detector("d", d)),
        (Gate("early", *early_ps), Gate("late", *late_ps)),
    )
    rules = tuple(
        Rule("Psi+" if first == second else "Psi-", ((first, "early"), (second, "late")))
        for first in "cd"
        for second in "cd"
    )
    return PatternTable(detectors, gates, rules)


def _check_detectors(detectors: tuple[Detector, ...]) -> None:
    _check_unique("detector", [detector.name for detector in detectors])
    _check_unique("channel", [str(detector.channel) for detector in detectors])
    for detector in detectors:
        if detector.dead_time_ps < 0:
            raise RequestError(f"detector {detector.name}: a dead time of {detector.dead_time_ps} ps")
        if not -(1 << 15) <= detector.channel < 1 << 15:
            raise RequestError(f"detector {detector.name}: channel {detector.channel} is not a 16-bit number")


def _check_gates(gates: tuple[Gate, ...]) -> None:
    _check_unique("gate", [gate.name for gate in gates])
    last: Gate | None = None
    for gate in gates:
        if gate.end_ps <= gate.begin_ps:
            raise RequestError(f"gate {gate.name}: [{gate.begin_ps}, {gate.end_ps}) ps is empty")
        if last and gate.begin_ps < last.end_ps:
            raise RequestError(f"gate {gate.name} begins at {gate.begin_ps} ps, before {last.name} ends")
        last = gate


def _check_rules(table: PatternTable) -> None:
    detectors, gates = {d.name for d in table.detectors}, {g.name for g in table.gates}
    found: dict[int, str] = {}
    for rule in table.rules:
        for detector, gate in rule.clicks:
            if detector not in detectors or gate not in gates:
                raise RequestError(f"outcome {rule.outcome}: there is no {detector}.{gate}")
        pattern = table.pattern(rule.clicks)
        if not pattern:
            raise RequestError(f"outcome {rule.outcome}: a rule without clicks")
        if found.setdefault(pattern, rule.outcome) != rule.outcome:
            raise RequestError(f"{table.pattern_name(pattern)} gives {found[pattern]} and {rule.outcome}")


def _check_unique(kind: str, names: list[str]) -> None:
    if not names:
        raise RequestError(f"a pattern table needs at least one {kind}")
    for name in names:
        if names.count(name) > 1:
            raise RequestError(f"{kind} {name} stands twice in the pattern table")
