# SPDX-License-Identifier: Apache-2.0
"""The driver of the installed qcodes, unchanged, against the simulated SGS100A, on both transports."""

import math
from collections.abc import Iterator

import pytest
from driven import driven
from qcodes.instrument_drivers.rohde_schwarz import RohdeSchwarzSGS100A as Driver

from heraldlink_sim.faces.rohde_schwarz_sgs100a import RohdeSchwarzSGS100A
from heraldlink_sim.transport import EventLoopThread
from heraldlink_sim.world.rack import MicrowaveState


@pytest.fixture
def face() -> RohdeSchwarzSGS100A:
    return RohdeSchwarzSGS100A("SIM-7")


@pytest.fixture(params=["hislip", "raw"])
def driver(
    loop: EventLoopThread, face: RohdeSchwarzSGS100A, request: pytest.FixtureRequest
) -> Iterator[Driver]:
    with driven(loop, face, request.param, Driver) as instrument:
        yield instrument


def test_connecting_and_reading_only_ask(driver: Driver, face: RohdeSchwarzSGS100A) -> None:
    assert driver.IDN()["serial"].endswith("SIM-7")
    before = face.state()
    driver.snapshot(update=True)
    received = [message for direction, message in face.wire_log if direction == "in"]
    assert len(received) > 25
    assert all(b"?" in message for message in received)
    assert face.state() == before
    assert len(face.errors) == 0


def test_every_parameter_comes_back_as_set(driver: Driver, face: RohdeSchwarzSGS100A) -> None:
    for name, parameter in driver.parameters.items():
        if name == "timeout" or not parameter.settable:
            continue
        switch = getattr(parameter, "val_mapping", None)
        values = (True, False) if switch else parameter.vals.valid_values
        for value in values:
            parameter.set(value)
            answer = parameter.get()
            if isinstance(value, str) and isinstance(answer, str):
                assert value.upper().startswith(answer.upper()), name
            else:
                assert answer == value, name
    assert len(face.errors) == 0


def test_the_world_sees_what_was_set(driver: Driver, face: RohdeSchwarzSGS100A) -> None:
    driver.frequency(7.25e9)
    driver.power(-12.5)
    driver.phase(90)
    driver.ref_osc_source("EXT")
    driver.on()
    driver.ask("*OPC?")
    assert face.state() == MicrowaveState(True, 7.25e9, -12.5, math.pi / 2, True)
    driver.off()
    driver.ask("*OPC?")
    assert not face.state().output_on
    driver.reset()
    driver.ask("*OPC?")
    assert not face.state().reference_external
    assert driver.frequency() == 1e9


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("SOUR:FREQ 30 GHz", '-222,"Data out of range;30 GHz"'),
        ("SOUR:FREQ 1 dBm", '-131,"Invalid suffix;DBM"'),
        ("SOUR:FREKWENCY 1", '-113,"Undefined header;SOUR:FREKWENCY"'),
        ("SOUR:ROSC:SOUR MAYBE", '-224,"Illegal parameter value;MAYBE"'),
    ],
)
def test_errors(driver: Driver, face: RohdeSchwarzSGS100A, message: str, answer: str) -> None:
    driver.write(message)
    assert driver.ask("SYST:ERR:ALL?") == answer
    assert driver.ask("SYST:ERR:COUN?") == "0"
    assert driver.frequency() == 1e9


def test_calibration_answers_when_done(driver: Driver) -> None:
    assert driver.ask(":CAL:ALL?") == "0"
