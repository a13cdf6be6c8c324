# SPDX-License-Identifier: Apache-2.0
"""Rows by number say what a dictionary says."""

from hypothesis import given
from hypothesis import strategies as st

from heraldlink.agent.numbered_rows import NumberedRows

numbers = st.integers(1, 30) | st.integers(1, 2**63 - 1)


@given(added=st.lists(numbers), asked=numbers)
def test_rows_are_found_in_whatever_order_they_came(added: list[int], asked: int) -> None:
    rows, known = NumberedRows(), dict[int, int]()
    for row, number in enumerate(added, start=1):
        rows.add(number, row)
        known.setdefault(number, row)
    assert rows.last == max(known, default=0)
    assert {number: rows.row(number) for number in [*known, asked]} == {asked: 0} | known
    assert list(rows.behind(asked)) == sorted(number for number in known if number > asked)
    assert rows.gap_from(asked) == next(n for n in range(asked, asked + len(known) + 1) if n not in known)
