# SPDX-License-Identifier: Apache-2.0
import json
from threading import Event, Thread

import numpy as np
import pytest
import zmq
from driver_programs import HUB, NODE
from driver_rig import sent, settings, wait_for

from heraldlink_drivers import IDQuantiqueID900
from heraldlink_drivers._id900_program import agrees
from heraldlink_drivers.errors import (
    ConnectionLost,
    DriverError,
    InstrumentError,
    ProgramError,
    RecordIncomplete,
    Timeout,
)
from heraldlink_drivers.roles import Combiner, TaggerProgram, TimeTagger
from heraldlink_sim.faces.id900_server import serve_id900
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900 as Face
from heraldlink_sim.transport.server import Repeated

DURATION_PS = 1_000_000_000


@pytest.fixture
def face():
    return Face("SIM-1")


@pytest.fixture
def server(face, serve):
    return serve(serve_id900(face))


@pytest.fixture
def tagger(server):
    return IDQuantiqueID900("tagger", server.address, datalink=server.datalink_address, stream_port=0)


def events(**times: list[int]) -> dict[str, np.ndarray]:
    return {name: np.array(values, np.int64) for name, values in times.items()}


async def deliver(face, slot=1, **times):
    face.deliver(events(IN4=[0], **times), slot)


async def lose(server):
    server.datalink.close()


def test_connecting_and_reading_everything_changes_nothing(tagger, face):
    tagger.snapshot(update=True)
    tagger.errors()
    assert settings(face) == []
    assert isinstance(tagger, TimeTagger)
    assert tagger.identity() == "IDQ,ID900,SIM-1,2.4.0"


def test_program_arrives_whole(tagger, face):
    tagger.configure(HUB)
    state = face.state()
    assert {name for name, value in state.inputs.items() if value.enabled} == {
        "START", "IN1", "IN2", "IN3", "IN4",
    }  # fmt: skip
    combiner = state.combiners[5]
    assert (combiner.first, combiner.second) == ("IN1", "IN2")
    assert (combiner.begin_ps, combiner.end_ps) == tagger.gate_ps() == (50_000, 350_000)
    assert {number: link.source for number, link in state.raw.items()} == {1: "IN1", 2: "IN2", 3: "TSCO5"}
    assert {link.reference for link in state.raw.values()} == {"START"}
    assert {number for number, output in state.outputs.items() if output.enabled} == {1, 2}
    assert state.reference_external
    assert tagger.reference_external()
    assert tagger.thresholds_V() == pytest.approx(HUB.threshold_V)


def test_a_smaller_program_switches_the_rest_off(tagger, face):
    tagger.configure(HUB)
    tagger.configure(NODE)
    state = face.state()
    assert not state.inputs["IN2"].enabled
    assert not any(output.enabled for output in state.outputs.values())
    assert "INPU2" not in tagger.thresholds_V()


def test_delays_are_put_behind_their_inputs(tagger, face):
    program = TaggerProgram(
        "STAR", {1: "INPU1"}, threshold_V=HUB.threshold_V, delays_ps={"INPU1": 1_500, "STAR": 200}
    )
    tagger.configure(program)
    tagger.open_streams()
    assert tagger.arm_record(DURATION_PS) == 0
    face.deliver(events(IN4=[0], START=[1_000], IN1=[2_000]), 1)
    times, index = tagger.read_record()[1]
    assert (times.tolist(), index.tolist()) == ([1_000 + 1_500 - 200], [0])
    assert tagger.arm_record(DURATION_PS) == 1  # the tick count, read behind the arming


def test_a_record_arrives_whole_with_its_reference_index(tagger, loop, face):
    tagger.configure(HUB)
    tagger.open_streams()
    tagger.arm_record(DURATION_PS)
    assert not tagger.record_done()
    starts = list(range(1_000_000, 901_000_000, 1_000_000))
    clicks = [start + 100_000 for start in starts]
    loop.run(deliver(face, START=starts, IN1=clicks, IN2=[starts[4] + 400_000]))
    assert tagger.record_done()
    record = tagger.read_record()
    assert set(record) == {1, 2, 3}
    np.testing.assert_array_equal(record[1][0], np.full(900, 100_000))
    np.testing.assert_array_equal(record[1][1], np.arange(900))
    assert [array.tolist() for array in record[2]] == [[400_000], [4]]
    np.testing.assert_array_equal(record[3][1], np.arange(900))
    assert record[3][0].dtype == np.int64
    assert tagger.tick_count() == 1
    assert tagger.counts()["STAR"] == 900


