# SPDX-License-Identifier: Apache-2.0
"""``WLISt`` commands of an AWG70000 or AWG5200: the waveform list and its data.

Source: AWG70000 and AWG5200 programmer manuals, as tm_devices lists their commands.
"""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.tektronix_awg70000_assets import Component, StoredWaveform
from heraldlink_sim.faces.tektronix_awg70000_kinds import NAME, NameOrAll
from heraldlink_sim.scpi import (
    Block,
    Boolean,
    Choice,
    Integer,
    Optional,
    Rest,
    ScpiDevice,
    ScpiError,
    command,
    query,
)
from heraldlink_sim.scpi.lexer import Argument

LONGEST = 2_000_000_000  # samples, AWG70002A with option 01
_NUMBER, _COUNT = Integer(0, LONGEST), Integer(1, LONGEST)
_PART = (Optional(_NUMBER, 0), Optional(_COUNT, 0))


class Piece:
    """Start, size or data of a transfer: the first two may be left out, the block stands last."""

    def parse(self, argument: Argument) -> int | bytes:
        """A number or a payload; raises ScpiError."""
        return Block().parse(argument) if argument.kind == "block" else _NUMBER.parse(argument)


TRANSFER = Rest(Piece())


class WaveformCommands(ScpiDevice):
    """Keeps waveforms by name, in the order in which they came."""

    channels: ClassVar[int] = 2
    markers_per_channel: ClassVar[int] = 2
    shortest: ClassVar[int] = 2400
    granularity: ClassVar[int] = 1

    def __init__(self, memory_samples: int = LONGEST, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._waveforms: dict[str, StoredWaveform] = {}
        self._changes = 0
        self._memory_samples = memory_samples

    @classmethod
    def spelled(cls, pattern: str) -> str:
        """Header pattern with this model's numbers of channels and markers."""
        channels, markers = f"<1..{cls.channels}>", f"<1..{cls.markers_per_channel}>"
        return pattern.replace("<channel>", channels).replace("<marker>", markers)

    @property
    def waveforms(self) -> dict[str, StoredWaveform]:
        """All waveforms by name, with what was loaded by now."""
        self.settle()
        return self._waveforms

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
        used = sum(len(other) for other in self._waveforms.values() if other.name != waveform.name)
        if used + len(waveform) > self._memory_samples:
            raise ScpiError(-225, waveform.name)
        self._waveforms.pop(waveform.name, None)
        self._waveforms[waveform.name] = waveform

    @query("WLISt:SIZE")
    def _size(self) -> int:
        return len(self.waveforms)

    @query("WLISt:LIST")
    def _list(self) -> str:
        return NAME.format(",".join(self.waveforms))

    @query("WLISt:LAST")
    def _last(self) -> str:
        return NAME.format(next(reversed(self.waveforms), ""))

    @query("WLISt:NAME", Integer(1, 1_000_000))
    def _name(self, index: int) -> str:
        if index > len(self.waveforms):
            raise ScpiError(-222, str(index))
        return NAME.format(list(self.waveforms)[index - 1])

    @command(
        "WLISt:WAVeform:NEW", NAME, _COUNT, Optional(Choice("REAL", "IQ"), "REAL"), Optional(Boolean(), True)
    )
    def _new(self, name: str, length: int, kind: str, saveable: bool) -> None:
        if name in self.waveforms:
            raise ScpiError(-221, f"waveform {name!r} exists")
        if not self.shortest <= length or length % self.granularity:
            raise ScpiError(-222, f"{length} samples")
        zeros = np.zeros(length, np.float32)
        other = np.zeros(length, np.float32) if kind == "IQ" else None
        self.store(StoredWaveform(name, zeros, np.zeros(length, np.uint8), self.next_stamp(), other))

    @command("WLISt:WAVeform:DELete", NameOrAll())
    def _delete(self, name: str | None) -> None:
        if name is None:  # ALL
            self.waveforms.clear()
        else:
            del self.waveforms[self.waveform(name).name]

    @command("WLISt:WAVeform:DATA", NAME, TRANSFER)
    def _write_samples(self, name: str, pieces: list[int | bytes]) -> None:
        self._write(name, pieces, "")

    @command("WLISt:WAVeform:DATA:I", NAME, TRANSFER)
    def _write_in_phase(self, name: str, pieces: list[int | bytes]) -> None:
        self._write(name, pieces, "I")

    @command("WLISt:WAVeform:DATA:Q", NAME, TRANSFER)
    def _write_quadrature(self, name: str, pieces: list[int | bytes]) -> None:
        self._write(name, pieces, "Q")

    @query("WLISt:WAVeform:DATA", NAME, *_PART)
    def _read_samples(self, name: str, start: int, size: int) -> bytes:
        return self._read(name, start, size, "")

    @query("WLISt:WAVeform:DATA:I", NAME, *_PART)
    def _read_in_phase(self, name: str, start: int, size: int) -> bytes:
        return self._read(name, start, size, "I")

    @query("WLISt:WAVeform:DATA:Q", NAME, *_PART)
    def _read_quadrature(self, name: str, start: int, size: int) -> bytes:
        return self._read(name, start, size, "Q")

    @command("WLISt:WAVeform:MARKer:DATA", NAME, TRANSFER)
    def _write_markers(self, name: str, pieces: list[int | bytes]) -> None:
        waveform = self.waveform(name)
        start, size, payload = transfer(pieces, len(waveform))
        self._part(name, start, size)
        waveform.write_markers(start, np.frombuffer(checked(payload, size), np.uint8), self.next_stamp())

    @query("WLISt:WAVeform:MARKer:DATA", NAME, *_PART)
    def _read_markers(self, name: str, start: int, size: int) -> bytes:
        size = size or len(self.waveform(name)) - start
        return answer_block(self._part(name, start, size).markers(start, size))

    @query("WLISt:WAVeform:LENGth", NAME)
    def _length(self, name: str) -> int:
        return len(self.waveform(name))

    @query("WLISt:WAVeform:TYPE", NAME)
    def _type(self, name: str) -> str:
        return self.waveform(name).kind

    @query("WLISt:WAVeform:TSTamp", NAME)
    def _stamp(self, name: str) -> str:
        return stamp_text(self.waveform(name).stamp)

    @query("WLISt:WAVeform:LMINimum")
    def _shortest(self) -> int:
        return self.shortest

    @query("WLISt:WAVeform:LMAXimum")
    def _longest(self) -> int:
        return LONGEST

    @query("WLISt:WAVeform:GRANularity")
    def _granularity(self) -> int:
        return self.granularity

    def _write(self, name: str, pieces: list[int | bytes], component: Component) -> None:
        waveform = self.waveform(name)
        _check_component(waveform, component)
        start, size, payload = transfer(pieces, len(waveform))
        self._part(name, start, size)
        values = np.frombuffer(checked(payload, 4 * size), "<f4")
        if not np.isfinite(values).all():
            raise ScpiError(-222, "sample is not a number")
        waveform.write_samples(start, values, self.next_stamp(), component)

    def _read(self, name: str, start: int, size: int, component: Component) -> bytes:
        waveform = self.waveform(name)
        _check_component(waveform, component)
        size = size or len(waveform) - start
        return answer_block(self._part(name, start, size).samples(start, size, component))

    def _part(self, name: str, start: int, size: int) -> StoredWaveform:
        waveform = self.waveform(name)
        if start < 0 or size < 1 or start + size > len(waveform):
            raise ScpiError(-222, f"{start} + {size} of {name!r}")
        return waveform


@lru_cache(maxsize=1024)
def stamp_text(stamp: int) -> str:
    """Time stamp of a change, ``"2026/01/01 00:00:07"``: one second for each change since power-on.

    The real instrument answers the wall clock, to one second. This one has no clock, so that equal commands
    give equal answers; a stamp never comes back.
    """
    moment = np.datetime64("2026-01-01T00:00:00") + np.timedelta64(stamp, "s")
    return '"' + str(moment).replace("-", "/").replace("T", " ") + '"'


def transfer(pieces: list[int | bytes], length: int) -> tuple[int, int, bytes]:
    """Start, size and payload of a transfer to an asset of ``length``; raises -104, -108 or -109."""
    *numbers, payload = pieces
    if isinstance(payload, int):
        raise ScpiError(-104 if len(numbers) > 1 else -109, str(payload))
    if len(numbers) > 2:
        raise ScpiError(-108)
    start, size = 0, None
    for place, number in enumerate(numbers):
        if not isinstance(number, int):
            raise ScpiError(-104)
        start, size = (number, None) if place == 0 else (start, number)
    return start, length - start if size is None else size, payload


def checked(payload: bytes, expected: int) -> bytes:
    """The payload; raises -161 unless it has the expected length."""
    if len(payload) != expected:
        raise ScpiError(-161, f"{len(payload)} bytes instead of {expected}")
    return payload


def answer_block(data: memoryview) -> bytes:
    """A definite block, built in one piece."""
    length = str(data.nbytes).encode("ascii")
    return b"".join((b"#%d" % len(length), length, data))


def _check_component(waveform: StoredWaveform, component: Component) -> None:
    if (component == "") != (waveform.kind == "REAL"):
        raise ScpiError(-221, f"{waveform.name!r} is {waveform.kind}")
