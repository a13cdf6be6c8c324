# SPDX-License-Identifier: Apache-2.0
"""The supervisor's raw safe list against every simulated model, on its real protocol."""

from collections.abc import Iterator
from typing import Any

import pytest

from heraldlink.supervisor.procedures import PROCEDURES, agrees
from heraldlink.supervisor.raw_list import Item, secure
from heraldlink.supervisor.wires import connector
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
        from heraldlink.supervisor.deadline import Deadline

        connect = self.item().connect
        assert connect is not None
        wire = connect(Deadline(5))
        for line in lines:
            wire.write(line)
        wire.close()

    def answers(self) -> list[bool]:
        """Whether each step of the procedure reads back as safe."""
        from heraldlink.supervisor.deadline import Deadline

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
