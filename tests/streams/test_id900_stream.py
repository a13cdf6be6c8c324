# SPDX-License-Identifier: Apache-2.0
"""An ID900's streams as they come: the simulated service on real sockets, and a service of garbage."""

from threading import Thread

import numpy as np
import pytest
import zmq
from live_rig import Reading, wait_for

from heraldlink.errors import DataError, InstrumentLost, ProtocolError, RequestError
from heraldlink.streams.bounded import Buffered
from heraldlink.streams.datalink import open_socket
from heraldlink.streams.id900 import ID900Tags
from heraldlink.tags.block import END_PS, Gap
from heraldlink.tags.description import joined

STARTS = list(range(1_000_000, 901_000_000, 1_000_000))


def reading(tagger, **options):
    found = Reading(ID900Tags(tagger.server.datalink_address, (1, 2), stream_port=0, **options))
    wait_for(lambda: tagger.started() == 2 or found.error is not None)
    return found


def rows(block):
    return list(zip(block.index.tolist(), block.after_ps.tolist(), block.channel.tolist(), strict=True))


def test_one_acquisition_comes_whole_and_in_order(tagger):
    found = reading(tagger)
    tagger.play(START=STARTS, IN1=[start + 100_000 for start in STARTS[::2]], IN2=[STARTS[4] + 60_000])
    block = found.ended()
    expected = [(index, 100_000, 1) for index in range(0, 900, 2)] + [(4, 60_000, 2)]
    assert rows(block) == sorted(expected)
    assert (block.until_index, block.gaps) == (END_PS, ())


def test_records_are_numbered_through(tagger):
    found = reading(tagger, record_attempts=1000)
    for record in range(3):
        tagger.play(START=STARTS, IN1=[STARTS[7 - record] + 100])
        wait_for(lambda record=record: found.tags() == record + 1)
    tagger.play(START=STARTS)
    wait_for(lambda: found.blocks[-1].until_index == 4000)
    found.source.stop()
    block = found.ended()
    assert rows(block) == [(7, 100, 1), (1006, 100, 1), (2005, 100, 1)]
    assert block.gaps == (Gap(4000, END_PS, "truncated"),)


def test_records_too_fast_to_be_told_apart_are_a_gap(tagger):
    found = reading(tagger, record_attempts=1000)
    tagger.driver.ask(":REC:NUM 3;:REC:PPER 10000000TB;:REC:PWID 5000000TB")
    tagger.play(START=STARTS[:20], IN1=[start + 100 for start in STARTS[:20]])
    wait_for(lambda: bool(found.blocks))
    found.source.stop()
    block = found.ended()
    gap = block.gaps[0]
    assert (gap.begin_ps, gap.reason) == (0, "dropped")
    assert gap.tags > 0
    assert gap.end_ps % 1000 == 0
    assert not block.index.size


def test_bare_times(tagger):
    for number in (1, 2):
        tagger.driver.ask(f":RAW{number}:REF:LINK NONE")
    found = reading(tagger, indexed=False)
    tagger.play(IN1=[100, 300], IN2=[200, 300])
    block = found.ended()
    assert (block.time_ps.tolist(), block.channel.tolist()) == ([100, 200, 300, 300], [1, 2, 1, 2])


def test_a_stream_that_is_stopped_says_where_it_ended(tagger):
    found = reading(tagger)
    found.source.stop()
    assert found.ended().gaps[0].reason == "truncated"


def test_a_service_that_ends_its_streams_ends_ours_with_a_gap(tagger):
    found = reading(tagger)

    async def end():
        tagger.server.datalink.close()

    tagger.loop.run(end())
    (gap,) = found.ended().gaps
    assert (gap.end_ps, gap.reason) == (END_PS, "truncated")


def test_what_other_channels_still_have_is_taken_when_one_has_ended():
    first = [pairs((1, 10), (1, 90)), b""]
    second = [*(pairs((5, index)) for index in range(0, 100, 5)), b""]
    fake = Fake([first, second], [status(0, 2), status(0, 20)])
    block = joined(list(ID900Tags(f"tcp://127.0.0.1:{fake.port}", (1, 2), stream_port=0).blocks()))
    assert rows(block) == sorted([(10, 1, 1), *((index, 5, 2) for index in range(0, 90, 5))])
    assert block.gaps == (Gap(90, END_PS, "truncated", 3),)


def test_through_the_queue(tagger):
    source = Buffered(ID900Tags(tagger.server.datalink_address, (1, 2, 3), stream_port=0))
    found = Reading(source)
    wait_for(lambda: tagger.started() == 3)
    tagger.play(START=STARTS, IN1=[start + 100_000 for start in STARTS])
    assert found.ended().index.size == 1800
    assert source.dropped == 0


