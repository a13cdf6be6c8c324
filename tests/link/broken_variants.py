# SPDX-License-Identifier: Apache-2.0
"""Deliberately broken variants of the link layer: a property that none of them violates proves nothing.

Each has one protection taken out; ``storm``, ``slips`` or ``channel`` is the property that has to catch it,
``caught`` the invariant. docs/reference/broken-variants.md is made from this list.
"""

import broken_ahead
import broken_courier
import broken_endings
import broken_journals
import broken_verdicts

PARTS = (broken_courier, broken_journals, broken_endings, broken_verdicts, broken_ahead)
VARIANTS = tuple(variant for part in PARTS for variant in part.VARIANTS)


def table() -> str:
    """The variants as docs/reference/broken-variants.md lists them."""
    rows = (f"| {one.name} | {one.what} | {one.found_by} | {one.caught} |" for one in VARIANTS)
    return "\n".join(("| variant | what is broken | property | caught by |", "|---|---|---|---|", *rows))
