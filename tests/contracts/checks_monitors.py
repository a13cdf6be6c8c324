# SPDX-License-Identifier: Apache-2.0
"""Contracts of power meters and thermometers."""

from math import isfinite

import pytest
from contract import Rig, check

from heraldlink_drivers.errors import DriverError
from heraldlink_drivers.roles import PowerMeter, Thermometer


@check(PowerMeter)
def it_measures_a_finite_power(rig: Rig) -> None:
    assert isfinite(rig.role.measured_W())


@check(PowerMeter)
def its_wavelength_is_read_back(rig: Rig) -> None:
    for share in (0.25, 0.75):
        wanted_m = round(rig.between("wavelength_m", share), 9)
        rig.role.set_wavelength_m(wanted_m)
        assert rig.role.wavelength_m() == pytest.approx(wanted_m, abs=1e-11)


@check(PowerMeter)
def an_impossible_wavelength_changes_nothing(rig: Rig) -> None:
    before = rig.role.wavelength_m()
    for wrong_m in (-1e-6, 1.0, float("nan")):
        with pytest.raises(ValueError, match=r"."):
            rig.role.set_wavelength_m(wrong_m)
    assert rig.role.wavelength_m() == before
    assert rig.role.errors() == []


@check(Thermometer)
def every_channel_has_a_temperature_and_an_age(rig: Rig) -> None:
    assert rig.role.channels
    for channel in rig.role.channels:
        assert 0 < rig.role.temperature_K(channel) < 400
        assert rig.role.age_s(channel) >= 0


@check(Thermometer)
def a_channel_that_is_not_there_has_none(rig: Rig) -> None:
    with pytest.raises((ValueError, DriverError), match="99"):
        rig.role.temperature_K(99)
