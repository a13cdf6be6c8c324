# SPDX-License-Identifier: Apache-2.0
"""Settings that do nothing, errors, power cycles, latched detectors: what drivers notice."""

import pytest
from fault_rig import CASES, TIMEOUT_s
from qcodes.instrument_drivers.rohde_schwarz import RohdeSchwarzSGS100A

from heraldlink_drivers import IDQuantiqueID900, KeysightN7764A, SantecTSL570, SingleQuantumEOS
from heraldlink_drivers.errors import ConnectionLost, DriverError, InstrumentError, Timeout
from heraldlink_drivers.sgs100a_role import SGS100ARole
from heraldlink_sim.errors import FaultError


@pytest.fixture
def laser_rig(rig):
    return rig("Santec TSL-570", "laser")


@pytest.fixture
def laser(laser_rig):
    driver = SantecTSL570("laser", laser_rig.addresses["laser"], visalib="@py", timeout=TIMEOUT_s)
    driver.set_shutter_open(True)
    driver.set_emission(True)
    return driver


@pytest.fixture
def eos_rig(rig):
    return rig("Single Quantum EOS", "eos")


@pytest.fixture
def eos(eos_rig):
    at = eos_rig.addresses
    return SingleQuantumEOS("eos", at["eos"], counts=at["eos.counts"], timeout=TIMEOUT_s)


def test_a_shutter_that_ignores_commands_is_reported(laser_rig, laser) -> None:
    laser_rig.fault("ignore-write", match="*SHUT*")
    with pytest.raises(DriverError, match=r"laser: .*shutter.* is .*after being switched"):
        laser.safe_state()
    assert laser_rig.face.state().shutter_open
    assert not laser_rig.face.state().emitting
    laser_rig.heal()
    laser.safe_state()
    assert not laser_rig.face.state().shutter_open


def test_attenuators_that_ignore_commands_are_reported(rig) -> None:
    each = rig("Keysight N7764A", "voa")
    voa = KeysightN7764A("voa", each.addresses["voa"], visalib="@py", timeout=TIMEOUT_s)
    voa.set_open(3, True)
    each.fault("ignore-write")
    with pytest.raises(DriverError, match="voa"):
        voa.safe_state()
    each.heal()
    voa.safe_state()
    assert not voa.is_open(3)


def test_detectors_that_ignore_commands_are_reported(eos_rig, eos) -> None:
    eos_rig.fault("ignore-write")
    with pytest.raises(InstrumentError, match=r"eos: .*stays at"):
        eos.set_bias_A((1e-6, 1e-6))
    eos_rig.heal()
    eos.set_bias_A((1e-6, 1e-6))
    assert eos_rig.face.bias_uA == [1.0, 1.0]


@pytest.fixture
def tagger_rig(rig):
    return rig("ID Quantique ID900", "tc")


@pytest.fixture
def tagger(tagger_rig):
    at = tagger_rig.addresses
    return IDQuantiqueID900("tc", at["tc"], datalink=at["tc.datalink"], timeout=TIMEOUT_s)


def test_a_time_controller_that_ignores_commands_is_reported(tagger_rig, tagger) -> None:
    tagger.outputs[2].enabled.set(True)
    tagger_rig.fault("ignore-write")
    with pytest.raises(DriverError, match="tc: output3 is on"):
        tagger.safe_state()
    tagger_rig.heal()
    tagger.safe_state()
    assert not tagger.outputs[2].enabled.get()


def test_a_time_controller_that_lost_power_has_lost_its_settings(tagger_rig, tagger) -> None:
    tagger.outputs[2].enabled.set(True)
    tagger_rig.fault("reset", match="INPU1:THRE?", count=1)
    with pytest.raises((ConnectionLost, Timeout), match="tc"):
        tagger.inputs[0].threshold.get()
    assert not tagger.outputs[2].enabled.get()


def test_a_stuck_reading_is_no_proof_of_safety(laser_rig, laser) -> None:
    laser_rig.fault("stuck", match=":POW:SHUT?", text="+0")
    with pytest.raises(DriverError, match=r"laser: .*shutter"):
        laser.safe_state()
    laser_rig.heal()
    laser.safe_state()


def test_a_stuck_reading_keeps_its_first_answer(laser_rig, laser) -> None:
    laser_rig.fault("stuck", match="*:WAV?")
    before = laser.wavelength_m()
    with pytest.raises(DriverError, match="laser: wavelength"):
        laser.set_wavelength_m(1.5e-6)
    assert laser.wavelength_m() == before
    laser_rig.heal()
    assert laser.wavelength_m() == pytest.approx(1.5e-6)


def test_a_storm_of_errors_overflows_the_queue_and_is_told(laser_rig, laser) -> None:
    laser_rig.fault("error-storm")
    codes = [int(entry.split(" ")[0]) for entry in laser.errors()]
    assert codes[-1] == -350
    assert set(codes[:-1]) == {-200}
    laser_rig.fault("error-storm", match="*:WAV *", count=1)
    with pytest.raises(InstrumentError, match="laser: error -200"):
        laser.set_wavelength_m(1.55e-6)
    laser.set_wavelength_m(1.56e-6)
    assert laser.wavelength_m() == pytest.approx(1.56e-6)


