# SPDX-License-Identifier: Apache-2.0
import threading

import pytest
from driver_rig import refuse, sent, wait_for

from heraldlink_drivers.errors import ConnectionLost, DriverError, InstrumentError, Timeout
from heraldlink_drivers.roles import PumpLaser
from heraldlink_drivers.toptica_dlcpro import TopticaDLCpro
from heraldlink_sim.faces.decop_server import serve_decop
from heraldlink_sim.faces.toptica_controller import TopticaDLCpro as Face
from heraldlink_sim.transport.server import Dropped, Repeated


class Door:
    """Stands before a face and answers otherwise when told to."""

    def __init__(self, face):
        self.face, self.wire_log, self.otherwise = face, face.wire_log, []

    def respond(self, message):
        if self.otherwise:
            return self.otherwise.pop(0)(self.face.respond(message))
        return self.face.respond(message)


@pytest.fixture
def face():
    return Face("SIM-1")


@pytest.fixture
def door(face):
    return Door(face)


@pytest.fixture
def server(face, door, serve):
    return serve(serve_decop(face, device=door))


@pytest.fixture
def laser(server):
    return TopticaDLCpro("pump", server.address, monitoring=server.monitoring_address, timeout=1.0)


def test_connecting_and_reading_everything_writes_nothing(laser, face):
    laser.snapshot(update=True)
    assert laser.errors() == []
    assert isinstance(laser, PumpLaser)
    assert laser.identity() == "TOPTICA,DLC pro CTL 1550,SIM-1,3.3.3"
    assert all(line.startswith("(param-ref ") for line in sent(face))


def test_settings_arrive_in_the_lasers_units(laser, face):
    laser.set_wavelength_m(1552.5e-9)
    laser.set_power_W(12e-3)
    laser.current.set(0.15)
    laser.temperature.set(300.0)
    laser.piezo_voltage.set(65.5)
    assert face.read("laser1:ctl:wavelength-set") == 1552.5
    assert face.read("laser1:power-stabilization:setpoint") == 12.0
    assert face.read("laser1:dl:cc:current-set") == 150.0
    assert face.read("laser1:dl:tc:temp-set") == pytest.approx(26.85)
    assert laser.wavelength_m() == pytest.approx(1552.5e-9)
    assert laser.power_W() == pytest.approx(12e-3)
    assert laser.temperature.get() == pytest.approx(300.0)
    wait_for(lambda: laser.wavelength_measured.get() == pytest.approx(1552.5e-9, abs=1e-15))


def test_light(laser, face):
    laser.set_power_W(10e-3)
    laser.set_emission(True)
    assert laser.emission()
    assert laser.shutter_open()
    wait_for(lambda: laser.power_measured.get() == pytest.approx(10e-3))
    laser.set_shutter_open(False)
    assert not laser.emitting.get()
    assert laser.emission()
    assert not face.state().shutter_open


def test_safe_state_is_dark_and_verified(laser, face):
    laser.set_power_W(1e-3)
    laser.set_emission(True)
    for _ in range(3):
        laser.safe_state()
    assert not face.state().emitting
    assert not face.state().shutter_open
    assert face.read("emission-button-enabled") is False


def test_safe_state_notices_a_laser_that_stays_on(laser, face, door):
    laser.set_power_W(1e-3)
    laser.set_emission(True)
    door.otherwise = [lambda _: b"0"] * 2
    face.write("laser1:label", "still on")
    real, face.respond = face.respond, lambda m: b"0" if b"cc:enabled #f" in m else real(m)
    with pytest.raises(DriverError, match="diode current is on"):
        laser.safe_state()


def test_light_whose_power_is_not_held_is_not_switched_on(laser):
    """The diode's current would decide, whatever set point reads back."""
    laser.set_power_W(1e-3)
    laser.safe_state()
    laser.power_stabilization.set(False)
    for switch in (laser.set_emission, laser.set_shutter_open):
        with pytest.raises(DriverError, match="power stabilisation is off"):
            switch(True)
    assert not laser.emission()
    assert not laser.shutter_open()
    laser.set_power_W(1e-3)
    laser.set_shutter_open(True)


def test_an_open_interlock_is_said(laser, face):
    laser.set_power_W(1e-3)
    face.set_interlock(True)
    with pytest.raises(DriverError, match="interlock"):
        laser.set_emission(True)
    assert laser.interlock_open.get()


@pytest.mark.parametrize(
    ("name", "value"),
    [("wavelength", 1.7e-6), ("wavelength", float("nan")), ("power", -1.0), ("current", 2.0)],
)
def test_limits_hold_before_anything_is_sent(laser, face, name, value):
    before = len(face.wire_log)
    with pytest.raises(ValueError, match=name):
        laser.parameters[name].set(value)
    assert len(face.wire_log) == before


def test_what_the_laser_refuses(laser):
    with pytest.raises(InstrumentError, match=r"pump.*-6") as refused:
        laser.temperature.set(330.0)
    assert refused.value.code == -6
    assert laser.wavelength_m() == pytest.approx(1550e-9)


def test_monitoring_calls_back(laser):
    told = []
    stop = laser.watch("laser1:dl:pc:voltage-set", float, lambda when, value: told.append(value), 0.005)
    wait_for(lambda: told == [70.0])
    laser.piezo_voltage.set(80.0)
    wait_for(lambda: told[-1] == 80.0)
    stop()


def test_a_late_or_repeated_answer_never_answers_the_next_question(laser, door):
    def stammer(answer):
        raise Repeated(answer)

    def silent(_):
        raise Dropped(b"", closes=False)

    door.otherwise = [stammer]
    assert laser.wavelength_m() == pytest.approx(1550e-9)
    with pytest.raises(ConnectionLost):
        laser.piezo_voltage.get()
    assert laser.piezo_voltage.get() == 70.0
    door.otherwise = [silent]
    with pytest.raises(Timeout, match="pump"):
        laser.wavelength_m()
    assert laser.piezo_voltage.get() == 70.0
    door.otherwise = [lambda _: b"garbage"]
    with pytest.raises(ConnectionLost):
        laser.wavelength_m()
    assert laser.wavelength_m() == pytest.approx(1550e-9)


def test_a_laser_that_goes_away_and_comes_back(laser, server, loop):
    loop.run(refuse(server, True))
    with pytest.raises(ConnectionLost, match="pump"):
        laser.wavelength_m()
    loop.run(refuse(server, False))
    assert laser.wavelength_m() == pytest.approx(1550e-9)


def test_threads_get_their_own_answers(laser):
    wrong = []

    def read(parameter, value):
        wrong.extend(got for got in (parameter.get() for _ in range(100)) if got != pytest.approx(value))

    pairs = [(laser.piezo_voltage, 70.0), (laser.current, 0.2), (laser.wavelength, 1550e-9)]
    readers = [threading.Thread(target=read, args=pair) for pair in pairs]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(30)
    assert wrong == []


def test_wrong_addresses():
    with pytest.raises(ValueError, match="tcp://host:port"):
        TopticaDLCpro("a", "TCPIP::127.0.0.1::1998::SOCKET")
    with pytest.raises(ConnectionLost, match=r"b: .*127\.0\.0\.1:1"):
        TopticaDLCpro("b", "tcp://127.0.0.1:1", timeout=1.0)
