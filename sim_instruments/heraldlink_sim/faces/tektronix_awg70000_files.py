# SPDX-License-Identifier: Apache-2.0
"""Reads the AWG70000 file formats: WFMX (one waveform) and SEQX (a zip of sequences and their waveforms).

WFMX: an XML header whose first tag states the header's length (``offset``), then float32 little endian
samples, then one marker byte per sample if ``MarkersIncluded``. SEQX: ``Sequences/*.sml`` (the same kind of
header) and ``Waveforms/*.wfmx``. Every defect raises :class:`FileError` with the reason.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeVar
from xml.etree import ElementTree  # (documents with a DTD are refused below)

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.faces.tektronix_awg70000_steps import NEXT, Input, SequenceStep, Target, Track

T = TypeVar("T")

_LARGEST_ARCHIVE = 1 << 28  # bytes, unpacked
_OFFSET = re.compile(rb'<DataFile[^>]*\boffset="(\d{1,12})"')
_INPUTS: dict[str, Input] = {"None": "OFF", "TrigA": "ATR", "TrigB": "BTR", "Internal": "ITR"}
_FLAGS = {"NoChange": "NCH", "High": "HIGH", "Low": "LOW", "Toggle": "TOGG", "Pulse": "PULS"}


class FileError(Exception):
    """A file that the instrument cannot read."""


@dataclass(frozen=True, slots=True)
class WaveformFile:
    """Samples and markers (bit 6 marker 1, bit 7 marker 2) of a WFMX file."""

    samples: NDArray[np.float32]
    markers: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SequenceFile:
    """One sequence of a SEQX file."""

    name: str
    steps: list[SequenceStep]
    tracks: int
    jump_at_end: bool


@dataclass(frozen=True, slots=True)
class Archive:
    """All sequences and waveforms of a SEQX file, waveforms by name."""

    sequences: list[SequenceFile]
    waveforms: dict[str, WaveformFile]


def read_wfmx(data: bytes) -> WaveformFile:
    """Parse a waveform file."""
    header, body = _split(data)
    count = _integer(header, "NumberSamples")
    if _text(header, "NumberFormat") != "Single" or _text(header, "Endian") != "Little":
        raise FileError("only little endian single precision samples are known")
    with_markers = _text(header, "MarkersIncluded").lower() == "true"
    if count < 1 or len(body) != count * (5 if with_markers else 4):
        raise FileError(f"{len(body)} bytes of data do not hold {count} samples")
    samples = np.frombuffer(body, "<f4", count).astype(np.float32)
    if not np.isfinite(samples).all():
        raise FileError("a sample is not a number")
    packed = np.frombuffer(body, np.uint8, count, 4 * count) if with_markers else np.zeros(count, np.uint8)
    # in a file marker n is bit n - 1 (qcodes makeWFMXFile), in the instrument bit n + 5
    return WaveformFile(samples, ((packed & 0xC0) | ((packed & 0x03) << 6)).astype(np.uint8))


def read_seqx(data: bytes) -> Archive:
    """Parse an archive of sequences."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST_ARCHIVE:
                raise FileError("the archive is too large")
            files = {PurePosixPath(entry.filename): archive.read(entry) for entry in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise FileError(str(error)) from error
    waveforms = {path.stem: read_wfmx(content) for path, content in files.items() if path.suffix == ".wfmx"}
    sequences = [read_sml(content) for path, content in files.items() if path.suffix == ".sml"]
    if not sequences and not waveforms:
        raise FileError("the archive holds neither sequence nor waveform")
    return Archive(sequences, waveforms)


def read_sml(data: bytes) -> SequenceFile:
    """Parse one sequence."""
    header, _ = _split(data)
    steps = header.find(".//{*}Steps")
    if steps is None:
        raise FileError("no Steps")
    tracks = _attribute(steps, "TrackCount")
    parsed = [_step(step, tracks) for step in steps.findall("{*}Step")]
    if not parsed or len(parsed) != _attribute(steps, "StepCount"):
        raise FileError(f"{len(parsed)} steps do not match the StepCount")
    return SequenceFile(
        _text(header, "SequenceName"), parsed, tracks, _text(header, "JumpTiming") != "JumpImmed"
    )


def _step(element: ElementTree.Element, tracks: int) -> SequenceStep:
    assets = [
        Track(_text(asset, "AssetName"), sequence=_text(asset, "AssetType") == "Sequence")
        for asset in element.findall(".//{*}Asset")
    ]
    if len(assets) == 1 and assets[0].sequence:
        assets *= tracks
    if len(assets) > tracks:
        raise FileError(f"{len(assets)} assets for {tracks} tracks")
    return SequenceStep(
        tracks=assets + [Track() for _ in range(tracks - len(assets))],
        repeat=None if _text(element, "Repeat") == "Infinite" else _integer(element, "RepeatCount"),
        wait=_word(_INPUTS, _text(element, "WaitInput")),
        event=_word(_INPUTS, _text(element, "EventJumpInput")),
        jump_to=_target(element, "EventJumpTo"),
        goto=_target(element, "GoTo"),
        flags=_step_flags(element),
    )


def _step_flags(element: ElementTree.Element) -> dict[tuple[int, str], str]:
    return {
        (track, flag.get("name", "A")): _word(_FLAGS, flag.text or "NoChange")
        for track, flags in enumerate(element.findall(".//{*}FlagSet"), 1)
        for flag in flags
    }


def _target(element: ElementTree.Element, tag: str) -> Target:
    kind = _text(element, tag)
    if kind == "StepIndex":
        return _integer(element, f"{tag}Step")
    return _word({"Next": NEXT, "First": "FIRS", "Last": "LAST", "End": "END"}, kind)


def _split(data: bytes) -> tuple[ElementTree.Element, bytes]:
    """Header of a file as XML, and the bytes behind it."""
    match = _OFFSET.match(data[:4096])
    if match is None or not (offset := int(match.group(1))) <= len(data):
        raise FileError("the header does not state its length")
    text = data[:offset]
    if b"<!" in text:
        raise FileError("document type declarations are not allowed")
    try:
        return ElementTree.fromstring(text), data[offset:]  # noqa: S314  (no DTD, hence no entities)
    except ElementTree.ParseError as error:
        raise FileError(f"header: {error}") from error


def _text(element: ElementTree.Element, tag: str) -> str:
    found = element.find(f".//{{*}}{tag}")
    if found is None:
        raise FileError(f"no {tag}")
    return (found.text or "").strip()


def _integer(element: ElementTree.Element, tag: str) -> int:
    return _whole(_text(element, tag), tag)


def _attribute(element: ElementTree.Element, name: str) -> int:
    return _whole(element.get(name, ""), name)


def _whole(text: str, name: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise FileError(f"{name} is {text!r}")
    return int(text)


def _word(words: Mapping[str, T], text: str) -> T:
    if text not in words:
        raise FileError(f"unknown word {text!r}")
    return words[text]
