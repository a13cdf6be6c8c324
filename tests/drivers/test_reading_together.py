# SPDX-License-Identifier: Apache-2.0
"""What is read together time and again leaves in one exchange, and says what it would have said singly."""

from collections.abc import Callable
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest
from driver_rig import sent
from qcodes.instrument_drivers.rohde_schwarz import RohdeSchwarzSGS100A

from heraldlink_drivers import IDQuantiqueID900, SantecTSL570, SingleQuantumEOS, StanfordDG645
from heraldlink_drivers._ahead import MOST_REFUSALS
from heraldlink_drivers.keysight_n7764a import KeysightN7764A
from heraldlink_drivers.roles import ReadsTogether
from heraldlink_drivers.sgs100a_role import SGS100ARole
from heraldlink_sim.faces.eos_server import serve_eos
from heraldlink_sim.faces.id900_server import serve_id900
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900 as TaggerFace
from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A as AttenuatorFace
from heraldlink_sim.faces.rohde_schwarz_sgs100a import RohdeSchwarzSGS100A as ToneFace
from heraldlink_sim.faces.santec_tsl570 import SantecTSL570 as LaserFace
from heraldlink_sim.faces.single_quantum_eos import SingleQuantumEOS as DetectorFace
from heraldlink_sim.faces.srs_dg645 import StanfordDG645 as DelayFace
from heraldlink_sim.transport import serve_hislip, serve_raw


def laser(serve):
    face = LaserFace("SIM-1")
    driver = SantecTSL570("laser", serve(serve_raw(face, terminator=b"\r")).address, visalib="@py")
    return face, driver, [driver.wavelength_m, driver.power_W, driver.emission, driver.shutter_open]


def attenuator(serve):
    face = AttenuatorFace("SIM-1")
    driver = KeysightN7764A("voa", serve(serve_hislip(face)).address, visalib="@py")
    reads = [lambda n=n: (driver.attenuation_dB(n), driver.is_open(n)) for n in (1, 2, 3, 4)]
    return face, driver, reads


def delays(serve):
    face = DelayFace("SIM-1")
    driver = StanfordDG645("delays", serve(serve_raw(face, terminator=b"\r\n")).address, visalib="@py")
    return face, driver, [driver.delay_s, driver.amplitude_V]


def tagger(serve):
    face = TaggerFace("SIM-1")
    server = serve(serve_id900(face))
    driver = IDQuantiqueID900("tagger", server.address, datalink=server.datalink_address)
    return face, driver, [driver.gate_ps, driver.thresholds_V, driver.reference_external]


def detectors(serve):
    face = DetectorFace("SIM-1")
    server = serve(serve_eos(face))
    driver = SingleQuantumEOS("eos", server.address, counts=server.counts_address)
    return face, driver, [driver.bias_A, driver.trigger_level_V, driver.enabled]


def tone(serve):
    face = ToneFace("SIM-1")
    driver = SGS100ARole(RohdeSchwarzSGS100A("tone", serve(serve_hislip(face)).address, visalib="@py"))
    return face, driver, [driver.frequency_Hz, driver.power_dBm, driver.reference_external, driver.output]


RACK = [laser, attenuator, delays, tagger, detectors, tone]


def read_all(driver: ReadsTogether, reads: list[Callable[[], object]]) -> list[object]:
    with driver.reading_together("all of it"):
        return [read() for read in reads]


@pytest.mark.parametrize("make", RACK)
def test_one_exchange_from_the_second_time_on(serve, make):
    face, driver, reads = make(serve)
    assert isinstance(driver, ReadsTogether)
    singly = [read() for read in reads]
    assert read_all(driver, reads) == singly
    face.wire_log.clear()
    assert read_all(driver, reads) == singly
    assert len(sent(face)) == 1


def test_what_others_set_in_between_is_seen(serve):
    face, driver, reads = laser(serve)
    read_all(driver, reads)
    face.execute_now(b":WAV 1.5600000E-6;:POW:STAT 1")
    assert read_all(driver, reads)[::2] == [pytest.approx(1.56e-6), True]


def test_an_answer_is_good_for_one_question(serve):
    _, driver, _ = delays(serve)
    for amplitude_V in (2.0, 3.0):
        with driver.reading_together("twice"):
            driver.delay_s()
            driver.amplitude_V()
            driver.set_amplitude_V(amplitude_V)
            assert driver.amplitude_V() == pytest.approx(amplitude_V)


def test_a_stretch_that_reads_other_things_is_told_apart(serve):
    face, driver, reads = attenuator(serve)
    for _ in range(2):
        read_all(driver, reads)
        with driver.reading_together("first channel"):
            reads[0]()
    face.wire_log.clear()
    with driver.reading_together("first channel"):
        reads[0]()
    assert [message.count(";") for message in sent(face)] == [2]


def test_an_instrument_that_answers_the_first_of_several_is_asked_one_by_one(serve, monkeypatch):
    face, driver, reads = delays(serve)
    singly = [read() for read in reads]
    read_all(driver, reads)
    answer = face.respond
    monkeypatch.setattr(face, "respond", lambda message: answer(message).split(b";")[0])
    for _ in range(MOST_REFUSALS + 1):
        assert read_all(driver, reads) == singly


class LineByLine(StreamRequestHandler):
    """Answers each query of a message in a line of its own; those after the first come late."""

    def handle(self) -> None:
        late = b""
        for message in self.rfile:
            answers = [self.server.face.respond(one) for one in message.strip().split(b";")]
            lines = [answer + b"\r\n" for answer in answers if answer]
            self.wfile.write(late + b"".join(lines[:1]))
            late = b"".join(lines[1:])


@pytest.fixture
def line_by_line():
    with ThreadingTCPServer(("127.0.0.1", 0), LineByLine) as server:
        server.daemon_threads, server.face = True, DelayFace("SIM-1")
        Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


def test_a_reply_in_a_line_of_its_own_is_never_that_of_another_query(line_by_line):
    address = f"TCPIP0::127.0.0.1::{line_by_line.server_address[1]}::SOCKET"
    driver = StanfordDG645("delays", address, visalib="@py")
    reads = [driver.delay_s, driver.amplitude_V]
    singly = [read() for read in reads]
    for _ in range(MOST_REFUSALS + 2):
        assert read_all(driver, reads) == singly
    driver.close()
