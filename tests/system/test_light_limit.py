# SPDX-License-Identifier: Apache-2.0
"""No command brings more light to a transducer than its node file allows: calibrating, preparing, by hand."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_node_lab import Laboratory, node_file

from heraldlink.agent.crew import Crew
from heraldlink.agent.estimator import read_devices
from heraldlink.agent.roles import midpoint_instruments
from heraldlink.agent.transducer_light import Light, before_carver, least_attenuation_dB
from heraldlink.calibration.bench import Bench
from heraldlink.calibration.hub import brighter
from heraldlink.calibration.pairs import stronger
from heraldlink.calibration.plans import light_plan
from heraldlink.calibration.point import RackPoint
from heraldlink.calibration.rack import Rack
from heraldlink.cli.calibrate import rack_point
from heraldlink.cli.main import execute
from heraldlink.config import MidpointConfig, find_config, load_node
from heraldlink.errors import ConfigurationError, HeraldlinkError
from heraldlink.messages.worker import Fault, Notes, ParkAll, PrepareAll
from heraldlink_drivers.errors import DriverError
from heraldlink_drivers.station import load_station
from heraldlink_physics.device import ArmDevice

ENDS = ("alice", "bob")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("light")
    with Laboratory(folder, "--seed", "11", "--pace", "fast", nodes=False) as laboratory:
        yield laboratory


@pytest.fixture
def point(tmp_path: Path) -> RackPoint:
    return rack_point("networks/two_nodes.yaml", tmp_path)


@pytest.fixture(scope="module")
def shipped() -> tuple[MidpointConfig, ArmDevice]:
    """The midpoint's file, and alice's hardware."""
    midpoint = load_node("nodes/midpoint.yaml")
    assert isinstance(midpoint, MidpointConfig)
    return midpoint, read_devices(midpoint.devices, ENDS).arms[0]


def attenuation_dB(lab: Laboratory) -> float:
    """Of alice's pump channel, asked over a connection of its own."""
    return float(lab.send("hub_voa", ":INP1:ATT?")[0])


def test_calibrating_an_open_attenuator_is_refused_before_it_opens(lab: Laboratory, point: RackPoint) -> None:
    """The slots before and after are played; what stands at the instrument is what was allowed."""
    plan = light_plan(point, [0.25], 1_000)
    wide_open = point.hub(attenuator__alice__pump_attenuation_dB=0.0)
    sentence = (
        "hub_voa of node midpoint: channel 1 attenuation_dB 0 is refused: 5.1e-05 W would reach the"
        r" transducer of alice, limits.transducer.alice.peak_W allows 1e-05 W: attenuate by 7.0\d dB more"
    )
    with Rack(point, lab.addresses) as rack:
        rack.play(plan, point)
        with pytest.raises(ConfigurationError, match=sentence):
            rack.play(plan, wide_open)
        assert attenuation_dB(lab) == pytest.approx(30.0, abs=0.01)
        strong = point.hub(pump__power_W=9e-3, attenuator__bob__pump_attenuation_dB=15.0)
        with pytest.raises(ConfigurationError, match=r"channel 2 attenuation_dB 15 is refused: .* of bob"):
            rack.play(plan, strong)
        rack.play(plan, point)


def test_opening_a_channel_or_a_shutter_onto_too_much_light_is_refused(
    lab: Laboratory, point: RackPoint
) -> None:
    """Without light any value can be set; the command that would let it through is the one refused."""
    hub = point.midpoint
    station = load_station(hub.station, lab.addresses)
    try:
        roles = midpoint_instruments(hub, station.roles, read_devices(hub.devices, hub.ends))
        roles.attenuator.safe_state()
        roles.pump.safe_state()
        roles.pump.set_power_W(1e-3)
        roles.attenuator.set_attenuation_dB(1, 0.0)
        roles.attenuator.set_open(1, True)
        roles.pump.set_emission(True)
        with pytest.raises(ConfigurationError, match="hub_pump of node midpoint: shutter open is refused"):
            roles.pump.set_shutter_open(True)
        assert not roles.pump.shutter_open()
        roles.attenuator.set_open(1, False)
        roles.pump.set_shutter_open(True)
        with pytest.raises(ConfigurationError, match="hub_voa of node midpoint: channel 1 open is refused"):
            roles.attenuator.set_open(1, True)
        assert not roles.attenuator.is_open(1)
        roles.attenuator.set_attenuation_dB(1, 10.0)
        roles.attenuator.set_open(1, True)
        with pytest.raises(ConfigurationError, match=r"hub_pump of node midpoint: power_W 0.005 is refused"):
            roles.pump.set_power_W(5e-3)
        assert roles.pump.power_W() == pytest.approx(1e-3, rel=1e-2)
        roles.pump.set_power_W(5e-4)  # less is never refused
    finally:
        for name in ("hub_voa", "hub_pump"):
            station.roles[name].safe_state()
        station.close()


