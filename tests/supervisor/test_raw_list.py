# SPDX-License-Identifier: Apache-2.0
"""The supervisor's raw safe list against every simulated model, on its real protocol."""

import socket
import threading
import time
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from heraldlink.errors import ConfigurationError
from heraldlink.supervisor.deadline import Deadline
from heraldlink.supervisor.procedures import PROCEDURES, agrees
from heraldlink.supervisor.raw_list import Item, raw_list, secure, secure_all
from heraldlink.supervisor.wires import Wire, connector
from heraldlink_sim.cabinet import switch_on
from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faults import FaultConfig, Faults
from heraldlink_sim.model import Place, find_model
from heraldlink_sim.transport import EventLoopThread

MODELS = {
    "SantecTSL570": "Santec TSL-570",
    "KeysightN7764A": "Keysight N7764A",
    "KeysightN7761A": "Keysight N7761A",
    "HeraldTektronixAWG70002A": "Tektronix AWG70002A",
    "HeraldTektronixAWG5208": "Tektronix AWG5208",
    "StanfordDG645": "SRS DG645",
    "RohdeSchwarzSGS100A": "R&S SGS100A",
    "IDQuantiqueID900": "ID Quantique ID900",
    "IDQuantiqueID1000": "ID Quantique ID1000",
    "PolatisOST": "Polatis OST",
    "TopticaDLCpro": "TOPTICA DLC pro",
}
ON = {
    "SantecTSL570": (":POW:SHUT 0", ":POW:STAT 1"),
    "KeysightN7764A": (":OUTP1 1", ":OUTP4 1"),
    "KeysightN7761A": (":OUTP1 1",),
    "HeraldTektronixAWG70002A": ("OUTP1:STAT 1",),
    "HeraldTektronixAWG5208": ("OUTP8:STAT 1",),
    "StanfordDG645": ("TSRC 3",),
    "RohdeSchwarzSGS100A": (":OUTP:STAT 1",),
    "IDQuantiqueID900": ("OUTP2:ENAB ON",),
    "IDQuantiqueID1000": ("OUTP2:ENAB ON",),
    "PolatisOST": (":OXC:SWIT:CONN:ADD (@1),(@25)",),
    "TopticaDLCpro": ("(param-set! 'laser1:dl:cc:enabled #t)", "(param-set! 'laser1:enabled #t)"),
}


class Served:
    """One simulated instrument and its item of the raw list."""

    def __init__(self, loop: EventLoopThread, driver: str) -> None:
        self.loop, self.driver = loop, driver
        model = find_model(MODELS[driver])
        config = model.config(model=MODELS[driver])
        instrument = switch_on("it", model, config, Place("SIM-it", SteppedClock()))
        self.face: Any = instrument.face
        self.faults = Faults({"it": instrument}, lambda: 0.0)
        self._listening = loop.run(instrument.serve(self.faults.line("it"), "127.0.0.1"))
        self.addresses = self._listening.addresses
        self.faults.attach("it", self._listening.listeners)

    def item(self, name: str = "it") -> Item:
        procedure = PROCEDURES[self.driver]
        return Item(name, procedure, connector(self.addresses["it"], procedure.kind, procedure.end))

    def send(self, *lines: str) -> None:
        connect = self.item().connect
        assert connect is not None
        wire = connect(Deadline(5))
        for line in lines:
            wire.write(line)
        wire.close()

    def answers(self) -> list[bool]:
        """Whether each step of the procedure reads back as safe."""
        connect = self.item().connect
        assert connect is not None
        wire = connect(Deadline(5))
        found = [agrees(wire.ask(step.ask), step.wanted) for step in PROCEDURES[self.driver].steps]
        wire.close()
        return found

    def fault(self, kind: str, **options: Any) -> None:
        async def add() -> None:
            self.faults.add("it", FaultConfig.model_validate({"kind": kind, **options}))

        self.loop.run(add())

    def heal(self) -> None:
        async def healed() -> None:
            self.faults.heal()

        self.loop.run(healed())

    def close(self) -> None:
        for listener in self._listening.listeners:
            self.loop.run(listener.close())


@pytest.fixture(scope="module")
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as thread:
        yield thread


@pytest.fixture
def served(loop: EventLoopThread, request: pytest.FixtureRequest) -> Iterator[Served]:
    found = Served(loop, request.param)
    yield found
    found.close()


