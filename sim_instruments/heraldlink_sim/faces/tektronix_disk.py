# SPDX-License-Identifier: Apache-2.0
"""The disk of a Tektronix generator, which is a Windows computer, and its ``MMEMory`` commands.

Source: AWG5000 and AWG70000 programmer manuals, as tm_devices lists their commands.
"""

from collections.abc import Iterator
from pathlib import PureWindowsPath

from heraldlink_sim.scpi import (
    Block,
    Choice,
    Integer,
    Optional,
    Rest,
    ScpiDevice,
    ScpiError,
    Text,
    block,
    command,
    query,
)
from heraldlink_sim.scpi.lexer import Argument

PATH = Text(longest=260)
_DRIVE = PureWindowsPath("C:/")
_CAPACITY = 500_000_000_000  # bytes
_LARGEST = 1 << 33
_NUMBER = Integer(0, _LARGEST)


class Disk:
    """Files by absolute path on drive C, whatever the case of their letters; errors are ScpiErrors."""

    def __init__(self, home: str) -> None:
        self._files: dict[PureWindowsPath, bytes] = {}
        self.current = home
        place = _DRIVE / home
        self._directories = {place, *place.parents}

    def absolute(self, path: str) -> PureWindowsPath:
        """Path on drive C, with ``..`` resolved; other drives raise -256."""
        joined = _DRIVE / self.current / path
        if joined.drive.upper() != "C:":
            raise ScpiError(-256, path)
        parts: list[str] = []
        for part in joined.parts[1:]:
            parts = parts[:-1] if part == ".." else [*parts, part]
        return _DRIVE.joinpath(*parts)

    def change_directory(self, path: str) -> None:
        """Go there; raises -256."""
        directory = self.absolute(path)
        if directory not in self._directories:
            raise ScpiError(-256, path)
        rooted = PureWindowsPath(path).root and ".." not in PureWindowsPath(path).parts
        self.current = path if rooted else str(directory)

    def make_directory(self, path: str) -> None:
        """Make a directory and those above it."""
        directory = self.absolute(path)
        self._directories |= {directory, *directory.parents}

    def read(self, path: str) -> bytes:
        """Content of a file; raises -256."""
        if (content := self._files.get(self.absolute(path))) is None:
            raise ScpiError(-256, path)
        return content

    def write(self, path: str, content: bytes, start: int = 0) -> None:
        """Make a file, or with ``start`` change it from there on; raises -256 if its directory is missing."""
        file = self.absolute(path)
        if file.parent not in self._directories or not file.name:
            raise ScpiError(-256, path)
        old = self._files.get(file, b"") if start else b""
        if start > len(old):
            raise ScpiError(-222, str(start))
        self._files[file] = (
            bytes(content) if not start else old[:start] + content + old[start + len(content) :]
        )

    def delete(self, path: str) -> None:
        """Delete a file, or a directory that is empty; raises -256 or -250."""
        target = self.absolute(path)
        if target in self._directories:
            if any(other.parent == target for other in {*self._files, *self._directories}):
                raise ScpiError(-250, f"{path} is not empty")
            self._directories.discard(target)
            return
        self.read(path)
        del self._files[target]

    def entries(self, path: str = "") -> Iterator[str]:
        """What is in a directory, as ``name,type,size``."""
        place = self.absolute(path)
        for directory in sorted(self._directories):
            if directory.parent == place and directory != place:
                yield f"{directory.name},DIR,0"
        for file, content in sorted(self._files.items()):
            if file.parent == place:
                yield f"{file.name},,{len(content)}"

    def used(self) -> int:
        """Bytes in all files."""
        return sum(len(content) for content in self._files.values())


class _Piece:
    """A start index or the data of a file."""

    def parse(self, argument: Argument) -> int | bytes:
        """A number or a payload; raises ScpiError."""
        return Block().parse(argument) if argument.kind == "block" else _NUMBER.parse(argument)


class DiskCommands(ScpiDevice):
    """``MMEMory`` commands that need nothing but the disk."""

    disk: Disk

    @query("MMEMory:CATalog", Optional(PATH, ""))
    def _catalog(self, unit: str) -> str:
        """Bytes used and free, and the entries of the current directory."""
        used = self.disk.used()
        entries = [PATH.format(entry) for entry in self.disk.entries()]
        return ",".join([str(used), str(_CAPACITY - used), *entries])

    @query("MMEMory:CDIRectory")
    def _current_directory(self) -> str:
        return PATH.format(self.disk.current)

    @command("MMEMory:CDIRectory", Optional(PATH, "\\"))
    def _change_directory(self, path: str) -> None:
        self.disk.change_directory(path)

    @command("MMEMory:MDIRectory", PATH)
    def _make_directory(self, path: str) -> None:
        self.disk.make_directory(path)

    @query("MMEMory:MSIS")
    def _mass_storage(self) -> str:
        return PATH.format("C:")

    @command("MMEMory:MSIS", Optional(PATH, "C:"))
    def _set_mass_storage(self, unit: str) -> None:
        """The bench's generators have one disk."""
        if unit.upper().rstrip(":") != "C":
            raise ScpiError(-256, unit)

    @command("MMEMory:DATA", PATH, Rest(_Piece()))
    def _write_file(self, path: str, pieces: list[int | bytes]) -> None:
        *start, content = pieces
        if isinstance(content, int) or not all(isinstance(one, int) for one in start):
            raise ScpiError(-104)
        if len(start) > 1:
            raise ScpiError(-108)
        self.disk.write(path, content, *(one for one in start if isinstance(one, int)))

    @query("MMEMory:DATA", PATH, Optional(_NUMBER, 0), Optional(_NUMBER, _LARGEST))
    def _read_file(self, path: str, start: int, size: int) -> bytes:
        content = self.disk.read(path)
        return block(content if start == 0 and size >= len(content) else content[start : start + size])

    @query("MMEMory:DATA:SIZE", PATH)
    def _file_size(self, path: str) -> int:
        return len(self.disk.read(path))

    @command("MMEMory:DELete", PATH, Optional(PATH, ""))
    def _delete_file(self, path: str, unit: str) -> None:
        self.disk.delete(path)

    @command("MMEMory:COPY", PATH, PATH)
    def _copy_file(self, source: str, target: str) -> None:
        """Not in the manual; SCPI-1999 volume 2, 13.3 [?]."""
        self.disk.write(target, self.disk.read(source))


NORMALIZE = Choice("NONE", "FSCale", "ZREFerence")
