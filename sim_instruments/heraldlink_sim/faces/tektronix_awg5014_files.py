# SPDX-License-Identifier: Apache-2.0
"""AWG files of an AWG5000: a run of records, each ``<name size><data size><name\\0><data>``, little endian.

Source: QCoDeS' AWG5014 driver (_pack_record, AWG_FILE_FORMAT_*) and its AWGFileParser. Only what the bench
knows of is read; other records are skipped. Every defect raises FileError.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.faces.tektronix_awg5014_sequence import LONGEST_SEQUENCE, Element
from heraldlink_sim.faces.tektronix_awg5014_waveforms import REAL_RECORD, from_integers, integers
from heraldlink_sim.faces.tektronix_awg70000_files import FileError

_MAGIC = 5000
_NUMBERED = re.compile(r"(.*?)_(\d+)$")
_PER_CHANNEL = re.compile(r"SEQUENCE_WAVEFORM_NAME_CH_(\d)$")
_MOST = 32_000


@dataclass(slots=True)
class FileWaveform:
    """One waveform of a file."""

    name: str = ""
    kind: str = "INT"
    values: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    markers: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))


@dataclass(slots=True)
class AwgFile:
    """Settings by name (without and with channel), waveforms by number, and the sequence."""

    settings: dict[str, float | str] = field(default_factory=dict[str, float | str])
    waveforms: dict[int, FileWaveform] = field(default_factory=dict[int, FileWaveform])
    elements: dict[int, Element] = field(default_factory=dict[int, Element])

    def sequence(self) -> list[Element]:
        """Elements in order; raises FileError if some are missing."""
        count = max(self.elements, default=0)
        if count > LONGEST_SEQUENCE or set(self.elements) != set(range(1, count + 1)):
            raise FileError("elements of the sequence are missing")
        return [self.elements[number] for number in range(1, count + 1)]


def read_awg(data: bytes) -> AwgFile:
    """Parse a file."""
    file = AwgFile()
    for number, (name, content) in enumerate(_records(data)):
        if number == 0 and (name != "MAGIC" or _value(content) != _MAGIC):
            raise FileError("not an AWG5000 file")
        match = _NUMBERED.match(name)
        if name.startswith("WAVEFORM_") and match:
            _take_waveform(
                file.waveforms.setdefault(_bounded(match), FileWaveform()), match.group(1), content
            )
        elif name.startswith("SEQUENCE_") and match:
            _take_element(file.elements.setdefault(_bounded(match), Element()), match.group(1), content)
        else:
            file.settings[name] = _text(content) if "WAVEFORM_NAME" in name else _value(content)
    if not file.settings:
        raise FileError("the file is empty")
    return file


def write_awg(
    settings: dict[str, tuple[str, float | str]], waveforms: list[FileWaveform], elements: list[Element]
) -> bytes:
    """A file of settings (format and value by record name), waveforms and sequence."""
    parts = [_record("MAGIC", struct.pack("<h", _MAGIC)), _record("VERSION", struct.pack("<h", 1))]
    for name, (form, value) in settings.items():
        content = (
            value.encode() + b"\0"
            if isinstance(value, str)
            else struct.pack(f"<{form}", int(value) if form == "h" else value)
        )
        parts.append(_record(name, content))
    for number, waveform in enumerate(waveforms, 1):
        parts += _waveform_records(number, waveform)
    for number, element in enumerate(elements, 1):
        parts += _element_records(number, element)
    return b"".join(parts)


def _records(data: bytes) -> Iterator[tuple[str, bytes]]:
    place = 0
    while place < len(data):
        if len(data) < place + 8:
            raise FileError("a record is broken off")
        name_size, size = struct.unpack_from("<II", data, place)
        begin = place + 8 + name_size
        if not 1 <= name_size <= 256 or len(data) < begin + size:
            raise FileError("a record is broken off")
        yield data[place + 8 : begin - 1].decode("latin-1"), data[begin : begin + size]
        place = begin + size


def _bounded(match: re.Match[str]) -> int:
    number = int(match.group(2)[:6])
    if number > _MOST:
        raise FileError(f"number {number} is too large")
    return number


def _value(content: bytes) -> float:
    """A number: short, long or double by its size."""
    form = {2: "<h", 4: "<l", 8: "<d"}.get(len(content))
    return float(struct.unpack(form, content)[0]) if form else 0.0


def _text(content: bytes) -> str:
    return content.rstrip(b"\0").decode("latin-1")


def _take_waveform(waveform: FileWaveform, record: str, content: bytes) -> None:
    if record == "WAVEFORM_NAME":
        waveform.name = _text(content)
    elif record == "WAVEFORM_TYPE":
        waveform.kind = "INT" if _value(content) == 1 else "REAL"
    elif record == "WAVEFORM_DATA" and waveform.kind == "INT":
        waveform.values, waveform.markers = from_integers(
            np.frombuffer(content[: len(content) // 2 * 2], "<u2")
        )
    elif record == "WAVEFORM_DATA":
        records = np.frombuffer(content[: len(content) // 5 * 5], REAL_RECORD)
        waveform.values, waveform.markers = (
            records["value"].astype(np.float32),
            records["marker"] & np.uint8(0xC0),
        )


def _take_element(element: Element, record: str, content: bytes) -> None:
    if channel := _PER_CHANNEL.match(record):
        element.waveforms[int(channel.group(1))] = _text(content)
    elif record == "SEQUENCE_WAIT":
        element.wait = bool(_value(content))
    elif record == "SEQUENCE_LOOP":
        element.loops, element.endless = max(1, int(_value(content))), _value(content) == 0
    elif record == "SEQUENCE_JUMP":
        target = int(_value(content))
        element.jump_type = {0: "OFF", -1: "NEXT"}.get(target, "IND")
        element.jump_index = max(1, target)
    elif record == "SEQUENCE_GOTO":
        target = int(_value(content))
        element.goto_on, element.goto_index = target > 0, max(1, target)


def _record(name: str, content: bytes) -> bytes:
    return struct.pack("<II", len(name) + 1, len(content)) + name.encode() + b"\0" + content


def _waveform_records(number: int, waveform: FileWaveform) -> list[bytes]:
    if waveform.kind == "INT":
        body = integers(waveform.values, waveform.markers).astype("<u2").tobytes()
    else:
        records = np.empty(len(waveform.values), REAL_RECORD)
        records["value"], records["marker"] = waveform.values, waveform.markers
        body = records.tobytes()
    return [
        _record(f"WAVEFORM_NAME_{number}", waveform.name.encode() + b"\0"),
        _record(f"WAVEFORM_TYPE_{number}", struct.pack("<h", 1 if waveform.kind == "INT" else 2)),
        _record(f"WAVEFORM_LENGTH_{number}", struct.pack("<l", len(waveform.values))),
        _record(f"WAVEFORM_DATA_{number}", body),
    ]


def _element_records(number: int, element: Element) -> list[bytes]:
    jump = {"OFF": 0, "NEXT": -1}.get(element.jump_type, element.jump_index)
    records = [
        _record(f"SEQUENCE_WAIT_{number}", struct.pack("<h", element.wait)),
        _record(f"SEQUENCE_LOOP_{number}", struct.pack("<l", 0 if element.endless else element.loops)),
        _record(f"SEQUENCE_JUMP_{number}", struct.pack("<h", jump)),
        _record(f"SEQUENCE_GOTO_{number}", struct.pack("<h", element.goto_index if element.goto_on else 0)),
    ]
    names = ((f"SEQUENCE_WAVEFORM_NAME_CH_{n}_{number}", name) for n, name in element.waveforms.items())
    return records + [_record(record, name.encode() + b"\0") for record, name in names]