@pytest.mark.parametrize("served", list(MODELS), indirect=True)
def test_each_model_is_made_safe_and_read_back(served: Served) -> None:
    served.send(*ON[served.driver])
    assert not all(served.answers())
    outcome = secure(served.item())
    assert outcome.ok, outcome.note
    assert all(served.answers())
    assert secure(served.item()).ok  # a second time changes nothing


@pytest.mark.parametrize("served", ["SantecTSL570", "KeysightN7764A", "IDQuantiqueID900"], indirect=True)
def test_what_does_not_obey_is_named_in_time(served: Served) -> None:
    """Silence, refusal and a setting that is ignored: NOT VERIFIED within the limit, never an exception."""
    for kind in ("hang", "refuse"):
        served.send(*ON[served.driver])
        served.fault(kind)
        began = time.monotonic()
        outcome = secure(served.item(), 0.4)
        assert not outcome.ok
        assert "NOT VERIFIED" in outcome.note
        assert time.monotonic() - began < 2.0
        served.heal()
    assert secure(served.item()).ok


def test_one_that_does_not_answer_keeps_no_other_waiting(loop: EventLoopThread) -> None:
    laser, attenuator = Served(loop, "SantecTSL570"), Served(loop, "KeysightN7764A")
    generator = Served(loop, "HeraldTektronixAWG70002A")
    for each in (laser, attenuator, generator):
        each.send(*ON[each.driver])
    laser.fault("hang")
    items = [laser.item("laser"), attenuator.item("attenuator"), generator.item("generator")]
    found = {outcome.device: outcome.ok for outcome in secure_all(items, 0.5)}
    assert found == {"laser": False, "attenuator": True, "generator": True}
    for each in (laser, attenuator, generator):
        each.close()


def test_an_instrument_with_one_connection_is_waited_for() -> None:
    """It refuses while the old connection is there; once that is closed it takes the new one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    old = threading.Timer(0.3, lambda: serve_once(port))
    old.start()
    wire = connector(f"TCPIP::127.0.0.1::{port}::SOCKET", "scpi", "\n")
    steps = PROCEDURES["RohdeSchwarzSGS100A"]
    assert secure(Item("it", steps, wire), 3.0).ok
    old.join()


def serve_once(port: int) -> None:
    """An instrument that answers 0 to every question of one connection."""
    with socket.create_server(("127.0.0.1", port)) as server:
        connection, _ = server.accept()
        with connection, connection.makefile("rw") as lines:
            for line in lines:
                if "?" in line:
                    lines.write("0\n")
                    lines.flush()


@pytest.mark.parametrize(
    ("address", "kind"), [("GPIB0::1::INSTR", "scpi"), ("TCPIP::host::INSTR", "scpi"), ("nowhere", "zmq")]
)
def test_an_address_without_raw_way_is_refused(address: str, kind: Any) -> None:
    with pytest.raises(ConfigurationError, match="heraldlink node"):
        connector(address, kind, "\n")


def test_every_driver_has_a_procedure_or_is_refused(tmp_path: Path) -> None:
    ours = {point.name for point in entry_points(group="heraldlink.drivers")} - {"SGS100ARole"}
    assert ours - PROCEDURES.keys() <= {name for name in ours if not name[0].isupper()}
    station = tmp_path / "a.station.yaml"
    station.write_text("instruments:\n  odd: {type: acme.Laser, address: 'TCPIP::h::1::SOCKET'}\n")
    with pytest.raises(ConfigurationError, match=r"a\.station\.yaml:2: instruments\.odd.*Laser"):
        raw_list(station, {}, ["odd"])


@pytest.mark.parametrize("served", ["StanfordDG645"], indirect=True)
def test_a_connection_that_hangs_keeps_no_other_instrument_waiting(served: Served) -> None:
    """A name service that does not answer ends after minutes; the list is bounded whatever happens."""
    over = threading.Event()

    def hangs(_: Deadline) -> Wire:
        over.wait(10)
        raise OSError("the name service has given up")

    served.send(*ON["StanfordDG645"])
    items = [Item("pump", PROCEDURES["SantecTSL570"], hangs), served.item("clock")]
    begin = time.monotonic()
    outcomes = {outcome.device: outcome for outcome in secure_all(items, limit_s=0.3)}
    took_s = time.monotonic() - begin
    over.set()
    assert outcomes["clock"].ok
    assert outcomes["pump"].note == "NOT VERIFIED: its connection hangs"
    assert took_s < 5.0
    assert all(served.answers())
