# SPDX-License-Identifier: Apache-2.0
import pytest
from driver_rig import settings

from heraldlink_drivers import StanfordDG645
from heraldlink_drivers.errors import InstrumentError
from heraldlink_drivers.roles import SlotTrigger
from heraldlink_sim.faces.srs_dg645 import StanfordDG645 as Face
from heraldlink_sim.transport import serve_raw


@pytest.fixture
def face():
    return Face("SIM-1")


@pytest.fixture
def delays(face, serve):
    return StanfordDG645("delays", serve(serve_raw(face, terminator=b"\r\n")).address, visalib="@py")


def test_connecting_and_reading_everything_changes_nothing(delays, face):
    delays.snapshot(update=True)
    assert settings(face) == []
    assert isinstance(delays, SlotTrigger)
    assert delays.identity().split(",")[2] == "SIM-1"


def test_delay_and_amplitude_arrive(delays, face):
    delays.set_delay_s(1.25e-6)
    delays.set_amplitude_V(3.0)
    output = face.state().outputs["AB"]
    assert output.edge_s == pytest.approx(1.25e-6, abs=5e-12)
    assert output.amplitude_V == pytest.approx(3.0)
    assert delays.delay_s() == pytest.approx(1.25e-6, abs=5e-12)
    assert delays.amplitude_V() == pytest.approx(3.0)


def test_delay_counts_through_linked_edges(delays, face):
    delays.A.move("T0", 2e-6)
    delays.C.move("A", 1e-6)
    delays.A.move("T0", 3e-6)
    assert delays.C.position() == ("A", pytest.approx(1e-6))
    assert delays._position_s("C") == pytest.approx(4e-6)
    assert face.state().outputs["CD"].edge_s == pytest.approx(4e-6)


def test_armed_for_one_tick_only(delays, face):
    assert not delays.armed()
    delays.arm()
    assert delays.armed()
    assert face.state().armed
    face.fired()
    assert not delays.armed()
    assert not face.state().armed
    delays.arm()
    assert delays.armed()
    delays.disarm()
    assert not delays.armed()
    assert not face.state().armed


def test_bursts_prescalers_and_kept_settings(delays, face):
    delays.burst.count(3)
    delays.burst.period(0.5)
    delays.burst.delay(0.25)
    delays.burst.enabled(True)
    delays.AB.prescale(4)
    delays.AB.prescale_phase(2)
    delays.trigger.advanced(True)
    delays.trigger.inhibit("AB CD")
    delays.trigger.rate(123.0)
    delays.trigger.holdoff(1e-3)
    delays.save(2)
    delays.recall(0)
    assert not delays.burst.enabled()
    delays.recall(2)
    assert (delays.burst.count(), delays.burst.period(), delays.burst.delay()) == (3, 0.5, 0.25)
    assert (delays.AB.prescale(), delays.AB.prescale_phase(), delays.trigger.advanced()) == (4, 2, True)
    assert (delays.trigger.inhibit(), delays.trigger.rate(), delays.trigger.holdoff()) == (
        "AB CD",
        123.0,
        1e-3,
    )
    assert not delays.busy()
    delays.write("*TRG")
    assert delays.busy()
    face.clock.spend(2)
    assert not delays.busy()
    with pytest.raises(InstrumentError, match="recall failed"):
        delays.recall(5)
    with pytest.raises(ValueError, match="location 10"):
        delays.save(10)


def test_mistakes_are_the_instruments_errors(delays):
    with pytest.raises(InstrumentError, match="undefined command") as caught:
        delays.write("NONS 3")
    assert caught.value.code == 111
    with pytest.raises(ValueError, match="2000"):
        delays.set_delay_s(5000)
    with pytest.raises(ValueError, match="no output"):
        StanfordDG645("other", delays.address, output="XY", visalib="@py")
