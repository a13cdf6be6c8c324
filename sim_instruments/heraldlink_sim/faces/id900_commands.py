# SPDX-License-Identifier: Apache-2.0
"""Command table of the ID900 and the reading of a message: text in, commands out.

Mnemonics from the vendor's manual and examples; upper case is the short form. Commands in one message are
separated by ``;``; a command without leading colon continues in the branch of the one before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from heraldlink_sim.faces.id900_values import (
    Choice,
    Count,
    Kind,
    Link,
    OnOff,
    Picoseconds,
    ReplyError,
    Volts,
    matches,
    short,
    split_number,
)


@dataclass(frozen=True, slots=True)
class Action:
    """A command without value, or a query that is computed (``?`` at its end)."""


_COUNTER: dict[str, Kind | Action] = {
    "COUNter:MODE": Choice(("CYCLe", "ACCUmulate")),
    "COUNter:INTEgrationtime": Count(1, 65_535, 1000),
    "COUNter:RESEt": Action(),
    "COUNter?": Action(),
}
_INPUT: dict[str, Kind | Action] = {
    "ENABle": OnOff(),
    "COUPling": Choice(("DC", "AC")),
    "EDGE": Choice(("RISIng", "FALLing")),
    "THREshold": Volts(-3.0, 3.0, 0.5),
    "SELEct": Choice(("UNSHaped", "SHAPed", "OUTPut", "LOOP")),
    "RESYnc": Choice(("AUTO", "MANUal")),
    **_COUNTER,
    "HIREs:ERROr?": Action(),
    "HIREs:ERROr:CLEAr": Action(),
    "STATe?": Action(),
}
_OPERATION = Choice(("OR", "AND", "ONLYFIRst", "ONLYSECond", "MUTE"))
_COMBINER: dict[str, Kind | Action] = {
    "FIRst:LINK": Link(),
    "SECond:LINK": Link(),
    "WINDow:ENABle": OnOff(),
    "WINDow:BEGIn:LINK": Link(),
    "WINDow:BEGIn:DELAy": Picoseconds(),
    "WINDow:BEGIn:EDGE": Choice(("RISIng", "FALLing")),
    "WINDow:END:LINK": Link(),
    "WINDow:END:DELAy": Picoseconds(),
    "WINDow:END:EDGE": Choice(("RISIng", "FALLing")),
    "OPINside": _OPERATION,
    "OPOUtside": Choice(("MUTE", "OR", "AND", "ONLYFIRst", "ONLYSECond")),
    **_COUNTER,
    "STATe?": Action(),
}
_RECORD: dict[str, Kind | Action] = {
    "ENABle": OnOff(default=True),
    "TRIGger:LINK": Link(),
    "TRIGger:ARM:MODE": Choice(("MANUal", "AUTO")),
    "NUMber": Count(1, 1_000_000_000, 1, infinite=True),
    "DURation": Picoseconds(1, 10**18, 1_000_000_000_000),
    "PWIDth": Picoseconds(1, 10**18, 1_000_000_000_000),
    "PPERiod": Picoseconds(1, 10**18, 1_000_000_040_000),
    "PLAY": Action(),
    "STOP": Action(),
    "STAGe?": Action(),
    "STATe?": Action(),
}
_RAW: dict[str, Kind | Action] = {
    "REFerence:LINK": Link(),
    "STOP:LINK": Link(),
    "SEND": OnOff(),
    "ERROrs?": Action(),
    "ERROrs:CLEAr": Action(),
    "STATe?": Action(),
}
_OUTPUT: dict[str, Kind | Action] = {
    "ENABle": OnOff(),
    "LINK": Link(),
    "MODE": Choice(("NIM", "TTL")),
    "PULSe": OnOff(default=True),
    "PULSe:WIDTh": Picoseconds(1_000, 1_000_000, 10_000),
    "DELAy": Picoseconds(0, 1_000_000_000),
    "STATe?": Action(),
}
_DEVICE: dict[str, Kind | Action] = {
    "RESolution": Choice(("HIREs", "LOWRes")),
    "RESolution:BWIDth?": Action(),
    "SYNChro": Choice(("INTernal", "EXTernal")),
    "CONFiguration:LOAD": Choice(("INIT", "BLANk")),
    "SAMPling:RECAlibrate": Action(),
    "LEDS": OnOff(default=True),
    "STATe?": Action(),
}
_DELAY: dict[str, Kind | Action] = {"LINK": Link(), "VALUe": Picoseconds(), "STATe?": Action()}

BLOCKS: dict[str, tuple[range, dict[str, Kind | Action]]] = {
    "STARt": (range(1), _INPUT),
    "INPUt": (range(1, 5), _INPUT),
    "DELAy": (range(1, 9), _DELAY),
    "TSCOmbiner": (range(1, 25), _COMBINER),
    "RECord": (range(1), _RECORD),
    "RAW": (range(1, 5), _RAW),
    "OUTPut": (range(1, 5), _OUTPUT),
    "DEVIce": (range(1), _DEVICE),
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command: block and number, row of its table, query or not, and the text of its argument."""

    block: str
    number: int
    row: str
    kind: Kind | Action
    query: bool
    argument: str

    @property
    def name(self) -> str:
        """Block with number in short form: INPU1, STAR, TSCO5."""
        return short(self.block) + (str(self.number) if self.number else "")

    @property
    def key(self) -> str:
        """Row in short form: COUN:MODE."""
        return short_row(self.row)


def short_row(row: str) -> str:
    """Return a row of a table in short form, without its question mark."""
    return ":".join(short(node) for node in row.rstrip("?").split(":"))


def split_message(message: str) -> list[tuple[str, str]]:
    """Split a message into (absolute header, argument); the header keeps its question mark."""
    commands: list[tuple[str, str]] = []
    branch: list[str] = []
    for unit in message.split(";"):
        header, _, argument = unit.strip().partition(" ")
        if not header:
            continue
        if header.startswith("*"):
            commands.append((header, argument.strip()))
            continue
        nodes = header[1:].split(":") if header.startswith(":") else [*branch, *header.split(":")]
        branch = nodes[:-1]
        commands.append((":".join(nodes), argument.strip()))
    return commands


def find(header: str, argument: str) -> Command:
    """Look a header up; raises ReplyError for what the device does not know."""
    query = header.endswith("?")
    first, *rest = header.rstrip("?").split(":")
    letters, number = split_number(first)
    for block, (numbers, rows) in BLOCKS.items():
        if matches(block, letters) and number in numbers:
            for row, kind in rows.items():
                if _row_matches(row, kind, rest, query):
                    return Command(block, number, row, kind, query, argument)
    raise ReplyError("SCPI_ERR_INVALID_CMD")


def _row_matches(row: str, kind: Kind | Action, nodes: list[str], query: bool) -> bool:
    if isinstance(kind, Action) and row.endswith("?") != query:
        return False
    names = row.rstrip("?").split(":")
    return len(names) == len(nodes) and all(map(matches, names, nodes))
