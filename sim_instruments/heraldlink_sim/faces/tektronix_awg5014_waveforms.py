# SPDX-License-Identifier: Apache-2.0
"""``WLISt`` commands of an AWG5014: integer and real waveforms with their markers.

An INTeger waveform is one 16-bit word per sample, 14 bits of level (8191 is zero, 0 and 16382 the extremes)
below marker 1 and marker 2; a REAL one is a float32 and a marker byte (bit 6 marker 1, bit 7 marker 2), five
bytes per sample. Sources: AWG5000 programmer manual as tm_devices lists its commands, QCoDeS' driver
(_pack_waveform), public drivers (list indices from 0 to size - 1). Predefined waveforms stand first, cannot
be changed, and stay when all are deleted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.tektronix_awg70000_arithmetic import about_zero, full_scale
from heraldlink_sim.faces.tektronix_awg70000_kinds import NAME, NameOrAll
from heraldlink_sim.faces.tektronix_awg70000_waveforms import (
    TRANSFER,
    answer_block,
    checked,
    stamp_text,
    transfer,
)
from heraldlink_sim.faces.tektronix_predefined import predefined
from heraldlink_sim.scpi import Choice, Integer, Optional, ScpiDevice, ScpiError, command, query
from heraldlink_sim.world.rack import Waveform

LONGEST = 16_200_000  # samples (tm_devices: memory_max_record_length)
REAL_RECORD = np.dtype([("value", "<f4"), ("marker", "u1")])
_COUNT = Integer(1, LONGEST)
_PART = (Optional(Integer(0, LONGEST), 0), Optional(_COUNT, 0))
_MARKER_BITS = np.uint8(0xC0)


@dataclass(slots=True)
class ListedWaveform:
    """One entry: samples in -1..1, a marker byte each, and the format in which it was made."""

    name: str
    kind: str
    values: NDArray[np.float32]
    markers: NDArray[np.uint8]
    stamp: int
    predefined: bool = False
    playing: Waveform | None = None

    def played(self) -> Waveform:
        """What a channel puts out, the same object until the entry changes."""
        if self.playing is None:
            samples = np.clip(self.values, -1, 1)
            markers = self.markers & _MARKER_BITS
            samples.flags.writeable = markers.flags.writeable = False
            self.playing = Waveform(samples, markers)
        return self.playing


def integers(values: NDArray[np.float32], markers: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """16-bit words of samples and markers."""
    levels = np.clip(np.rint(values.astype(np.float64) * 8191 + 8191), 0, 16383).astype(np.uint16)
    return levels | (markers & _MARKER_BITS).astype(np.uint16) << np.uint16(8)


def from_integers(words: NDArray[np.uint16]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Samples and markers of 16-bit words."""
    values = ((words & np.uint16(0x3FFF)).astype(np.float32) - 8191) / np.float32(8191)
    return values, (words >> np.uint16(8)).astype(np.uint8) & _MARKER_BITS


