# SPDX-License-Identifier: Apache-2.0
"""Command table of the Time Controller series: blocks, their numbers and rows.

Mnemonics from the vendor's manual (section 9; pages 68-69, 77 and 88 as found on manualshive.com 3560472) and
the vendor's examples; upper case is the short form. ``GENerator``, ``RECord`` and ``REFerence`` are written
with three letters there. Rows and ranges that none of them gives are marked [?] in the table.
"""

from __future__ import annotations

from dataclasses import dataclass

from heraldlink_sim.faces.id900_values import Choice, Count, Kind, Link, OnOff, Picoseconds, Volts

SECOND_ps = 1_000_000_000_000
LONGEST_ps = 10**18


@dataclass(frozen=True, slots=True)
class Action:
    """A command without value, or a query that is computed (``?`` at its end)."""


Rows = dict[str, Kind | Action]

_EDGE = Choice(("RISIng", "FALLing"))
_FILTER = Choice(("RISIng", "FALLing", "ALL"))
_COUNTER: Rows = {
    "COUNter:INTEgrationtime": Count(1, 65_535, 1000),
    "COUNter:MODE": Choice(("CYCLe", "ACCUmulate")),
    "COUNter:RESEt": Action(),
    "COUNter?": Action(),
}
_SOCKET: Rows = {
    "ENABle": OnOff(default=False),
    "COUPling": Choice(("DC", "AC")),
    "EDGE": _EDGE,
    "THREshold": Volts(-3.0, 3.0, 0.5),  # [?] range; one client says +-2 V
    "SELEct": Choice(("UNSHaped", "SHAPed", "OUTPut", "LOOP")),
    "RESYncpolicy": Choice(("AUTO", "MANUal")),
    "HIREs:ERROr?": Action(),
    "HIREs:ERROr:CLEAr": Action(),
    **_COUNTER,
    "STATe?": Action(),
}
_OPERATIONS = ("OR", "AND", "ONLYFIRst", "ONLYSECond", "MUTE")
_COMBINER: Rows = {
    "FIRst:LINK": Link("combine"),
    "SECond:LINK": Link("combine"),
    "WINDow:ENABle": OnOff(default=False),
    "WINDow:BEGIn:LINK": Link("combine"),
    "WINDow:BEGIn:DELAy": Picoseconds(),
    "WINDow:BEGIn:EDGE": _EDGE,
    "WINDow:END:LINK": Link("combine"),
    "WINDow:END:DELAy": Picoseconds(),
    "WINDow:END:EDGE": _EDGE,
    "OPINside": Choice(_OPERATIONS),
    "OPOUtside": Choice(("MUTE", *_OPERATIONS[:-1])),
    **_COUNTER,
    "STATe?": Action(),
}
_TRIGGER: Rows = {
    "TRIGger:LINK": Link("trigger"),
    "TRIGger:DELAy": Picoseconds(),
    "TRIGger:ARM:MODE": Choice(("MANUal", "AUTO")),
    "TRIGger:ARM": Action(),
    "TRIGger:DARM": Action(),
    "PLAY": Action(),
    "STOP": Action(),
    "STAGe?": Action(),
    "STATe?": Action(),
}
_GENERATOR: Rows = {
    "ENABle": OnOff(default=False),
    "PPERiod": Picoseconds(4_000, LONGEST_ps, 1_000_000),  # [?] shortest, default
    "PWIDth": Picoseconds(1_000, LONGEST_ps, 4_000),  # [?] shortest
    "PNUMber": Count(1, 1_000_000_000, 1, infinite=True),
    **_TRIGGER,
}
_RECORD: Rows = {
    "ENABle": OnOff(default=True),
    "PPERiod": Picoseconds(1, LONGEST_ps, SECOND_ps + 40_000),
    "PWIDth": Picoseconds(1, LONGEST_ps, SECOND_ps),
    "PNUMber": Count(1, 1_000_000_000, 1, infinite=True),
    "DURation": Picoseconds(1, LONGEST_ps, SECOND_ps),
    "NUMber": Count(1, 1_000_000_000, 1, infinite=True),
    **_TRIGGER,
}
_RELATED: Rows = {
    "STOP:LINK": Link("tag"),
    "STOP:FILTer": _FILTER,
    "REFerence:LINK": Link("tag"),
    "REFerence:FILTer": _FILTER,
    "ENABle:LINK": Link("gate", default="REC"),
}
_HISTOGRAM: Rows = {
    **_RELATED,
    "MINimum": Picoseconds(0, SECOND_ps),
    "BWIDth": Picoseconds(1, SECOND_ps, 100),
    "BCOUnt": Count(1, 16_384, 16_384),
    "FLUSh": Action(),
    "DATA?": Action(),
    "STATe?": Action(),
}
_RAW: Rows = {
    **_RELATED,
    "SEND": OnOff(default=False),
    "ERROrs?": Action(),
    "ERROrs:CLEAr": Action(),
    "STATe?": Action(),
}
_OUTPUT: Rows = {
    "ENABle": OnOff(default=False),
    "LINK": Link("output"),
    "MODE": Choice(("NIM", "TTL")),
    "PULSe": OnOff(default=True),
    "PULSe:WIDTh": Picoseconds(1_000, 1_000_000, 10_000),  # [?] range
    "DELAy": Picoseconds(0, 1_000_000_000),  # [?] longest; the manual asks for 4 us to be safe
    "STATe?": Action(),
}
_DEVICE: Rows = {
    "SYNChro": Choice(("INTernal", "EXTernal")),
    "RESolution": Choice(("HIREs", "LOWRes")),
    "RESolution:BWIDth?": Action(),
    "CONFiguration:LOAD": Choice(("INIT", "HISTo", "COUNt", "BLANk")),
    "SAMPling:RECAlibrate": Action(),
    "LEDS": OnOff(default=True),
    "STATe?": Action(),
}
_DELAY: Rows = {"VALUe": Picoseconds(), "LINK": Link("delay"), "STATe?": Action()}

SINGLE = range(1)
BLOCKS: dict[str, tuple[range, Rows]] = {
    "STARt": (SINGLE, _SOCKET),
    "INPUt": (range(1, 5), _SOCKET),
    "DELAy": (range(1, 9), _DELAY),
    "GENerator": (range(1, 9), _GENERATOR),
    "TSCOmbiner": (range(1, 25), _COMBINER),
    "RECord": (SINGLE, _RECORD),
    "HISTogram": (range(1, 5), _HISTOGRAM),
    "RAW": (range(1, 5), _RAW),
    "OUTPut": (range(1, 5), _OUTPUT),
    "DEVIce": (SINGLE, _DEVICE),
}
