# SPDX-License-Identifier: Apache-2.0
"""Marks that tie a test to a row of the fault list, and the proof that a test can fail."""

import re
from collections.abc import Callable

import pytest

from fault_lab.broken import HistoryBroken
from fault_lab.deadline import within
from fault_lab.history import check
from fault_lab.laboratory import Laboratory
from heraldlink.errors import HeraldlinkError


def fault(*rows: int) -> pytest.MarkDecorator:
    """The test of one row of the fault list, or several; its docstring is the outcome in the table."""
    return pytest.mark.fault(*rows)


def unprotected(row: int, without: str) -> pytest.MarkDecorator:
    """The test that shows a row's scenario to fail when the protection ``without`` is switched off."""
    return pytest.mark.unprotected(row, without)


def shown_to_fail(
    scenario: Callable[[Laboratory], None], rack: Laboratory, because: str, seconds: float = 10.0
) -> None:
    """Run a scenario that must fail here: by an assertion, the history, a refusal, or no end in time.

    ``because``: a pattern that the failure's sentence must hold, so that it fails for the right reason.
    """
    try:
        with within(seconds, "the scenario"):
            scenario(rack)
        check(rack)
    except (AssertionError, HistoryBroken, HeraldlinkError) as failure:
        how = str(failure)
    else:
        pytest.fail("the scenario holds although its protection is switched off: it proves nothing")
    assert re.search(because, how), f"it fails for another reason: {how}"
