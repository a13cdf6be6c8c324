# SPDX-License-Identifier: Apache-2.0
"""``MMEMory`` commands of an AWG70002A: its disk, and loading files into the lists."""

from collections.abc import Callable
from pathlib import PureWindowsPath
from typing import TypeVar

from heraldlink_sim.faces.tektronix_awg70002a_assets import Sequence, StoredWaveform
from heraldlink_sim.faces.tektronix_awg70002a_files import (
    Archive,
    FileError,
    WaveformFile,
    read_seqx,
    read_wfmx,
)
from heraldlink_sim.faces.tektronix_awg70002a_sequences import SequenceCommands
from heraldlink_sim.faces.tektronix_awg70002a_waveforms import SHORTEST
from heraldlink_sim.scpi import Block, ScpiError, Text, block, command, query

T = TypeVar("T")

_PATH = Text(longest=260)
_HOME = r"\Users\OEM\Documents"
_DRIVE = PureWindowsPath("C:/")


class StorageCommands(SequenceCommands):
    """Keeps files by absolute path, whatever the case of its letters."""

    def __init__(self) -> None:
        super().__init__()
        self._files: dict[PureWindowsPath, bytes] = {}
        self._directory = _HOME
        home = _DRIVE / _HOME
        self._directories = {home, *home.parents}

    @query("MMEMory:CDIRectory")
    def _current_directory(self) -> str:
        return _PATH.format(self._directory)

    @command("MMEMory:CDIRectory", _PATH)
    def _change_directory(self, path: str) -> None:
        directory = self._absolute(path)
        if directory not in self._directories:
            raise ScpiError(-256, path)
        self._directory = path if PureWindowsPath(path).root else str(directory)

    @command("MMEMory:MDIRectory", _PATH)
    def _make_directory(self, path: str) -> None:
        directory = self._absolute(path)
        self._directories |= {directory, *directory.parents}

    @command("MMEMory:DATA", _PATH, Block())
    def _write_file(self, path: str, content: bytes) -> None:
        file = self._absolute(path)
        if file.parent not in self._directories or not file.name:
            raise ScpiError(-256, path)
        self._files[file] = content

    @query("MMEMory:DATA", _PATH)
    def _read_file(self, path: str) -> bytes:
        return block(self._file(path))

    @query("MMEMory:DATA:SIZE", _PATH)
    def _file_size(self, path: str) -> int:
        return len(self._file(path))

    @command("MMEMory:DELete", _PATH)
    def _delete_file(self, path: str) -> None:
        self._file(path)
        del self._files[self._absolute(path)]

    @command("MMEMory:OPEN", _PATH)
    def _open(self, path: str) -> None:
        content = self._file(path)
        kind = self._absolute(path).suffix.lower()
        if kind == ".wfmx":
            self._load_waveform(PureWindowsPath(path).stem, _read(path, content, read_wfmx))
        elif kind == ".seqx":
            self._load_archive(_read(path, content, read_seqx))
        else:
            raise ScpiError(-257, path)

    @command("MMEMory:OPEN:SASSet[:SEQuence]", _PATH)
    def _open_sequences(self, path: str) -> None:
        self._load_archive(_read(path, self._file(path), read_seqx))

    def _load_archive(self, archive: Archive) -> None:
        for name, waveform in archive.waveforms.items():
            self._load_waveform(name, waveform)
        for loaded in archive.sequences:
            sequence = Sequence(
                loaded.name, loaded.steps, loaded.tracks, self.next_stamp(), loaded.jump_at_end
            )
            self.sequences.pop(loaded.name, None)
            self.sequences[loaded.name] = sequence

    def _load_waveform(self, name: str, file: WaveformFile) -> None:
        if len(file.samples) < SHORTEST:
            raise ScpiError(-222, f"{name!r} has fewer than {SHORTEST} samples")
        self.store(StoredWaveform(name, file.samples, file.markers.copy(), self.next_stamp()))

    def _file(self, path: str) -> bytes:
        if (content := self._files.get(self._absolute(path))) is None:
            raise ScpiError(-256, path)
        return content

    def _absolute(self, path: str) -> PureWindowsPath:
        """Path on drive C, with ``..`` resolved; other drives raise ScpiError -256."""
        joined = _DRIVE / self._directory / path
        if joined.drive.upper() != "C:":
            raise ScpiError(-256, path)
        parts: list[str] = []
        for part in joined.parts[1:]:
            parts = parts[:-1] if part == ".." else [*parts, part]
        return _DRIVE.joinpath(*parts)


def _read(path: str, content: bytes, reader: Callable[[bytes], T]) -> T:
    try:
        return reader(content)
    except FileError as error:
        raise ScpiError(-250, f"{path}: {error}") from error
