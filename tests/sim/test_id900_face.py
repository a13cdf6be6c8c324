# SPDX-License-Identifier: Apache-2.0
"""The ID900 as its clients see it: ZeroMQ control, DataLink service and streams."""

import numpy as np
import pytest
import zmq
from face_clients import ZmqClient, closing_all, pairs, wait_until

from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.id900_server import serve_id900
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900
from heraldlink_sim.transport import EventLoopThread
from heraldlink_sim.world.rack import Combiner, RawLink, TaggerOutput


@pytest.fixture
def bench():
    with EventLoopThread() as loop:
        device = IDQuantiqueID900("SIM-hub_tc")
        server = loop.run(serve_id900(device))
        client = ZmqClient(server.address, server.datalink_address)
        with closing_all(client):
            yield Bench(loop, device, client)
        loop.run(server.close())


class Bench:
    def __init__(self, loop, device, client):
        self.loop, self.device, self.client, self.ask = loop, device, client, client.ask

    def deliver(self, slot=0, **events):
        async def give():
            self.device.deliver({k: np.array(v, np.int64) for k, v in events.items()}, slot)

        self.loop.run(give())

    def stream(self, channel, flags="--with-ref-index"):
        answer = self.client.link(
            f"start-stream --address 127.0.0.1 --channel {channel} --stream-port 0 {flags}"
        )
        return answer["id"], self.client.stream(answer["port"])


HERALDING = (
    "STAR:ENAB ON;THRE 500mV",
    "INPU1:ENAB ON;:INPU2:ENAB ON;:INPU3:ENAB ON;:INPU4:ENAB ON",
    "STAR:COUN:MODE ACCU;:INPU3:COUN:MODE ACCU;:INPU4:COUN:MODE ACCU",
    "TSCO5:FIR:LINK INPU1;:TSCO5:SEC:LINK INPU2;:TSCO5:OPIN OR;OPOU MUTE;WIND:ENAB ON",
    "TSCO5:WIND:BEGI:LINK STAR;DELA 100;:TSCO5:WIND:END:LINK STAR;DELA 0.2 KTB",
    "OUTP1:LINK TSCO5;ENAB ON;MODE TTL;DELA 25",
    "RAW1:STOP:LINK INPU1;:RAW1:REF:LINK STAR;:RAW1:SEND ON",
    "RAW2:STOP:LINK INPU2;:RAW2:REF:LINK STAR;:RAW2:SEND ON",
    "RAW3:STOP:LINK TSCO5;:RAW3:REF:LINK STAR;:RAW3:SEND ON",
    "REC:TRIG:LINK INPU4;:REC:TRIG:ARM:MODE MANU;:REC:NUM 1;:REC:DUR 5000",
)


def configure(bench):
    for message in HERALDING:
        assert "SCPI_ERR" not in bench.ask(message)


def test_powers_up_deaf_and_silent(bench):
    assert bench.ask("*IDN?").split(",")[2] == "SIM-hub_tc"
    assert bench.ask("INPU1:ENAB?;:OUTP1:ENAB?;:RAW1:SEND?;:REC:STAG?") == "OFF\nOFF\nOFF\nSTOPPED"
    state = bench.device.state()
    assert not any(each.enabled for each in state.inputs.values())
    assert not state.combiners
    assert not state.raw
    assert not state.record.armed
    assert not state.reference_external


def test_settings_in_the_devices_own_spelling(bench):
    assert bench.ask("inpu1:thre -0.4V;EDGE FALLING;:INPUt1:COUPling?;EDGE?") == "DC\nFALLING"
    assert bench.ask("INPU1:THRE?").startswith("-0.4")
    assert bench.ask("DELA1:VALUe 1500;LINK INPU1;:DELAY1:VALU?") == "1500TB"
    assert bench.ask("DELA1:VALU 3 GTB;VALU?") == "3000000000TB"
    assert bench.ask("REC:DURation 1000000000000.0;DUR?") == "1000000000000TB"
    assert bench.ask("REC:NUM INF;NUM?") == "INF"
    assert bench.ask("TSCO5:OPOUt ONLYFIR;OPOU?") == "ONLYFIRST"
    assert bench.ask("DEVI:RES:BWID?;:DEVI:RES LOWRES;RES:BWID?") == "1\n100"
    assert bench.ask("INPU2:ENABLE;:STAR:COUN:RESE") == ""
    assert bench.ask("INPU2:ENAB?") == "OFF"
    assert bench.ask("INPU2:ENABLE ON;STATE?").startswith("INPU2:ENAB ON;COUP DC;EDGE RISING;THRE 0.5000V;")


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("NOPE:ENAB ON", "SCPI_ERR_INVALID_CMD"),
        ("INPU5:ENAB ON", "SCPI_ERR_INVALID_CMD"),
        ("INPU1:ENAB PERHAPS", "SCPI_ERR_PARAM_TYPE"),
        ("INPU1:THRE 99V", "SCPI_ERR_PARAM_RANGE"),
        ("INPU1:THRE 1A", "SCPI_ERR_PARAM_UNIT"),
        ("DELA1:VALU -1", "SCPI_ERR_PARAM_RANGE"),
        ("INPU1:EDGE SIDEWAYS", "SCPI_ERR_PARAM_VALUE"),
        ("RAW1:STOP:LINK INPU9", "SCPI_ERR_PARAM_VALUE"),
        ("\x00\xff", "SCPI_ERR_INVALID_CMD"),
    ],
)
def test_mistakes_are_answered_in_the_reply_and_change_nothing(bench, message, reply):
    before = bench.device.state()
    assert bench.ask(message) == reply
    assert bench.device.state() == before
    assert bench.ask("INPU1:ENAB ON;:INPU1:ENAB?").endswith("ON")


