# SPDX-License-Identifier: Apache-2.0
"""Lines of numbers in text: which lines are rows, how they are separated, and what stands above them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from heraldlink.tags.formats.fixed import is_text

SEPARATORS = (";", "\t", ",", "|")
COMMENTS = ("#", "%", "//", "*", "!")
NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?")
MISSING = ("", "nan", "-", "none", "null", "na", "n/a")
LABEL = re.compile(r"[A-Za-z][A-Za-z_]{0,11}[-_# ]?\d{0,4}|[A-Za-z]")
THOUSANDS = re.compile(
    rb"(?<![\d.,'_])\d{1,3}(?:(?:,\d{3}){2,}|(?:\.\d{3}){2,}|(?:'\d{3})+|(?:_\d{3})+"
    rb"|(?: \d{3}){2,}|(?:\xc2\xa0\d{3})+|(?:\xe2\x80\xaf\d{3})+)(?!\d)"
)
"""A number whose digits stand in groups of three."""

THOUSANDS_QUOTED = re.compile(rb"[\"']\d{1,3}(?:,\d{3})+[\"']")
"""The same with commas, enclosed, since commas separate the columns too."""

NO_THOUSANDS = "numbers with separators between thousands are not read: save them without"

ROWS_TO_TELL = 3
"""Rows of one shape, one below the other, that tell where numbers begin."""

MOST_OTHERS = 0.1
"""Lines among the rows that are none, for each row, in what is still taken for tags."""

TITLES = 2
"""Lines above few rows at most, other than remarks."""

MARKUP = (b"<", b"{")
"""What texts begin with that are no tables."""

AROUND = " \r\n\f\v"
"""What may surround a line; a tab at its beginning follows an empty place."""

HEADER_LINES = 200
"""Lines above the numbers at most."""


@dataclass(frozen=True)
class Rows:
    """Where numbers begin in a text and how they stand.

    ``begin``: byte of the first row; ``line``: its number, from 1. ``separator``: one character, None for
    white space. ``above``: lines before it. ``names``: the names of the columns if the text gives them.
    ``first``: the rows at the beginning, as words.
    """

    begin: int
    line: int
    separator: str | None
    above: tuple[str, ...]
    names: tuple[str, ...] | None
    first: tuple[tuple[str, ...], ...]

    @property
    def columns(self) -> int:
        """Words in a row."""
        return len(self.first[0])


def find_rows(start: bytes, whole: bool) -> Rows | None:
    """Where a text's numbers begin, None if it has none or is no text. ``whole``: ``start`` is all of it."""
    if not is_text(start) or start.lstrip()[:1] in MARKUP:
        return None
    lines = start.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    offset = len(start) - sum(map(len, lines)) - len(lines) + 1
    if not whole:
        lines = lines[:-1]
    texts = [decoded(line) for line in lines]
    for number, text in enumerate(texts[:HEADER_LINES]):
        separator = _separator(text)
        if not is_row(text, separator):
            continue
        rows = _rows(texts[number:], separator)
        titles = sum(not is_comment(line) for line in texts[:number])
        if rows is not None and titles <= max(TITLES, len(rows)):
            begin = offset + sum(len(line) + 1 for line in lines[:number])
            above = tuple(texts[:number])
            names = _names(above, separator, len(rows[0]))
            return Rows(begin, number + 1, separator, above, names, rows)
    return None


def decoded(line: bytes) -> str:
    """A line as text: UTF-8, else Latin-1, in which older programs write µ."""
    try:
        return line.decode().strip(AROUND)
    except UnicodeDecodeError:
        return line.decode("latin-1").strip(AROUND)


def words(text: str, separator: str | None) -> tuple[str, ...]:
    """The words of a row, without what encloses them."""
    return tuple(word.strip().strip("\"'") for word in text.split(separator))


def is_comment(text: str) -> bool:
    """Whether a line is empty, a remark, or an overflow in a listing of PicoQuant's records."""
    return not text.strip() or text.startswith(COMMENTS) or " OFL " in text


def is_row(text: str, separator: str | None) -> bool:
    """Whether a line is numbers, with empty places and at most one label (a channel's name) among them."""
    if is_comment(text):
        return False
    found = words(text, separator)
    others = [word for word in found if not NUMBER.fullmatch(word) and word.lower() not in MISSING]
    numbers = sum(bool(NUMBER.fullmatch(word)) for word in found)
    return numbers > 0 and len(others) <= 1 and all(LABEL.fullmatch(word) for word in others)


def _separator(text: str) -> str | None:
    """What separates the words of a line that may be a row."""
    for separator in SEPARATORS:
        if separator in text and not (separator == "," and _comma_is_decimal(text)):
            return separator
    return None


def _comma_is_decimal(text: str) -> bool:
    """Whether commas only stand inside numbers that white space separates."""
    found = text.split()
    return len(found) > 1 and all(NUMBER.fullmatch(word) for word in found)


def _rows(texts: Sequence[str], separator: str | None) -> tuple[tuple[str, ...], ...] | None:
    """The rows at the beginning of texts; None if the first few, or too many later ones, are none."""
    rows: list[tuple[str, ...]] = []
    others = 0
    for text in texts:
        if is_comment(text):
            continue
        row = words(text, separator) if is_row(text, separator) else ()
        if row and (not rows or len(row) == len(rows[0])):
            rows.append(row)
        elif len(rows) < ROWS_TO_TELL:
            return None
        else:
            others += 1
    return tuple(rows) if others <= MOST_OTHERS * len(rows) else None


def _names(above: Sequence[str], separator: str | None, columns: int) -> tuple[str, ...] | None:
    """The names of the columns: the words of the last line above, if they are as many."""
    for text in reversed(above):
        line = text.lstrip("#%/*! ").strip()
        if not line:
            continue
        for found in _splits(line, separator, columns):
            if len(found) == columns and not any(NUMBER.fullmatch(word) for word in found):
                return found
        return None
    return None


def _splits(line: str, separator: str | None, columns: int) -> Iterator[tuple[str, ...]]:
    """Ways to split a line into names: like the rows, and by what else separates words."""
    if separator is not None:
        found = words(line, separator)
        yield (*found, "") if len(found) == columns - 1 else found  # rows that end with a separator
    yield from (words(line, each) for each in SEPARATORS if each in line)
    yield tuple(re.split(r"\s{2,}|\t", line))
    yield tuple(re.sub(r"\s+(?=[(\[])", "_", line).split())
    if line.startswith("record# chan "):  # PicoQuant's listing does not name the kind of its records
        yield ("record#", "kind", *line.split()[1:])
