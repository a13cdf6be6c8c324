# SPDX-License-Identifier: Apache-2.0
"""Contracts of waveform generators, delay generators and microwave sources."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from contract import Rig, check, switching

from heraldlink_drivers.errors import DriverError, ProgramError
from heraldlink_drivers.roles import (
    MARKER_1,
    MARKER_2,
    GeneratorProgram,
    MicrowaveSource,
    SlotTrigger,
    Step,
    Waveform,
    WaveformGenerator,
)

SAMPLES = 4_800


def program(rig: Rig, scale: float = 0.5) -> GeneratorProgram:
    channels = len(rig.role.amplitudes_Vpp())
    rng = np.random.default_rng(5)
    pulse = Waveform(
        tuple((scale * rng.uniform(-1, 1, SAMPLES)).astype(np.float32) for _ in range(channels)),
        tuple(rng.choice([0, MARKER_1, MARKER_2], SAMPLES).astype(np.uint8) for _ in range(channels)),
    )
    dark = np.zeros(SAMPLES, np.float32), np.zeros(SAMPLES, np.uint8)
    rest = Waveform((dark[0],) * channels, (dark[1],) * channels)
    steps = (Step("pulse", repeat=3, wait="A"), Step("rest", event="B", jump_to=1, goto=1))
    rate_Hz, amplitude_Vpp = rig.between("sample_rate_Hz", 0.5), rig.between("amplitude_Vpp", 0.5)
    return GeneratorProgram(
        "contract", rate_Hz, (amplitude_Vpp,) * channels, {"pulse": pulse, "rest": rest}, steps
    )


@check(WaveformGenerator)
@switching
def a_program_is_read_back_sample_by_sample(rig: Rig) -> None:
    wanted = program(rig)
    rig.role.upload(wanted)
    assert rig.role.sample_rate_Hz() == pytest.approx(wanted.sample_rate_Hz, rel=1e-9)
    assert rig.role.amplitudes_Vpp() == pytest.approx(wanted.amplitude_Vpp, rel=1e-3)
    for name, waveform in wanted.waveforms.items():
        found = rig.role.waveform(name)
        for here, there in zip(found.channels, waveform.channels, strict=True):
            np.testing.assert_array_equal(here, there)
        for here, there in zip(found.markers, waveform.markers, strict=True):
            np.testing.assert_array_equal(here, there)


@check(WaveformGenerator)
@switching
def a_stamp_changes_with_its_waveform_only(rig: Rig) -> None:
    rig.role.upload(program(rig))
    before = rig.role.waveform_stamps(["pulse", "rest"])
    assert rig.role.waveform_stamps(["pulse", "rest"]) == before
    rig.role.upload(program(rig, 0.25), only=["pulse"])
    after = rig.role.waveform_stamps(["pulse", "rest"])
    assert after["rest"] == before["rest"]
    assert after["pulse"] != before["pulse"]
    assert rig.role.waveform_stamp("pulse") == after["pulse"]


@check(WaveformGenerator)
@switching
def it_waits_once_armed_and_stops(rig: Rig) -> None:
    rig.role.upload(program(rig))
    assert not rig.role.armed()
    rig.role.arm()
    assert rig.role.armed()
    rig.role.stop()
    assert not rig.role.armed()
    rig.role.arm()
    rig.role.safe_state()
    assert not rig.role.armed()


@check(WaveformGenerator)
@switching
def what_does_not_fit_is_refused_whole(rig: Rig) -> None:
    good = program(rig)
    rig.role.upload(good)
    wrong = GeneratorProgram(
        good.name, good.sample_rate_Hz, good.amplitude_Vpp, good.waveforms, (Step("nowhere"),)
    )
    with pytest.raises(ProgramError, match="nowhere"):
        rig.role.upload(wrong)
    too_fast = replace(good, sample_rate_Hz=1e15)
    with pytest.raises(ValueError, match=r"."):
        rig.role.upload(too_fast)
    assert rig.role.waveform("pulse").length == SAMPLES
    assert rig.role.errors() == []


@check(WaveformGenerator)
def its_reference_is_chosen(rig: Rig) -> None:
    for external in (True, False):
        rig.role.set_reference_external(external)
        assert rig.role.reference_external() is external


@check(SlotTrigger)
@switching
def a_delay_and_an_amplitude_are_read_back(rig: Rig) -> None:
    for delay_s in (0.0, 1.25e-6, 3e-3):
        rig.role.set_delay_s(delay_s)
        assert rig.role.delay_s() == pytest.approx(delay_s, abs=5e-12)
    for share in (0.0, 1.0):
        amplitude_V = rig.between("amplitude_V", share)
        rig.role.set_amplitude_V(amplitude_V)
        assert rig.role.amplitude_V() == pytest.approx(amplitude_V, abs=0.01)


@check(SlotTrigger)
@switching
def it_is_armed_until_disarmed(rig: Rig) -> None:
    rig.role.disarm()
    assert not rig.role.armed()
    rig.role.arm()
    assert rig.role.armed()
    rig.role.disarm()
    assert not rig.role.armed()
    rig.role.arm()
    rig.role.safe_state()
    assert not rig.role.armed()


@check(SlotTrigger)
def impossible_delays_change_nothing(rig: Rig) -> None:
    before = (rig.role.delay_s(), rig.role.amplitude_V())
    for wrong_s in (-1e-9, 1e9, float("nan")):
        with pytest.raises((ValueError, DriverError), match=r"."):
            rig.role.set_delay_s(wrong_s)
    with pytest.raises((ValueError, DriverError), match=r"."):
        rig.role.set_amplitude_V(1000.0)
    assert (rig.role.delay_s(), rig.role.amplitude_V()) == before
    assert rig.role.errors() == []


@check(MicrowaveSource)
def a_tone_is_read_back(rig: Rig) -> None:
    for share in (0.3, 0.7):
        rig.role.set_frequency_Hz(frequency_Hz := round(rig.between("frequency_Hz", share)))
        rig.role.set_power_dBm(power_dBm := round(rig.between("power_dBm", share), 1))
        rig.role.set_phase_rad(share)
        assert rig.role.frequency_Hz() == pytest.approx(frequency_Hz, abs=0.01)
        assert rig.role.power_dBm() == pytest.approx(power_dBm, abs=0.011)
        assert rig.role.phase_rad() == pytest.approx(share, abs=1e-3)
    rig.role.set_phase_rad(2 * pi + 0.25)
    assert rig.role.phase_rad() == pytest.approx(0.25, abs=1e-3)


@check(MicrowaveSource)
def impossible_tones_change_nothing(rig: Rig) -> None:
    before = (rig.role.frequency_Hz(), rig.role.power_dBm())
    for wrong_Hz in (-1.0, 1e15, float("nan")):
        with pytest.raises(ValueError, match=r"."):
            rig.role.set_frequency_Hz(wrong_Hz)
    with pytest.raises(ValueError, match=r"."):
        rig.role.set_power_dBm(500.0)
    assert (rig.role.frequency_Hz(), rig.role.power_dBm()) == before
    assert rig.role.errors() == []


@check(MicrowaveSource)
@switching
def its_output_switches_and_safe_state_switches_it_off(rig: Rig) -> None:
    rig.role.set_power_dBm(rig.between("power_dBm", 0.0))
    rig.role.set_output(True)
    assert rig.role.output()
    rig.role.safe_state()
    assert not rig.role.output()


@check(MicrowaveSource)
def its_reference_can_be_external(rig: Rig) -> None:
    for external in (True, False):
        rig.role.set_reference_external(external)
        assert rig.role.reference_external() is external
