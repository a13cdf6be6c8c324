# SPDX-License-Identifier: Apache-2.0
"""Records in a row through the real driver, from the simulated instrument."""

import pytest
from live_rig import DURATION_PS, Reading, wait_for

from heraldlink.errors import DataError, RequestError
from heraldlink.streams.records import TaggerRecords
from heraldlink.tags.block import END_PS, Gap

STARTS = list(range(1_000_000, 901_000_000, 1_000_000))


def played(tagger, record, found, **times):
    """One record, delivered once it is armed."""
    wait_for(lambda: tagger.face.state().record.armed or found.error is not None)
    tagger.deliver(**times)
    wait_for(lambda: len(found.blocks) > record or found.error is not None)


def test_records_of_a_driver_are_numbered_through(tagger):
    found = Reading(TaggerRecords(tagger.driver, DURATION_PS, 900, records=3))
    for record in range(3):
        played(tagger, record, found, START=STARTS, IN1=[STARTS[5] + 100], IN2=[STARTS[record] + 60_000])
    block = found.ended()
    rows = zip(block.index.tolist(), block.after_ps.tolist(), block.channel.tolist(), strict=True)
    expected = {(900 * record + 5, 100, 1) for record in range(3)}
    expected |= {(901 * record, 60_000, channel) for record in range(3) for channel in (2, 3)}
    assert set(rows) == expected
    assert (block.until_index, block.gaps) == (END_PS, ())


def test_a_stopped_one_says_so(tagger):
    found = Reading(TaggerRecords(tagger.driver, DURATION_PS, 900))
    played(tagger, 0, found, START=STARTS, IN1=[STARTS[5] + 100])
    found.source.stop()
    assert found.ended().gaps == (Gap(900, END_PS, "truncated"),)


def test_more_attempts_than_were_said_are_an_error(tagger):
    found = Reading(TaggerRecords(tagger.driver, DURATION_PS, 100))
    played(tagger, 0, found, START=STARTS, IN1=[STARTS[500] + 100])
    with pytest.raises(DataError, match="reference event 500 where a record has 100"):
        found.ended()


def test_numbers_above_zero(tagger):
    with pytest.raises(RequestError, match="above 0"):
        TaggerRecords(tagger.driver, 0, 900)
