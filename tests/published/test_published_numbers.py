# SPDX-License-Identifier: Apache-2.0
"""The rows' computed numbers, to the digits that the project's physics notes state."""

from __future__ import annotations

from heraldlink.published.catalogue import row_of


def cells(name: str, title: str, line: str) -> tuple[str, ...]:
    """The one line of the one table whose title and first cell begin like this."""
    (table,) = (table for table in row_of(name).tables if table.title.startswith(title))
    (found,) = (row for row in table.rows if row[0].startswith(line))
    return found[1:]


def test_meesala_pump_photons_and_what_the_rate_implies() -> None:
    assert cells("meesala_2024", "One node", "n_c")[0:3:2] == ("0.78", "0.72")
    assert cells("meesala_2024", "What the reading", "1 pulse, σ of the field, n_c")[1] == "0.259"


def test_a_link_of_two_meesala_nodes() -> None:
    title = "A link of two such nodes"
    assert cells("meesala_2024", title, "one click")[:2] == ("0.83 per second", "0.39")
    assert cells("meesala_2024", title, "two clicks, raw")[:2] == ("one in 20 h", "0.078")
    assert cells("meesala_2024", title, "two clicks, post")[:2] == ("one in 159 h", "0.62")