def test_a_power_cycle_is_a_lost_connection_and_lost_settings(laser_rig, laser) -> None:
    laser.set_wavelength_m(1.5e-6)
    laser_rig.fault("reset", match="*:POW *", count=1)
    with pytest.raises(ConnectionLost, match="laser"):
        laser.set_power_W(1e-3)
    assert not laser.emission()
    assert laser.wavelength_m() != pytest.approx(1.5e-6)
    assert int(laser.ask("*ESR?")) & 0x80


def test_a_power_cycle_at_once_breaks_the_connections(eos_rig, eos) -> None:
    eos.set_bias_A((5e-6, 5e-6))
    eos_rig.fault("reset")
    with pytest.raises(ConnectionLost, match="eos"):
        eos.bias_A()
    assert eos.bias_A() == (0.0, 0.0)
    assert eos_rig.faults.injected == []


def test_latched_detectors_are_silent_until_the_bias_was_off(eos_rig, eos) -> None:
    eos.measurement_period.set(0.01)
    eos.set_bias_A((18e-6, 18e-6))
    eos.set_enabled(True)
    eos_rig.face.observe((1e5, 1e5))
    eos.count_rates_Hz()
    assert min(eos.count_rates_Hz()) > 0
    eos_rig.fault("latch")
    assert not eos_rig.face.state().enabled
    eos.count_rates_Hz()
    assert eos.count_rates_Hz() == (0.0, 0.0)
    assert eos.enabled()
    eos.set_enabled(False)
    eos.set_enabled(True)
    assert eos_rig.face.state().enabled
    eos_rig.fault("latch")
    eos_rig.heal()
    assert eos_rig.face.state().enabled


def test_an_open_interlock_takes_the_light_until_it_closes(laser_rig, laser) -> None:
    assert laser_rig.face.state().emitting
    laser_rig.fault("interlock")
    assert not laser_rig.face.state().emitting
    assert laser.ask("SYST:LOCK?").strip("+") == "1"
    laser_rig.heal()
    assert laser_rig.face.state().emitting
    assert laser.ask("SYST:LOCK?").strip("+") == "0"


def test_a_lost_reference_is_an_error_and_no_reference(rig) -> None:
    each = rig("R&S SGS100A", "mw")
    source = SGS100ARole(RohdeSchwarzSGS100A("mw", each.addresses["mw"], visalib="@py"))
    source.set_reference_external(True)
    assert source.errors() == []
    each.fault("unlock")
    assert not each.face.state().reference_external
    assert len(source.errors()) == 1
    each.heal()
    assert each.face.state().reference_external
    assert source.errors() == []


def test_a_state_ends_at_its_bench_time(eos_rig, eos) -> None:
    eos.set_enabled(True)
    eos_rig.fault("latch", from_s=1.0, until_s=2.0)
    seen = []
    for eos_rig.time_s in (0.5, 1.0, 1.5, 2.0):
        eos_rig.look()
        seen.append(eos_rig.face.latched)
    assert seen == [False, True, True, False]
    assert eos_rig.faults.listing() == []


def test_two_faults_of_a_kind_end_with_the_last(eos_rig) -> None:
    eos_rig.fault("latch", until_s=1.0)
    eos_rig.fault("latch", until_s=2.0)
    eos_rig.time_s = 1.5
    eos_rig.look()
    assert eos_rig.face.latched
    eos_rig.time_s = 2.5
    eos_rig.look()
    assert not eos_rig.face.latched


def test_a_probability_is_drawn_from_the_seed(laser_rig, laser) -> None:
    def struck(seed: int) -> list[bool]:
        fault = laser_rig.fault("delay", delay_s=0.001, match="*WAV?", probability=0.5, seed=seed)
        found = []
        for _ in range(20):
            hits = fault.hits
            laser.wavelength_m()
            found.append(fault.hits > hits)
        laser_rig.heal()
        return found

    assert struck(1) == struck(1) != struck(2)
    assert 3 < sum(struck(1)) < 17


@pytest.mark.parametrize(
    ("model", "kind", "why"),
    [
        ("Santec TSL-570", "latch", "x is a Santec TSL-570 .laser.: it has no detectors that could latch"),
        ("Single Quantum EOS", "interlock", "no interlock"),
        ("Single Quantum EOS", "error-storm", "keeps no error queue"),
        ("Single Quantum EOS", "unlock", "follows no external reference"),
    ],
)
def test_a_fault_that_makes_no_sense_says_why(rig, model, kind, why) -> None:
    with pytest.raises(FaultError, match=why):
        rig(model, "x").fault(kind)


def test_an_unknown_instrument_lists_those_there_are(laser_rig) -> None:
    laser_rig.faults.line("laser")
    with pytest.raises(FaultError, match="no instrument 'lasre' on this bench; there are: laser"):
        laser_rig.faults.heal("lasre")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_without_faults_nothing_lies_on_the_line(rig, case) -> None:
    each = rig(case.model, case.name)
    assert each.faults.line(case.name).faults == []
    driver = case.connect(each.addresses)
    each.fault("hang", match="never sent", until_s=5.0)
    case.read(driver)
    each.heal()
    assert each.faults.line(case.name).faults == []
