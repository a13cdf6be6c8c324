# SPDX-License-Identifier: Apache-2.0
"""SRS' own driver of the DG645 (srsinst.dg645), unchanged."""

import pytest
from srsinst.dg645 import DG645

from heraldlink_sim.faces.srs_dg645 import StanfordDG645
from heraldlink_sim.transport import EventLoopThread, serve_raw


@pytest.fixture
def face():
    return StanfordDG645("SIM-1")


@pytest.fixture
def port(face):
    with EventLoopThread() as loop:
        server = loop.run(serve_raw(face, terminator=b"\r\n"))
        yield server.port
        loop.run(server.close())


@pytest.fixture
def vendor(port):
    driver = DG645("tcpip", "127.0.0.1", port)
    yield driver
    driver.disconnect()


def test_vendor_reads_the_power_on_state(vendor):
    assert vendor.check_id() == ("DG645", "s/nSIM-1", "ver1.14.10E")
    assert "single shot" in vendor.get_status()
    assert vendor.status.get_status_text() == "OK"


def test_vendor_sets_trigger_and_burst(vendor):
    vendor.trigger.trigger_source = "ext rising"
    vendor.trigger.trigger_rate = 2000
    vendor.trigger.trigger_level = 0.5
    vendor.trigger.inhibit = "AB and CD"
    vendor.trigger.advanced_trigger = True
    vendor.trigger.prescale_factor[1] = 4
    vendor.trigger.prescale_phase[1] = 2
    vendor.trigger.step_trigger_rate(1)
    vendor.burst.burst_mode = True
    vendor.burst.burst_count = 7
    vendor.burst.burst_period = 1e-3
    vendor.burst.burst_t0 = "T0 on first"
    assert vendor.trigger.trigger_source == "ext rising"
    assert (vendor.trigger.trigger_rate, vendor.trigger.trigger_level) == (3000.0, 0.5)
    assert (vendor.trigger.inhibit, vendor.trigger.advanced_trigger) == ("AB and CD", True)
    assert (vendor.trigger.prescale_factor[1], vendor.trigger.prescale_phase[1]) == (4, 2)
    assert (vendor.burst.burst_mode, vendor.burst.burst_count) == (True, 7)
    assert (vendor.burst.burst_period, vendor.burst.burst_t0) == (1e-3, "T0 on first")
    assert vendor.status.drain_errors() == []


def test_vendor_sets_delays_and_outputs(vendor, face):
    vendor.delays.delay["B"]["A"] = 1e-3
    vendor.delays.delay_step_size["A"] = 1e-6
    vendor.delays.step_delay("A", 1)
    vendor.delays.link["D"] = 2
    vendor.outputs.amplitude["AB"] = 3.5
    vendor.outputs.polarity["CD"] = False
    vendor.outputs.step_offset("AB", 1)
    assert tuple(vendor.delays.delay["B"]) == (2, 1e-3)
    assert str(vendor.delays.delay["A"]) == "0,+0.000001000000"
    assert vendor.delays.link["D"] == 2
    assert (vendor.outputs.amplitude["AB"], vendor.outputs.offset["AB"]) == (3.5, 0.1)
    assert not vendor.outputs.polarity["CD"]
    assert vendor.status.drain_errors() == []
    assert face.state().outputs["AB"].edge_s == pytest.approx(1e-6)


def test_vendor_uses_panel_network_status_and_memory(vendor):
    vendor.display.display["A"] = 11
    vendor.display.display_on = False
    vendor.network.set_interface_config(3, 12)
    vendor.network.set_terminator(13, 10, 0)
    vendor.status.serial_poll_enable_bit["ESB"] = True
    assert tuple(vendor.display.display) == (11, 2)
    assert not vendor.display.display_on
    assert vendor.network.get_interface_config(3) == "12"
    assert (vendor.network.request_lock(), vendor.network.release_lock()) == (1, 1)
    assert vendor.network.timebase == 0
    assert vendor.status.serial_poll_enable == 32
    vendor.trigger.trigger_rate = 77
    vendor.system.save(3)
    vendor.system.recall(0)
    assert vendor.trigger.trigger_rate == 1000
    vendor.system.recall(3)
    assert vendor.trigger.trigger_rate == 77
    vendor.reset()
    vendor.trigger_now()
    assert "TRIG" in vendor.status.get_status_text()
