# SPDX-License-Identifier: Apache-2.0
"""Writes the AWG70000 file formats WFMX, SEQX and AWGX (zip archives); reads and writes WFM and TXT.

Formats: QCoDeS' makeWFMXFile and makeSEQXFile (WFMX, SML), the AWG400/5000 user manuals (WFM: ``MAGIC
1000``, a block of five byte records of float32 and marker byte, ``CLOCK``). AWGX is the instrument's own
archive; here it holds what a SEQX holds [?].
"""

import io
import re
import zipfile
from collections.abc import Iterable
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.faces.tektronix_awg70000_assets import Samples, StoredWaveform
from heraldlink_sim.faces.tektronix_awg70000_files import FileError, WaveformFile
from heraldlink_sim.faces.tektronix_awg70000_steps import Sequence, SequenceStep, Target, Track

_RECORD = np.dtype([("value", "<f4"), ("marker", "u1")])
_INPUTS = {"OFF": "None", "ATR": "TrigA", "BTR": "TrigB", "ITR": "Internal"}
_TARGETS = {"NEXT": "Next", "FIRS": "First", "LAST": "Last", "END": "End"}
_FLAGS = {"NCH": "NoChange", "HIGH": "High", "LOW": "Low", "TOGG": "Toggle", "PULS": "Pulse"}
_WFM = re.compile(rb"MAGIC 1000\r\n#(\d)")


def write_wfmx(waveform: StoredWaveform) -> bytes:
    """A waveform file with markers."""
    samples, markers = waveform.component("I"), waveform.all_markers()
    body = samples.astype("<f4").tobytes() + (markers >> 6).astype(np.uint8).tobytes()
    return _headed(
        f"""<DataSetsCollection xmlns="http://www.tektronix.com">
<DataSets version="1" xmlns="http://www.tektronix.com">
<DataDescription><NumberSamples>{len(waveform)}</NumberSamples><SamplesType>AWGWaveformSample</SamplesType>
<MarkersIncluded>true</MarkersIncluded><NumberFormat>Single</NumberFormat><Endian>Little</Endian>
<Timestamp>2026-01-01T00:00:00</Timestamp></DataDescription>
<ProductSpecific name=""><ReccSamplingRate units="Hz">NaN</ReccSamplingRate>
<ReccAmplitude units="Volts">NaN</ReccAmplitude><ReccOffset units="Volts">NaN</ReccOffset>
<SignalFormat>Real</SignalFormat></ProductSpecific></DataSets></DataSetsCollection><Setup />
"""
    ) + body  # fmt: skip


def write_archive(sequences: Iterable[Sequence], waveforms: Iterable[StoredWaveform]) -> bytes:
    """A zip of sequences and waveforms."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for waveform in waveforms:
            archive.writestr(_entry(f"Waveforms/{waveform.name}.wfmx"), write_wfmx(waveform))
        for sequence in sequences:
            archive.writestr(_entry(f"Sequences/{sequence.name}.sml"), write_sml(sequence))
        archive.writestr(_entry("setup.xml"), "<RSAPersist />")
    return target.getvalue()


def write_sml(sequence: Sequence) -> bytes:
    """One sequence."""
    steps = "\n".join(_step(number, step) for number, step in enumerate(sequence.steps, 1))
    timing = "JumpAtEnd" if sequence.jump_at_end else "JumpImmed"
    return _headed(
        f"""<DataSetsCollection xmlns="http://www.tektronix.com">
