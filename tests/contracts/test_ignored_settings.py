# SPDX-License-Identifier: Apache-2.0
"""No role setting succeeds silently on an instrument that acknowledges it and does nothing."""

import pytest
from checks_signals import program
from instruments_under_contract import LIMITS, MODELS
from opening import NAME, listening, new_instrument, opened

from heraldlink_drivers.errors import DriverError
from heraldlink_drivers.roles import PumpLaser, TaggerProgram
from heraldlink_sim.faults import FaultConfig, Faults

PROGRAM = TaggerProgram(reference="STAR", raw={1: "INPU1"}, threshold_V={"STAR": 0.4, "INPU1": 0.3})
NEW = {
    "arm": (),
    "configure": (PROGRAM,),
    "set_amplitude_V": (2.25,),
    "set_attenuation_dB": (1, 7.0),
    "set_delay_s": (1.5e-6,),
    "set_emission": (True,),
    "set_enabled": (True,),
    "set_frequency_Hz": (5.1e9,),
    "set_open": (1, True),
    "set_output": (True,),
    "set_phase_rad": (1.0,),
    "set_power_W": (4.1e-3,),
    "set_power_dBm": (-20.0,),
    "set_reference_external": (True,),
    "set_shutter_open": (True,),
    "set_wavelength_m": (1.5515e-6,),
}
OFF = ("set_emission", "set_enabled", "set_open", "set_output", "set_shutter_open")


@pytest.mark.parametrize("driver", MODELS)
def test_a_setting_that_is_ignored_is_an_error(loop, driver):
    instrument = new_instrument(MODELS[driver])
    faults = Faults({NAME: instrument}, lambda: 0.0)
    with listening(loop, instrument.serve(faults.line(NAME), "127.0.0.1")) as addresses:
        rig = opened(driver, addresses)
        settings = {name: new(rig.role, name) for name in NEW if hasattr(rig.role, name)}
        faults.add(NAME, FaultConfig(kind="ignore-write"))
        silent = [name for name, values in settings.items() if not raises(rig.role, name, values)]
    assert silent == []


@pytest.mark.parametrize("driver", MODELS)
def test_an_output_that_stays_on_is_an_error(loop, driver):
    instrument = new_instrument(MODELS[driver])
    faults = Faults({NAME: instrument}, lambda: 0.0)
    with listening(loop, instrument.serve(faults.line(NAME), "127.0.0.1")) as addresses:
        rig = opened(driver, addresses)
        if isinstance(rig.role, PumpLaser):
            rig.role.set_power_W(4e-3)  # light whose power is not held is not switched on
        switches = [name for name in OFF if hasattr(rig.role, name)]
        for name in switches:
            getattr(rig.role, name)(*NEW[name])
        faults.add(NAME, FaultConfig(kind="ignore-write"))
        silent = [name for name in switches if not raises(rig.role, name, (*NEW[name][:-1], False))]
    assert silent == []


def new(role: object, name: str) -> tuple[object, ...]:
    """Values that differ from those in force: a switch is thrown whichever way it is not."""
    *where, value = NEW[name] or (None,)
    if value is not True:
        return NEW[name]
    reading = "is_open" if name == "set_open" else name.removeprefix("set_")
    return (*where, not getattr(role, reading)(*where))


def raises(role: object, name: str, values: tuple[object, ...]) -> bool:
    """Whether a setting raises an error of the drivers."""
    try:
        getattr(role, name)(*values)
    except DriverError:
        return True
    return False


@pytest.mark.parametrize("driver", ["HeraldTektronixAWG70002A", "HeraldTektronixAWG5208"])
@pytest.mark.parametrize("lost", ["*VOLT *", "*CLOC:SRAT *", "*CASS:SEQ *"])
def test_a_program_that_was_not_taken_whole_is_an_error(loop, driver, lost):
    instrument = new_instrument(MODELS[driver])
    faults = Faults({NAME: instrument}, lambda: 0.0)
    with listening(loop, instrument.serve(faults.line(NAME), "127.0.0.1")) as addresses:
        rig = opened(driver, addresses, LIMITS[driver])
        faults.add(NAME, FaultConfig(kind="ignore-write", match=lost))
        with pytest.raises(DriverError, match=r"rate|amplitude|channel 1"):
            rig.role.upload(program(rig))
