# SPDX-License-Identifier: Apache-2.0
"""Files of records of one length: how many are whole, and reading them piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Block, Channels, Gap, Header, Loss, Times
from heraldlink.tags.formats.stored import Piece, StoredTimes

STEP_BACK_PS = 200_000
"""How far back a tag may step in a file that is still taken for one of tags; real ones step back 86 ns."""

PIECE_BYTES = 1 << 22
"""Bytes read at once at most."""

RecordArray = NDArray[Any]
"""Records of one file, one dtype per format."""

Decode = Callable[[RecordArray], Piece]
"""Times and channels of records, in file order; may carry state from one call to the next."""


@dataclass(frozen=True)
class FixedRecords:
    """Tags of an open file whose records have one length, from byte ``begin``.

    ``decoder``: gives what decodes the file once from its first record. ``loss``: why tags are missing behind
    the last whole record, None if none are. ``tolerance_ps``: the largest step back that is put in order.
    """

    stream: BinaryIO
    header: Header
    dtype: np.dtype[Any]
    begin: int
    records: int
    decoder: Callable[[], Decode]
    loss: Loss | None = None
    found: dict[str, int] = field(default_factory=dict[str, int])
    salvage: bool = False
    tolerance_ps: int = STEP_BACK_PS

    def blocks(self, size: int = 1 << 20) -> Iterator[Block]:
        """All tags in order of time, in blocks of at most ``size``."""
        source = StoredTimes(self.header, self._pieces, self.found, self.salvage, self.tolerance_ps)
        return source.blocks(size)

    def _pieces(self, size: int) -> Iterator[Piece]:
        last, decode = 0, self.decoder()
        for records in read_records(self.stream, self.dtype, self.begin, self.records, size):
            piece = decode(records)
            last = max([last, *piece.time_ps[-1:].tolist()])
            yield piece
        self.found["records"] = self.records
        if self.loss:
            yield Piece(np.empty(0, np.int64), np.empty(0, np.int16), (Gap(last + 1, END_PS, self.loss),))


def read_records(
    stream: BinaryIO, dtype: np.dtype[Any], begin: int, records: int, size: int
) -> Iterator[RecordArray]:
    """``records`` records from byte ``begin``, ``size`` at once at most. Raises DataError if fewer are."""
    stream.seek(begin)
    step = max(1, min(size, PIECE_BYTES // dtype.itemsize))
    for first in range(0, records, step):
        wanted = min(step, records - first)
        data = stream.read(wanted * dtype.itemsize)
        if len(data) < wanted * dtype.itemsize:
            raise DataError(
                f"truncated at byte {begin + first * dtype.itemsize + len(data)} while it was read"
            )
        yield np.frombuffer(data, dtype)


def whole_records(begin: int, size: int, length: int, salvage: bool) -> tuple[int, Loss | None]:
    """How many records of ``length`` bytes there are from byte ``begin`` to ``size``, and what is lost.

    Raises DataError, unless ``salvage``, if the last record is not whole.
    """
    records, rest = divmod(size - begin, length)
    if not rest:
        return records, None
    if salvage:
        return records, "truncated"
    raise DataError(
        f"truncated at byte {size}: its last record of {length} bytes begins at byte {size - rest}"
        " (salvage keeps what precedes it)"
    )


def is_text(start: bytes) -> bool:
    """Whether a file begins as text does, without control characters."""
    return bool(start) and not any(byte < 9 or 14 <= byte < 32 for byte in start[:4096])


def ascends(times: Times, step_back: int = STEP_BACK_PS) -> bool:
    """Whether times look like those of a stream: two or more, not all equal, hardly a step back."""
    steps = np.diff(times)
    return bool(steps.size and steps.max() > 0 and steps.min() >= -step_back)


class Unwrapped:
    """Counts that wrap at ``span`` made to go on: one that steps back by more than half of it has wrapped."""

    def __init__(self, span: int) -> None:
        self._span = span
        self._last: int | None = None
        self._wrapped = 0

    def __call__(self, counts: Times) -> Times:
        """``counts`` with the wraps so far added."""
        steps = np.diff(counts, prepend=counts[:1] if self._last is None else self._last)
        half = self._span // 2
        wraps = (steps < -half).astype(np.int64) - (steps > half)
        wrapped: Times = self._wrapped + np.cumsum(wraps)
        if counts.size:
            self._last, self._wrapped = int(counts[-1]), int(wrapped[-1])
        return counts + wrapped * self._span


def unit_ps(options: Mapping[str, str], default: float) -> float:
    """The option "unit" in picoseconds: fs, ps, ns, us, ms, s or a number of ps. Raises RequestError."""
    given = options.get("unit")
    if given is None:
        return default
    if given in UNITS_PS:
        return UNITS_PS[given]
    try:
        value = float(given)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e13:
        raise RequestError(f'unit "{given}": give {", ".join(UNITS_PS)} or a number of picoseconds')
    return value


UNITS_PS = {"fs": 1e-3, "ps": 1.0, "ns": 1e3, "us": 1e6, "µs": 1e6, "μs": 1e6, "ms": 1e9, "s": 1e12}
"""Names of units of time, in picoseconds."""


def as_channels(numbers: NDArray[Any]) -> Channels:
    """Numbers as channels, int16. Raises DataError for one that does not fit."""
    limits = np.iinfo(np.int16)
    if numbers.size and not (limits.min <= int(numbers.min()) and int(numbers.max()) <= limits.max):
        wrong = numbers[(numbers < limits.min) | (numbers > limits.max)][0]
        raise DataError(f"damaged: {wrong} is no channel ({limits.min} to {limits.max})")
    return numbers.astype(np.int16)


def in_ps(counts: Times, step_ps: float) -> Times:
    """Counts of ``step_ps`` in whole picoseconds; exact where a step is a whole number of them."""
    if step_ps == int(step_ps):
        return counts * np.int64(int(step_ps))
    return np.asarray(np.rint(counts * np.longdouble(step_ps)), dtype=np.int64)
