# SPDX-License-Identifier: Apache-2.0
"""Rows of a journal by a number that nearly always grows, as their rows do: 24 bytes for each run of both.

A slot's decisions have consecutive numbers in consecutive rows, so that a journal of millions of them needs
little memory.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator


class NumberedRows:
    """Which row holds which number; numbers and rows are above 0 and below 2^63.

    ``floor``: numbers up to it were there, and are of no interest any more.
    """

    def __init__(self) -> None:
        self.floor = 0
        self._numbers = array("q")
        self._rows = array("q")
        self._lengths = array("q")

    @property
    def last(self) -> int:
        """Largest number, 0 for none."""
        return self._numbers[-1] + self._lengths[-1] - 1 if self._numbers else self.floor

    def row(self, number: int) -> int:
        """The row of a number, 0 if there is none."""
        place = self._run_of(number)
        return self._rows[place] + number - self._numbers[place] if self._ends_behind(place, number) else 0

    def add(self, number: int, row: int) -> None:
        """Note the row of a number; the first one stays."""
        place = self._run_of(number)
        if number <= self.floor or self._ends_behind(place, number):
            return
        if place >= 0:
            length = self._lengths[place]
            if (self._numbers[place] + length, self._rows[place] + length) == (number, row):
                self._lengths[place] += 1
                return
        for column, value in ((self._numbers, number), (self._rows, row), (self._lengths, 1)):
            column.insert(place + 1, value)

    def forget(self, number: int) -> None:
        """Raise the floor to a number."""
        place = self._run_of(number)
        over = number + 1 - self._numbers[place] if self._ends_behind(place, number + 1) else 0
        if over:
            for column, more in ((self._numbers, over), (self._rows, over), (self._lengths, -over)):
                column[place] += more
            place -= 1
        for column in (self._numbers, self._rows, self._lengths):
            del column[: place + 1]
        self.floor = max(self.floor, number)

    def behind(self, number: int) -> Iterator[int]:
        """The numbers that are larger, ascending."""
        for place in range(max(0, self._run_of(number)), len(self._numbers)):
            first = self._numbers[place]
            yield from range(max(first, number + 1), first + self._lengths[place])

    def gap_from(self, number: int) -> int:
        """The smallest number from ``number`` on, and above the floor, that has no row."""
        number = max(number, self.floor + 1)
        while self._ends_behind(place := self._run_of(number), number):
            number = self._numbers[place] + self._lengths[place]
        return number

    def _run_of(self, number: int) -> int:
        """The last run that begins at or before a number, -1 for none."""
        return bisect_right(self._numbers, number) - 1

    def _ends_behind(self, place: int, number: int) -> bool:
        return place >= 0 and number < self._numbers[place] + self._lengths[place]
