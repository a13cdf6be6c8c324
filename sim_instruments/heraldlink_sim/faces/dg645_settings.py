# SPDX-License-Identifier: Apache-2.0
"""Numbers that a DG645 keeps, their ranges, and the steps by which the arrow keys change them.

``TRAT 1000`` sets, ``TRAT?`` asks, ``SSTR 10`` sets the step, ``SPTR 1`` takes it upwards, ``SPTR 0`` down;
settings that there are several of take their number first (``PRES 0,2``, ``LAMP 1,3.5``, ``SPLA 1,1``).

Commands and ranges: SRS' own Python driver ``srsinst.dg645`` (after the manual), and the data sheet for
rates (100 uHz to 10 MHz) and levels (0.5 to 5 V, offset 2 V either way, together 6 V at most). [?]: a phase
beyond its prescale factor is taken, and lets nothing out; the power-up values of the steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heraldlink_sim.faces.dg645_grammar import ILLEGAL_VALUE, DelayError, expect, real, whole

HIGHEST_SUM_V = 6.0


@dataclass(frozen=True, slots=True)
class Quantity:
    """One setting: range, power-up value, decimals of its answer (None: a whole number), numbers it has."""

    low: float
    high: float
    default: float
    decimals: int | None = None
    step: float = 1.0
    numbers: range | None = None

    def parse(self, text: str) -> float:
        """Value of a parameter. Raises DelayError."""
        if self.decimals is None:
            return whole(text, int(self.low), int(self.high))
        return self.bounded(round(real(text), self.decimals))

    def bounded(self, value: float) -> float:
        """The value. Raises DelayError if it is out of range."""
        if not self.low <= value <= self.high:
            raise DelayError(ILLEGAL_VALUE)
        return value

    def write(self, value: float) -> str:
        """The answer's form."""
        return f"{value:.0f}" if self.decimals is None else f"{value:+.{self.decimals}f}"


_OUTPUTS, _PRESCALERS = range(5), range(1, 5)

QUANTITIES: Mapping[str, Quantity] = {
    "ADVT": Quantity(0, 1, 0),
    "BURC": Quantity(1, 2**32 - 1, 5),
    "BURD": Quantity(0, 2000 - 10e-9, 0, 12, 1e-6),
    "BURM": Quantity(0, 1, 0),
    "BURP": Quantity(100e-9, 2000 - 10e-9, 100e-6, 12, 1e-6),
    "BURT": Quantity(0, 1, 0),
    "HOLD": Quantity(0, 1000, 0, 12, 1e-6),
    "INHB": Quantity(0, 5, 1),
    "LAMP": Quantity(0.5, 5.0, 2.5, 2, 0.1, _OUTPUTS),
    "LOFF": Quantity(-2.0, 2.0, 0.0, 2, 0.1, _OUTPUTS),
    "LPOL": Quantity(0, 1, 1, numbers=_OUTPUTS),
    "PHAS": Quantity(0, 2**31 - 2, 0, numbers=_PRESCALERS),
    "PRES": Quantity(1, 2**31 - 1, 1, numbers=_OUTPUTS),
    "SHDP": Quantity(0, 1, 1),
    "TLVL": Quantity(-3.5, 3.5, 1.0, 2, 0.1),
    "TRAT": Quantity(1e-4, 1e7, 1000.0, 6, 1000.0),
    "TSRC": Quantity(0, 6, 5),
}
STEPPED: Mapping[str, str] = {
    "BC": "BURC", "BD": "BURD", "BP": "BURP", "HD": "HOLD", "LA": "LAMP", "LO": "LOFF",
    "PH": "PHAS", "PS": "PRES", "TL": "TLVL", "TR": "TRAT",
}  # fmt: skip
_KEPT = ("SHDP",)  # neither *RST nor *RCL touches them

Key = tuple[str, int]


class Numbers:
    """Values and step sizes; ``get("LAMP", 1)`` is that of output 1."""

    def __init__(self) -> None:
        self._values: dict[Key, float] = {}
        self._steps: dict[Key, float] = {}

    def get(self, name: str, number: int = 0) -> float:
        """Present value."""
        return self._values.get((name, number), QUANTITIES[name].default)

    def set(self, name: str, number: int, value: float) -> None:
        """Store a value. Raises DelayError if it does not go with the others."""
        QUANTITIES[name].bounded(value)
        other = {"LAMP": "LOFF", "LOFF": "LAMP"}.get(name)
        if other and value + self.get(other, number) > HIGHEST_SUM_V:
            raise DelayError(ILLEGAL_VALUE)
        self._values[name, number] = value

    def run(self, name: str, query: bool, arguments: Sequence[str]) -> str | None:
        """Carry out a setting's command or query. Raises DelayError."""
        quantity = QUANTITIES[name]
        number, rest = _numbered(quantity, arguments)
        expect(rest, 0 if query else 1)
        if query:
            return quantity.write(self.get(name, number))
        self.set(name, number, quantity.parse(rest[0]))
        return None

    def run_step_size(self, name: str, query: bool, arguments: Sequence[str]) -> str | None:
        """Carry out ``SSxx`` for the setting ``name``. Raises DelayError."""
        quantity = QUANTITIES[name]
        number, rest = _numbered(quantity, arguments)
        expect(rest, 0 if query else 1)
        if query:
            return quantity.write(self._steps.get((name, number), quantity.step))
        size = Quantity(0, quantity.high, quantity.step, quantity.decimals).parse(rest[0])
        self._steps[name, number] = size
        return None

    def take_step(self, name: str, arguments: Sequence[str]) -> None:
        """Carry out ``SPxx`` for the setting ``name``: 1 is up, 0 down. Raises DelayError."""
        quantity = QUANTITIES[name]
        number, rest = _numbered(quantity, arguments)
        expect(rest, 1)
        size = self._steps.get((name, number), quantity.step)
        value = self.get(name, number) + (size if whole(rest[0], 0, 1) else -size)
        self.set(name, number, quantity.bounded(value))

    def saved(self) -> dict[Key, float]:
        """What ``*SAV`` keeps."""
        return {key: value for key, value in self._values.items() if key[0] not in _KEPT}

    def restore(self, saved: Mapping[Key, float]) -> None:
        """Take what ``*SAV`` kept; an empty mapping is the power-up state."""
        kept = {key: value for key, value in self._values.items() if key[0] in _KEPT}
        self._values = {**kept, **saved}


def _numbered(quantity: Quantity, arguments: Sequence[str]) -> tuple[int, Sequence[str]]:
    if quantity.numbers is None:
        return 0, arguments
    expect(arguments[:1], 1)
    return whole(arguments[0], quantity.numbers[0], quantity.numbers[-1]), arguments[1:]
