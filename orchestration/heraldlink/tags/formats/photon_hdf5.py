# SPDX-License-Identifier: Apache-2.0
"""Photon-HDF5: photon timestamps, detectors and TCSPC times in an HDF5 file; reading.

Layout: the specification 0.5 (Photon-HDF5/phconvert, specs/photon-hdf5_specs.json; Ingargiola et al.,
Biophys. J. 110, 26 (2016))::

    /photon_data/timestamps, detectors, nanotimes       arrays of one length, int64, small ints, small ints
    /photon_data/timestamps_specs/timestamps_unit       seconds
    /photon_data/nanotimes_specs/tcspc_unit             seconds
    /photon_data0, /photon_data1, ...                   several spots instead (option ``spot``)
    /user/heraldlink/tags                               files written here: delays, step of the times

With nanotimes, timestamps count excitation periods and the file is read as clicks after reference events;
without, as times. Needs h5py, which is imported when a file is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import Header
from heraldlink.tags.description import from_json
from heraldlink.tags.formats.fixed import as_channels, in_ps
from heraldlink.tags.formats.photon_hdf5_titles import OWN
from heraldlink.tags.formats.stored import IndexedPiece, Piece, StoredIndexed, StoredTimes

MAGIC = b"\x89HDF\r\n\x1a\n"
ABOUT = (
    "description",
    "identity/author",
    "identity/creation_time",
    "identity/software",
    "sample/sample_name",
)
PIECE = 1 << 20

File: TypeAlias = Any
Group: TypeAlias = Any
Dataset: TypeAlias = Any
"""Objects of h5py, which has no types."""


@dataclass(frozen=True)
class PhotonHdf5:
    """Photon-HDF5 files; ``spot``: which of several photon_data groups."""

    name: str = "Photon-HDF5"
    options: tuple[str, ...] = ("spot",)

    def matches(self, start: bytes, size: int) -> bool:
        """Whether it is an HDF5 file."""
        return start.startswith(MAGIC)

    def open(
        self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]
    ) -> StoredTimes | StoredIndexed:
        """Find the arrays. Raises DataError for another kind of HDF5 file or a damaged one."""
        h5py: Any = import_module("h5py")
        try:
            file = h5py.File(stream, "r")
        except OSError as error:
            raise DataError(f"truncated or damaged: HDF5 cannot read its {size} bytes ({error})") from error
        group = _photons(file, options)
        timestamps, detectors = _array(group, "timestamps"), _optional(group, "detectors")
        unit_ps = _picoseconds(group, "timestamps_specs/timestamps_unit")
        nanotimes = _optional(group, "nanotimes")
        if nanotimes is None:
            header = _header(file, group, "times", unit_ps, timestamps.size)
            return StoredTimes(header, partial(_times, timestamps, detectors, unit_ps), salvage=salvage)
        tcspc_ps = _picoseconds(group, "nanotimes_specs/tcspc_unit")
        header = _header(file, group, "indexed", tcspc_ps, timestamps.size, unit_ps)
        pieces = partial(_clicks, timestamps, detectors, nanotimes, tcspc_ps)
        return StoredIndexed(header, pieces, salvage=salvage)


def _photons(file: File, options: Mapping[str, str]) -> Group:
    """The group of photons: the only one, or the one of the option."""
    h5py: Any = import_module("h5py")
    spots = sorted(name for name in file if name.startswith("photon_data"))
    if not spots:
        held = ", ".join(sorted(file)[:8]) or "nothing"
        raise DataError(f"an HDF5 file without photon_data, so no Photon-HDF5 (its root holds {held})")
    asked = options.get("spot")
    chosen = spots[0] if asked is None else f"photon_data{asked}"
    if asked is None and len(spots) > 1:
        raise DataError(
            f"it holds {len(spots)} spots: choose one of {', '.join(spots)} with option spot=NUMBER"
        )
    group = file.get(chosen)
    if not isinstance(group, h5py.Group):
        raise RequestError(f"spot {asked}: the file holds {', '.join(spots)}")
    return group


def _optional(group: Group, name: str) -> Dataset | None:
    h5py: Any = import_module("h5py")
    found = group.get(name)
    return found if isinstance(found, h5py.Dataset) else None


def _array(group: Group, name: str) -> Dataset:
    found = _optional(group, name)
    if found is None or found.ndim != 1:
        raise DataError(f"{group.name}/{name} is missing or no list of numbers")
    return found


def _picoseconds(group: Group, name: str) -> float:
    """A unit that is stored in seconds, without the rounding of its decimal form."""
    found = _optional(group, name)
    value = float(found[()]) * 1e12 if found is not None and found.ndim == 0 else 0.0
    if not value > 0:
        raise DataError(f"{group.name}/{name} is missing or no time in seconds")
    nearest = round(value)
    return float(nearest) if nearest and abs(value - nearest) < 1e-6 * nearest else value


def _text(file: File, name: str) -> str | None:
    found = file.get(name)
    value = found[()] if found is not None and getattr(found, "ndim", None) == 0 else None
    return _decoded(value) if isinstance(value, bytes | str) else None


def _decoded(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _header(
    file: File, group: Group, kind: str, resolution_ps: float, tags: int, period_ps: float | None = None
) -> Header:
    duration = _optional(file["/"], "acquisition_duration")
    about = {name.rpartition("/")[2]: text for name in ABOUT if (text := _text(file, name)) is not None}
    own = _text(file, OWN)
    stored = from_json(own.encode(), OWN).header if own is not None else None
    return Header(
        "Photon-HDF5",
        "indexed" if kind == "indexed" else "times",
        stored.resolution_ps if stored else resolution_ps,
        delays_ps=stored.delays_ps if stored else {},
        acquisition_s=float(duration[()]) if duration is not None and duration.ndim == 0 else None,
        tags=tags,
        reference_period_ps=period_ps,
        channels=_labels(file),
        about=about,
    )


def _labels(file: File) -> dict[int, str]:
    """Names of detectors, where the setup gives them."""
    ids, labels = (_optional(file["/"], f"setup/detectors/{name}") for name in ("id", "label"))
    if ids is None or labels is None or ids.shape != labels.shape:
        return {}
    names = [
        label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label) for label in labels[()]
    ]
    return dict(zip([int(number) for number in ids[()]], names, strict=True))


def _channel(detectors: Dataset | None, here: slice, tags: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.zeros(tags, dtype=np.int16) if detectors is None else as_channels(detectors[here])


def _slices(timestamps: Dataset, others: list[Dataset | None], size: int) -> Iterator[slice]:
    """Slices over all tags. Raises DataError if the arrays differ in length."""
    lengths = {timestamps.size, *(other.size for other in others if other is not None)}
    if len(lengths) > 1:
        raise DataError(f"{timestamps.parent.name}: its arrays differ in length ({sorted(lengths)})")
    step = max(1, min(size, PIECE))
    yield from (slice(begin, begin + step) for begin in range(0, timestamps.size, step))


def _times(timestamps: Dataset, detectors: Dataset | None, unit_ps: float, size: int) -> Iterator[Piece]:
    for here in _slices(timestamps, [detectors], size):
        time_ps = in_ps(timestamps[here].astype(np.int64), unit_ps)
        yield Piece(time_ps, _channel(detectors, here, time_ps.size))


def _clicks(
    timestamps: Dataset, detectors: Dataset | None, nanotimes: Dataset, tcspc_ps: float, size: int
) -> Iterator[IndexedPiece]:
    for here in _slices(timestamps, [detectors, nanotimes], size):
        index = timestamps[here].astype(np.int64)
        after_ps = in_ps(nanotimes[here].astype(np.int64), tcspc_ps)
        yield IndexedPiece(after_ps, index, _channel(detectors, here, index.size))
