# SPDX-License-Identifier: Apache-2.0
"""Locking, late replies, hang-ups and refused ports, on wires that misbehave."""

import asyncio
import socket
import time
from contextlib import suppress
from threading import Event, Thread, Timer

import pytest
from driver_rig import settings

from heraldlink_drivers import KeysightN7764A, SantecTSL570
from heraldlink_drivers._visa_connection import hung_up as raw_hung_up
from heraldlink_drivers._visa_connection import raw_socket
from heraldlink_drivers.errors import ConnectionLost, DriverError, InstrumentError, Timeout
from heraldlink_drivers.tektronix_awg70002a import HeraldTektronixAWG70002A
from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A as VoaFace
from heraldlink_sim.faces.santec_tsl570 import SantecTSL570 as Face
from heraldlink_sim.scpi import Block, ScpiError, block, command, query
from heraldlink_sim.transport import serve_raw
from heraldlink_sim.transport.hislip import serve_hislip


class Sluggish(VoaFace):
    """Holds one answer back until it is told to go on."""

    def __init__(self) -> None:
        super().__init__("SIM-1")
        self.hold = b""
        self.go_on = Event()

    def respond(self, message):
        if not self.hold or self.hold not in message:
            return super().respond(message)
        self.hold = b""
        return self._later(message)

    async def _later(self, message):
        await asyncio.to_thread(self.go_on.wait, 10)
        return await self.execute(message)


@pytest.mark.parametrize("transport", [serve_raw, serve_hislip])
def test_a_late_reply_never_answers_a_later_question(serve, transport):
    face = Sluggish()
    voa = KeysightN7764A("voa", serve(transport(face)).address, visalib="@py", timeout=0.3)
    voa.set_attenuation_dB(1, 7.0)
    voa.set_attenuation_dB(2, 9.0)
    face.hold = b":INP1:ATT?"
    with pytest.raises(Timeout, match="voa: no reply to ':INP1:ATT"):
        voa.attenuation_dB(1)
    face.go_on.set()
    assert voa.attenuation_dB(2) == 9.0
    assert voa.attenuation_dB(1) == 7.0


def test_a_question_that_the_instrument_does_not_know_is_its_error(serve):
    voa = KeysightN7764A("voa", serve(serve_raw(VoaFace())).address, visalib="@py", timeout=0.3)
    with pytest.raises(InstrumentError, match=r"voa: error -113 .*:NONS:ENSE"):
        voa.ask(":NONS:ENSE?")
    assert voa.timeout.get() == pytest.approx(0.3)
    assert voa.errors() == []
    assert voa.attenuation_dB(1) >= 0


