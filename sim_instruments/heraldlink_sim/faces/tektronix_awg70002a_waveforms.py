# SPDX-License-Identifier: Apache-2.0
"""``WLISt`` commands of an AWG70002A: the waveform list (AWG70000 programmer manual)."""

import numpy as np

from heraldlink_sim.faces.tektronix_awg70002a_assets import StoredWaveform
from heraldlink_sim.scpi import (
    Block,
    Choice,
    Integer,
    Optional,
    ScpiDevice,
    ScpiError,
    Text,
    block,
    command,
    query,
)
from heraldlink_sim.scpi.lexer import Argument

SHORTEST, LONGEST = 2400, 2_000_000_000  # samples, AWG70002A with option 01
_NAME = Text(longest=256)


class NameOrAll:
    """A quoted name, or the bare word ALL (None)."""

    def parse(self, argument: Argument) -> str | None:
        """The name; raises ScpiError -104."""
        if argument.kind == "word" and argument.text.upper() == "ALL":
            return None
        return _NAME.parse(argument)


class WaveformCommands(ScpiDevice):
    """Keeps waveforms by name, in the order in which they came."""

    def __init__(self, memory_samples: int = LONGEST) -> None:
        super().__init__()
        self.waveforms: dict[str, StoredWaveform] = {}
        self._changes = 0
        self._memory_samples = memory_samples

    def next_stamp(self) -> int:
        """Number of the change that is being made; time stamps are made of it."""
        self._changes += 1
        return self._changes

    def waveform(self, name: str) -> StoredWaveform:
        """Entry of the waveform list; raises ScpiError -224."""
        if (found := self.waveforms.get(name)) is None:
            raise ScpiError(-224, f"no waveform {name!r}")
        return found

    def store(self, waveform: StoredWaveform) -> None:
        """Add or replace an entry; raises ScpiError -225 when the memory is full."""
        used = sum(len(other) for other in self.waveforms.values() if other.name != waveform.name)
        if used + len(waveform) > self._memory_samples:
            raise ScpiError(-225, waveform.name)
        self.waveforms.pop(waveform.name, None)
        self.waveforms[waveform.name] = waveform

    @query("WLISt:SIZE")
    def _size(self) -> int:
        return len(self.waveforms)

    @query("WLISt:LIST")
    def _list(self) -> str:
        return _NAME.format(",".join(self.waveforms))

    @query("WLISt:LAST")
    def _last(self) -> str:
        return _NAME.format(next(reversed(self.waveforms), ""))

    @query("WLISt:NAME", Integer(1, 1_000_000))
    def _name(self, index: int) -> str:
        if index > len(self.waveforms):
            raise ScpiError(-222, str(index))
        return _NAME.format(list(self.waveforms)[index - 1])

    @command(
        "WLISt:WAVeform:NEW",
        _NAME,
        Integer(SHORTEST, LONGEST),
        Optional(Choice("REAL", "INTeger", "IQ"), "REAL"),
    )
    def _new(self, name: str, length: int, kind: str) -> None:
        if name in self.waveforms:
            raise ScpiError(-221, f"waveform {name!r} exists")
        if kind != "REAL":
            raise ScpiError(-224, kind)
        empty = StoredWaveform(
            name, np.zeros(length, np.float32), np.zeros(length, np.uint8), self.next_stamp()
        )
        self.store(empty)

    @command("WLISt:WAVeform:DELete", NameOrAll())
    def _delete(self, name: str | None) -> None:
        if name is None:  # ALL
            self.waveforms.clear()
        else:
            del self.waveforms[self.waveform(name).name]

    @command("WLISt:WAVeform:DATA", _NAME, Integer(0, LONGEST), Integer(1, LONGEST), Block())
    def _write_samples(self, name: str, start: int, size: int, payload: bytes) -> None:
        waveform = self._part(name, start, size)
        values = np.frombuffer(_checked(payload, 4 * size), "<f4")
        if not np.isfinite(values).all():
            raise ScpiError(-222, "sample is not a number")
        waveform.write_samples(start, values, self.next_stamp())

    @query("WLISt:WAVeform:DATA", _NAME, Optional(Integer(0, LONGEST), 0), Optional(Integer(1, LONGEST), 0))
    def _read_samples(self, name: str, start: int, size: int) -> bytes:
        size = size or len(self.waveform(name)) - start
        return block(self._part(name, start, size).samples(start, size))

    @command("WLISt:WAVeform:MARKer:DATA", _NAME, Integer(0, LONGEST), Integer(1, LONGEST), Block())
    def _write_markers(self, name: str, start: int, size: int, payload: bytes) -> None:
        waveform = self._part(name, start, size)
        waveform.write_markers(start, np.frombuffer(_checked(payload, size), np.uint8), self.next_stamp())

    @query(
        "WLISt:WAVeform:MARKer:DATA",
        _NAME,
        Optional(Integer(0, LONGEST), 0),
        Optional(Integer(1, LONGEST), 0),
    )
    def _read_markers(self, name: str, start: int, size: int) -> bytes:
        size = size or len(self.waveform(name)) - start
        return block(self._part(name, start, size).markers(start, size))

    @query("WLISt:WAVeform:LENGth", _NAME)
    def _length(self, name: str) -> int:
        return len(self.waveform(name))

    @query("WLISt:WAVeform:TYPE", _NAME)
    def _type(self, name: str) -> str:
        self.waveform(name)
        return "REAL"

    @query("WLISt:WAVeform:TSTamp", _NAME)
    def _stamp(self, name: str) -> str:
        return stamp_text(self.waveform(name).stamp)

    @query("WLISt:WAVeform:LMINimum")
    def _shortest(self) -> int:
        return SHORTEST

    @query("WLISt:WAVeform:LMAXimum")
    def _longest(self) -> int:
        return LONGEST

    def _part(self, name: str, start: int, size: int) -> StoredWaveform:
        waveform = self.waveform(name)
        if start < 0 or size < 1 or start + size > len(waveform):
            raise ScpiError(-222, f"{start} + {size} of {name!r}")
        return waveform


def stamp_text(stamp: int) -> str:
    """Time stamp of a change, ``"2026/01/01 00:00:07"``: one second for each change since power-on.

    The real instrument answers the wall clock, to one second. This one has no clock, so that equal commands
    give equal answers; a stamp never comes back.
    """
    moment = np.datetime64("2026-01-01T00:00:00") + np.timedelta64(stamp, "s")
    return '"' + str(moment).replace("-", "/").replace("T", " ") + '"'


def _checked(payload: bytes, expected: int) -> bytes:
    if len(payload) != expected:
        raise ScpiError(-161, f"{len(payload)} bytes instead of {expected}")
    return payload
