# SPDX-License-Identifier: Apache-2.0
"""Instruments that freeze, restart or refuse a step: the driver goes on, and reaches the safe state."""

import asyncio
import time
from threading import Event

import pytest
from driver_rig import sent
from qcodes.instrument_drivers.rohde_schwarz import RohdeSchwarzSGS100A

from heraldlink_drivers import (
    HeraldTektronixAWG70002A,
    IDQuantiqueID900,
    KeysightN7764A,
    SantecTSL570,
    SingleQuantumEOS,
    StanfordDG645,
)
from heraldlink_drivers.errors import ConnectionLost, DriverError, InstrumentError, Timeout
from heraldlink_drivers.sgs100a_role import SGS100ARole
from heraldlink_sim.faces.eos_server import serve_eos
from heraldlink_sim.faces.id900_server import serve_id900
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900 as TaggerFace
from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A as VoaFace
from heraldlink_sim.faces.rohde_schwarz_sgs100a import RohdeSchwarzSGS100A as SourceFace
from heraldlink_sim.faces.santec_tsl570 import SantecTSL570 as LaserFace
from heraldlink_sim.faces.single_quantum_eos import SingleQuantumEOS as EosFace
from heraldlink_sim.faces.srs_dg645 import StanfordDG645 as DelayFace
from heraldlink_sim.faces.tektronix_awg70002a import TektronixAWG70002A as GeneratorFace
from heraldlink_sim.scpi import ScpiError
from heraldlink_sim.transport import serve_raw
from heraldlink_sim.transport.hislip import serve_hislip


class Refusing:
    """Ignores messages with ``refused`` in them, and reports an error if ``aloud``."""

    refused = b""
    aloud = True

    def respond(self, message):
        if self.refused and self.refused in message and b"?" not in message:
            if self.aloud:
                self.report(ScpiError(-221))
            return b""
        return super().respond(message)


class RefusingLaser(Refusing, LaserFace): ...


class RefusingVoa(Refusing, VoaFace): ...


class RefusingSource(Refusing, SourceFace): ...


class RefusingGenerator(Refusing, GeneratorFace): ...


@pytest.fixture
def laser_face():
    face = RefusingLaser("SIM-1")
    face.output.set(1)
    face.shutter_closed.set(0)
    return face


def test_a_shutter_that_refuses_keeps_no_diode_on(serve, laser_face):
    laser = SantecTSL570("laser", serve(serve_raw(laser_face, terminator=b"\r")).address, visalib="@py")
    laser_face.refused = b":SHUT"
    with pytest.raises(InstrumentError, match=r"laser: error -200 .*SHUT"):
        laser.safe_state()
    assert not laser_face.state().emitting


def test_one_shutter_that_refuses_keeps_no_other_open(serve):
    face = RefusingVoa("SIM-1")
    voa = KeysightN7764A("voa", serve(serve_hislip(face)).address, visalib="@py")
    for channel in range(1, 5):
        voa.set_open(channel, True)
    face.refused = b":OUTP1 "
    with pytest.raises(InstrumentError, match=r"voa: error -221 .*OUTP1"):
        voa.safe_state()
    assert [voa.is_open(channel) for channel in range(1, 5)] == [True, False, False, False]


def test_a_source_that_stays_on_is_reported(serve):
    face = RefusingSource("SIM-1")
    address = serve(serve_hislip(face)).address
    source = SGS100ARole(RohdeSchwarzSGS100A("source", address, visalib="@py"))
    source.set_output(True)
    face.refused, face.aloud = b"OUTP", False
    with pytest.raises(DriverError, match="source: output is on"):
        source.safe_state()


def test_a_generator_that_stays_on_is_reported(serve):
    face = RefusingGenerator("SIM-1")
    generator = HeraldTektronixAWG70002A("awg", serve(serve_hislip(face)).address, visalib="@py")
    generator.ch2.state.set(1)
    face.refused, face.aloud = b"OUTPut2", False
    with pytest.raises(DriverError, match="awg: output 2 is on"):
        generator.safe_state()


def test_a_trigger_that_stays_armed_is_reported(serve):
    class Stubborn(DelayFace):
        def respond(self, message):
            return b"" if message == b"TSRC 5" else super().respond(message)

    delays = StanfordDG645("delays", serve(serve_raw(Stubborn(), terminator=b"\r\n")).address, visalib="@py")
    delays.arm()
    with pytest.raises(DriverError, match="delays: trigger source is 'single external rising'"):
        delays.safe_state()


