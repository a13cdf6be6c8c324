# SPDX-License-Identifier: Apache-2.0
"""Which of its commands plays which part in the checklist, model by model, from the models' manuals."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Numeric:
    """A setting with a unit.

    ``value`` and ``other`` are legal; ``scaled`` and ``milli_or_mega`` are ``value`` written with a
    multiplier; ``beyond`` is outside its range; ``wrong_unit`` has a suffix it cannot have.
    """

    header: str
    unit: str
    value: float
    other: float
    beyond: str
    wrong_unit: str
    scaled: str = ""
    milli_or_mega: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A setting of one of some words: a long form, its short form as it is answered, another word."""

    header: str
    long: str
    short: str
    other: str


@dataclass(frozen=True, slots=True)
class Pair:
    """How something is set and asked for; what is set is put in place of ``{}``."""

    set: str
    ask: str


@dataclass(frozen=True, slots=True)
class Parts:
    """``None`` where an instrument has no such command.

    ``spellings``: queries of one thing with and without optional nodes, short and long. ``suffix``: a query
    with a numeric suffix in and one out of range. ``overlapped``: commands that go on while the next ones are
    executed, and whose end ``*OPC`` tells. ``channels``: a list that is set, and the answer to ``ask``.
    """

    numeric: Numeric | None = None
    boolean: str | None = None
    words: Words | None = None
    text: Pair | None = None
    block: Pair | None = None
    spellings: tuple[str, ...] | None = None
    suffix: tuple[str, str] | None = None
    overlapped: str | None = None
    channels: Pair | None = None
    terminator: bytes = b"\n"
    largest_block: int = 1 << 19


_AWG70000 = Parts(
    numeric=Numeric("SOUR1:VOLT", "V", 0.375, 0.3, "99", "5 HZ", scaled="375000UV", milli_or_mega="375 mV"),
    boolean="OUTP1",
    words=Words("CLOC:SOUR", "EFIXed", "EFIX", "INTernal"),
    text=Pair("SYST:SID:IP {}", "SYST:SID:IP?"),
    block=Pair('MMEM:DATA "checklist.bin",{}', 'MMEM:DATA? "checklist.bin"'),
    spellings=("OUTP1?", "OUTP?", "OUTPUT1:STAT?", "OUTP:STATE?"),
    suffix=("OUTP1?", "OUTP9?"),
    overlapped="CAL",
)

PARTS: dict[str, Parts] = {
    "Santec TSL-570": Parts(
        terminator=b"\r",
        numeric=Numeric(
            "WAV", "M", 1550e-9, 1560e-9, "9", "5 HZ", scaled="1550NM", milli_or_mega="0.00155MM"
        ),
        boolean="POW:STAT",
        spellings=("WAV?", "SOUR:WAV?", "SOURCE:WAVELENGTH?", ":WAVELENGTH?"),
        overlapped="WAV 1500NM",
    ),
    "Keysight N7764A": Parts(
        numeric=Numeric(
            "INP1:WAV", "M", 1550e-9, 1310e-9, "9", "5 HZ", scaled="1550NM", milli_or_mega="0.00155MM"
        ),
        boolean="OUTP1",
        spellings=("OUTP1?", "OUTP?", "OUTPUT1:CHAN:STAT?", "OUTP1:CHANNEL?"),
        suffix=("OUTP4?", "OUTP5?"),
        overlapped="OUTP1:CORR:COLL:ZERO",
    ),
    "Keysight N7761A": Parts(
        numeric=Numeric(
            "INP1:WAV", "M", 1550e-9, 1310e-9, "9", "5 HZ", scaled="1550NM", milli_or_mega="0.00155MM"
        ),
        boolean="OUTP1",
        spellings=("OUTP1?", "OUTP?", "OUTPUT1:CHAN:STAT?", "OUTP1:CHANNEL?"),
        suffix=("OUTP1?", "OUTP9?"),
        overlapped="OUTP1:CORR:COLL:ZERO",
    ),
    "Tektronix AWG70002A": _AWG70000,
    "Tektronix AWG70002B": _AWG70000,
    "Tektronix AWG5208": _AWG70000,
    "Tektronix AWG5014": Parts(
        numeric=Numeric(
            "SOUR1:VOLT", "V", 1.5, 0.5, "99", "5 HZ", scaled="1500000UV", milli_or_mega="1500 mV"
        ),
        boolean="OUTP1",
        words=Words("SOUR1:ROSC:SOUR", "EXTernal", "EXT", "INTernal"),
        block=Pair('MMEM:DATA "checklist.bin",{}', 'MMEM:DATA? "checklist.bin"'),
        spellings=("OUTP1?", "OUTP?", "OUTPUT1:STAT?", "OUTP:STATE?"),
        suffix=("OUTP4?", "OUTP9?"),
    ),
    "R&S SGS100A": Parts(
        numeric=Numeric(
            "SOUR:FREQ", "HZ", 5e9, 6e9, "1E12", "5 V", scaled="5e6 kHz", milli_or_mega="5000MHZ"
        ),
        boolean="OUTP",
        words=Words("SOUR:ROSC:SOUR", "EXTernal", "EXT", "INTernal"),
        spellings=("FREQ?", "SOUR:FREQ?", "FREQUENCY:CW?", "SOURCE:FREQ:CW?"),
        text=Pair("SYST:COMM:NETW:HOST {}", "SYST:COMM:NETW:HOST?"),
        overlapped="SOUR:ROSC:SOUR EXT",
    ),
    "Keysight 33512B": Parts(
        numeric=Numeric("SOUR1:FREQ", "HZ", 5e6, 6e6, "1E12", "5 V", scaled="5000KHZ", milli_or_mega="5MHZ"),
        boolean="OUTP1",
        words=Words("SOUR1:FUNC", "SQUare", "SQU", "SINusoid"),
        text=Pair("DISP:TEXT {}", "DISP:TEXT?"),
        block=Pair('MMEM:DOWN:FNAM "INT:\\checklist.bin";DATA {}', 'MMEM:UPL? "INT:\\checklist.bin"'),
        overlapped="SOUR1:SWE:STAT ON;:TRIG1:SOUR BUS;:OUTP1 ON;*TRG",
        spellings=("FREQ?", "SOUR:FREQ?", "SOURCE1:FREQUENCY?", "SOUR1:FREQ:CW?"),
        suffix=("OUTP2?", "OUTP9?"),
    ),
    "Thorlabs PM103E": Parts(
        numeric=Numeric("SENS:POW:REF", "W", 2e-3, 1e-3, "1E9", "5 HZ", scaled="2000UW", milli_or_mega="2MW"),
        boolean="SENS:POW:RANG:AUTO",
        words=Words("INP:ADAP", "THERmal", "THER", "PHOTodiode"),
        spellings=("POW:RANG:AUTO?", "SENS:POW:RANG:AUTO?", "SENSE:POWER:DC:RANGE:AUTO?"),
        overlapped="SENS:CORR:COLL:ZERO",
    ),
    "Polatis OST": Parts(
        terminator=b"\r\n",
        spellings=("OXC:SWIT:SIZE?", ":OXC:SWITCH:SIZE?", "oxc:swit:size?"),
        overlapped="OXC:SWIT:CONN:ADD (@1),(@25)",
        channels=Pair("OXC:SWIT:CONN:ONLY {},(@25:28)", "OXC:SWIT:CONN:STAT?"),
    ),
}