def test_records_do_not_mix(tagger, loop, face):
    tagger.configure(NODE)
    tagger.open_streams()
    tagger.open_streams()
    for slot, click in ((1, 10), (2, 20), (3, 30)):
        tagger.arm_record(DURATION_PS)
        loop.run(deliver(face, slot, START=[1_000], IN1=[1_000 + click]))
        if slot != 2:  # the second record is never read
            assert tagger.read_record()[1][0].tolist() == [click]


def test_a_record_that_others_played_in_between_is_not_ours(tagger, loop, face):
    tagger.configure(NODE)
    tagger.open_streams()
    tagger.arm_record(DURATION_PS)
    for slot in (1, 2):
        loop.run(deliver(face, slot, START=[1_000], IN1=[1_010]))
        if slot == 1:
            face.execute("REC:PLAY")
    with pytest.raises(RecordIncomplete, match="2 records, not one"):
        tagger.read_record()
    tagger.arm_record(DURATION_PS)
    loop.run(deliver(face, 3, START=[1_000], IN1=[1_030]))
    assert tagger.read_record()[1][0].tolist() == [30]


def test_arming_is_one_exchange_when_the_last_record_was_read(tagger, loop, face):
    tagger.configure(NODE)
    tagger.open_streams()
    for slot in (1, 2, 3):
        face.wire_log.clear()
        tagger.arm_record(DURATION_PS)
        assert len(sent(face)) == (2 if slot == 1 else 1)
        loop.run(deliver(face, slot, START=[1_000], IN1=[1_010]))
        tagger.read_record()


def test_an_armed_record_cannot_be_read(tagger):
    tagger.configure(NODE)
    tagger.open_streams()
    tagger.arm_record(DURATION_PS)
    with pytest.raises(DriverError, match="still ARMED"):
        tagger.read_record()


def test_a_stopped_record_is_incomplete(tagger):
    tagger.configure(NODE)
    tagger.open_streams()
    tagger.arm_record(DURATION_PS)
    tagger.safe_state()
    assert tagger.record_done()
    with pytest.raises(RecordIncomplete, match="RAW1"):
        tagger.read_record(timeout_s=0.1)


def test_mistakes_are_the_instruments_errors(tagger, face):
    with pytest.raises(InstrumentError, match=r"tagger.*SCPI_ERR_INVALID_CMD"):
        tagger.write("NONS:ENSE 3")
    with pytest.raises(InstrumentError, match="No connection"):
        tagger.write("TSCO5:FIR:LINK TSCO6")
    with pytest.raises(InstrumentError, match="SCPI_ERR"):
        tagger.write("INPU1:THRE 900V")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (TaggerProgram("STAR", {7: "INPU1"}), "no RAW channel 7"),
        (TaggerProgram("BEGIN", {}), "no input BEGIN"),
        (TaggerProgram("STAR", {}, Combiner(5, "INPU1", "INPU2", 300, 200)), "not a window"),
    ],
)
def test_a_wrong_program_is_refused_before_anything_is_sent(tagger, face, program, words):
    with pytest.raises(ProgramError, match=words):
        tagger.configure(program)
    assert settings(face) == []


def test_data_link_errors_have_the_services_words(server):
    tagger = IDQuantiqueID900(
        "tagger", server.address, datalink=server.datalink_address, device_address="10.9.9.9", stream_port=0
    )
    tagger.configure(NODE)
    with pytest.raises(InstrumentError, match=r"Unable to connect to Time Controller '10\.9\.9\.9'"):
        tagger.open_streams()


def test_closing_ends_the_streams(tagger, server):
    tagger.configure(NODE)
    tagger.open_streams()
    assert server.datalink.execute("list") != "[]"
    tagger.close()
    assert server.datalink.execute("list") == "[]"


def test_streams_that_another_life_left_are_stopped_and_their_sockets_closed(server):
    options = {"datalink": server.datalink_address, "stream_port": 0}
    dead = IDQuantiqueID900("dead", server.address, **options)
    dead.configure(NODE)
    dead.open_streams()
    before = json.loads(server.datalink.execute("list"))
    for stream in dead._streams.values():
        stream._socket.close(linger=0)  # its process was killed
    again = IDQuantiqueID900("again", server.address, **options)
    try:
        again.open_streams()
        assert json.loads(server.datalink.execute("list")) == before
        wait_for(lambda: sum(not stream.done for stream in server._streams) == len(before))
        again.close_streams()
        assert server.datalink.execute("list") == "[]"
    finally:
        again.close()
        dead._streams.clear()
        dead.close()


def test_streams_that_the_service_has_lost_are_opened_anew(tagger, server, loop, face):
    tagger.configure(NODE)
    tagger.open_streams()
    loop.run(lose(server))
    with pytest.raises(InstrumentError, match="No acquisition"):
        tagger.arm_record(DURATION_PS)
    tagger.open_streams()
    tagger.arm_record(DURATION_PS)
    loop.run(deliver(face, 2, START=[1_000], IN1=[1_020]))
    assert tagger.read_record()[1][0].tolist() == [20]


