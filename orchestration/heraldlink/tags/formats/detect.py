# SPDX-License-Identifier: Apache-2.0
"""Which format a file is of, by its content: its name is not asked."""

from __future__ import annotations

from collections.abc import Sequence

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.formats.fixed import is_text
from heraldlink.tags.formats.format import Format
from heraldlink.tags.formats.id900 import Id900
from heraldlink.tags.formats.own import Parquet, Segment
from heraldlink.tags.formats.photon_hdf5 import PhotonHdf5
from heraldlink.tags.formats.picoquant import Ptu
from heraldlink.tags.formats.pq_binary import PicoQuantBinary
from heraldlink.tags.formats.qutag import QuTag
from heraldlink.tags.formats.sfifteen import SFifteen
from heraldlink.tags.formats.swabian import Dump, TtBin
from heraldlink.tags.formats.text import Text
from heraldlink.tags.formats.text_lines import NO_THOUSANDS, THOUSANDS

FORMATS: tuple[Format, ...] = (
    # those with a signature first, then text, then bare numbers: the first that matches is taken
    Ptu(),
    PicoQuantBinary(),
    Parquet(),
    Segment(),
    TtBin(),
    PhotonHdf5(),
    SFifteen(),
    Text(),
    QuTag(),
    Dump(),
    Id900(),
)

FOREIGN = {
    b"\x1f\x8b": "a gzip file: unpack it first",
    b"PK\x03\x04": "a ZIP archive (or a spreadsheet): unpack it first, or save it as CSV",
    b"\x93NUMPY": "an array of numpy's: save its times and channels as CSV or Parquet",
    b"MATLAB 5.0": "a MATLAB file: save its times and channels as CSV",
    b"\xff\xfe": "text in UTF-16: save it as UTF-8",
}
"""What files that hold no tags, or hide them, begin with."""


ROWS = (
    "; a text of tags has rows of numbers with one separator and at most one column of labels: leave out"
    " other columns and what is around numbers"
)
"""What a text lacks that is no table of tags."""


def detect(start: bytes, size: int, formats: Sequence[Format] = FORMATS) -> Format:
    """The first format that a file's beginning fits. Raises DataError for an empty or unknown file."""
    if not size:
        raise DataError("empty: it ends at byte 0")
    for candidate in formats:
        if candidate.matches(start, size):
            return candidate
    for signature, what in FOREIGN.items():
        if start.startswith(signature):
            raise DataError(f"no recording but {what}, as its byte 0 says")
    known = ", ".join(each.name for each in formats)
    hint = _text_hint(start) if is_text(start) and (b"\n" in start or b"\r" in start) else ""
    raise DataError(
        f"not a recording of a known format: byte 0 begins {start[:8].hex(' ')} (known: {known}){hint}"
    )


def _text_hint(start: bytes) -> str:
    grouped = THOUSANDS.search(start)
    return ROWS if grouped is None else f"; {grouped[0].decode(errors='replace')}: {NO_THOUSANDS}"


def named(name: str, formats: Sequence[Format] = FORMATS) -> Format:
    """The format called ``name`` in any case. Raises RequestError with the names there are."""
    for candidate in formats:
        if candidate.name.casefold() == name.casefold():
            return candidate
    known = ", ".join(each.name for each in formats)
    raise RequestError(f"there is no format {name} (there are: {known})")
