# SPDX-License-Identifier: Apache-2.0
"""The table of faults in the documentation is what the tests say."""

from fault_lab import table


def test_the_page_is_up_to_date() -> None:
    told = "run python tests/fault_lab/table.py --write"
    assert table.page(table.marks()) == table.PAGE.read_text(), told


def test_every_mark_names_a_row() -> None:
    assert set(table.marks()) <= set(range(1, 91))
