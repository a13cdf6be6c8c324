# SPDX-License-Identifier: Apache-2.0
"""A time controller of the shipped bench, used for itself: an acquisition that is longer than a slot."""

import numpy as np
import pytest
from driver_rig import wait_for

from heraldlink_drivers import IDQuantiqueID900

TICK_s = 0.1


@pytest.fixture
def tagger(bench):
    return IDQuantiqueID900("hub_tc", bench["hub_tc"], datalink=bench["hub_tc.datalink"], stream_port=0)


def test_an_acquisition_over_ten_slots_sees_every_tick(tagger):
    tagger.load_preset("HISTO")
    histogram, ticks = tagger.histograms[3], tagger.inputs[3]
    ticks.enabled.set(True)
    for source in (histogram.source, histogram.reference):
        source.set("INPU4")
    histogram.bin_width.set(1e-3)
    histogram.bin_count.set(200)
    tagger.record.trigger.set("INPU4")
    tagger.record.width.set(9.5 * TICK_s)
    before = tagger.tick_count()
    tagger.record.play()
    wait_for(tagger.record.done, 30)
    counts = histogram.data.get()
    assert np.flatnonzero(counts).tolist() == [100]  # ticks are 100 ms apart
    assert counts[100] == 9
    assert tagger.tick_count() - before == 10