<DataDescription><SequenceName>{escape(sequence.name)}</SequenceName>
<Timestamp>2026-01-01T00:00:00</Timestamp><JumpTiming>{timing}</JumpTiming></DataDescription>
<Steps StepCount="{len(sequence.steps)}" TrackCount="{sequence.tracks}">
{steps}
</Steps></DataSetsCollection><Setup />
"""
    )


def read_wfm(data: bytes) -> WaveformFile:
    """Parse a WFM file of the older generators."""
    match = _WFM.match(data)
    if match is None:
        raise FileError("no MAGIC 1000")
    begin = match.end() + int(match.group(1))
    digits = data[match.end() : begin]
    if not digits.isdigit() or int(digits) % _RECORD.itemsize or len(data) < begin + int(digits):
        raise FileError("the block of samples is broken off")
    records = np.frombuffer(data, _RECORD, int(digits) // _RECORD.itemsize, begin)
    markers = ((records["marker"] & 0x03) << 6).astype(np.uint8)
    return WaveformFile(_finite(records["value"].astype(np.float32)), markers)


def write_wfm(samples: Samples, markers: NDArray[np.uint8], rate_Hz: float) -> bytes:
    """A WFM file."""
    records = np.zeros(len(samples), _RECORD)
    records["value"], records["marker"] = samples, markers >> 6
    body = records.tobytes()
    length = str(len(body))
    return f"MAGIC 1000\r\n#{len(length)}{length}".encode() + body + f"CLOCK {rate_Hz:.10E}\r\n".encode()


def read_txt(data: bytes, bits: int | None) -> WaveformFile:
    """Parse lines of ``value[,marker1[,marker2]]``; values are levels, or codes of a DAC with ``bits``."""
    try:
        rows = [[float(part) for part in line.split(",")] for line in data.decode("ascii").split() if line]
    except (UnicodeDecodeError, ValueError) as error:
        raise FileError(str(error)) from error
    if not rows:
        raise FileError("no samples")
    values = np.array([row[0] for row in rows], np.float32)
    if bits is not None:
        half = (2**bits - 1) / 2
        values = ((values - half) / half).astype(np.float32)
    marks = [(64 if len(row) > 1 and row[1] else 0) | (128 if len(row) > 2 and row[2] else 0) for row in rows]
    return WaveformFile(_finite(values), np.array(marks, np.uint8))


def write_txt(samples: Samples, markers: NDArray[np.uint8], bits: int | None) -> bytes:
    """Lines of value and two markers."""
    half = 0.0 if bits is None else (2**bits - 1) / 2
    values = [
        f"{value:.9g}" if bits is None else f"{round(value * half + half)}" for value in samples.tolist()
    ]
    lines = [
        f"{value},{mark >> 6 & 1},{mark >> 7}" for value, mark in zip(values, markers.tolist(), strict=True)
    ]
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def _finite(samples: Samples) -> Samples:
    if not np.isfinite(samples).all():
        raise FileError("a sample is not a number")
    return samples


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))  # so that equal lists give equal files


def _headed(content: str) -> bytes:
    """The content between the tags of a data file; the first tag states where the data begin."""
    frame = '<DataFile offset="{:09d}" version="0.1">\r\n{}</DataFile>\r\n'
    size = len(frame.format(0, content).encode())
    return frame.format(size, content).encode()


def _step(number: int, step: SequenceStep) -> str:
    repeat, count = ("Infinite", 1) if step.repeat is None else ("RepeatCount", step.repeat)
    if count == 1 and step.repeat is not None:
        repeat = "Once"
    assets = "".join(_asset(track) for track in _listed(step.tracks))
    flags = "".join(_flag_set(step, track) for track in range(1, len(step.tracks) + 1))
    return (
        f"<Step><StepNumber>{number}</StepNumber><Repeat>{repeat}</Repeat><RepeatCount>{count}</RepeatCount>"
        f"<WaitInput>{_INPUTS[step.wait]}</WaitInput><EventJumpInput>{_INPUTS[step.event]}</EventJumpInput>"
        f"{_target('EventJumpTo', step.jump_to)}{_target('GoTo', step.goto)}"
        f"<Assets>{assets}</Assets><Flags>{flags}</Flags></Step>"
    )


def _listed(tracks: list[Track]) -> list[Track]:
    return tracks[:1] if tracks and tracks[0].sequence else tracks


def _asset(track: Track) -> str:
    kind = "Sequence" if track.sequence else "Waveform"
    return f"<Asset><AssetName>{escape(track.name)}</AssetName><AssetType>{kind}</AssetType></Asset>"


def _target(tag: str, target: Target) -> str:
    word, number = ("StepIndex", target) if isinstance(target, int) else (_TARGETS[target], 1)
    return f"<{tag}>{word}</{tag}><{tag}Step>{number}</{tag}Step>"


def _flag_set(step: SequenceStep, track: int) -> str:
    flags = "".join(
        f'<Flag name="{letter}">{_FLAGS[step.flags.get((track, letter), "NCH")]}</Flag>' for letter in "ABCD"
    )
    return f"<FlagSet>{flags}</FlagSet>"
