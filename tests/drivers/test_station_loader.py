# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from pathlib import Path

import pytest
from driver_rig import REPOSITORY
from qcodes.instrument import Instrument
from qcodes.station import Station, ValidationWarning

from heraldlink_drivers.errors import ConnectionLost, StationError
from heraldlink_drivers.roles import (
    Attenuator,
    DetectorBias,
    MicrowaveSource,
    PumpLaser,
    SlotTrigger,
    TimeTagger,
    WaveformGenerator,
)
from heraldlink_drivers.station import check_station, load_station, read_addresses

STATIONS = REPOSITORY / "configs/stations"
ROLES = {
    "pump": PumpLaser,
    "voa": Attenuator,
    "eos": DetectorBias,
    "tc": TimeTagger,
    "awg": WaveformGenerator,
    "dg": SlotTrigger,
    "mw": MicrowaveSource,
}


@pytest.mark.parametrize("name", ["hub", "alice", "bob"])
def test_shipped_files_load_in_a_plain_station(name, bench, recwarn):
    station = Station(config_file=str(STATIONS / f"{name}.station.yaml"))
    for instrument in station.config["instruments"]:
        arguments = {
            key.partition(".")[2] or "address": address
            for key, address in bench.items()
            if key.partition(".")[0] == instrument
        }
        station.load_instrument(instrument, **arguments)
    assert set(station.components) == set(station.config["instruments"])
    assert not [warning for warning in recwarn if warning.category is ValidationWarning]


@pytest.mark.parametrize("name", ["hub", "alice", "bob"])
def test_every_instrument_has_its_role(name, bench):
    loaded = load_station(STATIONS / f"{name}.station.yaml", bench)
    for instrument, role in loaded.roles.items():
        assert isinstance(role, ROLES[instrument.rpartition("_")[2]])
    loaded.close()
    assert not any(Instrument.exist(instrument) for instrument in loaded.roles)


def test_only_the_named_instruments_are_opened(bench):
    loaded = load_station(STATIONS / "hub.station.yaml", bench, names=frozenset({"hub_tc"}))
    assert set(loaded.roles) == {"hub_tc"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "instruments:\n  a:\n    type: b.C\n    parameters: {power: {initial_value: 1}}\n",
            r"instruments\.a\.parameters\.power\.initial_value: a Station file must not set",
        ),
        (
            "instruments:\n  a:\n    type: b.C\n    add_parameters: {p: {source: q, initial_value: 1}}\n",
            r"instruments\.a\.add_parameters\.p\.initial_value",
        ),
        ("instruments:\n  a:\n    type: b.C\n    adress: x\n", r"instruments\.a\.adress: unknown key"),
        ("instruments:\n  a:\n    address: x\n", "type"),
        ("instrument: {}\n", "instruments: missing"),
        ("- 1\n", "must hold keys and values"),
        ("instruments: [\n", "is not YAML"),
    ],
)
def test_mistakes_in_a_station_file_name_file_and_key(tmp_path: Path, text, words):
    path = tmp_path / "wrong.station.yaml"
    path.write_text(text)
    with pytest.raises(StationError, match=words) as caught:
        load_station(path)
    assert "wrong.station.yaml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(StationError, match=r"nowhere\.yaml: cannot be read"):
        check_station(tmp_path / "nowhere.yaml")
    with pytest.raises(StationError, match=r"ports\.json: cannot be read"):
        read_addresses(tmp_path / "ports.json")


@pytest.mark.parametrize(("text", "words"), [("{", "not JSON"), ("[]", "object"), ('{"a": 3}', "a: an addr")])
def test_mistakes_in_an_address_file(tmp_path: Path, text, words):
    path = tmp_path / "ports.json"
    path.write_text(text)
    with pytest.raises(StationError, match=rf"ports\.json.*{words}"):
        read_addresses(path)


def test_an_instrument_that_is_off_is_named_and_the_others_are_closed(bench):
    gone = {**bench, "hub_tc": "tcp://127.0.0.1:1"}
    with pytest.raises(ConnectionLost, match="hub_tc: nothing answers at tcp://127"):
        load_station(STATIONS / "hub.station.yaml", gone)
    assert not Instrument.exist("hub_pump")


def test_an_instrument_of_qcodes_that_is_off_is_named(bench):
    gone = {**bench, "alice_mw": "TCPIP::127.0.0.1::hislip0,1::INSTR"}
    with pytest.raises(ConnectionLost, match="alice_mw: nothing answers at TCPIP"):
        load_station(STATIONS / "alice.station.yaml", gone)


def test_roles_and_errors_load_without_qcodes():
    code = (
        "import sys, heraldlink_drivers, heraldlink_drivers.roles, heraldlink_drivers.errors;"
        "print([m for m in ('qcodes', 'pyvisa', 'zmq') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_names_of_the_package():
    import heraldlink_drivers

    assert "SantecTSL570" in dir(heraldlink_drivers)
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = heraldlink_drivers.Nonsense  # type: ignore[attr-defined]