def test_light_goes_off_when_its_power_cannot_be_read(lab: Laboratory, point: RackPoint) -> None:
    """What only lowers the light asks for nothing before it is sent."""
    hub = point.midpoint
    station = load_station(hub.station, lab.addresses)
    ports = ("--ports-file", str(lab.sim.ports_file))
    try:
        roles = midpoint_instruments(hub, station.roles, read_devices(hub.devices, hub.ends))
        roles.attenuator.safe_state()
        roles.pump.set_power_W(1e-4)
        roles.pump.set_emission(True)
        roles.pump.set_shutter_open(True)
        assert execute(["sim", "fault", "hub_pump", "garbage", "--match", ":POW?", *ports]) == 0
        with pytest.raises((HeraldlinkError, DriverError, ValueError)):
            roles.pump.set_power_W(2e-4)
        roles.pump.set_shutter_open(False)
        roles.pump.set_emission(False)
        assert not roles.pump.shutter_open()
        assert not roles.pump.emission()
    finally:
        execute(["sim", "heal", "hub_pump", *ports])
        for name in ("hub_voa", "hub_pump"):
            station.roles[name].safe_state()
        station.close()


def test_a_node_that_prepares_is_refused_and_nothing_is_open(lab: Laboratory, tmp_path: Path) -> None:
    """Through the crew that a node's worker runs; with the shipped limits the same file prepares."""
    tight = {"limits.transducer.bob.mean_W": 1e-6, "data_directory": str(tmp_path)}
    for changes, allowed in ((tight, False), ({"data_directory": str(tmp_path)}, True)):
        config = load_node(node_file(tmp_path, "midpoint", changes))
        crew = Crew(config.model_dump_json(), lab.addresses)
        try:
            answer, _ = crew.answer(PrepareAll())
            if allowed:
                assert isinstance(answer, Notes)
                assert answer.ok, answer.notes
            else:
                assert isinstance(answer, Fault)
                assert answer.device == "hub_voa"
                assert "limits.transducer.bob.mean_W allows 1e-06 W" in answer.reason
                assert lab.send("hub_voa", ":OUTP4?") == ["0"]
        finally:
            crew.answer(ParkAll())
            crew.close()


def test_a_waveform_that_opens_the_carver_for_too_long_is_refused(lab: Laboratory, tmp_path: Path) -> None:
    changes = {"limits.open_share": 0.02, "data_directory": str(tmp_path)}
    crew = Crew(load_node(node_file(tmp_path, "alice", changes)).model_dump_json(), lab.addresses)
    try:
        answer, _ = crew.answer(PrepareAll())
    finally:
        crew.answer(ParkAll())
        crew.close()
    assert isinstance(answer, Fault)
    assert answer.device == "alice_awg"
    assert "opens the carver for 0.0328 of the time, limits.open_share allows 0.02" in answer.reason


def test_calibrations_stay_below_the_limit_with_devices_that_want_more(point: RackPoint) -> None:
    """With the published devices photons would be counted at 0 dB; they are counted at what is allowed."""
    devices = read_devices(find_config("devices/meesala_2024.yaml"), ENDS)
    bench = Bench(None, point, point, devices, devices)  # type: ignore[arg-type]  # nothing is played
    for found in (brighter(bench), stronger(bench, 0.25)):
        for arm in devices.arms:
            assert excess(found.midpoint, before_carver(arm), arm.name) is None
    turned = brighter(bench).midpoint.operating_point.attenuator["alice"].pump_attenuation_dB
    assert turned == least_attenuation_dB(point.midpoint, devices.arms[0]) > 0


