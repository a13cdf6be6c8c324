# SPDX-License-Identifier: Apache-2.0
"""The ID900's DataLink service: files, streams with slow clients, its older words, and faults on the line."""

import json
import socket
from pathlib import Path

import numpy as np
import pytest
import zmq
from face_clients import ZmqClient, closing_all, pairs, wait_until
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces import id900_server
from heraldlink_sim.faces.id900_datalink import DataLinkService
from heraldlink_sim.faces.id900_raw import Delivery, RawTags
from heraldlink_sim.faces.id900_server import serve_id900
from heraldlink_sim.faces.id900_timestamps import place_of
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900
from heraldlink_sim.model import Place, find_model
from heraldlink_sim.transport import EventLoopThread
from heraldlink_sim.transport.server import Dropped, Repeated

RECORDING = (
    "INPU1:ENAB ON;:STAR:ENAB ON;:RAW1:REF:LINK STAR;:RAW1:STOP:LINK INPU1;:RAW1:SEND ON;:REC:DUR 5000"
)


class Bench:
    def __init__(self, loop, device, server):
        self.loop, self.device, self.server = loop, device, server
        self.client = ZmqClient(server.address, server.datalink_address)
        assert self.client.ask(RECORDING) == ""

    def record(self, **events):
        async def give():
            self.device.deliver({name: np.array(times, np.int64) for name, times in events.items()}, 0)

        assert self.client.ask("REC:PLAY") == ""
        self.loop.run(give())

    def save(self, name, form="bin", flags="--with-ref-index"):
        quoted = name.replace("\\", "\\\\")
        line = f'start-save --address 127.0.0.1 --channel 1 --filename "{quoted}" --format {form} {flags}'
        return self.client.link(line)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "timestamps"


@pytest.fixture
def bench(folder):
    folder.mkdir()
    with EventLoopThread() as loop:
        device = IDQuantiqueID900("SIM-hub_tc")
        server = loop.run(serve_id900(device, folder=folder))
        made = Bench(loop, device, server)
        with closing_all(made.client):
            yield made
        loop.run(server.close())


@pytest.mark.parametrize(
    ("form", "flags", "content"),
    [
        ("bin", "", np.array([10, 20, 5], "<u8").tobytes()),
        ("bin", "--with-ref-index", np.array([10, 0, 20, 0, 5, 1], "<u8").tobytes()),
        ("ascii", "", b"10\n20\n5\n"),
        ("ascii", "--with-ref-index", b"10;0\n20;0\n5;1\n"),
    ],
)
def test_files_hold_what_table_10_of_the_manual_says(bench, folder, form, flags, content):
    identity = bench.save("run/timestamps_C1.dat", form, flags)["id"]
    assert identity == "127.0.0.1:5556"
    bench.record(START=[100, 200], IN1=[110, 120, 205])
    status = bench.client.link(f"stop --id {identity}")["status"]
    assert (status["timestamps_count"], status["acquisitions_count"], status["errors"]) == (3, 1, [])
    assert (folder / "run/timestamps_C1.dat").read_bytes() == content


def test_a_longer_acquisition_ends_up_whole_in_one_file(bench, folder):
    identity = bench.save("long.bin")["id"]
    bench.client.ask("REC:DUR 250 GTB")
    bench.record(START=[0], IN1=[7])
    for _ in range(2):
        bench.loop.run(_give(bench.device, IN1=[9]))
    status = bench.client.link(f"status --id {identity}")
    assert (status["timestamps_count"], status["acquisitions_count"]) == (3, 1)
    assert pairs((folder / "long.bin").read_bytes()) == [(7, 0), (10**11 + 9, 0), (2 * 10**11 + 9, 0)]


async def _give(device, **events):
    device.deliver({name: np.array(times, np.int64) for name, times in events.items()}, 0)


@pytest.mark.parametrize(
    "name",
    ["../outside.bin", "a/../../outside.bin", "", "..", "a/", "n\\..\\..\\outside", "C:\\Windows\\.."],
)
def test_nothing_is_written_outside_the_folder(bench, folder, name):
    before = sorted(folder.parent.rglob("*"))
    assert "error" in bench.save(name)
    assert sorted(folder.parent.rglob("*")) == before


def test_links_do_not_lead_outside_the_folder(bench, folder, tmp_path):
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "dir").symlink_to(tmp_path)
    assert "error" in bench.save("link")
    assert "error" in bench.save("dir/file")
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("name", ["/home/me/tags.bin", "C:\\Users\\me\\tags.bin", "\\\\server\\tags.bin"])
def test_a_path_of_the_clients_computer_keeps_its_last_part(bench, folder, name):
    assert "id" in bench.save(name)
    assert (folder / "tags.bin").exists()


@given(
    st.text(max_size=30), st.lists(st.sampled_from(["..", ".", "/", "\\", "a", "~", "C:", "\0"]), max_size=8)
)
def test_every_name_stays_inside_or_is_refused(text, parts):
    folder = Path(__file__).parent
    for name in (text, "".join(parts), "/".join(parts)):
        place = place_of(folder, name)
        assert place is None or (place.is_relative_to(folder.resolve()) and place != folder.resolve())


def test_a_service_without_a_folder_says_so():
    service = DataLinkService({"192.0.2.1"}, lambda port: pytest.fail("a stream"), lambda: 0.0)
    answer = json.loads(
        service.execute("start-save --address 192.0.2.1 --channel 1 --filename f --format bin")
    )
    assert "no folder" in answer["error"]["description"]


