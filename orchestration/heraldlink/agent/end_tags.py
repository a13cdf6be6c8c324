# SPDX-License-Identifier: Apache-2.0
"""An end node's record of one slot: outcomes after heralds, and calibration counts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from heraldlink.heralding import ReadoutWindow, attempt_readouts, confusion, read_out, repeated_attempts
from heraldlink.messages.values import NO_OUTCOME, Confusion, Readout
from heraldlink.sequences import SegmentTable
from heraldlink.sequences.tagger import READOUT_CLICKS, READOUT_MARKS
from heraldlink_drivers.roles import Tags


@dataclass(frozen=True, slots=True)
class EndSlot:
    """What an end node's own tags say of a slot."""

    readouts: tuple[Readout, ...]
    confusion: Confusion


def read_slot(tags: Mapping[int, Tags], segments: SegmentTable, window: ReadoutWindow) -> EndSlot:
    """Outcomes by attempt index and calibration counts."""
    found = read_out(stream(tags, READOUT_CLICKS), stream(tags, READOUT_MARKS), window)
    after = attempt_readouts(found, segments)
    readouts = tuple(
        Readout(int(index), int(outcome)) for index, outcome in zip(after.index, after.outcome, strict=True)
    )
    doubled = tuple(Readout(int(index), NO_OUTCOME) for index in repeated_attempts(found, segments))
    return EndSlot((*readouts, *doubled), confusion(found, segments))


def stream(tags: Mapping[int, Tags], raw: int) -> Tags:
    """Tags of one RAW channel, empty if none came."""
    empty = np.empty(0, dtype=np.int64)
    return tags.get(raw, (empty, empty))
