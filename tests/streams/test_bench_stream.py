# SPDX-License-Identifier: Apache-2.0
"""Live heralds of the simulated laboratory are those of the record that the midpoint's driver reads."""

import json
from threading import Thread

import numpy as np
import zmq
from live_rig import wait_for
from wire_laboratory import GATE_PS, SEQUENCE, served

from heraldlink.heralding.attempts import ReferenceIndex
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.heralds import find_heralds
from heraldlink.heralding.patterns import single_click
from heraldlink.heralding.results import joined
from heraldlink.streams.bounded import Buffered
from heraldlink.streams.datalink import open_socket
from heraldlink.streams.heralds import run_live
from heraldlink.streams.id900 import ID900Tags


def streams(address):
    """Streams that the service has open."""
    requests = open_socket(zmq.REQ)
    requests.connect(address)
    requests.send(b"list")
    assert requests.poll(5000)
    found = json.loads(requests.recv())
    requests.close()
    return len(found)


def test_a_slot_of_the_bench():
    told, heard = [], []
    with served(pace="fast", seed=7) as (bench, rack):
        address = bench.addresses["hub_tc.datalink"]
        source = Buffered(ID900Tags(address, (1, 2), stream_port=0))
        stream = HeraldStream(single_click(1, 2, GATE_PS), ReferenceIndex())
        reading = Thread(target=lambda: heard.append(run_live(source, stream, told.append)))
        reading.start()
        wait_for(lambda: streams(address) == 5)  # three of the driver's, two of ours
        rack.arm()
        tags = rack.read()
        reading.join(20)
        assert not reading.is_alive()
    whole = find_heralds(tags["hub_tc", 1], tags["hub_tc", 2], GATE_PS)
    live = joined(told)
    assert SEQUENCE.attempts > whole.attempt.size > 10
    for name in ("attempt", "outcome", "pattern", "after_ps", "ambiguous"):
        np.testing.assert_array_equal(getattr(live, name), getattr(whole, name))
    assert heard[0].heralds.attempt.size == whole.attempt.size