def test_what_cannot_be_asked():
    with pytest.raises(RequestError, match="no address"):
        ID900Tags("hub:6060", (1,))
    with pytest.raises(RequestError, match="each once"):
        ID900Tags("tcp://hub:6060", (1, 1))
    with pytest.raises(RequestError, match="reference indices"):
        ID900Tags("tcp://hub:6060", (1,), indexed=False, record_attempts=10)


def test_a_service_that_knows_no_such_device(tagger):
    source = ID900Tags(tagger.server.datalink_address, (1,), device="10.9.8.7", stream_port=0)
    with pytest.raises(ProtocolError, match=r"Unable to connect to Time Controller '10\.9\.8\.7'"):
        next(iter(source.blocks()))


class Fake:
    """A service that answers from a script, ``messages`` by channel: what a broken one may do."""

    def __init__(self, messages, statuses):
        self._requests = open_socket(zmq.REP)
        self.port = self._requests.bind_to_random_port("tcp://127.0.0.1")
        self._streams, self._messages, self._statuses = [], messages, list(statuses)
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while self._requests.poll(10_000):
            request = self._requests.recv()
            if request.startswith(b"start-stream"):
                self._start()
            elif request.startswith(b"stop"):
                self._requests.send(b'{"status": {}}')
            else:
                self._requests.send(self._statuses.pop(0) if self._statuses[1:] else self._statuses[0])

    def _start(self):
        stream = open_socket(zmq.PAIR)
        port = stream.bind_to_random_port("tcp://127.0.0.1")
        self._requests.send(b'{"id": "a", "port": %d}' % port)
        for message in self._messages[len(self._streams)]:
            stream.send(message)
        self._streams.append(stream)


def status(records, timestamps, errors="[]"):
    return (
        f'{{"acquisitions_count": {records}, "timestamps_count": {timestamps}, "errors": {errors}}}'.encode()
    )


def pairs(*rows):
    return np.array(rows, "<u8").tobytes()


@pytest.mark.parametrize(
    ("messages", "answer", "error", "text"),
    [
        ([b"123"], status(0, 0), ProtocolError, "no whole tags of 16"),
        ([pairs((1, 5)), pairs((1, 4))], status(0, 2), DataError, "step back after 5"),
        ([pairs((1 << 63, 5))], status(0, 1), DataError, "beyond"),
        ([], b"[1", ProtocolError, "was answered"),
        ([], b'{"acquisitions_count": "x"}', ProtocolError, "the status of a"),
        ([], status(0, 0, '[{"description": "disk full"}]'), DataError, "says: disk full"),
        ([], status(2, 0), DataError, "2 records came"),
    ],
)
def test_a_broken_service_is_an_error_that_says_what_it_did(messages, answer, error, text):
    fake = Fake([messages], [answer])
    with pytest.raises(error, match=text):
        list(ID900Tags(f"tcp://127.0.0.1:{fake.port}", (1,), stream_port=0).blocks())


def test_a_service_that_is_not_there():
    with pytest.raises(InstrumentLost, match="is it running"):
        list(ID900Tags("tcp://127.0.0.1:1", (1,), timeout_s=0.05).blocks())


def test_tags_that_wait_too_long_for_another_channel_are_dropped_and_counted():
    first = [pairs(*((1, index) for index in range(begin, begin + 30))) for begin in range(0, 90, 30)]
    second = [pairs((5, 20), (7, 89), (8, 120))]
    fake = Fake([first, second], [status(0, 90), status(0, 3), status(1, 90), status(1, 3)])
    source = ID900Tags(f"tcp://127.0.0.1:{fake.port}", (1, 2), stream_port=0, held_tags=10)
    block = joined(list(source.blocks()))
    assert block.index.size + sum(gap.tags for gap in block.gaps) == 93
    assert all(gap.reason == "dropped" for gap in block.gaps)
    assert block.until_index == END_PS


def test_the_gap_at_the_end_begins_with_the_first_tag_that_was_dropped():
    first = [pairs(*((1, index) for index in range(100, 130))), pairs((1, 130), (1, 131))]
    second = [pairs((5, 20)), pairs((5, 110)), b""]
    fake = Fake([first, second], [status(0, 32), status(0, 2)])
    source = ID900Tags(f"tcp://127.0.0.1:{fake.port}", (1, 2), stream_port=0, held_tags=10)
    block = joined(list(source.blocks()))
    assert block.gaps[0].begin_ps <= 100
    assert block.gaps[-1].end_ps == END_PS
    assert not (block.index >= block.gaps[0].begin_ps).any()