@pytest.mark.parametrize("pump_W", [0.0, math.nan])
@pytest.mark.parametrize("readout_W", [0.0, math.nan])
def test_light_that_is_no_number_is_too_much(
    shipped: tuple[MidpointConfig, ArmDevice], pump_W: float, readout_W: float
) -> None:
    """An instrument that reads back NaN says nothing of its light."""
    found = Light(pump_W, readout_W).excess(shipped[0].limits.transducer["alice"])
    assert (found is None) == (pump_W == readout_W == 0.0)


def test_each_light_has_its_own_attenuator_channel(shipped: tuple[MidpointConfig, ArmDevice]) -> None:
    plain = shipped[0].model_dump()
    plain["operating_point"]["attenuator"]["bob"]["pump_channel"] = 1
    with pytest.raises(ValueError, match=r"a channel for each light of each arm \(got \[1, 1, 3, 4\]\)"):
        MidpointConfig.model_validate(plain)


def test_what_a_display_says_lets_no_more_light_pass(lab: Laboratory, point: RackPoint) -> None:
    """Others left an offset at the attenuator, and the laser without automatic power control."""
    hub = point.midpoint
    station = load_station(hub.station, lab.addresses)
    try:
        roles = midpoint_instruments(hub, station.roles, read_devices(hub.devices, hub.ends))
        roles.attenuator.safe_state()
        roles.pump.safe_state()
        roles.pump.set_power_W(1e-3)
        roles.pump.set_emission(True)
        roles.pump.set_shutter_open(True)
        roles.attenuator.set_attenuation_dB(1, 0.0)
        lab.send("hub_voa", ":INP1:OFFS 30")
        with pytest.raises(ConfigurationError, match="channel 1 open is refused"):
            roles.attenuator.set_open(1, True)
        roles.attenuator.set_attenuation_dB(1, 30.0)
        roles.attenuator.set_open(1, True)
        assert roles.attenuator.monitor_W(1) == pytest.approx(5e-7, rel=0.01)
        roles.pump.safe_state()
        lab.send("hub_pump", ":POW:ATT:AUT 0")
        with pytest.raises(DriverError, match="automatic power control is off"):
            roles.pump.set_emission(True)
    finally:
        lab.send("hub_voa", ":INP1:OFFS 0")
        lab.send("hub_pump", ":POW:ATT:AUT 1")
        for name in ("hub_voa", "hub_pump"):
            station.roles[name].safe_state()
        station.close()


@settings(max_examples=60, deadline=None)
@given(
    power_W=st.floats(1e-5, 1e-2),
    readout_dB=st.floats(10.0, 60.0),
    peak_W=st.floats(1e-8, 1e-4),
    mean_W=st.floats(1e-8, 1e-4),
    open_share=st.floats(1e-3, 1),
)
def test_the_least_attenuation_is_the_least(
    shipped: tuple[MidpointConfig, ArmDevice],
    power_W: float,
    readout_dB: float,
    peak_W: float,
    mean_W: float,
    open_share: float,
) -> None:
    """At it the limits hold, 0.02 dB below it they do not; where it is infinite none would do."""
    limits = {"peak_W": peak_W, "mean_W": mean_W, "open_share": open_share}
    midpoint, arm = shipped
    plain = midpoint.model_dump()
    plain["limits"]["transducer"]["alice"] = limits
    plain["operating_point"]["pump"]["power_W"] = power_W
    plain["operating_point"]["attenuator"]["alice"]["readout_attenuation_dB"] = readout_dB
    config = MidpointConfig.model_validate(plain)
    least_dB = least_attenuation_dB(config, arm)
    if least_dB == float("inf"):
        assert excess(config, before_carver(arm), "alice", 400.0) is not None
        return
    assert excess(config, before_carver(arm), "alice", least_dB) is None
    if least_dB > 0.02:
        assert excess(config, before_carver(arm), "alice", least_dB - 0.02) is not None


def excess(
    config: MidpointConfig, share: float, arm: str, pump_dB: float | None = None
) -> tuple[str, float, float] | None:
    """What an arm's declared settings exceed."""
    point = config.operating_point
    channels = point.attenuator[arm]
    pump_dB = channels.pump_attenuation_dB if pump_dB is None else pump_dB
    light = Light(
        point.pump.power_W * share * 10 ** (-pump_dB / 10),
        point.readout_pump.power_W * share * 10 ** (-channels.readout_attenuation_dB / 10),
    )
    return light.excess(config.limits.transducer[arm])
