# SPDX-License-Identifier: Apache-2.0
"""Rows of a journal by a number that nearly always grows: 16 bytes each, whatever numbers are left out."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator


class NumberedRows:
    """Which row holds which number; numbers and rows are above 0 and below 2^63."""

    def __init__(self) -> None:
        self._numbers = array("q")
        self._rows = array("q")

    @property
    def last(self) -> int:
        """Largest number, 0 for none."""
        return self._numbers[-1] if self._numbers else 0

    def row(self, number: int) -> int:
        """The row of a number, 0 if there is none."""
        place = bisect_left(self._numbers, number)
        return self._rows[place] if self._is_at(place, number) else 0

    def add(self, number: int, row: int) -> None:
        """Note the row of a number; the first one stays."""
        place = bisect_left(self._numbers, number) if number <= self.last else len(self._numbers)
        if not self._is_at(place, number):
            self._numbers.insert(place, number)
            self._rows.insert(place, row)

    def behind(self, number: int) -> Iterator[int]:
        """The numbers that are larger, ascending."""
        for place in range(bisect_left(self._numbers, number + 1), len(self._numbers)):
            yield self._numbers[place]

    def gap_from(self, number: int) -> int:
        """The smallest number from ``number`` on that has no row."""
        place = bisect_left(self._numbers, number)
        while self._is_at(place, number):
            place, number = place + 1, number + 1
        return number

    def _is_at(self, place: int, number: int) -> bool:
        return place < len(self._numbers) and self._numbers[place] == number