class ListCommands5014(ScpiDevice):
    """Keeps waveforms by name."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._changes = 0
        self.waveforms = {
            name: ListedWaveform(name, "REAL", values, markers, 0, predefined=True)
            for name, values, markers in predefined()
        }

    def next_stamp(self) -> int:
        """Number of the change that is being made."""
        self._changes += 1
        return self._changes

    def waveform(self, name: str) -> ListedWaveform:
        """Entry of the list; raises ScpiError -224."""
        if (found := self.waveforms.get(name)) is None:
            raise ScpiError(-224, f"no waveform {name!r}")
        return found

    def store(self, name: str, kind: str, values: NDArray[np.float32], markers: NDArray[np.uint8]) -> None:
        """Make or replace an entry; raises ScpiError -221 for predefined ones, -225 when memory is full."""
        if name in self.waveforms and self.waveforms[name].predefined:
            raise ScpiError(-221, f"{name!r} is predefined")
        used = sum(len(one.values) for one in self.waveforms.values() if one.name != name)
        if used + len(values) > 4 * LONGEST:
            raise ScpiError(-225, name)
        self.waveforms[name] = ListedWaveform(name, kind, values, markers, self.next_stamp())

    @query("WLISt:SIZE")
    def _size(self) -> int:
        return len(self.waveforms)

    @query("WLISt:NAME", Integer(0, 1_000_000))
    def _name(self, index: int) -> str:
        if index >= len(self.waveforms):
            raise ScpiError(-222, str(index))
        return NAME.format(list(self.waveforms)[index])

    @command("WLISt:WAVeform:NEW", NAME, _COUNT, Choice("INTeger", "REAL"))
    def _new(self, name: str, length: int, kind: str) -> None:
        if name in self.waveforms:
            raise ScpiError(-221, f"waveform {name!r} exists")
        self.store(name, kind, np.zeros(length, np.float32), np.zeros(length, np.uint8))

    @command("WLISt:WAVeform:DELete", NameOrAll())
    def _delete(self, name: str | None) -> None:
        if name is not None and self.waveform(name).predefined:
            raise ScpiError(-221, f"{name!r} is predefined")
        kept = {one.name for one in self.waveforms.values() if one.predefined or name not in (None, one.name)}
        self.waveforms = {one: entry for one, entry in self.waveforms.items() if one in kept}
        self.forget_waveforms()

    def forget_waveforms(self) -> None:
        """Called after waveforms were deleted: channels that held them are cleared."""

    @command("WLISt:WAVeform:DATA", NAME, TRANSFER)
    def _write(self, name: str, pieces: list[int | bytes]) -> None:
        waveform, start, size, payload = self._writable(name, pieces)
        if waveform.kind == "INT":
            values, markers = from_integers(np.frombuffer(checked(payload, 2 * size), "<u2"))
        else:
            records = np.frombuffer(checked(payload, REAL_RECORD.itemsize * size), REAL_RECORD)
            values, markers = records["value"].astype(np.float32), records["marker"] & _MARKER_BITS
        if not np.isfinite(values).all():
            raise ScpiError(-222, "sample is not a number")
        waveform.values[start : start + size], waveform.markers[start : start + size] = values, markers
        self._touch(waveform)

    @query("WLISt:WAVeform:DATA", NAME, *_PART)
    def _read(self, name: str, start: int, size: int) -> bytes:
        waveform, end = self._part(name, start, size)
        values, markers = waveform.values[start:end], waveform.markers[start:end]
        if waveform.kind == "INT":
            return answer_block(integers(values, markers).astype("<u2").view(np.uint8).data)
        records = np.empty(end - start, REAL_RECORD)
        records["value"], records["marker"] = values, markers
        return answer_block(records.view(np.uint8).data)

    @command("WLISt:WAVeform:MARKer:DATA", NAME, TRANSFER)
    def _write_markers(self, name: str, pieces: list[int | bytes]) -> None:
        waveform, start, size, payload = self._writable(name, pieces)
        waveform.markers[start : start + size] = (
            np.frombuffer(checked(payload, size), np.uint8) & _MARKER_BITS
        )
        self._touch(waveform)

    @query("WLISt:WAVeform:MARKer:DATA", NAME, *_PART)
    def _read_markers(self, name: str, start: int, size: int) -> bytes:
        waveform, end = self._part(name, start, size)
        return answer_block(np.ascontiguousarray(waveform.markers[start:end]).data)

    @command("WLISt:WAVeform:NORMalize", NAME, Choice("FSCale", "ZREFerence"))
    def _normalize(self, name: str, how: str) -> None:
        waveform = self._unlocked(name)
        waveform.values = (full_scale if how == "FSC" else about_zero)(waveform.values).astype(np.float32)
        self._touch(waveform)

    @command("WLISt:WAVeform:RESAmple", NAME, _COUNT)
    def _resample(self, name: str, size: int) -> None:
        waveform = self._unlocked(name)
        places = np.linspace(0, len(waveform.values), size, endpoint=False)
        nearest = np.minimum(places.astype(np.int64), len(waveform.values) - 1)
        grid = np.arange(len(waveform.values))
        waveform.values = np.interp(places, grid, waveform.values).astype(np.float32)
        waveform.markers = waveform.markers[nearest]
        self._touch(waveform)

    @query("WLISt:WAVeform:LENGth", NAME)
    def _length(self, name: str) -> int:
        return len(self.waveform(name).values)

    @query("WLISt:WAVeform:TYPE", NAME)
    def _type(self, name: str) -> str:
        return self.waveform(name).kind

    @query("WLISt:WAVeform:PREDefined", NAME)
    def _is_predefined(self, name: str) -> int:
        return int(self.waveform(name).predefined)

    @query("WLISt:WAVeform:TSTamp", NAME)
    def _stamp(self, name: str) -> str:
        return stamp_text(self.waveform(name).stamp)

    def _touch(self, waveform: ListedWaveform) -> None:
        waveform.stamp, waveform.playing = self.next_stamp(), None

    def _unlocked(self, name: str) -> ListedWaveform:
        if (waveform := self.waveform(name)).predefined:
            raise ScpiError(-221, f"{name!r} is predefined")
        return waveform

    def _writable(self, name: str, pieces: list[int | bytes]) -> tuple[ListedWaveform, int, int, bytes]:
        waveform = self._unlocked(name)
        start, size, payload = transfer(pieces, len(waveform.values))
        self._part(name, start, size)
        return waveform, start, size, payload

    def _part(self, name: str, start: int, size: int) -> tuple[ListedWaveform, int]:
        waveform = self.waveform(name)
        end = start + size if size else len(waveform.values)
        if not 0 <= start < end <= len(waveform.values):
            raise ScpiError(-222, f"{start} + {size} of {name!r}")
        return waveform, end
