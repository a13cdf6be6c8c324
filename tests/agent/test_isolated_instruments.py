# SPDX-License-Identifier: Apache-2.0
"""Instruments in processes of their own: the same roles, the same errors, and only one process is lost."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from agent_lab import wait_for

from heraldlink.agent.isolated import IsolatedInstruments
from heraldlink.agent.role_calls import ROLES, TABLE
from heraldlink.config import find_config
from heraldlink.errors import InstrumentLost
from heraldlink_drivers.roles import (
    MARKER_1,
    GeneratorProgram,
    MicrowaveSource,
    Step,
    Waveform,
    WaveformGenerator,
)
from heraldlink_sim.cabinet import switch_on
from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faults import Faults
from heraldlink_sim.model import Place, find_model
from heraldlink_sim.transport import EventLoopThread

MODELS = {"alice_awg": "Tektronix AWG70002A", "alice_mw": "R&S SGS100A"}


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    """A served generator and a served microwave source."""
    with EventLoopThread() as loop:
        found: dict[str, str] = {}
        listeners = []
        for name, title in MODELS.items():
            model = find_model(title)
            instrument = switch_on(
                name, model, model.config(model=title), Place(f"SIM-{name}", SteppedClock())
            )
            faults = Faults({name: instrument}, lambda: 0.0)
            listening = loop.run(instrument.serve(faults.line(name), "127.0.0.1"))
            listeners += listening.listeners
            found |= listening.addresses
        yield found
        for listener in listeners:
            loop.run(listener.close())


@pytest.fixture(scope="module")
def isolated(addresses: dict[str, str]) -> Iterator[IsolatedInstruments]:
    station = find_config("stations/alice.station.yaml")
    found = IsolatedInstruments(Path(station), addresses, MODELS, 60.0, 20.0)
    yield found
    found.close()


def test_every_member_of_every_role_is_in_the_table() -> None:
    assert {role for role, _ in TABLE} == {"Device", *ROLES}
    assert ("WaveformGenerator", "upload") in TABLE
    assert not [name for _, name in TABLE if name.startswith("_")]


def test_a_role_is_played_with_its_arrays_and_errors(isolated: IsolatedInstruments) -> None:
    generator, source = isolated.roles["alice_awg"], isolated.roles["alice_mw"]
    assert isinstance(generator, WaveformGenerator)
    assert not isinstance(generator, MicrowaveSource)
    assert isinstance(source, MicrowaveSource)
    assert "SIM-alice_mw" in source.identity()
    source.set_frequency_Hz(6.5e9)
    assert source.frequency_Hz() == 6.5e9
    with pytest.raises(ValueError, match="alice_mw"):
        source.set_frequency_Hz(1e15)
    samples = np.linspace(-1, 1, 4800, dtype=np.float32)
    marks = np.full(4800, MARKER_1, np.uint8)
    wave = Waveform((samples, samples), (marks, marks))
    generator.upload(GeneratorProgram("p", 10e9, (0.5, 0.5), {"w": wave}, (Step("w", wait="A"),)))
    found = generator.waveform("w")
    assert np.array_equal(found.channels[1], samples)
    assert np.array_equal(found.markers[0], marks)


def test_a_process_that_hangs_or_dies_costs_itself_only(isolated: IsolatedInstruments) -> None:
    generator, source = isolated.roles["alice_awg"], isolated.roles["alice_mw"]
    assert isinstance(source, MicrowaveSource)
    assert isinstance(generator, WaveformGenerator)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        hanging = isolated.pid("alice_mw")
        assert hanging
        os.kill(hanging, number)
        with pytest.raises(InstrumentLost, match="alice_mw: its process"):
            source.frequency_Hz()
        wait_for(lambda pid=hanging: not os.path.exists(f"/proc/{pid}"), 5, "the process to be gone")
        assert generator.sample_rate_Hz() == 10e9
        with pytest.raises(InstrumentLost, match="gone"):
            source.safe_state()  # at once, so that somebody else does it
        assert source.frequency_Hz() == 6.5e9  # a new process
