# SPDX-License-Identifier: Apache-2.0
"""What is kept beside tags comes back as it was."""

import pytest

from heraldlink.errors import DataError
from heraldlink.heralding import ReadoutWindow, describe_end, describe_midpoint
from heraldlink.heralding.description import gate_of, instruments_of, sequence_of, window_of
from heraldlink.sequences import PairSourceSequence

SEQUENCE = PairSourceSequence(
    "test", 12.5e9, 10.0, 5_000_000, 40, 50, 12_000, 400_000, 48_000, 48_000, 200_000, 20_000, 400_000,
    10_000, 1_000_000, 2_000_000, 70_000_000_000,
)  # fmt: skip


def test_descriptions_come_back() -> None:
    hub = describe_midpoint(SEQUENCE, (50, 350), {"hub_tc": "IDQ,ID900,7,1"})
    assert (sequence_of(hub), gate_of(hub)) == (SEQUENCE, (50, 350))
    assert instruments_of(hub) == {"hub_tc": "IDQ,ID900,7,1"}
    window = ReadoutWindow(2_000_000, 3, -80)
    assert window_of(describe_end(SEQUENCE, window, {})) == window


def test_a_missing_entry_is_named() -> None:
    with pytest.raises(DataError, match="lacks 'gate_ps'"):
        gate_of({})
