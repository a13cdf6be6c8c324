# SPDX-License-Identifier: Apache-2.0
"""All drivers of the shipped Station files on the shipped bench: one slot, from settings to tags."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from driver_programs import HUB, NODE, slot_program, waveform
from driver_rig import REPOSITORY, wait_for

from heraldlink_drivers.station import LoadedStation, load_station

RECORD_PS = 20_000_000_000
ENDS = ("alice", "bob")


@pytest.fixture
def rack(bench: dict[str, str]):
    stations: list[LoadedStation] = []
    for name in ("hub", *ENDS):
        path = REPOSITORY / "configs/stations" / f"{name}.station.yaml"
        stations.append(load_station(path, bench))
    yield {name: role for station in stations for name, role in station.roles.items()}
    for station in stations:
        station.close()


def light_up(rack) -> None:
    for laser in (rack["hub_pump"], rack["hub_readout_pump"]):
        laser.set_wavelength_m(1.56126e-6)
        laser.set_power_W(1e-3)
        laser.set_emission(True)
        laser.set_shutter_open(True)
    for channel in range(1, 5):
        rack["hub_voa"].set_attenuation_dB(channel, 10.0)
        rack["hub_voa"].set_open(channel, True)
    for name in ("hub", *ENDS):
        detectors = rack[f"{name}_eos"]
        detectors.set_trigger_level_V([0.1] * detectors.detector_count)
        detectors.set_bias_A([18e-6] * detectors.detector_count)
        detectors.set_enabled(True)


def test_identities_are_simulated_and_error_free(rack):
    for role in rack.values():
        assert "SIM-" in role.identity()
        assert role.errors() == []


def test_one_slot(rack):
    light_up(rack)
    assert all(rack["hub_voa"].monitor_W(channel) > 1e-6 for channel in range(1, 5))
    program = slot_program()
    rack["hub_tc"].configure(HUB)
    for end in ENDS:
        rack[f"{end}_tc"].configure(NODE)
        rack[f"{end}_awg"].set_reference_external(True)
        rack[f"{end}_awg"].upload(program)
        rack[f"{end}_dg"].set_amplitude_V(2.5)
        rack[f"{end}_dg"].set_delay_s(1e-6)
        rack[f"{end}_mw"].set_reference_external(True)
        rack[f"{end}_mw"].set_frequency_Hz(7.0e9)
        rack[f"{end}_mw"].set_power_dBm(-30)
        rack[f"{end}_mw"].set_output(True)
    for name in ("hub", *ENDS):
        rack[f"{name}_tc"].open_streams()
    ticks = {name: rack[f"{name}_tc"].tick_count() for name in ("hub", *ENDS)}
    before = rack["alice_tc"].counts()["STAR"]
    for end in ENDS:
        rack[f"{end}_awg"].arm()
        rack[f"{end}_dg"].arm()
        assert rack[f"{end}_awg"].armed()
        assert rack[f"{end}_dg"].armed()
        rack[f"{end}_tc"].arm_record(RECORD_PS)
    rack["hub_tc"].arm_record(RECORD_PS)

    records = {}
    for name in ("hub", *ENDS):
        tagger = rack[f"{name}_tc"]
        wait_for(tagger.record_done, 20)
        records[name] = tagger.read_record()
        assert tagger.tick_count() > ticks[name]
    for end in ENDS:
        assert not rack[f"{end}_dg"].armed()
    syncs = rack["alice_tc"].counts()["STAR"] - before
    assert syncs >= 140 + 2_000
    marks = records["alice"][2][1]
    assert set(range(100, 140)) <= set(marks.tolist())  # a readout mark in each calibration shot
    for times, index in records["hub"].values():
        assert times.dtype == index.dtype == np.int64
        assert times.size == index.size
        assert index.size == 0 or 0 <= index.min() <= index.max() < syncs
    bright = np.concatenate([records["hub"][channel][1] for channel in (1, 2)])
    assert (bright < 100).sum() > 0
    assert set(records["hub"]) == {1, 2, 3}


def test_second_slot_carries_nothing_over(rack):
    """Without light and bias the next record is empty: what the first left behind is not in it."""
    light_up(rack)
    rack["hub_tc"].configure(HUB)
    rack["hub_tc"].open_streams()
    rack["hub_tc"].arm_record(RECORD_PS)
    wait_for(rack["hub_tc"].record_done, 20)  # never read
    rack["hub_eos"].set_enabled(False)
    rack["hub_tc"].arm_record(RECORD_PS)
    wait_for(rack["hub_tc"].record_done, 20)
    assert [times.size for times, _ in rack["hub_tc"].read_record().values()] == [0, 0, 0]


def test_only_the_changed_waveform_is_sent_again(rack):
    generator, program = rack["alice_awg"], slot_program()
    generator.upload(program)
    stamps = {name: generator.waveform_stamp(name) for name in program.waveforms}
    turned = waveform(gate=True, scale=0.3, pulse=True)
    changed = dataclasses.replace(program, waveforms={**program.waveforms, "readout": turned})
    generator.upload(changed, only=["readout"])
    read = generator.waveform("readout")
    for got, sent in zip((*read.channels, *read.markers), (*turned.channels, *turned.markers), strict=True):
        np.testing.assert_array_equal(got, sent)
    now = {name: generator.waveform_stamp(name) for name in program.waveforms}
    assert {name for name in now if now[name] != stamps[name]} == {"readout"}


def test_safe_state_blocks_the_light_and_holds_the_bias(rack):
    light_up(rack)
    for role in rack.values():
        role.safe_state()
    assert not rack["hub_pump"].shutter_open()
    assert not rack["hub_pump"].emission()
    assert not any(rack["hub_voa"].is_open(channel) for channel in range(1, 5))
    assert rack["hub_eos"].enabled()
    assert rack["hub_eos"].bias_A() == pytest.approx((18e-6, 18e-6))
    assert not rack["alice_awg"].armed()
    assert not rack["alice_mw"].output()


def test_names_of_the_station_files_are_those_of_the_bench(rack, bench):
    assert set(rack) == {name for name in bench if not {".", "@"} & set(name)} - {"control"}
    assert Path(REPOSITORY / "configs/stations").is_dir()