def test_a_tagger_output_that_stays_on_is_reported(serve):
    class Stubborn(TaggerFace):
        def execute(self, request: str) -> str:
            return super().execute("*IDN?" if request == "OUTP3:ENAB OFF" else request)

    server = serve(serve_id900(Stubborn("SIM-1")))
    tagger = IDQuantiqueID900("tagger", server.address, datalink=server.datalink_address)
    tagger.outputs[2].enabled.set(True)
    with pytest.raises(DriverError, match="tagger: output3 is on"):
        tagger.safe_state()


@pytest.mark.parametrize("transport", [serve_raw, serve_hislip])
def test_an_instrument_that_comes_back_is_found_again(serve, loop, transport):
    face = VoaFace("SIM-1")
    server = serve(transport(face))
    voa = KeysightN7764A("voa", server.address, visalib="@py")
    for _ in range(2):
        loop.run(server.close())
        for _ in range(2):
            with pytest.raises(ConnectionLost, match="voa"):
                voa.attenuation_dB(1)
        server = serve(transport(face, port=server.port))
        assert voa.attenuation_dB(1) == face.filter_dB(1)
        assert voa.timeout.get() == 4.0


@pytest.mark.parametrize("transport", [serve_raw, serve_hislip])
def test_a_source_that_comes_back_is_found_again(serve, loop, transport):
    server = serve(transport(SourceFace("SIM-1")))
    source = SGS100ARole(RohdeSchwarzSGS100A("source", server.address, visalib="@py", timeout=0.5))
    loop.run(server.close())
    for _ in range(3):
        with pytest.raises(ConnectionLost, match="source"):
            source.output()
    server = serve(transport(SourceFace("SIM-1"), port=server.port))
    assert source.output() is False


def test_a_broken_connection_keeps_no_laser_on(serve, loop, laser_face):
    server = serve(serve_raw(laser_face, terminator=b"\r"))
    laser = SantecTSL570("laser", server.address, visalib="@py")
    loop.run(server.close())
    serve(serve_raw(laser_face, terminator=b"\r", port=server.port))
    laser.safe_state()
    state = laser_face.state()
    assert (state.emitting, state.shutter_open) == (False, False)


def test_detectors_that_come_back_are_found_again(serve, loop):
    server = serve(serve_eos(EosFace("SIM-1")))
    host, port = server.address.removeprefix("tcp://").split(":")
    eos = SingleQuantumEOS("eos", server.address, counts=server.counts_address)
    loop.run(server.close())
    with pytest.raises(ConnectionLost, match="eos"):
        eos.bias_A()
    face = EosFace("SIM-1")
    face.bias_uA = [3.0, 4.0]
    serve(serve_eos(face, host, int(port)))
    assert eos.bias_A() == pytest.approx((3e-6, 4e-6))


class Frozen(VoaFace):
    """Blocks the whole server while it answers, as a process that is stopped."""

    def __init__(self) -> None:
        super().__init__("SIM-1")
        self.thawed = Event()

    def respond(self, message):
        if b"INP1:ATT?" in message:
            self.thawed.wait(20)
        return super().respond(message)


@pytest.mark.parametrize("transport", [serve_raw, serve_hislip])
def test_a_frozen_instrument_is_given_up_in_time_and_answers_later(serve, transport):
    face = Frozen()
    voa = KeysightN7764A("voa", serve(transport(face)).address, visalib="@py", timeout=1.0)
    begun, spent = time.monotonic(), time.process_time()
    with pytest.raises(Timeout, match="voa: no reply to ':INP1:ATT"):
        voa.attenuation_dB(1)
    waited, spent = time.monotonic() - begun, time.process_time() - spent
    assert waited < 2.0  # one timeout, and 0.4 s for last words; nothing is waited for twice
    assert spent < 0.5
    face.thawed.set()
    assert voa.attenuation_dB(2) == face.filter_dB(2)
    assert voa.timeout.get() == 1.0


def test_a_slow_operation_of_the_generator_is_waited_for(serve):
    class Slow(GeneratorFace):
        def respond(self, message):
            return self._slowly() if message.strip() == b"*OPC?" else super().respond(message)

        async def _slowly(self):
            await asyncio.sleep(0.6)
            return b"1"

    generator = HeraldTektronixAWG70002A(
        "awg", serve(serve_hislip(Slow("SIM-1"))).address, visalib="@py", timeout=0.3
    )
    assert generator.ask("*OPC?") == "1"
    assert generator.timeout.get() == pytest.approx(0.3)


def test_safety_asks_before_it_believes(serve, laser_face):
    laser = SantecTSL570("laser", serve(serve_raw(laser_face, terminator=b"\r")).address, visalib="@py")
    laser.safe_state()
    assert {":POW:SHUT?", ":POW:STAT?"} <= set(sent(laser_face))
