# SPDX-License-Identifier: Apache-2.0
"""Settings of a Lake Shore 372: which parameters each command takes, and the values they have.

Orders of parameters and their ranges after the vendor's Python package ``lakeshore`` (Model372) and QCoDeS'
LakeshoreModel372, which follow the manual's chapter 6. [?]: ranges that neither of them states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heraldlink_sim.faces.lakeshore_grammar import (
    COMMAND_ERROR,
    Field,
    Input,
    Int,
    Quoted,
    Real,
    Refusal,
    Value,
)

SAMPLE, WARMUP, STILL = 0, 1, 2

_ON = Int(0, 1)
_OUTPUT = Int(SAMPLE, STILL)
_RANGE = Int(0, 8)
_ANY = Real(-1e9, 1e9)
_PERCENT = Real(-100, 100)
_PID = Real(0, 1000, 50), Real(0, 10000, 20), Real(0, 2500)
_NOWHERE = Quoted("0.0.0.0")  # noqa: S104  an address that the instrument answers


HEATER_OF_A_336 = "HTRSET of a 336"


@dataclass(frozen=True, slots=True)
class Record:
    """One command: what it is addressed with, its parameters, and how many of them must be there."""

    fields: tuple[Field, ...]
    address: tuple[Field, ...] = ()
    least: int | None = None


RECORDS: Mapping[str, Record] = {
    # inputs
    "INSET": Record((_ON, Int(0, 200, 10), Int(0, 200, 3), Int(0, 59, 21), Int(0, 2, 1)), (Input(),)),
    "INTYPE": Record(
        (Int(0, 1), Int(1, 22, 5), Int(0, 2, 1), Int(1, 22, 17), _ON, Int(1, 2, 1)), (Input(none=True),)
    ),
    "INNAME": Record((Quoted(),), (Input(),)),
    "FILTER": Record((_ON, Int(1, 200, 10), Int(1, 80, 10)), (Input(),)),
    "TLIMIT": Record((Real(0, 1000, exponent=True),), (Input(),)),
    "FREQ": Record((Int(1, 5, 2),), (Input(none=True),)),
    "ALARM": Record((_ON, Int(0, 4, 1), _ANY, _ANY, _ANY, _ON, _ON, _ON), (Input(),), least=7),
    "CMR": Record((_ON,)),
    "MONITOR": Record((Int(0, 7),)),
    # outputs
    "OUTMODE": Record((Int(0, 6), Input(6, none=True), _ON, _ON, _ON, Int(0, 255, 5)), (_OUTPUT,)),
    "PID": Record(_PID, (_OUTPUT,)),
    "RANGE": Record((_RANGE,), (_OUTPUT,)),
    "HTRSET": Record((Real(1, 2000, 100), Int(0, 2), Real(0, 0.63), Int(1, 2, 1)), (_OUTPUT,)),
    "RAMP": Record((_ON, Real(0, 100)), (_OUTPUT,)),
    "MOUT": Record((Real(-100, 100, exponent=True),), (_OUTPUT,)),
    "STILL": Record((_PERCENT,)),
    "WARMUP": Record((_ON, _PERCENT)),
    "ZONE": Record(
        (_ANY, *_PID, _PERCENT, _RANGE, Real(0, 100), _ON, _ON),
        (Int(0, 1), Int(1, 10)),
    ),
    "ANALOG": Record(
        (Int(0, 6), Int(0, 6), Input(none=True), Int(0, 4, 1), _ANY, _ANY, _PERCENT), (Int(1, 2),)
    ),
    HEATER_OF_A_336: Record(
        (_ON, Int(1, 2, 1), Int(0, 4), Real(0, 1.732), Int(1, 2, 1)), (_OUTPUT,)
    ),  # in the place of HTRSET with the quirk of that name
    # the box
    "RELAY": Record((Int(0, 4), Input(none=True), Int(0, 2)), (Int(1, 2),), least=1),
    "BEEP": Record((_ON,)),
    "BRIGT": Record((Int(0, 3, 1),)),
    "DISPLAY": Record((Int(0, 2), Int(0, 2), Int(0, 3)), least=1),
    "DISPFLD": Record((Input(none=True), Int(0, 6, 1)), (Int(1, 8),)),
    "DOUT": Record((Int(0, 31),)),
    "EMUL": Record((_ON,)),
    "IEEE": Record((Int(1, 30, 12),)),
    "INTSEL": Record((_ON,)),
    "LEDS": Record((Int(0, 1, 1),)),
    "LOCK": Record((_ON, Int(0, 999, 123, width=3))),
    "MODE": Record((Int(0, 2),)),
    "NET": Record(
        (
            *(_ON, _ON, _NOWHERE, Quoted("255.255.255.0"), _NOWHERE, _NOWHERE, _NOWHERE),
            *(Quoted("LSCI-372"), Quoted("", 64), Quoted("", 32)),
        )
    ),
    "WEBLOG": Record((Quoted("user"), Quoted("password"))),
}  # fmt: skip

Key = tuple[str, tuple[Value, ...]]


class Settings:
    """The values of all records; what was never set has its value at delivery."""

    def __init__(self) -> None:
        self._values: dict[Key, tuple[Value, ...]] = {}

    def get(self, header: str, *address: Value) -> tuple[Value, ...]:
        """All values of a record."""
        default = tuple(field.default for field in RECORDS[header].fields)
        return self._values.get((header, address), default)

    def number(self, header: str, position: int, *address: Value) -> float:
        """One value that is a number."""
        return float(self.get(header, *address)[position])

    def store(self, header: str, address: tuple[Value, ...], values: Sequence[Value]) -> None:
        """Set all values of a record."""
        self._values[(header, address)] = tuple(values)

    def replace(self, header: str, position: int, value: Value, *address: Value) -> None:
        """Set one value of a record."""
        values = list(self.get(header, *address))
        values[position] = value
        self.store(header, address, values)

    def answer(self, header: str, arguments: Sequence[str]) -> str:
        """Reply to a record's query. Raises Refusal."""
        address, rest = self.address(header, arguments)
        if rest:
            raise Refusal(COMMAND_ERROR)
        fields, values = RECORDS[header].fields, self.get(header, *address)
        return ",".join(field.write(value) for field, value in zip(fields, values, strict=True))

    def address(self, header: str, arguments: Sequence[str]) -> tuple[tuple[Value, ...], Sequence[str]]:
        """Address of a command and its other arguments. Raises Refusal."""
        fields = RECORDS[header].address
        if len(arguments) < len(fields):
            raise Refusal(COMMAND_ERROR)
        parsed = tuple(field.parse(text) for field, text in zip(fields, arguments, strict=False))
        return parsed, arguments[len(fields) :]

    def parsed(self, header: str, address: tuple[Value, ...], arguments: Sequence[str]) -> list[Value]:
        """Values that a command asks for; an empty parameter, or one left out, stays. Raises Refusal."""
        record = RECORDS[header]
        least = len(record.fields) if record.least is None else record.least
        if not least <= len(arguments) <= len(record.fields):
            raise Refusal(COMMAND_ERROR)
        values = list(self.get(header, *address))
        for position, (field, text) in enumerate(zip(record.fields, arguments, strict=False)):
            if text:
                values[position] = field.parse(text)
        return values

    def clear(self) -> None:
        """Everything as at delivery."""
        self._values.clear()