def test_links_only_lead_downstream(bench):
    assert bench.ask("TSCO1:FIR:LINK TSCO9").startswith("No connection")
    assert bench.ask("DELA1:LINK DELA2").startswith("No connection")
    assert bench.ask("TSCO9:FIR:LINK TSCO1;LINK?") == "TSCO1"


def test_state_tells_the_world_what_was_set(bench):
    configure(bench)
    state = bench.device.state()
    assert state.combiners == {5: Combiner("IN1", "IN2", 100, 200)}
    assert state.raw[3] == RawLink("TSCO5", "START")
    assert state.outputs[1] == TaggerOutput(True, "TSCO5", 25)
    assert not state.outputs[2].enabled
    assert state.inputs["IN1"].enabled
    bench.ask("INPU1:THRE 2V")
    assert not bench.device.state().inputs["IN1"].enabled
    bench.ask("TSCO5:OPOU OR")
    assert not bench.device.state().combiners
    bench.ask("TSCO5:OPOU MUTE;:DELA1:LINK INPU2;VALU 70;:TSCO5:SEC:LINK DELA1")
    state = bench.device.state()
    assert state.combiners == {5: Combiner("IN1", "IN2", 100, 200)}
    assert state.delays_ps == {"IN2": 70}


def test_record_reaches_the_streams_with_reference_indices(bench):
    configure(bench)
    clicks, heralds = bench.stream(1), bench.stream(3)
    armed = []
    bench.device.on_record_armed = lambda: armed.append(bench.device.state().record)
    assert bench.ask("REC:PLAY;:REC:STAG?") == "ARMED"
    assert armed
    assert armed[0].armed
    assert armed[0].duration_ps == 5000
    events = {"START": [10, 1010, 2010, 6010], "IN1": [5, 60, 1160, 2200, 6100], "IN2": [2150], "IN3": [7]}
    bench.deliver(IN4=[0], **events)
    assert bench.ask("REC:STAG?") == "STOPPED"
    assert pairs(clicks[1].recv()) == [(50, 0), (150, 1), (190, 2)]
    assert pairs(heralds[1].recv()) == [(150, 1), (140, 2), (190, 2)]
    status = bench.client.link(f"status --id {heralds[0]}")
    assert (status["acquisitions_count"], status["timestamps_count"], status["errors"]) == (1, 3, [])
    assert bench.ask("STAR:COUN?;:INPU3:COUN?;:INPU4:COUN?") == "4\n1\n1"
    bench.deliver(IN4=[0], **events)
    assert bench.client.link(f"status --id {heralds[0]}")["acquisitions_count"] == 1
    assert bench.ask("STAR:COUN?;:STAR:COUN:RESE;:STAR:COUN?") == "8\n0"


def test_empty_record_counts_and_stop_ends_the_stream(bench):
    configure(bench)
    name, stream = bench.stream(1, flags="")
    bench.ask("RAW1:REF:LINK NONE;:REC:PLAY")
    bench.deliver(IN4=[0])
    assert bench.client.link(f"status --id {name}")["acquisitions_count"] == 1
    bench.ask("REC:PLAY")
    bench.deliver(IN4=[0], IN1=[1, 4999, 5000])
    assert np.frombuffer(stream.recv(), "<u8").tolist() == [1, 4999]
    assert bench.client.link("list") == [name]
    assert bench.client.link(f"stop --id {name}")["status"]["timestamps_count"] == 2
    assert stream.recv() == b""
    assert bench.client.link("list") == []


def test_tags_wait_for_a_client_that_connects_late(bench):
    configure(bench)
    answer = bench.client.link("start-stream --channel 1 --address localhost --stream-port 0")
    bench.ask("REC:PLAY")
    bench.deliver(IN4=[0], START=[0], IN1=[40])
    assert np.frombuffer(bench.client.stream(answer["port"]).recv(), "<u8").tolist() == [40]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "dance",
        "status --id nobody",
        "start-stream --address 127.0.0.1 --channel 5 --stream-port 0",
        "start-stream --address 10.9.8.7 --channel 1 --stream-port 0",
        "start-stream --address 127.0.0.1 --channel 1",
        'start-stream --address "127.0.0.1',
    ],
)
def test_datalink_mistakes_have_a_description(bench, message):
    assert bench.client.link(message)["error"]["description"]
    assert bench.client.link("list") == []