def test_the_words_of_2019_save_too(bench, folder):
    assert bench.client.link("activate 1 127.0.0.1 5556 timestamps_C1.txt ascii") == ""
    bench.record(START=[0], IN1=[42])
    assert bench.client.link("disactivate 1") == ""
    assert bench.client.link("list") == []
    assert (folder / "timestamps_C1.txt").read_text() == "42\n"


class Full:
    port = 0

    def put(self, message):
        return False

    def finish(self):
        pass


def test_what_a_client_does_not_take_is_an_error_of_its_acquisition():
    service = DataLinkService({"a"}, lambda port: Full(), lambda: 0.0)
    identity = json.loads(service.execute("start-stream --address a --channel 1 --stream-port 1"))["id"]
    for _ in range(300):
        service.record(Delivery(1, RawTags(np.ones(1, np.uint64), np.ones(1, np.uint64)), complete=True))
    status = json.loads(service.execute(f"status --id {identity}"))
    assert 0 < len(status["errors"]) <= 100
    assert "lost" in status["errors"][0]["description"]


def test_several_clients_are_answered_in_turn(bench):
    clients = [ZmqClient(bench.server.address, bench.server.datalink_address) for _ in range(5)]
    with closing_all(*clients):
        for round_ in range(20):
            for number, client in enumerate(clients):
                client.control.send_string(f"DELA{number + 1}:VALU {round_};VALU?")
            for client in reversed(clients):
                assert client.control.recv() == f"{round_}TB".encode()


class Door:
    """What stands before the instrument when faults are injected."""

    def __init__(self, device):
        self.device, self.wire_log, self.next = device, device.wire_log, None

    def respond(self, message):
        fault, self.next = self.next, None
        if fault is not None:
            raise fault
        return self.later(message) if message == b"later" else self.device.respond(message)

    async def later(self, message):
        return b"waited"


@pytest.fixture
def door():
    with EventLoopThread() as loop:
        device = IDQuantiqueID900("SIM-1")
        standing = Door(device)
        server = loop.run(serve_id900(device, door=standing))
        client = ZmqClient(server.address, server.datalink_address)
        with closing_all(client):
            yield standing, server, client
        loop.run(server.close())


def test_faults_before_the_instrument_reach_the_client(door):
    standing, _, client = door
    assert client.ask("later") == "waited"
    standing.next = Dropped(b"IDQ,ID9")  # ZeroMQ delivers messages whole or not at all
    client.control.setsockopt(zmq.RCVTIMEO, 100)
    client.control.send_string("*IDN?")
    with pytest.raises(zmq.Again):
        client.control.recv()


def test_an_instrument_that_stammers_answers_twice(door):
    standing, server, client = door
    standing.next = Repeated(b"twice")
    dealer = client.control.context.socket(zmq.DEALER)
    dealer.setsockopt(zmq.RCVTIMEO, 5_000)
    dealer.connect(server.address)
    for request in (b"*IDN?", b"REC:STAG?"):
        dealer.send_multipart([b"", request])
    assert [dealer.recv_multipart()[1] for _ in range(3)] == [b"twice", b"twice", b"STOPPED"]


def test_a_server_that_refuses_answers_nobody(door):
    _, server, client = door
    server.refuse(True)
    client.control.setsockopt(zmq.RCVTIMEO, 100)
    client.control.send_string("*IDN?")
    with pytest.raises(zmq.Again):
        client.control.recv()


def test_a_stream_ends_with_its_empty_message_though_the_client_comes_late(bench):
    answer = bench.client.link(
        "start-stream --address 127.0.0.1 --channel 1 --stream-port 0 --with-ref-index"
    )
    bench.record(START=[0], IN1=[1, 2])
    assert bench.client.link(f"stop --id {answer['id']}")["status"]["timestamps_count"] == 2
    stream = bench.client.stream(answer["port"])
    assert pairs(stream.recv()) == [(1, 0), (2, 0)]
    assert stream.recv() == b""


def test_many_messages_arrive_in_order_at_a_client_that_lags(bench):
    answer = bench.client.link("start-stream --address 127.0.0.1 --channel 1 --stream-port 0")
    for click in range(3_000):
        bench.device.execute("REC:PLAY")
        bench.loop.run(_give(bench.device, START=[0], IN1=[click]))
    stream = bench.client.stream(answer["port"])
    assert [int(np.frombuffer(stream.recv(), "<u8")[0]) for _ in range(3_000)] == list(range(3_000))


@pytest.mark.parametrize("name", ["ID900", "ID1000"])
def test_both_models_are_found_and_make_what_their_bench_file_says(name, folder):
    model = find_model(f"ID Quantique {name}")
    assert model is getattr(id900_server, "MODEL" if name == "ID900" else "MODEL_ID1000")
    config = model.config(model=model.name, startup=("INPU2:THRE 0.1V",), quirks=("id900-older-firmware",))
    face = model.make(Place("SIM-x", SteppedClock()), config)
    assert face.respond(b"*IDN?") == f"IDQ,{name},SIM-x,2.4.0".encode()
    assert face.respond(b"INPU2:THRE?;:COUN:RESE") == b"0.1000V;SCPI_ERR_INVALID_CMD"


def test_a_closed_server_leaves_no_port_open(bench):
    port = bench.client.link("start-stream --address 127.0.0.1 --channel 1 --stream-port 0")["port"]
    stranger = socket.create_connection(("127.0.0.1", port), timeout=5)
    stranger.close()
    wait_until(lambda: bench.client.ask("REC:STAG?") == "STOPPED", "an answer")