class Forgetful:
    """A time controller that loses, or holds back, the reply to one request."""

    def __init__(self, face) -> None:
        self.face, self.lose, self.hang_up = face, "", ""
        self.held: list[list[bytes]] = []
        self.release = Event()
        self._stop = Event()
        self._ready = Event()
        self.port = 0
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        context = zmq.Context.instance()
        with context.socket(zmq.ROUTER) as router:
            router.setsockopt(zmq.LINGER, 0)
            self.port = router.bind_to_random_port("tcp://127.0.0.1")
            self._ready.set()
            while not self._stop.is_set():
                if self.release.is_set():
                    while self.held:
                        router.send_multipart(self.held.pop())
                if router.poll(10):
                    self._answer(router)

    def _answer(self, router) -> None:
        *envelope, request = router.recv_multipart()
        if self.hang_up and self.hang_up in request.decode():
            self._stop.set()
            return
        answer = [*envelope, self.face.execute(request.decode()).encode()]
        if self.lose and self.lose in request.decode():
            self.lose = ""
            self.held.append(answer)
        else:
            router.send_multipart(answer)


def test_a_lost_reply_is_survived_and_a_late_one_ignored(face):
    with Forgetful(face) as wire:
        tagger = IDQuantiqueID900("tagger", f"tcp://127.0.0.1:{wire.port}", timeout=0.3)
        tagger.configure(HUB)
        wire.lose = "BEGI:DELA?"
        with pytest.raises(Timeout, match="BEGI:DELA"):
            tagger.gate_ps()
        assert tagger.tick_count() == 0
        wire.release.set()
        assert tagger.gate_ps() == (50_000, 350_000)
        assert tagger.counts() == dict.fromkeys(("STAR", "INPU1", "INPU2", "INPU3", "INPU4"), 0)
        tagger.close()


class Stammering:
    """A time controller that sends each reply twice."""

    def __init__(self, face) -> None:
        self.face, self.wire_log = face, face.wire_log

    def respond(self, message: bytes) -> bytes:
        raise Repeated(self.face.respond(message))


def test_a_reply_that_comes_twice_answers_no_later_request(face, serve):
    server = serve(serve_id900(face, door=Stammering(face)))
    tagger = IDQuantiqueID900("tagger", server.address)
    for step in range(200):
        tagger.write(f"DELA1:VALU {step}")
        assert tagger.delays[0].value.get() == pytest.approx(step * 1e-12)


@pytest.mark.timeout(15)  # half of what a reply may take
def test_an_instrument_that_hangs_up_is_noticed_at_once(face):
    with Forgetful(face) as wire:
        tagger = IDQuantiqueID900("tagger", f"tcp://127.0.0.1:{wire.port}", timeout=30)
        wire.hang_up = "REC:STAG?"
        with pytest.raises(ConnectionLost, match=r"tagger.*closed the connection"):
            tagger.record_done()
        with pytest.raises(ConnectionLost, match="tagger: nothing answers"):
            tagger.record_done()


def test_an_instrument_that_comes_back_is_used_again(face, serve, loop):
    server = serve(serve_id900(face))
    tagger = IDQuantiqueID900("tagger", server.address, datalink=server.datalink_address)
    loop.run(server.close())
    with pytest.raises(ConnectionLost, match="tagger"):
        wait_for(lambda: tagger.tick_count() < 0)
    serve(serve_id900(face, port=server.port))
    assert tagger.tick_count() == 0


def test_a_record_that_is_not_armed_is_an_error(tagger, face):
    tagger.configure(HUB)
    respond = face.respond
    face.respond = lambda message: respond(message.replace(b":REC:PLAY;", b""))  # a write that is lost
    with pytest.raises(DriverError, match="did not arm"):
        tagger.arm_record(1_000_000)


@pytest.mark.parametrize(
    ("sent", "found", "same"),
    [
        ("EXT", "EXTERNAL", True), ("INPU1", "INPU1", True), ("2000TB", "2000TB", True),
        ("-0.2500V", "-0.2480V", True), ("OR", "OR", True), ("1", "1", True),
        ("TSCO1", "TSCO10", False), ("ON", "OFF", False), ("ON", "O", False), ("0.5000V", "0.4V", False),
        ("2000TB", "200TB", False), ("EXT", "", False), ("0.5V", "500MV", False), ("1", "INPU1", False),
    ],
)  # fmt: skip
def test_what_counts_as_read_back(sent, found, same):
    assert agrees(sent, found) is same
