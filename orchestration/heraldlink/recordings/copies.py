# SPDX-License-Identifier: Apache-2.0
"""``convert`` and ``cut``: a recording, or a part of it, in a file of another format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from heraldlink.errors import DataError, RequestError
from heraldlink.record.folder import sync
from heraldlink.recordings.part import Part
from heraldlink.recordings.renamed import NewChannels, renamed
from heraldlink.recordings.source import Described, Progress, Recording, Source, passed, recording
from heraldlink.tags.block import Block, Header, IndexedBlock, TagSource
from heraldlink.tags.channels import ChannelMap, mapped
from heraldlink.tags.passes import Analysis

PARTIAL = ".partial"


class Writer(Protocol):
    """What writes blocks to a stream; as a context it is closed, or given up where something went wrong."""

    def __enter__(self) -> Self:
        """Itself."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close, or give up."""
        ...

    def push(self, block: Block | IndexedBlock) -> object:
        """Write the tags of a block."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written whole."""

    name: str
    path: Path
    format: str
    tags: int
    size: int

    def summary(self) -> dict[str, object]:
        """Plain values."""
        per_tag = self.size / self.tags if self.tags else None
        return {
            "file": self.name,
            "written": str(self.path),
            "format": self.format,
            "tags": self.tags,
            "bytes": self.size,
            "bytes_per_tag": per_tag,
        }


def convert(
    source: Source,
    output: str | Path,
    progress: Progress | None = None,
    channels: NewChannels | None = None,
) -> Written:
    """Write a recording to ``output``; the name's end chooses the format: .parquet, .ptu (T2), .h5 or .hdf5,
    .csv.

    ``channels``: new numbers or names, by the recording's number. The file appears whole or not at all;
    nothing is overwritten. Raises RequestError for another end, for what a format cannot hold, and for
    channels that are not there or would become one; DataError for the source's and for a file that cannot be
    written.
    """
    opened = recording(source, raw=True)
    copied = opened if not channels else renamed(opened.name, opened, channels)
    return _written(opened, copied, Path(output), progress)


def cut(
    source: Source,
    output: str | Path,
    window_ps: tuple[int, int],
    keep: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write the tags with window begin <= t < end (ps of the recording; reference indices if it has those).

    ``keep``: only these channels. Times stay as they are. Raises as `convert`, and RequestError for an empty
    window, and for one that lies before or behind all tags; then nothing is written.
    """
    opened = recording(source, raw=True)
    if window_ps[1] <= window_ps[0]:
        raise RequestError(f"window {window_ps[0]}:{window_ps[1]} ps: begin must lie before end")
    whole: TagSource = opened
    if keep is not None:
        drop = frozenset(range(-(1 << 15), 1 << 15)) - frozenset(keep)
        delays_ps = {number: delay for number, delay in opened.header.delays_ps.items() if number in keep}
        whole = Described(mapped(opened, ChannelMap(delays_ps={}, drop=drop)), delays_ps)
    return _written(opened, Part(whole, window_ps, opened.name), Path(output), progress)


def _parquet(stream: BinaryIO, header: Header) -> Writer:
    from heraldlink.tags.formats.parquet import ParquetWriter

    return ParquetWriter(stream, header)


def _ptu(stream: BinaryIO, header: Header) -> Writer:
    from heraldlink.tags.formats.ptu_writer import PtuWriter

    return PtuWriter(stream, header)


def _photon_hdf5(stream: BinaryIO, header: Header) -> Writer:
    from heraldlink.tags.formats.photon_hdf5_writer import PhotonHdf5Writer

    return PhotonHdf5Writer(stream, header, version=version("heraldlink"))


def _text(stream: BinaryIO, header: Header) -> Writer:
    from heraldlink.tags.formats.text_writer import TextWriter

    return TextWriter(stream, header)


WRITERS: dict[str, tuple[str, Callable[[BinaryIO, Header], Writer]]] = {
    ".parquet": ("Parquet", _parquet),
    ".ptu": ("PTU T2", _ptu),
    ".h5": ("Photon-HDF5", _photon_hdf5),
    ".hdf5": ("Photon-HDF5", _photon_hdf5),
    ".csv": ("CSV", _text),
}
"""Formats that can be written, by the end of the file's name."""


class Counting:
    """Analysis that writes each block, and counts the tags."""

    def __init__(self, writer: Writer) -> None:
        self._writer, self._tags = writer, 0

    def push(self, block: Block | IndexedBlock) -> None:
        """Write a block."""
        self._writer.push(block)
        self._tags += block.channel.size

    def finish(self) -> int:
        """Write what is left; the number of tags."""
        self._writer.close()
        return self._tags


def _written(opened: Recording, source: TagSource, path: Path, progress: Progress | None) -> Written:
    if path.suffix not in WRITERS:
        raise RequestError(f"{path}: the name's end chooses the format: {', '.join(WRITERS)}")
    if path.exists():
        raise RequestError(f"{path}: exists already; a recording is never overwritten")
    format_name, writer = WRITERS[path.suffix]
    partial = path.with_name(path.name + PARTIAL)
    try:
        with partial.open("w+b") as stream, writer(stream, source.header) as target:
            analyses: list[Analysis[int]] = [Counting(target)]
            (tags,) = passed(Recording(opened.name, source), analyses, progress)
        sync(partial)
        partial.rename(path)
        sync(path.parent)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return Written(opened.name, path, format_name, tags, path.stat().st_size)
