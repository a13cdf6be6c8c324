# SPDX-License-Identifier: Apache-2.0
"""A session recorded at the socket comes back from the transcript: same driver, same readings."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from qcodes.instrument import Instrument

from heraldlink_drivers import (
    IDQuantiqueID900,
    KeysightN7764A,
    SantecTSL570,
    SingleQuantumEOS,
    StanfordDG645,
)
from heraldlink_drivers.bluefors import BlueforsController
from heraldlink_drivers.errors import DriverError, InstrumentError
from heraldlink_drivers.single_quantum_retina import SingleQuantumRetina
from heraldlink_drivers.toptica_dlcpro import TopticaDLCpro
from heraldlink_sim.recording import conform, load_transcript, serve_recording, serve_replay

Session = Callable[[Mapping[str, str]], dict[str, Any]]


def laser_session(addresses: Mapping[str, str]) -> dict[str, Any]:
    laser = SantecTSL570("laser", addresses["laser"], visalib="@py")
    laser.set_power_W(2e-3)
    first = laser.power_W()
    laser.set_power_W(3e-3)
    return {"first": first, "second": laser.power_W(), "wavelength": laser.wavelength_m()}


def attenuator_session(addresses: Mapping[str, str]) -> dict[str, Any]:
    voa = KeysightN7764A("voa", addresses["voa"], visalib="@py")
    voa.set_attenuation_dB(2, 12.5)
    voa.set_open(2, True)
    return {"dB": voa.attenuation_dB(2), "open": [voa.is_open(channel) for channel in (1, 2, 3, 4)]}


def delay_session(addresses: Mapping[str, str]) -> dict[str, Any]:
    delays = StanfordDG645("dg", addresses["dg"], visalib="@py")
    delays.set_delay_s(2e-6)
    return {"delay": delays.delay_s(), "armed": delays.armed()}


def tagger_session(addresses: Mapping[str, str]) -> dict[str, Any]:
    tagger = IDQuantiqueID900("tc", addresses["tc"], datalink=addresses["tc.datalink"])
    tagger.inputs[1].enabled.set(True)
    return {"enabled": tagger.inputs[1].enabled.get(), "ticks": tagger.tick_count()}


def detector_session(addresses: Mapping[str, str]) -> dict[str, Any]:
    eos = SingleQuantumEOS("eos", addresses["eos"], counts=addresses["eos.counts"])
    eos.measurement_period.set(0.02)
    eos.set_bias_A([18e-6, 17e-6])
    eos.set_enabled(True)
    return {"bias": eos.bias_A(), "on": eos.enabled(), "rates": eos.count_rates_Hz()}


def dlc_session(addresses: Mapping[str, str]) -> dict[str, Any]:
    laser = TopticaDLCpro("dlc", addresses["dlc"], monitoring=addresses["dlc.monitoring"])
    laser.set_wavelength_m(1.5505e-6)
    first = laser.wavelength_m()
    laser.set_wavelength_m(1.551e-6)
    return {"first": first, "second": laser.wavelength_m(), "emission": laser.emission()}


def fridge_session(addresses: Mapping[str, str]) -> dict[str, Any]:
    fridge = BlueforsController("fridge", addresses["fridge"])
    return {"K": [fridge.temperature_K(channel) for channel in (1, 6, 6)], "flow": fridge.flow.get()}


def retina_session(addresses: Mapping[str, str]) -> dict[str, Any]:
    retina = SingleQuantumRetina("retina", addresses["retina"])
    retina.set_bias_A([8e-6, 9e-6])
    retina.set_enabled(True)
    return {"bias": retina.bias_A(), "on": retina.enabled(), "rates": retina.count_rates_Hz()}


CASES = [
    ("Single Quantum Retina", "retina", retina_session),
    ("Bluefors", "fridge", fridge_session),
    ("TOPTICA DLC pro", "dlc", dlc_session),
    ("Santec TSL-570", "laser", laser_session),
    ("Keysight N7764A", "voa", attenuator_session),
    ("SRS DG645", "dg", delay_session),
    ("ID Quantique ID900", "tc", tagger_session),
    ("Single Quantum EOS", "eos", detector_session),
]


@pytest.fixture(params=CASES, ids=[case[1] for case in CASES])
def recorded(request, instrument, listen, close, tmp_path):
    """(name, session, its readings, the transcript)."""
    model, name, session = request.param
    path = tmp_path / f"{name}.transcript"
    listening = listen(serve_recording(instrument(model, name), path, model=model))
    readings = session(listening.addresses)
    readings["identity"] = Instrument.find_instrument(name).identity()
    Instrument.close_all()
    close(listening)
    return name, session, readings, path


def test_a_session_comes_back_from_its_transcript(recorded, listen) -> None:
    name, session, readings, path = recorded
    replay = listen(serve_replay(path))
    again = session(replay.addresses)
    again["identity"] = Instrument.find_instrument(name).identity()
    assert f"SIM-{name}" in readings["identity"]
    assert f"REPLAY-SIM-{name}" in again["identity"]
    again["identity"] = again["identity"].replace("REPLAY-", "")
    assert again == readings


def test_a_recording_of_the_simulator_conforms_to_its_model(recorded, loop) -> None:
    _, _, _, path = recorded
    found = loop.run(conform(path, load_transcript(path).model))
    assert [item for item in found if item.verdict in ("different", "unknown")] == []
    assert len(found) >= 5


def test_a_recording_conforms_to_the_same_session_over_the_wire(recorded, instrument, loop) -> None:
    name, _, _, path = recorded
    address = instrument(load_transcript(path).model, name)[name]
    found = loop.run(conform(path, address, wait_s=5.0))
    assert [item for item in found if item.verdict in ("different", "unknown")] == []


def test_a_transcript_is_ascii_text_with_a_line_for_each_message(recorded) -> None:
    name, _, _, path = recorded
    text = path.read_text(encoding="ascii")
    assert text.startswith(f"heraldlink transcript 1\nname: {name}\n")
    head, _, body = text.partition("---\n")
    assert all(line.split(" ", 3)[2] in "<>" for line in body.splitlines())
    assert len(load_transcript(path).entries) == len(body.splitlines())
    assert f"SIM-{name}" in body
    assert "SIM-" not in head


def test_what_was_never_recorded_is_an_error_with_the_nearest(recorded, listen, caplog) -> None:
    name, session, _, path = recorded
    session(listen(serve_replay(path)).addresses)
    driver = Instrument.find_instrument(name)
    unheard = {
        "laser": lambda: driver.write("WAV 1e-6;:POW:ATT 7"),
        "voa": lambda: driver.set_attenuation_dB(3, 1.0),
        "dg": lambda: driver.set_delay_s(0.125),
        "tc": lambda: driver.inputs[2].threshold.set(0.5),
        "dlc": lambda: driver.set_wavelength_m(1.5525e-6),
        "fridge": lambda: driver.temperature_K(5),
        "retina": lambda: driver.set_trigger_level_V([0.031, 0.032]),
        "eos": lambda: driver.set_bias_A([1e-6, 1e-6]),
    }
    with pytest.raises(DriverError):
        unheard[name]()
    assert "nearest" in caplog.text


def test_over_scpi_the_error_queue_names_the_nearest(instrument, listen, tmp_path) -> None:
    path = tmp_path / "voa"
    attenuator_session(listen(serve_recording(instrument("Keysight N7764A", "voa"), path)).addresses)
    Instrument.close_all()
    attenuator_session(listen(serve_replay(path)).addresses)
    with pytest.raises(InstrumentError, match=r"-113.*never recorded.*nearest.*INP2:ATT") as caught:
        Instrument.find_instrument("voa").set_attenuation_dB(2, 3.0)
    assert caught.value.code == -113
