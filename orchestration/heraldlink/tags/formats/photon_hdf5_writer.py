# SPDX-License-Identifier: Apache-2.0
"""Photon-HDF5: writing. Layout and sources: `photon_hdf5`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.tags.block import Block, Header, IndexedBlock, Times
from heraldlink.tags.description import Description, to_json
from heraldlink.tags.formats.photon_hdf5_titles import OWN, TITLES

FORMAT, VERSION, URL = "Photon-HDF5", "0.5", "http://photon-hdf5.org/"
CHUNK = 1 << 16


class PhotonHdf5Writer:
    """Writes blocks of one kind into a Photon-HDF5 file: times, or clicks after reference events.

    The format has no place for gaps: blocks with gaps are refused unless ``drop_gaps``, and then the
    description says how many there were. Delays, and the step of the times, go into the user's group.
    ``stream`` can be read, written and searched; ``created``: when (ISO 8601); ``version``: of this software.
    Use as a context manager, or call `close`.
    """

    def __init__(
        self,
        stream: BinaryIO,
        header: Header,
        drop_gaps: bool = False,
        created: str = "unknown",
        version: str = "unknown",
    ) -> None:
        h5py: Any = import_module("h5py")
        if header.kind == "indexed" and not header.reference_period_ps:
            raise RequestError("Photon-HDF5 needs the period of the reference, which this recording lacks")
        self._header, self._drop_gaps, self._created = header, drop_gaps, created
        self._version = version
        self._stream = Unfailing(stream)
        self._file: Any = h5py.File(self._stream, "w")
        self._photons = self._file.create_group("photon_data")
        self._timestamps = self._new("timestamps", np.int64)
        self._detectors = self._new("detectors", np.int16)
        self._nanotimes = self._new("nanotimes", np.int64) if header.kind == "indexed" else None
        self._counts: dict[int, int] = {}
        self._first: int | None = None
        self._last = self._tags = self._gaps = 0

    def _new(self, name: str, dtype: Any) -> Any:  # noqa: ANN401
        return self._photons.create_dataset(
            name, (0,), dtype, maxshape=(None,), chunks=(CHUNK,), compression="gzip", shuffle=True
        )

    def push(self, block: Block | IndexedBlock) -> None:
        """Append a block. Raises RequestError for one of the other kind, or with a gap; OSError."""
        if isinstance(block, IndexedBlock) != (self._nanotimes is not None):
            raise RequestError(f"the file is for {self._header.kind} tags, this block is of the other kind")
        if block.gaps and not self._drop_gaps:
            raise RequestError("Photon-HDF5 has no place for gaps: write Parquet, or drop them")
        self._gaps += len(block.gaps)
        if isinstance(block, IndexedBlock):
            self._append(block.index, block.channel)
            if self._nanotimes is not None:
                _extend(self._nanotimes, block.after_ps)
        else:
            self._append(block.time_ps, block.channel)
        self._stream.check()

    def _append(self, timestamps: Times, channel: Any) -> None:  # noqa: ANN401
        if not timestamps.size:
            return
        self._first = int(timestamps[0]) if self._first is None else self._first
        self._last = int(timestamps[-1])
        self._tags += timestamps.size
        numbers, counts = np.unique(channel, return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            self._counts[number] = self._counts.get(number, 0) + count
        _extend(self._timestamps, timestamps)
        _extend(self._detectors, channel)

    def finish(self) -> int:
        """Close; the number of tags."""
        self.close()
        return self._tags

    def close(self) -> None:
        """Write what belongs to the whole file. Raises OSError."""
        if not self._file:
            return
        period_ps = self._header.reference_period_ps
        unit_s = (period_ps if self._nanotimes is not None and period_ps else 1.0) * 1e-12
        self._put("photon_data/timestamps_specs/timestamps_unit", unit_s)
        if self._nanotimes is not None:
            self._put("photon_data/nanotimes_specs/tcspc_unit", 1e-12)
            self._put("photon_data/nanotimes_specs/tcspc_num_bins", max(1, round(period_ps or 1)))
        span_s = (self._last - (self._first or 0)) * unit_s
        self._put("acquisition_duration", self._header.acquisition_s or span_s)
        self._put("description", self._description())
        self._put(OWN, to_json(Description(replace(self._header, tags=None))).decode())
        self._setup()
        self._identity()
        self._file.attrs["TITLE"] = np.bytes_(TITLES["/"].encode())
        self._file.visititems(_entitle)
        self._file.close()
        self._stream.check()

    def _description(self) -> str:
        text = f"Time tags, converted from {self._header.format}."
        return f"{text} {self._gaps} gaps in the recording were dropped." if self._gaps else text

    def _setup(self) -> None:
        """The setup group: which detectors there are; nothing is known of the optics."""
        numbers = sorted(self._counts)
        single = {"num_pixels": max(1, len(numbers)), "num_spots": 1, "num_spectral_ch": 1}
        single |= {"num_polarization_ch": 1, "num_split_ch": max(1, len(numbers))}
        for name, value in single.items():
            self._put(f"setup/{name}", value)
        for name in ("modulated_excitation", "lifetime"):
            self._put(f"setup/{name}", int(name == "lifetime" and self._nanotimes is not None))
        self._put("setup/excitation_alternated", np.zeros(1, dtype=np.uint8))
        self._put("setup/excitation_cw", np.array([self._nanotimes is None], dtype=np.uint8))
        self._put("setup/detectors/id", np.array(numbers, dtype=np.int16))
        self._put("setup/detectors/counts", np.array([self._counts[n] for n in numbers], dtype=np.int64))
        labels = [self._header.channels.get(number, f"channel {number}").encode() for number in numbers]
        self._put("setup/detectors/label", np.array(labels, dtype=np.bytes_))

    def _identity(self) -> None:
        self._file.attrs["format_name"] = np.bytes_(FORMAT.encode())
        self._file.attrs["format_version"] = np.bytes_(VERSION.encode())
        known = {"format_name": FORMAT, "format_version": VERSION, "format_url": URL}
        known |= {"software": "heraldlink", "software_version": self._version, "creation_time": self._created}
        for name, value in known.items():
            self._put(f"identity/{name}", value)
        self._put("format_name", FORMAT)
        self._put("format_version", VERSION)

    def _put(self, name: str, value: Any) -> None:  # noqa: ANN401
        self._file[name] = np.bytes_(value.encode()) if isinstance(value, str) else value

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._file.close()
            self._stream.check()


class Unfailing:
    """A stream as HDF5 sees it: nothing fails, as the library crashes where it cannot close a file."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise what did fail."""
        if self._error is not None:
            raise self._error

    def write(self, data: bytes) -> int:
        """Write, until something failed."""
        self._tried(lambda: self._stream.write(data))
        return len(data)

    def seek(self, place: int, whence: int = 0) -> int:
        """Go to a place, which may have to write what is buffered."""
        self._tried(lambda: self._stream.seek(place, whence))
        return place

    def truncate(self, size: int) -> int:
        """Cut off, or extend."""
        self._tried(lambda: self._stream.truncate(size))
        return size

    def flush(self) -> None:
        """Write what is buffered."""
        self._tried(self._stream.flush)

    def read(self, size: int = -1) -> bytes:
        """Read."""
        return self._stream.read(size)

    def tell(self) -> int:
        """The place."""
        return self._stream.tell()

    def _tried(self, act: Callable[[], object]) -> None:
        try:
            if self._error is None:
                act()
        except OSError as error:
            self._error = error


def _entitle(name: str, item: Any) -> None:  # noqa: ANN401
    item.attrs["TITLE"] = np.bytes_(TITLES[name].encode())


def _extend(array: Any, values: Any) -> None:  # noqa: ANN401
    before = array.size
    array.resize((before + values.size,))
    array[before:] = values