@pytest.mark.parametrize("transport", [serve_raw, serve_hislip])
def test_threads_get_their_own_answers(serve, transport):
    """20 threads, 50 reads each; benchmarks/threads.py has 100 threads and 1,000 reads."""
    voa = KeysightN7764A("voa", serve(transport(VoaFace())).address, visalib="@py")
    for channel in range(1, 5):
        voa.set_attenuation_dB(channel, channel)
    wrong: list[tuple[int, float]] = []

    def read(channel: int) -> None:
        for turn in range(50):
            if turn % 10 == 5:
                voa.set_attenuation_dB(channel, channel)
            if (found := voa.attenuation_dB(channel)) != channel:
                wrong.append((channel, found))

    threads = [Thread(target=read, args=(number % 4 + 1,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_nagle_is_off(serve):
    laser = SantecTSL570("laser", serve(serve_raw(Face(), terminator=b"\r")).address, visalib="@py")
    connection = raw_socket(laser.visa_handle)
    assert connection is not None
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.timeout(15)  # half of what a reply may take
def test_a_hang_up_is_noticed_at_once(serve, loop):
    server = serve(serve_raw(Face(), terminator=b"\r"))
    laser = SantecTSL570("laser", server.address, visalib="@py", timeout=30)
    loop.run(server.close())
    with pytest.raises(ConnectionLost, match="laser: connection to TCPIP::127"):
        laser.power_W()


@pytest.mark.parametrize("address", ["TCPIP::127.0.0.1::1::SOCKET", "TCPIP::127.0.0.1::hislip0,1::INSTR"])
def test_a_refused_port_is_named(address):
    with pytest.raises(ConnectionLost, match="voa: nothing answers at TCPIP"):
        KeysightN7764A("voa", address, visalib="@py")


def test_a_second_connection_sees_what_the_first_set(serve):
    face = VoaFace()
    address = serve(serve_raw(face)).address
    first = KeysightN7764A("first", address, visalib="@py")
    first.set_attenuation_dB(1, 3)
    sent = len(settings(face))
    assert KeysightN7764A("second", address, visalib="@py").attenuation_dB(1) == 3
    assert len(settings(face)) == sent


@pytest.mark.parametrize("transport", [serve_raw, serve_hislip])
def test_errors_that_others_left_are_not_blamed_on_us(serve, transport, caplog):
    face = VoaFace()
    address = serve(transport(face)).address
    face.report(ScpiError(-222, "of another client"))
    voa = KeysightN7764A("voa", address, visalib="@py")
    assert "of another client" in caplog.text
    voa.set_attenuation_dB(1, 3)
    assert voa.errors() == []


def test_all_errors_of_a_setting_are_raised_and_none_is_left(serve):
    voa = KeysightN7764A("voa", serve(serve_raw(VoaFace())).address, visalib="@py")
    with pytest.raises(
        InstrumentError, match=r"voa: error -222 .*; .* after ':INP1:ATT 99;:INP2:ATT 98'"
    ) as error:
        voa.write(":INP1:ATT 99;:INP2:ATT 98")
    assert error.value.code == -222
    assert voa.errors() == []


class Files(VoaFace):
    """Keeps one block."""

    def __init__(self) -> None:
        super().__init__("SIM-1")
        self.payload = b""

    @command("MEMory", Block())
    def _keep(self, payload: bytes) -> None:
        self.payload = bytes(payload)

    @query("MEMory")
    def _kept(self) -> bytes:
        return block(self.payload)


@pytest.mark.parametrize("transport", [serve_raw, serve_hislip])
def test_blocks_that_contain_the_terminator(serve, transport):
    face = Files()
    voa = KeysightN7764A("voa", serve(transport(face)).address, visalib="@py")
    data = b"\n" * 1_000_000 + bytes(range(256))
    voa.write_block("MEM ", data)
    assert voa.ask_block("MEM?") == data == face.payload
    assert voa.attenuation_dB(1) == face.filter_dB(1)


@pytest.mark.parametrize("transport", [serve_raw, serve_hislip])
def test_an_answer_that_is_no_block(serve, transport):
    voa = KeysightN7764A("voa", serve(transport(VoaFace())).address, visalib="@py", timeout=0.3)
    with pytest.raises(DriverError, match="voa"):
        voa.ask_block("*IDN?")
    assert voa.ask("*OPC?") == "1"


class Peer:
    """A listener in the hand: answers what it is told, then freezes or hangs up."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"TCPIP::127.0.0.1::{self.listener.getsockname()[1]}::SOCKET"
        self.connections: list[socket.socket] = []
        self.replies = {b"*IDN?": b"Keysight,N7764A,SIM-1,1\n", b":SYST:ERR?": b'+0,"No error"\n'}
        self.dies_after = b"never"
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self.connections.append(self.listener.accept()[0])
                Thread(target=self._serve, args=(self.connections[-1],), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        received = b""
        with suppress(OSError):
            while self.dies_after not in received and (data := connection.recv(4096)):
                received += data
                while b"\n" in received and self.dies_after not in received:
                    line, _, received = received.partition(b"\n")
                    connection.sendall(self.replies.get(line, b""))
            if self.dies_after in received:
                self.die(connection)

    def die(self, connection: socket.socket) -> None:
        connection.close()

    def close(self) -> None:
        for item in (self.listener, *self.connections):
            item.close()


@pytest.fixture
def peer():
    server = Peer()
    yield server
    server.close()


def spent(action) -> tuple[float, float]:
    """Seconds of the clock and of the processor that an action takes which fails."""
    begun, used = time.monotonic(), time.process_time()
    with pytest.raises(DriverError):
        action()
    return time.monotonic() - begun, time.process_time() - used


def test_a_generator_that_breaks_off_while_it_says_its_model_is_lost(peer):
    peer.replies[b"*IDN?"] = b"TEKTRONIX,AWG70"
    with pytest.raises(DriverError, match="awg"):
        HeraldTektronixAWG70002A("awg", peer.address, visalib="@py", timeout=0.2)


def test_a_peer_that_dies_in_the_middle_of_a_block_is_noticed_at_once(peer):
    voa = KeysightN7764A("voa", peer.address, visalib="@py", timeout=20)
    peer.replies[b"BLOCK?"] = b"#800100000" + bytes(500)
    Timer(0.2, lambda: [connection.shutdown(socket.SHUT_RDWR) for connection in peer.connections]).start()
    waited, used = spent(lambda: voa.ask_block("BLOCK?"))
    assert (waited < 5, used < 1) == (True, True)


def test_a_peer_that_dies_in_the_middle_of_an_upload_is_noticed_at_once(peer):
    voa = KeysightN7764A("voa", peer.address, visalib="@py", timeout=20)
    peer.dies_after = b"#8"
    waited, used = spent(lambda: voa.write_block("MEM ", bytes(50_000_000)))
    assert (waited < 5, used < 1) == (True, True)


def test_a_peer_that_takes_no_more_is_given_up_in_time(peer):
    voa = KeysightN7764A("voa", peer.address, visalib="@py", timeout=0.5)
    peer.dies_after, peer.die = b"#8", lambda connection: None
    waited, used = spent(lambda: voa.write_block("MEM ", bytes(50_000_000)))
    assert (waited < 5, used < 1) == (True, True)


def test_pyvisas_own_reads_notice_a_peer_that_dies(peer):
    peer.replies[b"HALF?"] = b"half of a reply"
    voa = KeysightN7764A("voa", peer.address, visalib="@py", timeout=20)
    Timer(0.2, lambda: [connection.shutdown(socket.SHUT_RDWR) for connection in peer.connections]).start()
    begun = time.monotonic()
    with pytest.raises(ConnectionResetError):
        voa.visa_handle.query("HALF?")
    assert time.monotonic() - begun < 5


def test_a_reply_that_comes_twice_is_read_once(peer):
    peer.replies |= {b"A?": b"a\na\n", b"B?": b"b\n"}
    voa = KeysightN7764A("voa", peer.address, visalib="@py")
    assert [voa.ask(f"{word}?") for word in "ABAB"] == ["a", "b", "a", "b"]


def test_an_instrument_known_to_hang_up_is_connected_anew(serve, loop):
    class Sleepy(KeysightN7764A):
        hangs_up_when_idle = True

    clock = SteppedClock()
    face = VoaFace("SIM-1")
    address = serve(serve_raw(face, idle_s=120, clock=clock)).address
    sleepy = Sleepy("sleepy", address, visalib="@py")
    other = KeysightN7764A("other", address, visalib="@py")
    clock.spend(200)
    assert hung_up(raw_socket(sleepy.visa_handle), timeout_s=5)
    assert sleepy.attenuation_dB(1) == face.filter_dB(1)
    assert hung_up(raw_socket(other.visa_handle), timeout_s=5)
    with pytest.raises(ConnectionLost):
        other.attenuation_dB(1)
    assert other.attenuation_dB(1) == face.filter_dB(1)


def hung_up(connection: socket.socket, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if raw_hung_up(connection):
            return True
        time.sleep(0.01)
    return False


def test_a_frozen_hislip_server_is_given_up_before_pyvisa_would(peer):
    peer.listener.settimeout(0)  # nobody accepts, but the system connects
    address = peer.address.replace("::SOCKET", "").replace("127.0.0.1::", "127.0.0.1::hislip0,") + "::INSTR"
    waited, _ = spent(lambda: KeysightN7764A("voa", address, visalib="@py", timeout=0.5))
    assert waited < 2
