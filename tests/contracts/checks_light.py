# SPDX-License-Identifier: Apache-2.0
"""Contracts of lasers, attenuators and optical switches."""

import pytest
from contract import Rig, check, switching

from heraldlink_drivers.roles import Attenuator, OpticalSwitch, PumpLaser


@check(PumpLaser)
def a_wavelength_is_read_back(rig: Rig) -> None:
    for share in (0.25, 0.5):
        wanted_m = rig.between("wavelength_m", share)
        rig.role.set_wavelength_m(wanted_m)
        assert rig.role.wavelength_m() == pytest.approx(wanted_m, rel=1e-7)
    assert rig.role.errors() == []


@check(PumpLaser)
def a_power_is_read_back(rig: Rig) -> None:
    for share in (0.5, 0.1):
        wanted_W = rig.between("power_W", share)
        rig.role.set_power_W(wanted_W)
        assert rig.role.power_W() == pytest.approx(wanted_W, rel=3e-3)  # 0.01 dB steps


@check(PumpLaser)
def impossible_settings_change_nothing(rig: Rig) -> None:
    before = (rig.role.wavelength_m(), rig.role.power_W())
    for wrong_m in (1e-9, 1.0, float("nan")):
        with pytest.raises(ValueError, match=r"."):
            rig.role.set_wavelength_m(wrong_m)
    for wrong_W in (-1.0, 1e3, float("nan")):
        with pytest.raises(ValueError, match=r"."):
            rig.role.set_power_W(wrong_W)
    assert (rig.role.wavelength_m(), rig.role.power_W()) == before
    assert rig.role.errors() == []


@check(PumpLaser)
@switching
def light_leaves_with_emission_and_shutter_only(rig: Rig) -> None:
    rig.role.set_power_W(rig.between("power_W", 0.1))
    rig.role.set_shutter_open(False)
    rig.role.set_emission(True)
    assert rig.role.emission()
    assert not rig.role.shutter_open()
    rig.role.set_shutter_open(True)
    assert rig.role.shutter_open()
    rig.role.safe_state()
    assert not rig.role.emission()
    assert not rig.role.shutter_open()


@check(Attenuator)
def each_channel_takes_its_own_attenuation(rig: Rig) -> None:
    channels = range(1, rig.role.channel_count + 1)
    wanted_dB = {channel: 10.0 + channel for channel in channels}
    for channel, attenuation_dB in wanted_dB.items():
        rig.role.set_attenuation_dB(channel, attenuation_dB)
    for channel, attenuation_dB in wanted_dB.items():
        assert rig.role.attenuation_dB(channel) == pytest.approx(attenuation_dB, abs=0.01)


@check(Attenuator)
def a_channel_that_is_not_there_is_refused(rig: Rig) -> None:
    for channel in (0, -1, rig.role.channel_count + 1):
        with pytest.raises(ValueError, match=str(channel)):
            rig.role.is_open(channel)
        with pytest.raises(ValueError, match=str(channel)):
            rig.role.set_open(channel, True)
    with pytest.raises(ValueError, match=r"."):
        rig.role.set_attenuation_dB(1, -3.0)
    with pytest.raises(ValueError, match=r"."):
        rig.role.set_attenuation_dB(1, 1000.0)
    assert rig.role.errors() == []


@check(Attenuator)
@switching
def channels_open_one_by_one_and_safe_state_closes_all(rig: Rig) -> None:
    rig.role.safe_state()
    last = rig.role.channel_count
    rig.role.set_open(last, True)
    assert [rig.role.is_open(channel) for channel in range(1, last + 1)] == [False] * (last - 1) + [True]
    rig.role.safe_state()
    assert not any(rig.role.is_open(channel) for channel in range(1, last + 1))


@check(Attenuator)
def a_monitor_tells_a_power(rig: Rig) -> None:
    assert rig.role.monitor_W(1) >= 0


@check(OpticalSwitch)
@switching
def an_input_goes_to_one_output(rig: Rig) -> None:
    rig.role.safe_state()
    assert rig.role.connections() == {}
    half = rig.role.port_count // 2
    rig.role.connect(1, half + 1)
    rig.role.connect(2, half + 2)
    assert rig.role.connections() == {1: half + 1, 2: half + 2}
    rig.role.connect(2, half + 1)
    assert rig.role.connections() == {2: half + 1}
    rig.role.disconnect(2)
    assert rig.role.connections() == {}


@check(OpticalSwitch)
@switching
def ports_on_the_same_side_cannot_be_joined(rig: Rig) -> None:
    rig.role.safe_state()
    for source, target in ((1, 2), (0, rig.role.port_count), (1, rig.role.port_count + 1)):
        with pytest.raises(ValueError, match=r"port"):
            rig.role.connect(source, target)
    assert rig.role.connections() == {}
    assert rig.role.errors() == []
