# SPDX-License-Identifier: Apache-2.0
"""Rows by number say what a dictionary says."""

from hypothesis import given
from hypothesis import strategies as st

from heraldlink.agent.numbered_rows import NumberedRows

numbers = st.integers(1, 30) | st.integers(1, 2**63 - 4)


@given(
    added=st.lists(st.tuples(numbers, st.integers(1, 4), st.integers(1, 3))),
    asked=numbers,
    floor=st.integers(0, 30),
)
def test_rows_are_found_in_whatever_order_they_came(
    added: list[tuple[int, int, int]], asked: int, floor: int
) -> None:
    """Runs of numbers and rows that grow together, from anywhere, some rows left out between them."""
    rows, known, row = NumberedRows(), dict[int, int](), 0
    singles = [
        (first + k, left_out if k == 0 else 1) for first, length, left_out in added for k in range(length)
    ]
    for number, step in singles:
        row += step
        rows.add(number, row)
        known.setdefault(number, row)
    assert rows.last == max(known, default=0)
    assert {number: rows.row(number) for number in [*known, asked]} == {asked: 0} | known
    assert list(rows.behind(asked)) == sorted(number for number in known if number > asked)
    assert rows.gap_from(asked) == next(n for n in range(asked, asked + len(known) + 1) if n not in known)
    rows.forget(floor)
    left = {number: found for number, found in known.items() if number > floor}
    assert rows.last == max(left, default=floor)
    assert {number: rows.row(number) for number in known} == dict.fromkeys(known, 0) | left
    assert list(rows.behind(0)) == sorted(left)
    assert rows.gap_from(1) == next(n for n in range(floor + 1, floor + len(left) + 2) if n not in left)
