# SPDX-License-Identifier: Apache-2.0
"""ID Quantique's ID900 and ID1000 time controllers: timestamps of one input as numbers, ``.bin``.

Layout: the manual "Time Controller Series", section 6.3.4 and table 10 ("Format of data in Timestamp
datafiles"), and the answers of its data service (``start-save --format bin [--with-ref-index]``): uint64,
little endian, without header::

    without index    time, time, ...                 ps since the acquisition began
    with index       time, index, time, index, ...   ps since the last reference event; its number

A file holds one input and does not say which: option ``channel`` (1 unless given). Which of the two layouts
it is shows in the numbers (times alone ascend; of pairs the indices do); option ``index=yes|no`` overrules.
Times that restart (sub-acquisitions, or a reference without its index) have no common axis: a DataError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import numpy as np

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import Gap, Header, Loss, Times
from heraldlink.tags.formats.fixed import (
    STEP_BACK_PS,
    FixedRecords,
    RecordArray,
    ascends,
    is_text,
    read_records,
    whole_records,
)
from heraldlink.tags.formats.stored import IndexedPiece, Piece, StoredIndexed

TIME = np.dtype("<i8")
PAIR = np.dtype([("after", "<i8"), ("index", "<i8")])
LONGEST_REFERENCE_PS = 10**15
"""Longest time after a reference event that is taken for one without being told: 1,000 s."""


@dataclass(frozen=True)
class Id900:
    """Numbers without a header; ``channel``: the input they are of, ``index``: whether they come in pairs."""

    name: str = "ID900"
    options: tuple[str, ...] = ("channel", "index")

    def matches(self, start: bytes, size: int) -> bool:
        """Whether the numbers at the file's beginning are times, or pairs of time and index."""
        return size >= 2 * TIME.itemsize and _layout(start) is not None

    def open(
        self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]
    ) -> FixedRecords | StoredIndexed:
        """Tell the layout. Raises DataError, unless ``salvage``, if the last number is not whole."""
        stream.seek(0)
        layout = _asked(options) or _layout(stream.read(1 << 16))
        if layout is None:
            raise DataError(
                "byte 0: neither times nor pairs with an index that ascend (give option index=yes or no)"
            )
        dtype = PAIR if layout == "pairs" else TIME
        channel = _channel(options)
        count, loss = whole_records(0, size, dtype.itemsize, salvage)
        if layout == "pairs":
            header = _header("indexed", channel, count)
            pieces = partial(_pieces, stream, count, channel, loss)
            return StoredIndexed(header, pieces, salvage=salvage)
        header = _header("times", channel, count)
        return FixedRecords(
            stream, header, dtype, 0, count, partial(_Ascending, channel), loss, salvage=salvage
        )


def _header(kind: str, channel: int, tags: int) -> Header:
    return Header(
        "ID900",
        "indexed" if kind == "indexed" else "times",
        1.0,
        tags=tags,
        channels={channel: f"input {channel}"},
        about={"layout": "time and reference index" if kind == "indexed" else "times"},
    )


def _layout(start: bytes) -> str | None:
    """ "times", "pairs" or None: what the first numbers are."""
    numbers = np.frombuffer(start[: len(start) // 8 * 8], TIME)
    if is_text(start) or numbers.size < 2 or int(numbers.min()) < 0:
        return None
    if ascends(numbers, 0):
        return "times"
    pairs = numbers[: numbers.size // 2 * 2].reshape(-1, 2)
    steps = np.diff(pairs[:, 1])
    if steps.size and steps.min() >= 0 and steps.max() > 0 and int(pairs[:, 0].max()) < LONGEST_REFERENCE_PS:
        return "pairs"
    return "times" if ascends(numbers) else None


def _asked(options: Mapping[str, str]) -> str | None:
    given = options.get("index")
    if given is None:
        return None
    if given not in ("yes", "no"):
        raise RequestError(f'index "{given}": give yes (pairs of time and index) or no (times)')
    return "pairs" if given == "yes" else "times"


def _channel(options: Mapping[str, str]) -> int:
    given = options.get("channel", "1")
    if not given.isascii() or not given.isdigit() or int(given) > np.iinfo(np.int16).max:
        raise RequestError(f'channel "{given}": give the number of the input, such as 1')
    return int(given)


class _Ascending:
    """Times of one input, refused with the byte where they restart."""

    def __init__(self, channel: int) -> None:
        self._channel, self._read, self._last = channel, 0, 0

    def __call__(self, records: RecordArray) -> Piece:
        time: Times = records.astype(np.int64)
        steps = np.diff(time, prepend=self._last)
        if time.size and int(steps.min()) < -STEP_BACK_PS:
            at = int(np.flatnonzero(steps < -STEP_BACK_PS)[0])
            raise DataError(
                f"times restart at byte {(self._read + at) * TIME.itemsize}: of several acquisitions or after"
                " a reference, they have one axis only when saved with the reference index"
            )
        self._read += time.size
        self._last = int(time[-1]) if time.size else self._last
        return Piece(time, np.full(time.size, self._channel, dtype=np.int16))


def _pieces(
    stream: BinaryIO, count: int, channel: int, loss: Loss | None, size: int
) -> Iterator[IndexedPiece]:
    last = 0
    for records in read_records(stream, PAIR, 0, count, size):
        index: Times = records["index"].astype(np.int64)
        last = max([last, *index[-1:].tolist()])
        yield IndexedPiece(
            records["after"].astype(np.int64), index, np.full(index.size, channel, dtype=np.int16)
        )
    if loss:
        none = np.empty(0, np.int64)
        yield IndexedPiece(none, none, np.empty(0, np.int16), (Gap(last, np.iinfo(np.int64).max, loss),))
