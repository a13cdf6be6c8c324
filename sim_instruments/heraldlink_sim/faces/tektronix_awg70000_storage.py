# SPDX-License-Identifier: Apache-2.0
"""``MMEMory`` commands of an AWG70000 or AWG5200 that load files into the lists, or save assets.

Loading is overlapped: the assets are in the lists when ``*OPC?`` answers, 50 ms and 20 ns a byte later [?].
Source: AWG70000 programmer manual, as tm_devices lists its commands.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import PureWindowsPath
from typing import ClassVar, TypeVar

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.tektronix_awg70000_arithmetic import about_zero, full_scale
from heraldlink_sim.faces.tektronix_awg70000_assets import StoredWaveform
from heraldlink_sim.faces.tektronix_awg70000_files import (
    Archive,
    FileError,
    WaveformFile,
    read_seqx,
    read_wfmx,
)
from heraldlink_sim.faces.tektronix_awg70000_jumps import JumpCommands
from heraldlink_sim.faces.tektronix_awg70000_kinds import NAME
from heraldlink_sim.faces.tektronix_awg70000_steps import Sequence
from heraldlink_sim.faces.tektronix_awg70000_waveforms import LONGEST
from heraldlink_sim.faces.tektronix_awg70000_writers import (
    read_txt,
    read_wfm,
    write_archive,
    write_txt,
    write_wfm,
    write_wfmx,
)
from heraldlink_sim.faces.tektronix_disk import NORMALIZE, PATH, Disk, DiskCommands
from heraldlink_sim.faces.tektronix_predefined import predefined
from heraldlink_sim.scpi import Boolean, Choice, Optional, ScpiError, Setting, command, query

T = TypeVar("T")
Reader = Callable[[bytes], WaveformFile]

_HOME = r"\Users\OEM\Documents"
_BITS = {"ANAL": None, "DIG8": 8, "DIG9": 9, "DIG10": 10}
_DEPTH = Choice("ANALog", "DIG8", "DIG9", "DIG10")
_TYPES = Choice(
    "WFM", "TXT", "TXT8", "TXT9", "TXT10", "WFMX", "ISF", "TDS", "PAT", "TFW", "IQT", "TIQ", "RFD"
)
_OPENERS: Mapping[str, Reader] = {".wfmx": read_wfmx, ".wfm": read_wfm, ".txt": partial(read_txt, bits=None)}
_IMPORTERS: Mapping[str, Reader] = {
    "WFM": read_wfm,
    "WFMX": read_wfmx,
    "TXT": partial(read_txt, bits=None),
    **{f"TXT{bits}": partial(read_txt, bits=bits) for bits in (8, 9, 10)},
}
_ARCHIVES = (".seqx", ".awgx", ".seq")
_OVERHEAD_s, _BYTE_s = 0.05, 20e-9


class StorageCommands(JumpCommands, DiskCommands):
    """Loads and saves; ``samples_folder`` has the file of predefined waveforms."""

    samples_folder: ClassVar[str] = r"\Program Files\Tektronix\AWG70000\Samples"

    normalize_opened = Setting("MMEMory:OPEN:PARameter:NORMalize", NORMALIZE)
    normalize_imported = Setting("MMEMory:IMPort:PARameter:NORMalize", NORMALIZE)
    separate_iq = Setting("MMEMory:OPEN:PARameter:SIQ", Boolean())

    def __init__(self, memory_samples: int = LONGEST, clock: Clock | None = None) -> None:
        super().__init__(memory_samples, clock)
        self.disk = Disk(_HOME)
        self.disk.make_directory(self.samples_folder)
        self._last_opened = ""
        self.disk.write(rf"{self.samples_folder}\AWG5k7k Predefined Waveforms.awgx", _samples_file())

    @command("MMEMory:OPEN", PATH)
    def _open(self, path: str) -> None:
        content = self.disk.read(path)
        kind = self.disk.absolute(path).suffix.lower()
        if kind in _OPENERS:
            self._begin_waveform(path, content, _OPENERS[kind], self.normalize_opened.get())
        elif kind in _ARCHIVES:
            self._begin_archive(path, content)
        else:
            raise ScpiError(-257, path)

    @command("MMEMory:OPEN:TXT", PATH, Optional(_DEPTH, "ANAL"))
    def _open_text(self, path: str, depth: str) -> None:
        content = self.disk.read(path)
        self._begin_waveform(path, content, partial(read_txt, bits=_BITS[depth]), self.normalize_opened.get())

    @command("MMEMory:IMPort", NAME, PATH, _TYPES)
    def _import(self, name: str, path: str, kind: str) -> None:
        content = self.disk.read(path)
        if kind not in _IMPORTERS:
            raise ScpiError(-257, f"{path} as {kind}")
        self._begin_waveform(path, content, _IMPORTERS[kind], self.normalize_imported.get(), name)

    @command("MMEMory:OPEN:SASSet[:SEQuence]", PATH, Optional(NAME, ""))
    def _open_sequences(self, path: str, desired: str) -> None:
        self._begin_archive(path, self.disk.read(path), sequences=[desired] if desired else None)

    @command("MMEMory:OPEN:SASSet:WAVeform", PATH, Optional(NAME, ""))
    def _open_waveforms(self, path: str, desired: str) -> None:
        content = self.disk.read(path)
        self._begin_archive(path, content, sequences=[], waveforms=[desired] if desired else None)

    @query("MMEMory:OPEN:SASSet:SEQuence:MROPened")
    def _most_recently_opened(self) -> str:
        self.look()
        return NAME.format(self._last_opened)

    @command("MMEMory:OPEN:SETup", PATH)
    @command("AWGControl:SREStore", PATH, Optional(PATH, ""))
    def _open_setup(self, path: str, unit: str = "") -> None:
        """An AWGX replaces both lists."""
        self._begin_archive(path, self.disk.read(path), replace=True)

    @command("MMEMory:SAVE:SETup", PATH, Optional(Boolean(), True))
    @command("AWGControl:SSAVe", PATH, Optional(PATH, ""))
    def _save_setup(self, path: str, with_assets: bool | str = True) -> None:
        sequences = list(self.sequences.values()) if with_assets is not False else []
        waveforms = list(self.waveforms.values()) if with_assets is not False else []
        self.disk.write(path, write_archive(sequences, waveforms))
        self._setup_file = path

    @query("AWGControl:SNAMe")
    def _setup_name(self) -> str:
        path = PureWindowsPath(self._setup_file)
        return f"{PATH.format(path.name)},{PATH.format(str(path.parent) if path.name else '')}"

    _setup_file = ""

    @command("MMEMory:SAVE:SEQuence", NAME, PATH)
    def _save_sequence(self, name: str, path: str) -> None:
        main = self.sequence(name)
        inner = {track.name for step in main.steps for track in step.tracks if track.sequence}
        sequences = [main, *(self.sequences[one] for one in sorted(inner) if one in self.sequences)]
        used = dict.fromkeys(
            track.name
            for one in sequences
            for step in one.steps
            for track in step.tracks
            if not track.sequence
        )
        self.disk.write(
            path, write_archive(sequences, [self.waveforms[n] for n in used if n in self.waveforms])
        )

    @command("MMEMory:SAVE[:WAVeform]:WFMX", NAME, PATH)
    def _save_wfmx(self, name: str, path: str) -> None:
        self.disk.write(path, write_wfmx(self.waveform(name)))

    @command("MMEMory:SAVE[:WAVeform]:WFM", NAME, PATH, Optional(Choice("I", "Q"), "I"))
    def _save_wfm(self, name: str, path: str, component: str) -> None:
        waveform = self.waveform(name)
        samples = waveform.component("Q" if component == "Q" else "I")
        self.disk.write(path, write_wfm(samples, waveform.all_markers(), self.present_rate_Hz()))

    @command(
        "MMEMory:SAVE[:WAVeform]:TXT", NAME, PATH, Optional(_DEPTH, "ANAL"), Optional(Choice("I", "Q"), "I")
    )
    def _save_txt(self, name: str, path: str, depth: str, component: str) -> None:
        waveform = self.waveform(name)
        samples = waveform.component("Q" if component == "Q" else "I")
        self.disk.write(path, write_txt(samples, waveform.all_markers(), _BITS[depth]))

    @command("MMEMory:SAVE[:WAVeform]:MAT", NAME, PATH)
    @command("MMEMory:SAVE[:WAVeform]:TIQ", NAME, PATH)
    def _save_foreign(self, name: str, path: str) -> None:
        """MATLAB and TIQ files are not written by this simulator."""
        self.waveform(name)
        raise ScpiError(-250, path)

    def _begin_waveform(self, path: str, content: bytes, reader: Reader, how: str, name: str = "") -> None:
        def finish() -> None:
            self._load(name or PureWindowsPath(path).stem, _read(path, content, reader), how)

        self.begin(_OVERHEAD_s + _BYTE_s * len(content), finish, behind=True)

    def _begin_archive(
        self,
        path: str,
        content: bytes,
        sequences: Iterable[str] | None = None,
        waveforms: Iterable[str] | None = None,
        *,
        replace: bool = False,
    ) -> None:
        def finish() -> None:
            archive = _read(path, content, read_seqx)
            if replace:
                self.waveforms.clear()
                self.sequences.clear()
            self._load_archive(archive, sequences, waveforms)

        self.begin(_OVERHEAD_s + _BYTE_s * len(content), finish, behind=True)

    def _load_archive(
        self, archive: Archive, sequences: Iterable[str] | None, waveforms: Iterable[str] | None
    ) -> None:
        for name in _chosen(archive.waveforms, waveforms):
            self._load(name, archive.waveforms[name], "NONE")
        found = {loaded.name: loaded for loaded in archive.sequences}
        for name in _chosen(found, sequences):
            loaded = found[name]
            self._sequences.pop(name, None)
            self._sequences[name] = Sequence(
                name, loaded.steps, loaded.tracks, self.next_stamp(), loaded.jump_at_end
            )
            self._last_opened = name

    def _load(self, name: str, file: WaveformFile, how: str) -> None:
        samples = file.samples
        if how != "NONE":
            samples = (full_scale if how == "FSC" else about_zero)(samples).astype(samples.dtype)
        if len(samples) < self.shortest and not name.startswith("*"):
            raise ScpiError(-222, f"{name!r} has fewer than {self.shortest} samples")
        self.store(StoredWaveform(name, samples, file.markers.copy(), self.next_stamp()))


@cache
def _samples_file() -> bytes:
    return write_archive([], [StoredWaveform(*parts, stamp=0) for parts in predefined()])


def _chosen(found: Iterable[str], desired: Iterable[str] | None) -> list[str]:
    names = list(found)
    if desired is None:
        return names
    wanted = list(desired)
    if missing := [name for name in wanted if name not in names]:
        raise ScpiError(-250, f"no {missing[0]!r} in the file")
    return wanted


def _read(path: str, content: bytes, reader: Callable[[bytes], T]) -> T:
    try:
        return reader(content)
    except FileError as error:
        raise ScpiError(-250, f"{path}: {error}") from error