def test_taken_stream_port_is_reported(bench):
    port = bench.client.link("start-stream --address 127.0.0.1 --channel 1 --stream-port 0")["port"]
    answer = bench.client.link(f"start-stream --address 127.0.0.1 --channel 1 --stream-port {port}")
    assert str(port) in answer["error"]["description"]


def test_without_a_tick_the_record_stays_armed(bench):
    configure(bench)
    bench.ask("INPU4:ENAB OFF;:REC:PLAY")
    bench.deliver(IN4=[0], START=[1], IN1=[50])
    assert bench.ask("REC:STAG?") == "ARMED"
    bench.ask("REC:STOP")
    assert not bench.device.state().record.armed


def test_one_trigger_starts_all_sub_acquisitions_of_a_record(bench):
    """As a generator: NUM pulses of PPER; time stamps and reference indices restart at each one."""
    configure(bench)
    name, stream = bench.stream(1)
    bench.ask("REC:NUM 3;DUR 60 GTB;PPER 150 GTB;PLAY")  # 60 ms every 150 ms, in slots of 100 ms
    for slot in range(4):
        bench.deliver(slot, IN4=[0], START=[0], IN1=[50, 59 * 10**9])
        assert bench.ask("REC:STAG?") == ("STOPPED" if slot == 3 else "PLAYING")
    assert bench.client.link(f"status --id {name}")["acquisitions_count"] == 3
    assert [pairs(stream.recv()) for _ in range(3)] == [
        [(50, 0), (59 * 10**9, 0)],
        [(50, 0)],  # 150 ms to 210 ms: the click at 200 ms, after the tick at 200 ms
        [(50, 0), (59 * 10**9, 0)],
    ]


def test_tick_ahead_of_its_pulses_counts_once_and_a_late_record_waits(bench):
    configure(bench)
    name, _ = bench.stream(1)

    async def tick(slot):
        bench.device.begin_slot(slot)

    bench.loop.run(tick(7))
    assert bench.ask("INPU4:COUN?;:REC:PLAY;:REC:STAG?") == "1\nARMED"
    bench.deliver(7, IN4=[0], START=[0], IN1=[50])
    assert bench.ask("INPU4:COUN?;:REC:STAG?") == "1\nARMED"
    bench.loop.run(tick(8))
    assert bench.ask("REC:STAG?") == "PLAYING"
    bench.deliver(8, IN4=[0], START=[0], IN1=[50])
    assert bench.ask("REC:STAG?") == "STOPPED"
    assert bench.client.link(f"status --id {name}")["timestamps_count"] == 1


def test_cycle_counter_shows_the_last_whole_integration(bench):
    bench.ask("INPU1:ENAB ON;COUN:INTE 200")
    bench.deliver(IN1=[1, 2, 3])
    assert bench.ask("INPU1:COUN?") == "0"
    bench.deliver(IN1=[4])
    assert bench.ask("INPU1:COUN?") == "4"


def test_unknown_input_is_the_benchs_mistake(bench):
    with pytest.raises(SimulationError, match="IN9"):
        bench.deliver(IN9=[0])


def test_malformed_traffic_leaves_the_server_in_step(bench):
    bench.client.control.send_multipart([b"INPU1:", b"ENAB?"])
    assert bench.client.control.recv() == b"OFF"
    bench.client.control.send(b"")
    assert bench.client.control.recv() == b""
    stranger = bench.client.control.context.socket(zmq.DEALER)
    stranger.connect(bench.client.control.getsockopt(zmq.LAST_ENDPOINT).decode())
    stranger.send(b"no envelope")
    assert bench.ask("INPU1:ENAB?") == "OFF"
    wait_until(lambda: ("in", b"INPU1:ENAB?") in bench.device.wire_log, "the wire log")
    assert bench.device.wire_log.maxlen


def test_taken_port_is_an_os_error_and_a_closed_one_is_free_again():
    with EventLoopThread() as loop:
        device = IDQuantiqueID900()
        server = loop.run(serve_id900(device))
        with pytest.raises(OSError, match="in use"):
            loop.run(serve_id900(IDQuantiqueID900(), port=server.port))
        loop.run(server.close())
        assert not device.record_listeners
        again = loop.run(serve_id900(device, port=server.port, datalink_port=server.datalink_port))
        client = ZmqClient(again.address, again.datalink_address)
        with closing_all(client):
            assert client.ask("REC:STAG?") == "STOPPED"
        loop.run(again.close())
