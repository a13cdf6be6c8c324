# SPDX-License-Identifier: Apache-2.0
"""Locking, late replies, hang-ups and refused ports, on wires that misbehave."""

import asyncio
import socket
from threading import Event, Thread

import pytest
from driver_rig import settings

from heraldlink_drivers import KeysightN7764A, SantecTSL570
from heraldlink_drivers._visa_connection import raw_socket
from heraldlink_drivers.errors import ConnectionLost, InstrumentError, Timeout
from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A as VoaFace
from heraldlink_sim.faces.santec_tsl570 import SantecTSL570 as Face
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
    face.attenuation_dB.set(7.0, 1)
    face.attenuation_dB.set(9.0, 2)
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


def test_two_threads_get_their_own_answers(serve):
    voa = KeysightN7764A("voa", serve(serve_raw(VoaFace())).address, visalib="@py")
    for channel in range(1, 5):
        voa.set_attenuation_dB(channel, channel)
    wrong: list[tuple[int, float]] = []

    def read(channel: int) -> None:
        for _ in range(200):
            if (found := voa.attenuation_dB(channel)) != channel:
                wrong.append((channel, found))

    threads = [Thread(target=read, args=(channel,)) for channel in range(1, 5)]
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
