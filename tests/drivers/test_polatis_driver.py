# SPDX-License-Identifier: Apache-2.0
import pytest
from driver_rig import sent, settings

from heraldlink_drivers.errors import DriverError, InstrumentError
from heraldlink_drivers.polatis_ost import PolatisOST
from heraldlink_drivers.roles import OpticalSwitch
from heraldlink_sim.faces.polatis_ost import PolatisOST as Face
from heraldlink_sim.transport import serve_hislip, serve_raw


@pytest.fixture
def face():
    return Face("SIM-1", inputs=8, outputs=4)


@pytest.fixture(params=["raw", "hislip"])
def switch(face, serve, request):
    starting = serve_raw(face, terminator=b"\r\n") if request.param == "raw" else serve_hislip(face)
    return PolatisOST("switch", serve(starting).address, visalib="@py")


def test_connecting_and_reading_changes_nothing(switch, face):
    assert sorted(sent(face)) == ["*IDN?", ":OXC:SWIT:SIZE?", "SYST:ERR?"]
    switch.snapshot(update=True)
    assert settings(face) == []
    assert switch.errors() == []
    assert isinstance(switch, OpticalSwitch)
    assert switch.port_count == 12
    assert switch.identity().split(",")[2] == "SIM-1"


def test_paths(switch, face):
    switch.connect(1, 9)
    assert face.state().connections == {1: 9}, "connect returns when light passes"
    switch.connect(2, 10)
    switch.connect(1, 10)
    assert switch.connections() == {1: 10} == face.state().connections
    switch.connect(3, 12)
    switch.disconnect(1)
    switch.disconnect(1)
    assert switch.connections() == {3: 12}
    switch.safe_state()
    switch.safe_state()
    assert face.state().connections == {}


@pytest.mark.parametrize("path", [(0, 9), (9, 1), (1, 2), (1, 13), (1.5, 9), (True, 9), (float("nan"), 9)])
def test_wrong_ports_are_refused_before_anything_is_sent(switch, face, path):
    before = sent(face)
    with pytest.raises(ValueError, match="port"):
        switch.connect(*path)
    assert sent(face) == before


def test_what_the_switch_refuses_is_its_error(switch, face):
    switch.write(":OXC:SWIT:PORT:DIS (@2)")
    with pytest.raises(InstrumentError, match="port 2 is disabled") as caught:
        switch.connect(2, 9)
    assert caught.value.code == -221
    assert switch.port_states.get().count("D") == 1


def test_a_path_that_stays_is_an_error(switch, face):
    switch.connect(1, 9)
    face._mirrors.part = lambda ingress: None
    with pytest.raises(DriverError, match="1 to 9"):
        switch.safe_state()
